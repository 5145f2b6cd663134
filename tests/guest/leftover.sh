#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What an access leaves behind that an LSM before ours refused: it is no pass
# for an operation that moves blocks.

. tests/cli/guest.sh

top=$PWD
for fs in ext4 xfs; do
	cd "/mnt/$fs" || exit 1
	fit sealed
	fit free
	holds "seal_$fs" "$top/$S" seal --no-dax sealed
	before=$(filefrag -v sealed)
	"$top/build/tests/leftover" "$top/build/tests/refuse_first.bpf.o" sealed free >"$OUT" 2>&1
	r=$?
	while IFS= read -r name; do tap_ok "${fs}_$name"; done \
		< <(sed -nE 's/^ok [0-9]+ - (.*)/\1/p' "$OUT")
	[ $r -eq 0 ] || tap_not_ok "leftover_$fs" "$(cat "$OUT")"
	holds "map_is_as_it_was_$fs" [ "$(filefrag -v sealed)" = "$before" ]
	holds "unseal_$fs" "$top/$S" unseal sealed
done
cd "$top" || exit 1
tap_done
