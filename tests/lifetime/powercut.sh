#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The power goes while the loader stands at one of its steps, of those that are named
# or of all that it takes, and another sealed file is written to, or when a file has just
# been created or prepared: QEMU is killed, and the machine boots again from the same
# disks.
#
# Usage: tests/lifetime/powercut.sh KERNEL
#   CUTS="seal:fsync:1 ..."  at which steps, a boot each: the N-th system call of that
#                            name in a verb, where "mend" is prepare without
#                            --relocate; "any" is at a random one of seal, unseal or
#                            upgrade, and any:SEED at the same again; "created" and
#                            "prepared" are at the end of those; "brief", "all"

cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

kernel=$1
cuts=${CUTS:-seal:fsync:1 prepare:unlinkat:1 mend:msync:1 created any any}
[ "$cuts" != brief ] || cuts="created any any"
[ "$cuts" != all ] || cuts="seal:bpf:100 seal:bpf:400 seal:mount:1 seal:renameat2:1 \
	seal:fcntl:1 seal:fsync:1 seal:fremovexattr:1 seal:fremovexattr:2 \
	unseal:bpf:60 unseal:unlinkat:9 unseal:umount2:1 \
	upgrade:bpf:300 upgrade:renameat2:1 upgrade:unlinkat:9 \
	prepare:pwrite64:3 prepare:linkat:1 prepare:fsync:1 prepare:renameat2:1 \
	prepare:unlinkat:1 mend:fallocate:1 mend:msync:1 mend:ftruncate:1 mend:fsync:1 \
	prepared created any any any any any any"
work=$(mktemp -d "${TMPDIR:-/tmp}/staticdax-cut.XXXXXX")
trap 'rm -rf "$work"' EXIT
PATH=$PATH:/usr/sbin:/sbin
# What nobody has written is no zero, so that zeroes that are missing show.
tr '\0' '\252' </dev/zero | head -c 128M >"$work/ext4"
tr '\0' '\252' </dev/zero | head -c 320M >"$work/xfs"
mkfs.ext4 -q -F -b 4096 -E lazy_itable_init=0,nodiscard "$work/ext4"
mkfs.xfs -q -K -m reflink=1 "$work/xfs"
for image in ext4 xfs; do
	if [ "$(tr -d '\252' <"$work/$image" | wc -c)" -lt 100000000 ]; then
		tap_ok "${image}_has_no_zeroes_to_begin_with"
	else
		tap_not_ok "${image}_has_no_zeroes_to_begin_with"
	fi
done

# boot BEFORE CUT: after what happened BEFORE; until it says that it is where the
# power goes, or to its end
boot() {
	local before=$1 cut=$2 line
	VM_LOG_DIR=$work tests/vm/run.sh -k "$kernel" -t 600 -n \
		-q -pidfile -q "$work/pid" \
		-q -drive -q "if=virtio,format=raw,cache=unsafe,file=$work/ext4" \
		-q -drive -q "if=virtio,format=raw,cache=unsafe,file=$work/xfs" \
		-- tests/lifetime/powercut_guest.sh "$before" "$cut" 2>"$work/errors" |
		while IFS= read -r line; do
			printf '%s\n' "$line"
			[ "$line" != cut ] || kill -KILL "$(cat "$work/pid")"
		done >"$work/said"
	while read -r word name; do
		case $word in
		pass) tap_ok "${name}_after_$before" ;;
		fail) tap_not_ok "${name}_after_$before" "$(cat "$work/said")" ;;
		esac
	done <"$work/said"
	if grep -qxE "cut|end" "$work/said"; then
		tap_ok "comes_to_$cut"
	else
		tap_not_ok "comes_to_$cut" "$(tail -n 20 "$work/said" "$work/errors")"
	fi
}

before=mkfs
for cut in $cuts end; do
	[ "$cut" != any ] || cut=any:$RANDOM
	boot "$before" "$cut"
	before=$cut
done
tap_done
