#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs as a service of the booted system: "first" looks at everything and ends
# in a reboot, "reset" ends as if the power had failed, "last" in poweroff.

. tests/cli/guest.sh
S=/usr/sbin/staticdax
phase=$1

# What the application's unit wrote when it started, of this boot.
at_start() {
	grep -q "^$(cat /proc/sys/kernel/random/boot_id) $1\$" /var/log/application
}

active() {
	systemctl is-active --quiet "$1"
}

every_time() {
	holds "${phase}_units_are_active" active staticdax staticdax-release
	holds "${phase}_sealed_before_the_application_starts" at_start sealed
	fails "${phase}_deny_truncate" truncate -s 0 /srv/pool
	holds "${phase}_allow_truncate_of_another" truncate -s 4096 /srv/free
	answers 0 'enforcing: yes' "${phase}_enforcing" "$S" status
}

first() {
	local conf=/etc/staticdax.d

	printf '/srv/image:\n  dax: no\n  mode: swapfile\n' >$conf/vm.conf
	holds "one_policy_by_its_template" systemctl start staticdax@vm
	fails "deny_truncate_of_the_templates_file" truncate -s 0 /srv/image
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
	holds "start" systemctl start staticdax
	holds "no_unit_has_failed" test -z "$(systemctl --failed --plain --no-legend)"
}

(
	every_time
	[ "$phase" != first ] || first
	[ "${tap_failed:-0}" -eq 0 ] ||
		tap_diag "$(journalctl -b -o cat --no-pager -u 'staticdax*' | tail -n 40)"
	tap_done
)
echo $? >/dev/ttyS2
case $phase in
first) systemctl start --no-block reboot.target ;;
reset) echo b >/proc/sysrq-trigger ;;
last) systemctl start --no-block poweroff.target ;;
esac
