#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# In the machine that is killed: says what became of the last round's records, and
# writes those of the next until the end comes.
#
# Usage: durable_guest.sh SEED [LAST_SEED LAST_COUNT]
#   SEED  0: nothing more is written
#
# Lines: "lost FILESYSTEM FILE COUNT", "map FILESYSTEM DIGEST" before anything is
# done to the file and as sealed, and the writer's.

S=build/staticdax-static
. tests/guest/dimm.sh

must() {
	"$@" || {
		echo "failed: $*"
		exit 3
	}
}

digest() {
	must "$S" "$@" --json | sed -n 's/.*"digest": *"\([0-9a-f]*\)".*/\1/p'
}

seed=$1 last_seed=${2:-} last_count=${3:-}
must dimm_wait
files=()
number=0
for fs in ext4 xfs; do
	region=$(dimm_region $number)
	device=/dev/pmem$region dir=/mnt/$fs
	mkdir -p "$dir"
	if [ -z "$last_seed" ]; then
		must dimm_convert "$region" fsdax
		must dimm_mkfs $fs "$device"
	fi
	must mount -t $fs -o dax=always "$device" $dir
	if [ -z "$last_seed" ]; then
		must dd if=/dev/zero of=$dir/sealed bs=1M count=4 conv=fsync status=none
	else
		echo "lost $fs sealed $(build/tests/durable verify "$last_seed" "$last_count" $dir/sealed)"
		echo "lost $fs control $(build/tests/durable verify "$last_seed" "$last_count" $dir/control)"
	fi
	echo "map $fs $(digest check $dir/sealed)"
	must rm -f $dir/control
	must fallocate -l 4M $dir/control
	must sync $dir/control $dir
	files+=("$dir/sealed" "$dir/control")
	number=$((number + 1))
done
[ "$seed" != 0 ] || exit 0
for fs in ext4 xfs; do
	echo "map $fs $(digest seal /mnt/$fs/sealed)"
done
exec build/tests/durable write "$seed" "${files[@]}"
