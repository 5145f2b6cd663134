#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the commands take for files of many extents and for many files, beside
# filefrag(8) and a bare loop of open, fsync, FIEMAP and close. Results into
# build/bench: work.tsv and work.md.
#
# Usage: bench/work.sh
#   KERNELS="6.1 6.12"      default: 6.12
#   EXTENTS="1 1000000"     of a file, default 1, 1000 and 100000
#   FILES="1 1000 100000"   in one command, default 1, 1000 and 10000
#   UNIT=time               default: instructions

set -eu
cd "$(dirname "$0")/.."

out=build/bench
unit=${UNIT:-instructions}
read -ra kernels <<<"${KERNELS:-6.12}"
work=$(mktemp -d "${TMPDIR:-/tmp}/staticdax-work.XXXXXX")
trap 'rm -rf "$work"' EXIT
options=()
[ "$unit" = time ] || options=(-q -icount -q "shift=0,sleep=off")

# measure KERNEL FILESYSTEM
measure() {
	echo "$1 $2, in $unit" >&2
	rm -f "$work/dimm"
	truncate -s 10G "$work/dimm"
	tests/vm/run.sh -k "$1" -n -m 4G -t 7200 "${options[@]}" -d "$work/dimm" -- \
		tests/guest/work.sh "$2" "${EXTENTS:-1 1000 100000}" "${FILES:-1 1000 10000}" \
		>"$work/log" || {
		cat "$work/log" >&2
		exit 1
	}
	sed "s/^/$1 $2 /" "$work/log" >>"$out/work.tsv"
}

# Ratios to filefrag for extents, to the bare loop for files; "list" is of all
# seals, and has nothing beside it.
report() {
	awk -v unit="$unit" '
	function done_with(i, j) {
		if (!group) return
		printf "\n### %s: %s, %s\n\n| |", group, kind, unit
		for (i = 1; i <= n; i++) printf " %d |", numbers[i]
		printf "\n|---|"
		for (i = 1; i <= n; i++) printf "---|"
		for (j = 1; j <= w; j++) {
			printf "\n| %s |", whats[j]
			for (i = 1; i <= n; i++)
				printf " %.2fM (%.2f, %d KiB) |", took[i, whats[j]] / 1e6,
					took[i, whats[j]] / took[i, base], kib[i, whats[j]]
		}
		print ""
		n = w = 0
	}
	$1 ", " $2 != group || $3 != kind {
		done_with()
		group = $1 ", " $2; kind = $3; base = kind == "extents" ? "filefrag" : "bare"
	}
	{
		if (!n || numbers[n] != $4) { numbers[++n] = $4; fresh = n == 1 }
		if (fresh) whats[++w] = $5
		took[n, $5] = $6; kib[n, $5] = $7
	}
	END { done_with() }' "$out/work.tsv"
}

mkdir -p "$out"
tests/vm/fetch.sh "${kernels[@]}" >/dev/null
: >"$out/work.tsv"
for kernel in "${kernels[@]}"; do
	for fs in ext4 xfs; do
		measure "$kernel" "$fs"
	done
done
report | tee "$out/work.md"
