#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A file is sealed while another process changes it, many times over.
#
# Usage: races.sh ROUNDS DIRECTORY...

. tests/cli/guest.sh

REPORT=$(mktemp)
rounds=${ROUNDS:-$1}
shift

race() {
	local rounds=$1 d
	shift
	for d; do
		build/tests/seal_race -n "$rounds" "$d"
	done
}
export -f race

# Neither XFS nor /mnt/ext4 may hold a seal: it would refuse swaps of extents.
bystander=/mnt/ext4-dax/bystander
fit $bystander
holds "seal_bystander" "$S" seal $bystander
tap_relay $# build/tests/tripwire "$REPORT" bash -c 'race "$@"' race "$rounds" "$@"
answers 0 '^fired for sealed files: 0 times' \
	"no_change_of_a_map_is_begun_on_a_sealed_file" cat "$REPORT"
answers 0 '^[0-9]+ wires, ([5-9]|[1-9][0-9]+) of them fired' \
	"tripwires_fire_for_files_that_are_not_sealed" cat "$REPORT"
answers 0 'enforcing: yes' "status_after_races" "$S" status
holds "unseal_bystander" "$S" unseal $bystander
holds "nothing_attached_after_races" nothing_left
tap_done
