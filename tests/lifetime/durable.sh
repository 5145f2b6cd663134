#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Machines that are killed while a program writes to sealed files, without msync:
# afterwards every record that was acknowledged is there, and the map is the one
# that was sealed. The same program loses records in a file that was merely
# allocated, so the machines do die at a moment when something can be lost.
#
# What survives is what reached the file behind the persistent memory, which is the
# host's page cache; the host lives on. So this shows that no metadata is missing.
# That flushing a line takes it from the processor's caches to the medium is the
# processor's promise, and no emulator can test it.
#
# Usage: tests/lifetime/durable.sh KERNEL
#   KILLS=200  how many, default 6
#   SEED=1     says when; default 20260713

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

kernel=$1
kills=${KILLS:-6}
RANDOM=${SEED:-20260713}
work=$(mktemp -d "${TMPDIR:-/tmp}/staticdax-durable.XXXXXX")
trap 'rm -rf "$work"' EXIT
truncate -s 64M "$work/ext4"
truncate -s 320M "$work/xfs"
declare -A sealed_map lost_total=([ext4]=0 [xfs]=0) lost map

# boot COUNT SEED [LAST_SEED LAST_COUNT]: kills it after COUNT records, or lets it
# end if COUNT is 0. Sets lost, map, acked and said; fails if it ended otherwise.
boot() {
	local count=$1 line vm status=none
	shift
	lost=() map=() acked=0 said=
	rm -f "$work/pid"
	exec {vm}< <(VM_LOG_DIR=$work tests/vm/run.sh -k "$kernel" -n -t 300 \
		-d "$work/ext4" -d "$work/xfs" -q -pidfile -q "$work/pid" \
		-- tests/lifetime/durable_guest.sh "$@" 2>"$work/err"; printf '\nended %d\n' $?)
	while IFS= read -r line <&"$vm"; do
		case $line in
		ack\ *)
			# the last one may be cut short; what is left of it is less
			[ "${line#ack }" -gt "$acked" ] || continue
			acked=${line#ack }
			[ "$acked" -ne "$count" ] || kill -KILL "$(cat "$work/pid")"
			;;
		lost\ *)
			read -r _ fs file n <<<"$line"
			lost[$fs-$file]=$n
			;;
		map\ *)
			read -r _ fs n <<<"$line"
			map[$fs]+=" $n"
			;;
		ended\ *) status=${line#ended } ;;
		?*) said+=$line$'\n' ;;
		esac
	done
	exec {vm}<&-
	said+=$(tail -n 20 "$work/err")
	if [ "$count" -eq 0 ]; then
		[ "$status" = 0 ]
	else
		[ "$acked" -ge "$count" ]
	fi
}

# judge KILL RECORDS: what the boot after it found
judge() {
	local fs now

	for fs in ext4 xfs; do
		read -r now _ <<<"${map[$fs]:-}"
		if [ "${lost[$fs-sealed]:-}" = 0 ] && [ "$now" = "${sealed_map[$fs]}" ]; then
			tap_ok "${fs}_kill_$1_keeps_records_and_map"
		else
			tap_not_ok "${fs}_kill_$1_keeps_records_and_map" \
				"of $2 records lost: ${lost[$fs-sealed]:-unknown}" \
				"map $now, sealed as ${sealed_map[$fs]}" "$said"
		fi
		lost_total[$fs]=$((lost_total[$fs] + ${lost[$fs-control]:-0}))
	done
}

echo "# SEED=${SEED:-20260713}"
last=()
for ((kill = 1; kill <= kills + 1; kill++)); do
	count=$((RANDOM % 800 + 1)) seed=$((RANDOM + 1))
	[ "$kill" -le "$kills" ] || count=0 seed=0
	boot "$count" "$seed" "${last[@]}" || {
		tap_not_ok "machine_${kill}_lives_until_it_is_killed" \
			"$acked of $count records" "$said"
		tap_done
	}
	[ ${#last[@]} -eq 0 ] || judge $((kill - 1)) "${last[1]}"
	for fs in ext4 xfs; do
		sealed_map[$fs]=${map[$fs]##* }
	done
	last=("$seed" "$acked")
done
for fs in ext4 xfs; do
	if [ "${lost_total[$fs]}" -gt 0 ]; then
		tap_ok "${fs}_merely_allocated_loses_records"
		echo "# $fs: ${lost_total[$fs]} records of $kills kills"
	else
		tap_not_ok "${fs}_merely_allocated_loses_records" "none was lost"
	fi
done
tap_done
