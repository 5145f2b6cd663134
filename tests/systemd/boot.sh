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
PATH=$PATH:/usr/sbin:/sbin

kernel=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/staticdax-boot.XXXXXX")
trap 'rm -rf "$work"' EXIT
overlay=$work/extra/overlay
etc=$overlay/etc

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

	mkdir -p "$units/multi-user.target.wants" "$units/sysinit.target.wants"
	printf '/dev/vdb /srv ext4 defaults 0 2\n' >"$etc/fstab"
	cat >"$units/application.service" <<-'EOF2'
		[Unit]
		After=staticdax.service
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/bin/sh -c 'staticdax get /srv/pool && s=sealed || s=free; echo "$$(cat /proc/sys/kernel/random/boot_id) $$s" >>/var/log/application'
	EOF2
	cat >"$units/test.service" <<-'EOF2'
		[Unit]
		After=application.service
		[Service]
		Type=idle
		WorkingDirectory=/staticdax
		ExecStart=/bin/bash /vm/command
		StandardOutput=file:/dev/ttyS1
		StandardError=file:/dev/ttyS1
	EOF2
	for unit in application test; do
		ln -s "../$unit.service" "$units/multi-user.target.wants/"
	done
	# what systemctl enable does
	for unit in staticdax staticdax-release; do
		ln -s "/usr/lib/systemd/system/$unit.service" "$units/sysinit.target.wants/"
	done
	ln -s /usr/lib/systemd/system/multi-user.target "$units/default.target"
}

# The guest's lines, numbered as ours.
relay() {
	local line

	while IFS= read -r line; do
		case $line in
		ok\ *) tap_ok "${line#ok * - }" ;;
		not\ ok\ *) tap_not_ok "${line#not ok * - }" ;;
		1..*) plan=seen ;;
		'#'*) echo "$line" ;;
		esac
	done <"$work/out"
}

boot() {
	local status=0

	plan=
	tests/vm/run.sh -k "$kernel" -t 600 -m 2G -i "$work/extra" -r "$work/root" \
		-q -drive -q "if=virtio,format=raw,cache=unsafe,file=$work/srv" \
		-- tests/systemd/guest.sh "$1" >"$work/out" 2>&1 || status=$?
	relay
	if [ "$status" -eq 0 ] && [ "$plan" = seen ]; then
		tap_ok "${1}_boot_ends"
	else
		tap_not_ok "${1}_boot_ends" "status $status" \
			"$(grep -vE '^(not )?ok |^#' "$work/out" | tail -n 30)"
	fi
}

# The journal is empty: nothing was left to replay.
is_clean() {
	! dumpe2fs -h "$work/srv" 2>/dev/null | grep -q needs_recovery
}

image=$(tests/systemd/image.sh) || {
	tap_not_ok "image" "tests/systemd/image.sh failed"
	tap_done
}
cp --sparse=always "$image" "$work/root"
mkdir -p "$etc/staticdax.d"
make_srv && install_it && write_policy && write_units || {
	tap_not_ok "preparation"
	tap_done
}
boot first
if is_clean; then tap_ok "reboot_is_clean"; else tap_not_ok "reboot_is_clean"; fi
boot reset
if is_clean; then tap_not_ok "reset_is_not_clean"; else tap_ok "reset_is_not_clean"; fi
boot last
if is_clean; then tap_ok "poweroff_is_clean"; else tap_not_ok "poweroff_is_clean"; fi
tap_done
