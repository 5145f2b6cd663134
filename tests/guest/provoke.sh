#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What can run out, be skipped or be overwritten, does: it refuses, and never
# allows.

. tests/cli/guest.sh

f=/mnt/ext4-dax/f
g=/mnt/xfs/g
h=/mnt/ext4/h
fit $f
fit $g
fit $h

# still_sealed WHEN: nothing that changes a map passes; pairs with written
still_sealed() {
	local file
	for file in $f $g; do
		fails "deny_truncate_$1 (${file#/mnt/})" truncate -s 0 $file
		fails "deny_punch_hole_$1 (${file#/mnt/})" \
			fallocate -p -o 4096 -l 4096 $file
		fails "deny_unlink_$1 (${file#/mnt/})" rm -f $file
		holds "map_unchanged_$1 (${file#/mnt/})" \
			test "$(map_of $file)" = "${map[$file]}"
	done
}

write_in_place() {
	dd if=/dev/zero of="$1" bs=4k count=2 conv=notrunc status=none
}

written() {
	holds "allow_write_in_place_$1" write_in_place $f
	holds "allow_write_in_place_$1 (xfs)" write_in_place $g
}

# denials FILE: how many there were
denials() {
	"$S" get --json "$1" | grep -oE '"denials": ?[0-9]+' | grep -oE '[0-9]+$'
}

declare -A map
holds "seal" "$S" seal --no-dax $f $g
for file in $f $g; do
	map[$file]=$(map_of $file)
done
still_sealed "at_first"
written "at_first"

# Lost events: the ring holds 1024. The counts must not suffer.
fails "deny_truncate_once" truncate -s 1 $g
before=$(denials $g)
count=$(denials $f)
"$S" monitor >/tmp/monitor 2>&1 &
monitor=$!
until grep -q enforcing /tmp/monitor; do :; done
kill -STOP $monitor
for ((i = 0; i < 1300; i++)); do
	exec 5>>$f
done 2>/dev/null
kill -CONT $monitor
until grep -q 'lost:' /tmp/monitor; do
	kill -0 $monitor || break
done
kill $monitor
wait $monitor
answers 0 'lost: [0-9]+ denials were overwritten' "lost_events_are_told" \
	cat /tmp/monitor
holds "lost_events_are_counted_as_denials" \
	test "$(denials $f)" -eq $((count + 1300))
holds "denials_of_the_other_file_are_kept" test "$(denials $g)" -eq "$before"
answers 0 'the last .* shrink.* by truncate\[' "last_denial_of_the_other_file_is_kept" \
	"$S" get --denials $g
still_sealed "after_lost_events"

# full MAP FILE: nothing more can be sealed, and what is sealed stays so
full() {
	local n
	n=$(build/tests/fill_map $PINS/"$1")
	holds "fill_$1" test "${n:-0}" -gt 1000
	echo "# $1: $n more entries"
	answers 3 'no room' "refuse_seal_when_$1_is_full" \
		"$S" seal --no-dax "$2"
	answers 1 'not sealed' "not_sealed_when_$1_is_full" "$S" get "$2"
	holds "allow_truncate_of_what_was_not_sealed_when_$1_is_full" \
		truncate -s 65536 "$2"
	still_sealed "when_$1_is_full"
	written "when_$1_is_full"
	holds "empty_$1" build/tests/fill_map -d $PINS/"$1" "$n"
	holds "allow_seal_when_$1_has_room" "$S" seal --no-dax "$2"
	fails "deny_truncate_when_$1_has_room" truncate -s 0 "$2"
	holds "unseal_when_$1_has_room" "$S" unseal "$2"
}
full sealed $h
full filesystems $h
# only what of a path is beyond its first 56 bytes is there
long=$h$(printf '%060d' 0)
fit "$long"
full paths "$long"

# Programs that vouch for writes and are gone: as if skipped each time.
rm $PINS/sdax_token_1
if [ -e $PINS/sdax_token_2 ]; then
	written "with_one_of_two_programs"
	rm $PINS/sdax_token_2
fi
still_sealed "without_the_programs_that_vouch"
fails "refuse_write_without_the_programs_that_vouch" write_in_place $f
fails "refuse_write_without_the_programs_that_vouch (xfs)" write_in_place $g
answers 3 'enforcing: no' "status_without_the_programs_that_vouch" "$S" status
holds "seal_mends" "$S" seal --no-dax $h
written "after_mending"
still_sealed "after_mending"
answers 0 'enforcing: yes' "status_after_mending" "$S" status

# Tracers of the very function that the programs vouch for writes at.
trace=/sys/kernel/tracing
echo 'p:sdax_in rw_verify_area' >$trace/kprobe_events
echo 'r:sdax_out rw_verify_area' >>$trace/kprobe_events
echo 1 >$trace/events/kprobes/enable
written "beside_probes"
still_sealed "beside_probes"
holds "probes_were_hit" grep -q sdax_out $trace/trace
echo 0 >$trace/events/kprobes/enable
echo >$trace/kprobe_events
echo rw_verify_area >$trace/set_graph_function
echo function_graph >$trace/current_tracer
written "beside_a_tracer_of_calls"
still_sealed "beside_a_tracer_of_calls"
holds "tracer_of_calls_ran" grep -q rw_verify_area $trace/trace
echo nop >$trace/current_tracer
answers 0 'without a token 2,' "nothing_refused_in_error_beside_tracers" "$S" status

holds "unseal_all" "$S" unseal --all
holds "allow_truncate_when_unsealed" truncate -s 0 $f
holds "nothing_attached" nothing_left

# Memory: what a token takes is charged to the cgroup of whoever loaded the programs.
# When that may have no more, a write that finds no token is refused, one that would
# change the map as ever; each token that could not be stored is counted.
lost() {
	"$S" status | sed -n 's/^tokens: *\([0-9]*\) lost.*/\1/p'
}

short=/sys/fs/cgroup/short
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir $short
rm $f
build/tests/preempt -c $f && sync
# shellcheck disable=SC2016
holds "seal_in_a_cgroup" sh -c 'echo $$ >"$0"/cgroup.procs && exec "$@"' $short \
	"$S" seal --no-dax $f
tap_relay 1 build/tests/shortage -n 50 $f
holds "no_token_is_lost_while_there_is_memory" test "$(lost)" -eq 0
echo 0 >$short/memory.max
build/tests/shortage $f >/tmp/shortage 2>&1
tap_relay 1 cat /tmp/shortage
refused=$(sed -n 's/.* \([0-9]*\) refused$/\1/p' /tmp/shortage)
lost=$(lost)
echo "# memory.max 0: $refused writes in place refused, $lost tokens lost"
if [ "$lost" -eq 0 ]; then
	tap_skip "tokens_that_cannot_be_stored_are_counted" \
		"this kernel exceeds the limit for what cannot wait"
else
	holds "tokens_that_cannot_be_stored_are_counted" \
		test "$lost" -ge "$refused" -a "$refused" -gt 0
fi
echo max >$short/memory.max
# what was given back is found by the first that ask
build/tests/shortage -n 50 $f >/tmp/shortage 2>&1
lost=$(lost)
tap_relay 1 build/tests/shortage -n 50 $f
holds "no_token_is_lost_when_there_is_memory_again" test "$(lost)" -eq "$lost"
holds "unseal_in_a_cgroup" "$S" unseal $f
holds "nothing_attached_after_shortage" nothing_left
tap_done
