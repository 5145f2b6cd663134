#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The loader is killed at each of its steps that changes anything: at the N-th
# system call of a kind, for every N until it gets through. Afterwards the file
# is either sealed or not, and the next run finds nothing in its way.

. tests/cli/guest.sh

# What leaves a trace in the kernel or on disk. The first seal makes hundreds of
# bpf calls, most of which load programs, so there every STRIDE-th is taken.
CALLS="bpf fcntl fsync fremovexattr renameat2 mkdir mount chmod flock fallocate umount2 unlinkat rmdir"
STRIDE=${STRIDE:-37}

# state FILE: sealed or not; pending would be a leftover that nobody removed
state() {
	"$S" status >/dev/null 2>&1
	"$S" get "$1" | sed 's/.*: //'
}

# killed CALL N COMMAND...: 0 when the signal came, 1 when it got through
killed() {
	local call=$1 n=$2
	shift 2
	# in a shell of its own, which says "Killed" into nothing
	(strace -f -qq -o /dev/null -e trace="$call" \
		-e inject="$call:signal=SIGKILL:when=$n" "$@"; exit $?) >/dev/null 2>&1
	[ $? -eq 137 ]
}

# What must hold after any kill.
sound() {
	local file=$1 sum=$2 map=$3 now
	now=$(state "$file")
	case $now in
	sealed) ! truncate -s 0 "$file" 2>/dev/null || { echo "sealed, and truncated"; return 1; } ;;
	"not sealed") ;;
	*) echo "state: $now"; return 1 ;;
	esac
	[ "$(sha256sum <"$file")" = "$sum" ] || { echo "content changed"; return 1; }
	[ "$(map_of "$file")" = "$map" ] || { echo "map changed"; return 1; }
	"$S" seal --no-dax "$file" || return 1
	! fallocate -p -o 0 -l 4096 "$file" 2>/dev/null || { echo "punched"; return 1; }
	"$S" unseal "$file" && nothing_left
}

# each_step NAME STRIDE FILE PREPARE COMMAND...
each_step() {
	local name=$1 stride=$2 file=$3 prepare=$4 call n sum map steps=0 bad=
	shift 4
	sum=$(sha256sum <"$file")
	map=$(map_of "$file")
	for call in $CALLS; do
		n=1
		while :; do
			$prepare >/dev/null 2>&1
			killed "$call" $n "$@" || break
			steps=$((steps + 1))
			if ! why=$(sound "$file" "$sum" "$map" 2>&1); then
				bad="$call $n: $why"
				break 2
			fi
			n=$((n + stride))
		done
		"$S" unseal --all >/dev/null 2>&1
	done
	if [ -n "$bad" ]; then
		tap_not_ok "$name" "$bad"
	elif [ $steps -lt 10 ]; then
		tap_not_ok "$name" "only $steps steps were reached"
	else
		tap_ok "$name ($steps kills)"
	fi
}

f=/mnt/xfs-dax/killed
fit $f
each_step "killed_in_first_seal" "$STRIDE" $f true "$S" seal $f
sealed_first() {
	"$S" seal $f
}
each_step "killed_in_last_unseal" 9 $f sealed_first "$S" unseal $f

# With another sealed nothing is attached or detached, and that one stays sealed.
g=/mnt/ext4/stays
h=/mnt/ext4/killed
fit $g
fit $h
keep() {
	"$S" seal --no-dax $g
}
nothing_left() {
	! truncate -s 0 $g 2>/dev/null
}
CALLS="bpf fcntl fsync fremovexattr flock"
each_step "killed_in_further_seal" 3 $h keep "$S" seal --no-dax $h
tap_done
