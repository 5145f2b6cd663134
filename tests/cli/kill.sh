#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The loader is killed at each of its steps that changes anything: at the N-th
# system call of a kind, for every N until it gets through. Afterwards the file
# is either sealed or not, and the next run finds nothing in its way.

. tests/cli/guest.sh

# A step is CALL:FIRST:STRIDE. A first seal makes hundreds of bpf calls, most of
# which load programs, so not every one is taken.
ATTACHING="bpf:60:131 mkdir:1:9 mount:1:2 renameat2:1:9"
DETACHING="bpf:20:47 unlinkat:1:19 umount2:1:1"
REGISTERING="bpf:30:23 fcntl:1:9 fsync:1:1 fremovexattr:1:9"

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

# each_step NAME STEPS FILE PREPARE COMMAND...
each_step() {
	local name=$1 file=$3 prepare=$4 step call n stride sum map kills=0 bad=
	local -a steps
	read -ra steps <<<"$2"
	shift 4
	sum=$(sha256sum <"$file")
	map=$(map_of "$file")
	for step in "${steps[@]}"; do
		IFS=: read -r call n stride <<<"$step"
		while :; do
			$prepare >/dev/null 2>&1
			killed "$call" "$n" "$@" || break
			kills=$((kills + 1))
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
	elif [ $kills -lt 4 ]; then
		tap_not_ok "$name" "only $kills steps were reached"
	else
		tap_ok "$name ($kills kills)"
	fi
}

f=/mnt/xfs-dax/killed
fit $f
each_step "killed_in_first_seal" "$ATTACHING" $f true "$S" seal $f
sealed_first() {
	"$S" seal $f
}
each_step "killed_in_last_unseal" "$DETACHING" $f sealed_first "$S" unseal $f

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
each_step "killed_in_further_seal" "$REGISTERING" $h keep "$S" seal --no-dax $h
tap_done
