#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The registry: its size, what happens when it is full, what a seal costs, and
# that the commands take many files and records as they come.
#
# FILL is how many records there are where there are many, MANY a quarter of how many
# files, BESIDE how many seals in force there are already when those are sealed.

. tests/cli/guest.sh

d=/mnt/ext4
FILL=${FILL:-16383}
MANY=${MANY:-40}
BESIDE=${BESIDE:-1000}

seal() {
	"$S" seal --no-dax "$@"
}

# Full
for i in 1 2 3 4; do fit $d/$i 4096; done
answers 2 'no number of seals' "registry_of_nothing" seal --registry 0 $d/1
answers 2 'too many' "registry_too_large" seal --registry 16777217 $d/1
answers 2 'no number' "registry_of_words" seal --registry many $d/1
holds "nothing_attached_by_wrong_sizes" nothing_left
holds "first_seals_make_a_small_registry" seal --registry 2 $d/1 $d/2
answers 0 'room for 2' "status_tells_its_size" "$S" status
answers 3 'no room for another seal: it holds 2; .*unseal' "deny_seal_when_full" seal $d/3
answers 1 'not sealed' "not_sealed_when_full" "$S" get $d/3
holds "allow_truncate_of_what_was_not_sealed" truncate -s 4096 $d/3
answers 0 'enforcing: yes' "status_enforcing_when_full" "$S" status
holds "the_others_are_sealed_when_full" "$S" get $d/1 $d/2
fails "deny_truncate_when_full" truncate -s 0 $d/1
fails "nothing_of_it_in_list" sh -c "$S list | grep -w $d/3"
answers 3 'in another size: it has room for 2; .*--registry' "deny_another_size" \
	seal --registry 3 $d/3
holds "allow_the_same_size" seal --registry 2 $d/1
holds "room_after_unseal" "$S" unseal $d/1
holds "allow_seal_when_there_is_room" seal $d/3
holds "unseal_all_of_small" "$S" unseal --all
holds "nothing_left_of_small" nothing_left
long=$d/$(printf 'l%.0s' $(seq 200))
fit "$long" 4096
holds "a_new_registry_has_another_size" seal --registry 1 "$long"
answers 0 "$long" "a_long_path_is_whole" "$S" list
holds "unseal_long" "$S" unseal --all

# Large. What is there anyway, before there are many
memory() {
	awk '/^(SUnreclaim|VmallocUsed):/ { sum += $2 } END { print sum * 1024 }' /proc/meminfo
}
seal --registry 16 $d/1 >/dev/null
before=$(memory)
"$S" unseal --all >/dev/null
holds "seal_with_a_large_registry" seal --registry 1048576 $d/1
answers 0 'room for 1048576' "status_tells_large_size" "$S" status
"$S" unseal --all >/dev/null
holds "seal_with_room_for_records" seal --registry $((FILL + 1)) $d/1
holds "fill_the_registry" build/tests/fill_registry "$FILL"
each=$((($(memory) - before) / (FILL + 1)))
tap_diag "kernel memory of a seal: $each bytes of $((FILL + 1))"
holds "a_seal_takes_at_most_256_bytes" test $each -le 256 -a $each -ge 64
answers 3 'no room' "deny_seal_when_large_is_full" seal $d/2
answers 0 "$FILL lapsed" "status_counts_records" "$S" status

# A list that was built up first would take hundreds of bytes for each record.
listed() {
	[ "$(prlimit --data=$((FILL * 128)) "$S" list "$@" | grep -c /)" -ge "$FILL" ]
}
holds "list_streams" listed
holds "list_json_streams" listed --json

# Before the first line is out only a part of the registry has been read.
line_before_last() {
	local before all

	strace -o /tmp/trace -e trace=bpf,write "$S" list "$@" >/dev/null
	before=$(awk '/^write\(1,/ { exit } /BATCH/ { n++ } END { print n + 0 }' /tmp/trace)
	all=$(grep -c BATCH /tmp/trace)
	[ "$before" -gt 0 ] && [ $((before * 4)) -lt "$all" ]
}
# As often as the list does, and for the lapsed that it names a part of them again.
batches() {
	strace -o /tmp/trace -e trace=bpf "$S" "$1" >/dev/null
	grep -c BATCH /tmp/trace
}
one_walk() {
	local all walked

	all=$(batches list)
	walked=$(batches status)
	[ $((walked * 2)) -gt "$all" ] && [ $((walked * 2)) -lt $((all * 3)) ] ||
		{ echo "$walked, of the list $all"; return 1; }
}
if command -v strace >/dev/null; then
	holds "status_reads_each_seal_once" one_walk
	holds "list_prints_while_it_reads" line_before_last
	holds "list_json_prints_while_it_reads" line_before_last --json
else
	tap_skip "status_reads_each_seal_once" "the guest has no strace"
	tap_skip "list_prints_while_it_reads" "the guest has no strace"
fi
holds "unseal_all_of_many" "$S" unseal --all
holds "nothing_left_of_many" nothing_left

# One command, many files
mkdir $d/many
head -c $((MANY * 4 * 4096)) /dev/zero | split -b 4096 -d -a 5 - $d/many/
sync
# milliseconds NAME COMMAND...: leaves how long it took
milliseconds() {
	local from=${EPOCHREALTIME/./}
	holds "$@"
	took=$(((${EPOCHREALTIME/./} - from) / 1000))
}
files() {
	seq -f "$d/many/%05.0f" $(($1 - 1)) $(($2 - 1))
}
each_verb() {
	local verb=$1 few many
	shift
	# shellcheck disable=SC2046
	milliseconds "${verb}_$MANY" "$S" "$verb" "$@" $(files 1 "$MANY")
	few=$took
	# shellcheck disable=SC2046
	milliseconds "${verb}_$((4 * MANY))" "$S" "$verb" "$@" $(files 1 $((4 * MANY)))
	many=$took
	tap_diag "$verb: $MANY files $few ms, four times as many $((many * 100 / (few + 1)))%"
}
seals=$((1 + BESIDE + 4 * MANY))
seal --registry "$seals" $d/1 >/dev/null
holds "fill_with_seals_in_force" build/tests/fill_registry "$BESIDE" $d/1
each_verb check --no-dax
each_verb seal --no-dax
each_verb get
each_verb verify
holds "list_has_them_all" test "$("$S" list | grep -c $d/many/)" -eq $((4 * MANY))
answers 3 "no room for another seal: it holds $seals" "deny_seal_when_full_of_them" seal $d/2
milliseconds "status_of_all" "$S" status
tap_diag "status: $seals seals $took ms"
answers 0 "^seals: +$seals enforced" "status_counts_them_all" "$S" status
last=$(files $((4 * MANY)) $((4 * MANY)))
fails "deny_truncate_beside_them" truncate -s 0 "$last"
each_verb unseal
holds "allow_truncate_beside_the_others" truncate -s 0 "$last"
fails "deny_truncate_of_the_first" truncate -s 0 $d/1
milliseconds "unseal_the_rest" "$S" unseal --all
tap_diag "unseal --all: $((1 + BESIDE)) seals $took ms"
holds "allow_truncate_at_last" truncate -s 0 $d/1
holds "nothing_left_at_last" nothing_left
tap_done
