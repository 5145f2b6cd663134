#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A Debian system with systemd, installed as a user would and booted three times:
# what its policy names is sealed before the application starts, and the
# filesystem is left clean whenever the system had the time for it.
#
# Usage: tests/systemd/boot.sh KERNEL

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
kernel=$1
. tests/systemd/machine.sh

# The filesystem with the files: its content is there before the first boot.
make_srv() {
	local name

	mkdir "$work/files"
	for name in pool image late free; do
		head -c 1048576 /dev/urandom >"$work/files/$name"
	done
	mke2fs -q -t ext4 -b 4096 -E lazy_itable_init=0 -d "$work/files" "$work/srv" 64M 2>/dev/null
}

install_it() {
	make -s install DESTDIR="$overlay" PREFIX=/usr SYSCONFDIR=/etc >/dev/null &&
		rm -f "$overlay"/usr/lib/libstaticdax.a
}

write_policy() {
	printf '/srv/pool:\n  dax: no\n' >"$etc/staticdax.d/pool.conf"
}

write_units() {
	local units=$etc/systemd/system unit

	mkdir -p "$units/sysinit.target.wants"
	printf '/dev/vdb /srv ext4 defaults 0 2\n' >"$etc/fstab"
	cat >"$units/application.service" <<-'EOF2'
		[Unit]
		After=staticdax.service
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/bin/sh -c 'staticdax get /srv/pool && s=sealed || s=free; echo "$$(cat /proc/sys/kernel/random/boot_id) $$s" >>/var/log/application'
	EOF2
	start_with application.service
	write_test_unit application.service
	# what systemctl enable does
	for unit in staticdax staticdax-release; do
		ln -s "/usr/lib/systemd/system/$unit.service" "$units/sysinit.target.wants/"
	done
	ln -s /usr/lib/systemd/system/staticdax-monitor.service \
		"$units/multi-user.target.wants/"
}

boot_to() {
	boot "$1" -q -drive -q "if=virtio,format=raw,cache=unsafe,file=$work/srv" \
		-- tests/systemd/guest.sh "$1"
}

# The journal is empty: nothing was left to replay.
is_clean() {
	! dumpe2fs -h "$work/srv" 2>/dev/null | grep -q needs_recovery
}

take_system
mkdir -p "$etc/staticdax.d"
make_srv && install_it && write_policy && write_units || {
	tap_not_ok "preparation"
	tap_done
}
boot_to first
if is_clean; then tap_ok "reboot_is_clean"; else tap_not_ok "reboot_is_clean"; fi
boot_to reset
if is_clean; then tap_not_ok "reset_is_not_clean"; else tap_ok "reset_is_not_clean"; fi
boot_to last
if is_clean; then tap_ok "poweroff_is_clean"; else tap_not_ok "poweroff_is_clean"; fi
tap_done
