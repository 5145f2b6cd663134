#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The library as programs use it: daxctl() on both DAX filesystems, and the
# examples that the documentation shows.

. tests/cli/guest.sh

for fs in ext4 xfs; do
	build/tests/daxctl /mnt/$fs-dax /mnt/$fs >"$OUT" 2>&1
	r=$?
	sed -nE "s/^ok [0-9]+ - (.*)/\1/p" "$OUT" | while IFS= read -r name; do
		echo "$name"
	done >/tmp/names
	while IFS= read -r name; do tap_ok "daxctl_${fs}_$name"; done </tmp/names
	[ $r -eq 0 ] || tap_not_ok "daxctl_$fs" "$(grep -A1 '^not ok' "$OUT")"
	holds "daxctl_${fs}_leaves_nothing" nothing_left
	answers 0 'truncate: Text file busy' "example_seal_and_map_$fs" build/tests/example_seal_and_map /mnt/$fs-dax/example
	fit /mnt/$fs-dax/called
	answers 0 'called: sealed' "example_in_c++_$fs" build/tests/example_seal /mnt/$fs-dax/called
	answers 1 'not sealed' "example_in_c++_unseals_$fs" "$S" get /mnt/$fs-dax/called
	answers 1 'lies on a filesystem' "example_in_c++_says_why_not_$fs" build/tests/example_seal tests/tap.sh
	f=/mnt/$fs-dax/pmem2
	answers 0 'stored and flushed' "example_pmem2_store_$fs" \
		strace -qq -f -e trace=msync,fdatasync,mmap -o /tmp/calls build/tests/example_pmem2_store $f
	answers 0 'mmap.*MAP_SYNC' "example_pmem2_store_maps_it_synchronously_$fs" cat /tmp/calls
	fails "example_pmem2_store_calls_no_msync_$fs" grep -E 'msync\(|fdatasync\(' /tmp/calls
	answers 0 'stored without msync' "example_pmem2_store_has_stored_$fs" head -n 1 $f
	fails "deny_truncate_pmem2_$fs" truncate -s 0 $f
	"$S" unseal $f >/dev/null
	holds "allow_truncate_pmem2_$fs" truncate -s 0 $f
	answers 0 '^0 [A-Z0_]+ DAXCTL_F_STATIC [A-Z0_]+ 0$' "example_daxctl_call_$fs" sh -c \
		"build/tests/example_daxctl_call /mnt/$fs-dax/called | sed 's/.* = //' | paste -sd ' '"
	"$S" unseal --all >/dev/null
	holds "examples_leave_nothing_$fs" nothing_left
done

# A handle remembers for a second that all programs are there.
fit /mnt/ext4/first
fit /mnt/ext4/second
answers 0 '' "second_seal_of_a_handle_when_others_detached" \
	build/tests/seal_after_detach /mnt/ext4/first /mnt/ext4/second
answers 0 'enforcing: yes' "programs_are_there_after_others_detached" "$S" status
"$S" unseal --all --force >/dev/null
holds "allow_truncate_after_all_that" truncate -s 0 /mnt/ext4/second

# Another thread may fork while the registry is locked; the lock goes all the same.
fit /mnt/ext4/second
"$S" seal --no-dax /mnt/ext4/second >/dev/null
holds "unseals_and_forks" build/tests/fork_locked
child=$(cat "$OUT")
holds "child_has_the_lock_open" sh -c "readlink /proc/$child/fd/* | grep -x /run/staticdax/lock"
holds "lock_is_let_go_of_for_a_child" flock -n /run/staticdax/lock true
kill "$child"
tap_done
