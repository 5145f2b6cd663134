#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The loader is killed at each of its steps that changes anything. Afterwards the
# file is either sealed or not, its content and map are what they were, nothing of
# what was begun is left, and the next run gets through.
#
# A first seal makes hundreds of bpf calls, most of which load programs, so not
# every one is taken; EVERY_STEP=yes takes all, EVERY_STEP=20 each twentieth, BRIEF=yes
# one of each stage.
#
# Usage: tests/cli/kill.sh [STAGE...]
#   first    the first seal and the last unseal, which attach and detach
#   further  a seal and an unseal beside another
#   change   a seal is changed to another mode

. tests/cli/guest.sh
. tests/cli/steps.sh

# untouched: content and map are as they were
untouched() {
	[ "$(sha256sum <"$f")" = "$sum" ] || { echo "content changed"; return 1; }
	[ "$(map_of "$f")" = "$map" ] || { echo "map changed"; return 1; }
}

# settled: after the next command that looks it is sealed or not, in every respect;
# pending would be a leftover that nobody removed
settled() {
	local now
	"$S" status >/dev/null 2>&1
	now=$("$S" get "$f" | sed 's/.*: //')
	case $now in
	sealed) ! truncate -s 0 "$f" 2>/dev/null || { echo "sealed, and truncated"; return 1; } ;;
	"not sealed") fallocate -l 65536 "$f" || { echo "not sealed, and refused"; return 1; } ;;
	*) echo "state: $now"; return 1 ;;
	esac
	[ ! -e /run/staticdax/bpf/new ] || { echo "leftover"; return 1; }
	untouched
}

# alone: and nothing is pinned for a file that is not sealed. Programs without pins
# go, if slowly; that none has stayed is asked once in the end.
alone() {
	settled && { "$S" get "$f" >/dev/null || [ ! -e /run/staticdax/bpf ]; }
}

# with_another: the other one stayed sealed meanwhile, and it can be sealed and let go
with_another() {
	! truncate -s 0 $g 2>/dev/null || { echo "$g truncated"; return 1; }
	settled && "$S" seal --no-dax "$f" && ! fallocate -p -o 0 -l 4096 "$f" 2>/dev/null &&
		"$S" unseal "$f"
}

# about FILE: which the above look at
about() {
	f=$1
	fit "$f"
	sum=$(sha256sum <"$f")
	map=$(map_of "$f")
}

unsealed() {
	! "$S" get "$f" || "$S" unseal "$f"
}
sealed() {
	"$S" get "$f" || "$S" seal --no-dax "$f"
}

first_seal="bpf:60:301 mkdir:1:15 mount:1:1 renameat2:1:1"
last_unseal="bpf:20:67 unlinkat:1:16 renameat2:1:1 rmdir:1:2 umount2:1:1"
further_seal="bpf:30:97 fcntl:1:3 fsync:1:1 fremovexattr:1:1"
unseal="bpf:15:34"
if [ "${BRIEF:-no}" = yes ]; then
	first_seal="renameat2:1:1"
	last_unseal="unlinkat:9:99"
	further_seal="bpf:-20:99 fsync:1:1 fremovexattr:2:9"
	unseal="bpf:60:60"
fi

stages=" ${*:-first further change} "
wanted() {
	[[ $stages = *" $1 "* ]]
}

first() {
	about /mnt/xfs/killed
	at_each_step "killed_in_first_seal" KILL "$first_seal" unsealed alone "$S" seal --no-dax $f
	holds "seals_after_all_that" sealed
	holds "sealed_in_the_end" "$S" get $f
	at_each_step "killed_in_last_unseal" KILL "$last_unseal" sealed alone "$S" unseal $f
	holds "unseals_after_all_that" unsealed
	holds "nothing_left_in_the_end" nothing_left
}
! wanted first || first

# With another sealed nothing is attached or detached.
g=/mnt/ext4/stays
fit $g
"$S" seal --no-dax $g >/dev/null
about /mnt/ext4/killed
if wanted further; then
	at_each_step "killed_in_further_seal" KILL "$further_seal" unsealed with_another \
		"$S" seal --no-dax $f
	at_each_step "killed_in_unseal" KILL "$unseal" sealed with_another "$S" unseal $f
fi

# A change keeps what the two seals have in common, also before anybody looks, and
# the next run gets through.
policy=/tmp/policy.conf
asks() {
	printf '%s:\n  dax: no\n  mode: %s\n' "$f" "$1" >$policy
	chmod 644 $policy
}
noshrink() {
	asks noshrink
	"$S" apply $policy
	asks static
}
static() {
	asks static
	"$S" apply $policy
	asks noshrink
}
both_refuse() {
	! truncate -s 4096 "$f" 2>/dev/null || { echo "truncated $1"; return 1; }
	! fallocate -p -o 0 -l 4096 "$f" 2>/dev/null || { echo "punched $1"; return 1; }
}
changed() {
	both_refuse "before anybody looked" || return 1
	"$S" status >/dev/null || { echo "status: no"; return 1; }
	"$S" get "$f" >/dev/null || { echo "not sealed"; return 1; }
	both_refuse "after" && untouched && "$S" apply $policy >/dev/null &&
		"$S" get --json "$f" | grep "\"mode\":\"$(sed -n 's/.*mode: //p' $policy)\""
}
# all from the loading of what changes the record on
if [ "${BRIEF:-no}" = no ] && wanted change; then
	at_each_step "killed_in_change_to_static" KILL \
		"bpf:-9:2 fremovexattr:1:1" noshrink changed "$S" apply $policy
	at_each_step "killed_in_change_to_noshrink" KILL "bpf:-8:4" static changed \
		"$S" apply $policy
fi
holds "unseal_all" "$S" unseal --all
holds "nothing_left" nothing_left
tap_done
