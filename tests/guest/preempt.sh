#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs that can be skipped are: by writers that interrupt one another, first
# as they come, then in programs made so slow that it happens all the time. And what
# the verifier makes of all programs, which are all wanted here.

. tests/cli/guest.sh

f=/mnt/ext4-dax/f
g=/mnt/xfs/g
WAKES=${WAKES:-400}

# skipped PROGRAM: how often
skipped() {
	bpftool prog show name "$1" | grep -o 'recursion_misses [0-9]*' |
		cut -d' ' -f2
}

# counted WORD: the number after it in the status
counted() {
	"$S" status | sed -n "s/.*$1 \([0-9]*\).*/\1/p"
}

echo "# preemption: $(cat /sys/kernel/debug/sched/preempt)"
tap_relay 1 tests/guest/verifier.sh
for file in $f $g; do
	build/tests/preempt -c $file && sync
done
holds "seal" "$S" seal --no-dax $f $g
for file in $f $g; do
	tap_relay 1 build/tests/preempt -n "$WAKES" $file
done
echo "# skipped: $(skipped sdax_token_1) and $(skipped sdax_token_2), refused for it: $(counted token)"
tap_relay 1 build/tests/preempt -d 20000 -n "$WAKES" $f
one=$(skipped sdax_token_1)
two=$(skipped sdax_token_2)
none=$(counted token)
echo "# skipped: $one and $two, refused for it: $none"
holds "both_programs_were_skipped" test "${one:-0}" -gt 0 -a "${two:-0}" -gt 0
holds "refusals_without_a_token_are_counted" test "$none" -gt 0
for program in sdax_token_1 sdax_token_2; do
	answers 0 "^staticdax_program_misses_total\{program=\"$program\"\} [1-9]" \
		"misses_of_${program}_are_measured" "$S" metrics
done
answers 0 'enforcing: yes' "status_after_skips" "$S" status
tap_relay 1 build/tests/preempt -n 50 $f
holds "unseal" "$S" unseal $f $g
holds "nothing_attached" nothing_left
tap_done
