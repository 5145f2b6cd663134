#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A Debian system with systemd, installed as a user would and booted three times:
# what its policy names is sealed before the application starts, what the initramfs
# of the last boot has sealed by the static command still is, and the filesystem is
# left clean whenever the system had the time for it.
#
# Usage: tests/systemd/boot.sh [--brief] KERNEL
#   --brief  two boots, without the reset

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
brief=
[ "$1" != --brief ] || { brief=yes && shift; }
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

# A second disk, which boot does not wait for and which comes late.
make_spare() {
	mkdir "$work/spare-files"
	head -c 65536 /dev/urandom >"$work/spare-files/pool"
	mke2fs -q -t ext4 -b 4096 -E lazy_itable_init=0 -d "$work/spare-files" "$work/spare" 16M 2>/dev/null
}

install_it() {
	make -s install DESTDIR="$overlay" PREFIX=/usr SYSCONFDIR=/etc >/dev/null &&
		rm -f "$overlay"/usr/lib/libstaticdax.a
}

# Before there is a system: busybox, and the command that needs no library.
write_initramfs_script() {
	mkdir -p "$overlay/var/lib"
	head -c 65536 /dev/urandom >"$overlay/var/lib/early"
	cat >"$overlay/before-switch" <<-'EOF2'
		#!/bin/sh
		exec /staticdax/build/staticdax-static seal --no-dax /sysroot/var/lib/early
	EOF2
	chmod 755 "$overlay/before-switch"
}

# Of e820's memory, whose driver comes late and whose content ends with each boot.
# Smaller than this mkfs would make blocks that are no pages.
pmem="memmap=576M!768M"

write_policy() {
	printf '/pmem/pool:\n  align: 2M\n' >"$etc/staticdax.d/pmem.conf"
	printf '/srv/pool:\n  dax: no\n' >"$etc/staticdax.d/pool.conf"
	printf '/spare/pool:\n  dax: no\n' >"$etc/staticdax.d/spare.conf"
}

# As staticdax(8) says the units are told to wait for it. Its own waits for what
# they would start after.
write_spare_units() {
	local unit units=$etc/systemd/system

	printf '/dev/vdc /spare ext4 nofail,x-systemd.requires=spare-comes.service 0 0\n' \
		>>"$etc/fstab"
	cat >"$units/spare-comes.service" <<-'EOF2'
		[Unit]
		DefaultDependencies=no
		Before=spare.mount
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/bin/sh -c 'until systemctl -q is-active local-fs.target; do :; done'
	EOF2
	for unit in staticdax staticdax-release; do
		mkdir -p "$units/$unit.service.d"
		printf '[Unit]\nAfter=spare.mount\n' >"$units/$unit.service.d/spare.conf"
	done
}

write_units() {
	local units=$etc/systemd/system unit

	mkdir -p "$units/sysinit.target.wants"
	printf '/dev/vdb /srv ext4 defaults 0 2\n' >"$etc/fstab"
	printf '/dev/pmem0 /pmem ext4 dax=always,x-systemd.makefs 0 0\n' >>"$etc/fstab"
	cat >"$units/pmem-pool.service" <<-'EOF2'
		[Unit]
		DefaultDependencies=no
		RequiresMountsFor=/pmem
		Before=staticdax.service
		[Service]
		Type=oneshot
		ExecStart=/usr/sbin/staticdax create --size 4M --align 2M /pmem/pool
	EOF2
	ln -s ../pmem-pool.service "$units/sysinit.target.wants/"
	cat >"$units/application.service" <<-'EOF2'
		[Unit]
		After=staticdax.service
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/bin/sh -c 'staticdax get /srv/pool /pmem/pool /spare/pool && s=sealed || s=free; echo "$$(cat /proc/sys/kernel/random/boot_id) $$s" >>/var/log/application'
	EOF2
	write_spare_units
	start_with application.service
	write_test_unit application.service
	# what systemctl enable does
	for unit in staticdax staticdax-release; do
		ln -s "/usr/lib/systemd/system/$unit.service" "$units/sysinit.target.wants/"
	done
	ln -s /usr/lib/systemd/system/staticdax-monitor.service \
		"$units/multi-user.target.wants/"
}

# The journal is empty: nothing was left to replay.
is_clean() {
	! dumpe2fs -h "$work/srv" 2>/dev/null | grep -q needs_recovery
}

# boot_to NAME END: see guest.sh, which is told the end of the boot before, too; what is left of the filesystem is as the end says
boot_to() {
	local name=$2_is_clean clean=yes

	boot "$1" -a "$pmem" -q -drive -q "if=virtio,format=raw,cache=unsafe,file=$work/srv" \
		-q -drive -q "if=virtio,format=raw,cache=unsafe,file=$work/spare" \
		-- tests/systemd/guest.sh "$1" "$2" $before
	before=$2
	[ "$2" != reset ] || { name=reset_is_not_clean && clean=no; }
	if [ "$(is_clean && echo yes || echo no)" = $clean ]; then
		tap_ok "$name"
	else
		tap_not_ok "$name"
	fi
}

before=
take_system
# with it the journal outlives the boot
mkdir -p "$etc/staticdax.d" "$overlay/var/log/journal"
make_srv && make_spare && install_it && write_policy && write_units || {
	tap_not_ok "preparation"
	tap_done
}
if [ "$brief" ]; then
	boot_to first reboot
else
	boot_to first reboot
	boot_to second reset
fi
write_initramfs_script
boot_to last poweroff
tap_done
