#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# In the machine: what each operation costs on one filesystem in each state, a
# line for each: filesystem, seals, state, operation, cost, answer.
#
# Usage: cost.sh FILESYSTEM [SEALS [OPERATION...]]
#   FILESYSTEM  ext4, xfs, ext4-dax, xfs-dax or tmpfs
#   SEALS       how many seals there are where there are any (1)
#
# The states: bare, no program attached; floor, empty programs at all places of
# ours; elsewhere, seals on another filesystem; beside, on this one, but not on
# the file; sealed, on the file itself.

. tests/cli/guest.sh

fs=$1
seals=${2:-1}
shift $(($# < 2 ? $# : 2))
case $fs in
xfs) other=/mnt/ext4 ;;
xfs-dax) other=/mnt/ext4-dax ;;
ext4-dax) other=/mnt/xfs-dax ;;
*) other=/mnt/xfs ;;
esac
[ "$fs" != tmpfs ] || mkdir -p /mnt/tmpfs
[ "$fs" != tmpfs ] || mount -t tmpfs none /mnt/tmpfs

# ops STATE [OPERATION...]
ops() {
	local state=$1
	shift
	# shellcheck disable=SC2086
	${floor:-} build/bench/ops "/mnt/$fs/bench/file" "$@" |
		sed "s/^/$fs $seals $state /"
}

# fill DIRECTORY: the files that get the seals
fill() {
	local i

	mkdir -p "$1"
	for ((i = 0; i < seals; i++)); do
		head -c 4096 /dev/zero >"$1/$i"
	done
	sync -f "$1"
}

must() {
	"$@" >"$OUT" 2>&1 || {
		cat "$OUT" >&2
		exit 3
	}
}

mkdir "/mnt/$fs/bench"
head -c 65536 /dev/zero >"/mnt/$fs/bench/file"
for i in $(seq 50); do : >"/mnt/$fs/bench/entry-$i"; done
sync -f "/mnt/$fs/bench"

ops bare "$@"
floor='build/bench/floor build/bench/floor.bpf.o' ops floor "$@"
fill "$other/seals"
must "$S" seal --no-dax "$other"/seals/*
ops elsewhere "$@"
must "$S" unseal --all
if [ "$fs" != tmpfs ]; then
	fill "/mnt/$fs/seals"
	must "$S" seal --no-dax "/mnt/$fs"/seals/*
	ops beside "$@"
	must "$S" seal --no-dax "/mnt/$fs/bench/file"
	ops sealed "$@"
	[ $# -gt 0 ] || ops sealed unlink-sealed write-past-end
fi
