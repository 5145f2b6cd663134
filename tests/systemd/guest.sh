#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs as a service of the booted system.
#
# Usage: guest.sh first|second|last reboot|reset|poweroff
#   The first boot looks at everything, the last at what its initramfs has sealed.
#   A reset is the end of a machine whose power fails.

. tests/cli/guest.sh
S=/usr/sbin/staticdax
phase=$1
end=$2

# What the application's unit wrote when it started, of this boot.
at_start() {
	grep -q "^$(cat /proc/sys/kernel/random/boot_id) $1\$" /var/log/application
}

active() {
	systemctl is-active --quiet "$1"
}

# An entry of the monitor's with these fields, there or yet to come.
in_journal() {
	grep -qm 1 . < <(exec timeout 60 journalctl -b -f -n all -o cat --no-pager \
		_SYSTEMD_UNIT=staticdax-monitor.service "$@" 2>/dev/null)
}

every_time() {
	holds "${phase}_units_are_active" active staticdax staticdax-release staticdax-monitor
	holds "${phase}_sealed_before_the_application_starts" at_start sealed
	fails "${phase}_deny_truncate" truncate -s 0 /srv/pool
	answers 0 '^/dev/pmem0 /pmem ext4 .*dax=always' "${phase}_dax_is_mounted" cat /proc/mounts
	answers 0 '"dax":true' "${phase}_dax_is_sealed" "$S" get --json /pmem/pool
	fails "${phase}_deny_truncate_of_dax" truncate -s 0 /pmem/pool
	holds "${phase}_allow_truncate_of_another" truncate -s 4096 /srv/free
	answers 0 'enforcing: yes' "${phase}_enforcing" "$S" status
}

monitor() {
	holds "monitor_finds_that_it_is_enforced" in_journal STATICDAX_EVENT=enforcement \
		STATICDAX_ENFORCING=true
	fails "deny_truncate_to_5" truncate -s 5 /srv/pool
	holds "journal_has_the_denial" in_journal STATICDAX_EVENT=denied \
		STATICDAX_PATH=/srv/pool STATICDAX_OP=shrink STATICDAX_OFFSET=5 \
		STATICDAX_ERRNO=ETXTBSY STATICDAX_COMM=truncate STATICDAX_UID=0 \
		STATICDAX_CGROUP=/system.slice/test.service PRIORITY=4
	holds "allow_truncate_of_free_to_5" truncate -s 5 /srv/free
	answers 0 '^0$' "journal_has_nothing_of_it" sh -c \
		'journalctl -b -o cat --no-pager STATICDAX_PATH=/srv/free | wc -l'
	holds "monitor_stops" systemctl stop staticdax-monitor
	answers 0 '^Result=success$' "monitor_ends_well" systemctl show -p Result staticdax-monitor
	fails "deny_truncate_without_monitor" truncate -s 0 /srv/pool
}

# Below 5.0 in the words of systemd-analyze, whose verify is silent about what is right.
confined() {
	local unit dir=/usr/lib/systemd/system

	holds "units_are_well_formed" sh -c \
		"! systemd-analyze verify --man=no $dir/staticdax* 2>&1 | grep ."
	for unit in $dir/staticdax*.service; do
		holds "${unit##*/}_is_confined" systemd-analyze security --offline=yes \
			--no-pager --threshold=50 "$unit"
	done
}

# The directory is the collector's, not root's.
metrics() {
	local dir=/var/lib/prometheus/node-exporter

	install -d -o 65534 -m 755 $dir
	holds "metrics_timer_starts" systemctl start staticdax-metrics.timer
	holds "metrics_timer_has_it_written" timeout 120 sh -c \
		"until [ -s $dir/staticdax.prom ]; do :; done"
	holds "metrics_timer_stops" systemctl stop staticdax-metrics.timer
	rm $dir/staticdax.prom
	echo kept >/srv/not-theirs
	ln -s /srv/not-theirs $dir/staticdax.new
	holds "metrics_are_written_again" systemctl start staticdax-metrics.service
	answers 0 '^staticdax_enforcing 1$' "metrics_are_in_the_file" cat $dir/staticdax.prom
	holds "metrics_are_all_there_is" test "$(ls $dir)" = staticdax.prom
	holds "metrics_follow_no_link" grep -qx kept /srv/not-theirs
	holds "metrics_may_be_read" test "$(stat -c %a $dir/staticdax.prom)" = 644
}

