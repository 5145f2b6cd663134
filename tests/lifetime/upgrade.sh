#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Other programs under seals that are in force: somebody who tries to change the
# file all the while never succeeds, a writer in place never fails, and a run
# that is killed leaves the old programs, the new ones, or both. Versions that
# meet each other: the later one stays, other layouts are left alone. What takes long
# is to load the programs: with KILLS=no fewer runs are killed.

. tests/cli/guest.sh
. tests/cli/steps.sh

LATER=build/tests/staticdax-later
FOREIGN=build/tests/staticdax-foreign
UPGRADES=${UPGRADES:-6}

f=/mnt/xfs/f
g=/mnt/ext4/g
fit $f
fit $g
sum=$(sha256sum <$g)

holds "upgrade_of_nothing" "$S" upgrade
holds "nothing_attached_by_upgrade_of_nothing" no_programs
"$S" seal --no-dax $f $g >/dev/null

# Tries everything in turn until it is told to stop; one line for each, with how
# often it was tried, how often the answer was wrong, and the last wrong one.
nice -n 5 build/tests/hammer $f $f.clone >/tmp/hammer &
hammer=$!

ids() {
	bpftool prog list | sed -n 's/^\([0-9]*\): .* name sdax_.*/\1/p' | sort
}
# Programs are freed after a grace period: ask, a bounded number of times.
replaced() {
	local turn
	for turn in $(seq 300); do
		[ -z "$(comm -12 <(echo "$before") <(ids))" ] && return 0
	done
	echo "asked $turn times: some are still loaded"
	return 1
}
one_set() {
	local turn
	for turn in $(seq 300); do
		[ "$(ids | wc -l)" -eq "$(wc -w <<<"$before")" ] && return 0
	done
	echo "asked $turn times: $(ids | wc -l) programs"
	return 1
}
before=$(ids)
holds "upgrades_$UPGRADES" build/tests/upgrade_loop "$UPGRADES"
holds "programs_are_others_than_before" replaced
kill -TERM $hammer
wait $hammer
while read -r what tries wrong said; do
	if [ "$tries" -lt "$UPGRADES" ]; then
		tap_not_ok "hammer_${what}_during_upgrades" "tried $tries times"
	elif [ "$wrong" -ne 0 ]; then
		tap_not_ok "hammer_${what}_during_upgrades" "$wrong of $tries: $said"
	else
		tap_ok "hammer_${what}_during_upgrades ($tries tries)"
	fi
done </tmp/hammer
holds "hammer_tried_everything" test "$(wc -l </tmp/hammer)" -eq 14

answers 0 'enforcing: yes' "status_after_upgrades" "$S" status
holds "get_after_upgrades" "$S" get $f $g
holds "one_set_of_programs_after_upgrades" one_set
if [ "${1:-}" = hammered ]; then
	holds "unseal_after_upgrades" "$S" unseal $f $g
	holds "nothing_left_after_upgrades" nothing_left
	holds "allow_truncate_after_upgrades" truncate -s 0 $f
	tap_done
fi

# Killed at any step: sealed throughout, and the next run cleans up
sound() {
	! truncate -s 0 $g 2>/dev/null || { echo truncated; return 1; }
	! fallocate -p -o 0 -l 4096 $f 2>/dev/null || { echo punched; return 1; }
	"$S" get $f $g >/dev/null || { echo "not sealed"; return 1; }
	"$S" status || return 1
	[ "$(sha256sum <$g)" = "$sum" ] || { echo "content changed"; return 1; }
	[ ! -e /run/staticdax/bpf/new ] || { echo "leftover"; return 1; }
	one_set
}
points="bpf:40:139 renameat2:1:1 unlinkat:1:9"
[ "${KILLS:-yes}" = yes ] || points="bpf:179:278 renameat2:2:1 unlinkat:10:18"
at_each_step "killed_in_upgrade" KILL "$points" true sound "$S" upgrade

