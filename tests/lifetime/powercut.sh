#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The power goes while files are being sealed, and while one is sealed and
# written to, others are unsealed and the programs replaced: QEMU is killed, and
# the machine boots again from the same disks.
#
# Usage: tests/lifetime/powercut.sh KERNEL

cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

kernel=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/staticdax-cut.XXXXXX")
trap 'rm -rf "$work"' EXIT
PATH=$PATH:/usr/sbin:/sbin
truncate -s 128M "$work/ext4"
truncate -s 320M "$work/xfs"
mkfs.ext4 -q -F -b 4096 -E lazy_itable_init=0 "$work/ext4"
mkfs.xfs -q -m reflink=1 "$work/xfs"

# boot STAGE LINE: until it says LINE, at which the power goes; or to its end
boot() {
	local stage=$1 last=$2 line
	VM_LOG_DIR=$work tests/vm/run.sh -k "$kernel" -t 600 -n \
		-q -pidfile -q "$work/pid" \
		-q -drive -q "if=virtio,format=raw,cache=unsafe,file=$work/ext4" \
		-q -drive -q "if=virtio,format=raw,cache=unsafe,file=$work/xfs" \
		-- tests/lifetime/powercut_guest.sh "$stage" 2>"$work/errors" |
		while IFS= read -r line; do
			printf '%s\n' "$line"
			[ "$line" != "$last" ] || kill -KILL "$(cat "$work/pid")"
		done >"$work/said"
	while read -r word name; do
		case $word in
		pass) tap_ok "${name}_$stage" ;;
		fail) tap_not_ok "${name}_$stage" "$(cat "$work/said")" ;;
		esac
	done <"$work/said"
	if grep -qx "$last" "$work/said"; then
		tap_ok "comes_to_its_last_line_$stage"
	else
		tap_not_ok "comes_to_its_last_line_$stage" \
			"$(tail -n 20 "$work/said" "$work/errors")"
	fi
}

boot new "turn 2"
boot cut_in_seal "turn 3"
boot cut_in_upgrade end
tap_done