# A service that must not run without its files being sealed. In its file's place
# there is nothing at first.
needy() {
	local conf=/etc/staticdax.d/needed.conf

	printf '/srv/needed:\n  dax: no\n' >$conf
	cat >/run/systemd/system/needy.service <<-EOF2
		[Unit]
		Requires=staticdax@needed.service
		After=staticdax@needed.service
		[Service]
		Type=oneshot
		ExecStart=/bin/touch /run/needy-has-run
	EOF2
	systemctl daemon-reload
	fails "service_that_requires_a_seal_fails_without" systemctl start needy
	holds "it_has_not_been_run" test ! -e /run/needy-has-run
	fit /srv/needed
	holds "service_that_requires_a_seal_starts_with_it" systemctl start needy
	holds "it_has_been_run" test -e /run/needy-has-run
	fails "deny_truncate_of_what_it_needs" truncate -s 0 /srv/needed
}

first() {
	local conf=/etc/staticdax.d

	confined
	monitor
	metrics
	printf '/srv/image:\n  dax: no\n  mode: swapfile\n' >$conf/vm.conf
	holds "one_policy_by_its_template" systemctl start staticdax@vm
	fails "deny_truncate_of_the_templates_file" truncate -s 0 /srv/image
	needy
	printf '/srv/late:\n  dax: no\n' >$conf/late.conf
	holds "reload_applies" systemctl reload staticdax
	fails "deny_truncate_after_reload" truncate -s 0 /srv/late
	printf 'nonsense\n' >$conf/zz.conf
	fails "reload_with_a_bad_policy_fails" systemctl reload staticdax
	fails "deny_truncate_after_a_bad_policy" truncate -s 0 /srv/pool
	rm $conf/zz.conf
	holds "restart" systemctl restart staticdax
	fails "deny_truncate_after_restart" truncate -s 0 /srv/pool
	holds "stop" systemctl stop staticdax
	fails "deny_truncate_after_stop" truncate -s 0 /srv/pool
	fails "umount_is_busy" umount /srv
	answers 0 '/srv/pool' "list_explains_it" "$S" list
	holds "release" systemctl stop staticdax-release
	holds "umount_after_release" umount /srv
	holds "mount_after_release" systemctl start srv.mount
	holds "start" systemctl start staticdax
	fails "deny_truncate_after_release_and_start" truncate -s 0 /srv/pool
	holds "no_unit_has_failed" test -z "$(systemctl --failed --plain --no-legend)"
}

# What kept a filesystem mounted was gone when its turn came.
second() {
	answers 0 '^Unmounted ' "srv_was_unmounted_at_reboot" \
		journalctl -b -1 -o cat --no-pager -u srv.mount
	fails "nothing_failed_to_be_unmounted" sh -c \
		'journalctl -b -1 -o cat --no-pager | grep "^Failed unmounting"'
}

# Locked, nothing can be released; what that costs is shown by whether the system
# comes to its end, and how it leaves the filesystem.
last() {
	answers 0 'early: sealed' "sealed_since_the_initramfs" "$S" get /var/lib/early
	fails "deny_truncate_since_the_initramfs" truncate -s 0 /var/lib/early
	answers 0 'locked until reboot' "lock" "$S" lock
	answers 3 'locked until reboot' "release_is_refused" "$S" unseal --all --force
	fails "deny_truncate_after_refused_release" truncate -s 0 /srv/pool
}

(
	every_time
	case $phase in
	first) first ;;
	second) second ;;
	last) last ;;
	esac
	[ "${tap_failed:-0}" -eq 0 ] ||
		tap_diag "$(journalctl -b -o cat --no-pager -u 'staticdax*' | tail -n 40)"
	tap_done
)
echo $? >/dev/ttyS2
case $end in
reset) echo b >/proc/sysrq-trigger ;;
*) systemctl start --no-block "$end.target" ;;
esac