# A later version takes over by itself, and is not put back by an older one
h=/mnt/ext4/h
fit $h
before=$(ids)
holds "later_version_seals" $LATER seal --no-dax $h
holds "later_version_has_replaced" replaced
fails "deny_under_later_version" truncate -s 0 $g
before=$(ids)
answers 3 'later version.*upgrade --force' "older_upgrade_is_refused" "$S" upgrade
holds "unseal_by_older_version" "$S" unseal $h
holds "seal_by_older_version" "$S" seal --no-dax $h
answers 0 'enforcing: yes' "status_by_older_version" "$S" status
holds "later_programs_stay" test "$before" = "$(ids)"
rm $PINS/sdax_fcntl
answers 3 'later version' "older_version_does_not_mend_later" "$S" seal --no-dax $h
holds "later_version_mends" $LATER seal --no-dax $h
answers 0 'enforcing: yes' "status_after_mending" $LATER status
holds "older_upgrade_when_forced" "$S" upgrade --force
fails "deny_after_going_back" truncate -s 0 $h
holds "get_after_going_back" "$S" get $f $g $h

# Both at once: whoever comes first, all that was asked for is done, by one set of
# programs, and what was sealed is refused throughout.
mkdir /mnt/ext4/both
for i in 1 2 3 4; do
	fit /mnt/ext4/both/$i 8192
done
both() {
	local a b c pid
	"$S" upgrade --force &
	a=$!
	$LATER seal --no-dax /mnt/ext4/both/[12] &
	b=$!
	"$S" seal --no-dax /mnt/ext4/both/[34] &
	c=$!
	for pid in $a $b $c; do
		! truncate -s 0 $g 2>/dev/null || { echo "truncated"; return 1; }
		wait $pid || { echo "a status"; return 1; }
	done
	"$S" get /mnt/ext4/both/* $f $g || return 1
	! truncate -s 0 /mnt/ext4/both/* 2>/dev/null || return 1
	"$S" unseal /mnt/ext4/both/[13] &
	a=$!
	$LATER unseal /mnt/ext4/both/[24] &
	b=$!
	wait $a && wait $b || { echo "a status of unseal"; return 1; }
	! "$S" list | grep both && truncate -s 8192 /mnt/ext4/both/*
}
holds "two_versions_at_once" both
answers 0 ' 0 pending, 0 lapsed' "nothing_half_done_by_two_versions" $LATER status
holds "one_set_of_programs_by_two_versions" one_set
holds "get_after_two_versions" "$S" get $f $g $h

# Pins of other layouts: explained, and not touched
refused() {
	answers 3 'another version.*unseal --all --force' "$1_$2_is_refused" \
		"${@:3}"
}
meets() {
	local name=$1 cmd=$2
	refused "$name" seal "$cmd" seal --no-dax $h
	refused "$name" unseal "$cmd" unseal $g
	refused "$name" unseal_all "$cmd" unseal --all
	refused "$name" upgrade "$cmd" upgrade --force
	refused "$name" get "$cmd" get $g
	refused "$name" list "$cmd" list
	refused "$name" status "$cmd" status
	fails "deny_after_${name}_tried" truncate -s 0 $g
}
meets foreign $FOREIGN
answers 0 'enforcing: yes' "status_after_foreign_tried" "$S" status
holds "unseal_all_before_foreign" "$S" unseal --all

# Two layouts begin at once: one has it, and the other says so and has done nothing
first_of_two() {
	local ours theirs
	"$S" seal --no-dax $f >/tmp/ours 2>&1 &
	ours=$!
	$FOREIGN seal --no-dax $g >/tmp/theirs 2>&1 &
	wait $!
	theirs=$?
	wait $ours
	ours=$?
	cat /tmp/ours /tmp/theirs
	case $ours$theirs in
	03)
		grep -q 'another version' /tmp/theirs && "$S" get $f &&
			! truncate -s 0 $f && truncate -s 65536 $g && "$S" unseal $f
		;;
	30)
		grep -q 'another version' /tmp/ours && $FOREIGN get $g &&
			! truncate -s 0 $g && truncate -s 65536 $f && $FOREIGN unseal $g
		;;
	*)
		return 1
		;;
	esac
}
holds "two_layouts_at_once" first_of_two
holds "nothing_left_of_either_layout" test ! -e /run/staticdax/bpf
holds "foreign_seals" $FOREIGN seal --no-dax $f $g
meets ours_to_foreign "$S"
answers 0 'enforcing: yes' "foreign_status_after_ours_tried" $FOREIGN status
holds "ours_removes_foreign_when_forced" "$S" unseal --all --force
holds "nothing_left_of_foreign" nothing_left
holds "allow_truncate_when_removed" truncate -s 0 $g
tap_done
