#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs as a service of the booted system.
#
# Usage: guest.sh first|second|last reboot|reset|poweroff [END]
#   The first boot looks at everything, the last at what its initramfs has sealed.
#   A reset is the end of a machine whose power fails. END is that of the boot before.

. tests/cli/guest.sh
S=/usr/sbin/staticdax
phase=$1
end=$2
before=${3:-}

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
	answers 0 '^/dev/vdc /spare ' "${phase}_late_disk_is_mounted" cat /proc/mounts
	fails "${phase}_deny_truncate_on_the_late_disk" truncate -s 0 /spare/pool
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

# NAME VALUE of what confines every unit; what is not said here differs.
properties() {
	cat <<-'EOF2'
		NoNewPrivileges yes
		MemoryDenyWriteExecute yes
		LockPersonality yes
		RestrictRealtime yes
		RestrictSUIDSGID yes
		RestrictNamespaces mnt
		RestrictAddressFamilies AF_UNIX
		IPAddressDeny 0.0.0.0/0 ::/0
		KeyringMode private
		SystemCallErrorNumber 1
	EOF2
}

# is_set UNIT NAME VALUE...: of lists in whatever order
is_set() {
	local got

	got=$(systemctl show --value -p "$2" "$1")
	diff <(printf '%s\n' "${@:3}" | sort) <(tr ' ' '\n' <<<"$got" | sort)
}

# Has it these capabilities and no other?
capable_of() {
	is_set "$1" CapabilityBoundingSet "${@:2}"
}

# Are these refused to it, and not what sealing needs?
filters() {
	local calls call

	calls=$(systemctl show --value -p SystemCallFilter "$1")
	[[ $calls = "~"* ]] || return 1
	calls=" ${calls#"~"} "
	for call in reboot init_module kexec_load ptrace iopl swapon settimeofday; do
		[[ $calls = *" $call "* ]] || { echo "$call"; return 1; }
	done
	[[ $calls != *" bpf "* ]] && [[ $calls != *" ustat "* ]]
}

# systemd-analyze's verify is silent about what is right.
confined() {
	local unit name value dir=/usr/lib/systemd/system
	local seals="cap_sys_admin cap_linux_immutable cap_lease cap_dac_override cap_dac_read_search"

	holds "units_are_well_formed" sh -c \
		"! systemd-analyze verify --man=no $dir/staticdax* 2>&1 | grep ."
	for unit in staticdax staticdax-release staticdax@any staticdax-monitor staticdax-metrics; do
		while read -r name value; do
			# shellcheck disable=SC2086 # a list
			holds "${unit}_has_$name" is_set $unit.service "$name" $value
		done < <(properties)
		# shellcheck disable=SC2086
		case $unit in
		*monitor) holds "${unit}_may_do_no_more" capable_of $unit.service ${seals/cap_dac_override /} ;;
		*) holds "${unit}_may_do_no_more" capable_of $unit.service $seals ;;
		esac
		holds "${unit}_is_filtered" filters $unit.service
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

	ordered
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
	# without it the unit says so, seals the rest, and leaves what lies below
	holds "umount_of_the_late_disk" umount /spare
	fit /spare/pool
	holds "mount_after_release" systemctl start srv.mount
	fails "start_without_the_late_disk" systemctl start staticdax
	answers 0 "nothing is mounted on '/spare', which fstab.5. has" "which_is_named" \
		journalctl -b -o cat --no-pager -u staticdax
	fails "deny_truncate_of_the_rest" truncate -s 0 /srv/pool
	holds "allow_truncate_of_what_lies_below" truncate -s 0 /spare/pool
	holds "mount_of_the_late_disk" systemctl start spare.mount
	holds "start" systemctl start staticdax
	fails "deny_truncate_of_what_was_missing" truncate -s 0 /spare/pool
	fails "deny_truncate_after_release_and_start" truncate -s 0 /srv/pool
	holds "no_unit_has_failed" test -z "$(systemctl --failed --plain --no-legend)"
}

# Their order in both directions, which may also come about by chance.
ordered() {
	local unit

	for unit in staticdax staticdax-release; do
		answers 0 '(^| )spare\.mount( |$)' "${unit}_is_after_the_late_disk" \
			systemctl show -p After --value $unit.service
	done
	holds "first_comes_the_late_disk" test "$(systemctl show --value -p ActiveEnterTimestampMonotonic spare.mount)" \
		-le "$(systemctl show --value -p ExecMainStartTimestampMonotonic staticdax.service)"
	holds "it_comes_after_what_boot_waits_for" test "$(systemctl show --value -p ActiveEnterTimestampMonotonic local-fs.target)" \
		-le "$(systemctl show --value -p ActiveEnterTimestampMonotonic spare.mount)"
}

# What kept a filesystem mounted was gone when its turn came.
after_reboot() {
	answers 0 '^Unmounted ' "srv_was_unmounted_at_reboot" \
		journalctl -b -1 -o cat --no-pager -u srv.mount
	answers 0 '^Unmounted ' "late_disk_was_unmounted_at_reboot" \
		journalctl -b -1 -o cat --no-pager -u spare.mount
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
	[ "$before" != reboot ] || after_reboot
	case $phase in
	first) first ;;
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
