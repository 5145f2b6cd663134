#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# staticdax metrics: the numbers are those of what happened. Their form is
# judged on the host.

. tests/cli/guest.sh

f=/mnt/ext4-dax/f
g=/mnt/ext4-dax/g
fit $f
fit $g

# says NAME LINE...: whole lines, of the last metrics
says() {
	local name=$1 line missing=
	shift
	for line; do
		grep -qxE -- "staticdax_$line" /tmp/metrics || missing+="$line "
	done
	holds "$name" test -z "$missing"
}

metrics() {
	holds "metrics_$1" "$S" metrics
	cp "$OUT" /tmp/metrics
}

metrics "before_the_first_seal"
says "nothing_is_sealed" 'enforcing 0' 'seals\{state="sealed"\} 0' 'denials_total\{op="shrink"\} 0' \
	'registry_capacity 0'
fails "no_canary_without_a_seal" grep -q '^staticdax_canary' /tmp/metrics

"$S" seal $f >/dev/null
"$S" seal --audit $g >/dev/null
sysctl -qw kernel.bpf_stats_enabled=1
truncate -s 5 $f 2>/dev/null
truncate -s 6 $f 2>/dev/null
rm -f $f 2>/dev/null
dd if=/dev/zero of=$f bs=4096 count=1 conv=notrunc status=none
truncate -s 4096 $g
rm $g
before=$(date +%s)
metrics "while_sealed"
says "enforcing" 'enforcing 1' 'seals\{state="sealed"\} 1'
says "denials_by_operation" 'denials_total\{op="shrink"\} 2' 'denials_total\{op="unlink"\} 1' \
	'denials_total\{op="write"\} 0' 'denials_total\{op="umount"\} 0'
says "audited_by_operation" 'audited_total\{op="shrink"\} 1' 'audited_total\{op="unlink"\} 1'
says "lapse_by_deletion" 'lapses_total 1' 'seals\{state="lapsed"\} 1' 'seals\{state="audit"\} 0'
says "nothing_lost" 'events_lost_total 0' 'no_token_total 0' 'tokens_lost_total 0'
says "programs_ran" 'program_runs_total\{program="sdax_permission"\} [1-9][0-9]*' \
	'program_run_seconds_total\{program="sdax_permission"\} [0-9]+\.[0-9]*[1-9][0-9]*' \
	'program_misses_total\{program="sdax_permission"\} 0'
canary=$(sed -n 's/^staticdax_canary_timestamp_seconds \([0-9]*\)\..*/\1/p' /tmp/metrics)
holds "canary_was_just_now" test "$canary" -ge $((before - 1)) -a "$canary" -le "$(($(date +%s) + 1))"

for _ in $(seq 1100); do : 2>/dev/null >$f; done
holds "metrics_as_user" setpriv --reuid 1000 --regid 1000 --clear-groups "$S" metrics
cp "$OUT" /tmp/metrics
says "user_has_the_counts" 'denials_total\{op="shrink"\} 1102' 'seals\{state="sealed"\} 1'
says "overwritten_are_lost" 'events_lost_total [1-9][0-9]+'
says "user_sees_when_it_was_proved" 'canary_timestamp_seconds '"$canary"'\.[0-9]+'
fails "user_cannot_tell_whether_it_enforces" grep -q '^staticdax_enforcing' /tmp/metrics
fails "user_sees_no_programs" grep -q '^staticdax_program' /tmp/metrics

rm $PINS/sdax_permission
metrics "with_a_missing_link"
says "does_not_enforce" 'enforcing 0' 'seals\{state="sealed"\} 1' \
	'canary_timestamp_seconds '"$canary"'\.[0-9]+'
rm $PINS/sdax_* $PINS/events
answers 3 'enforcing 0' "metrics_of_a_broken_registry" "$S" metrics
rm -r $PINS
umount /run/staticdax/bpf/cage/canary /run/staticdax/bpf
tap_done
