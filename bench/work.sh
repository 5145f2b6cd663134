#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the commands take for files of many extents and for many files, beside
# filefrag(8) and a bare loop of open, fsync, FIEMAP and close. Results into
# build/bench: work.tsv, .json and .md, and plots.
#
# Usage: bench/work.sh
#   KERNELS="6.1 6.12"      default: 6.12
#   FILESYSTEMS=ext4        default: ext4 and xfs
#   EXTENTS="1 1000000"     of a file, default 1, 1000 and 100000
#   FILES="1 1000 100000"   in one command, default 1, 1000 and 10000
#   SEALS="1000 1000000"    in the registry, default 1000 and 100000
#   UNIT=time               default: instructions
#   MEDIUM=disk             one that is asked to flush, default: persistent memory,
#                           which has nothing to flush

set -eu
cd "$(dirname "$0")/.."

out=build/bench
unit=${UNIT:-instructions}
read -ra kernels <<<"${KERNELS:-6.12}"
work=$(mktemp -d "${TMPDIR:-/tmp}/staticdax-work.XXXXXX")
trap 'rm -rf "$work"' EXIT
options=()
[ "$unit" = time ] || options=(-q -icount -q "shift=0,sleep=off")
# What a disk takes is not to be counted in instructions.
[ "${MEDIUM:=pmem}$unit" != diskinstructions ] || {
	echo "work.sh: what a disk takes is time: give UNIT=time as well" >&2
	exit 2
}

# measure KERNEL FILESYSTEM
measure() {
	local medium=(-d "$work/medium")

	echo "$1 $2, in $unit" >&2

	rm -f "$work/medium"
	truncate -s 10G "$work/medium"
	[ "$MEDIUM" = pmem ] ||
		medium=(-q -drive -q "if=virtio,format=raw,cache=none,file=$work/medium")
	tests/vm/run.sh -k "$1" -n -m 4G -t 7200 "${options[@]}" "${medium[@]}" -- \
		tests/guest/work.sh "$MEDIUM" "$2" "${EXTENTS-1 1000 100000}" \
		"${FILES-1 1000 10000}" "${SEALS-1000 100000}" \
		>"$work/log" || {
		cat "$work/log" >&2
		exit 1
	}
	sed "s/^/$1 $2 /" "$work/log" >>"$out/work.tsv"
}

# What the others are a ratio to: filefrag for extents, the bare loop for files. For a
# number of seals it is "list", which reads each once; beside the other two it is of all
# seals, and has nothing beside it.
bases() {
	awk '{
		base = $3 == "files" ? "bare" : $3 == "seals" ? "list" : "filefrag"
		print $1, $2, $3, base
	}' "$out/work.tsv" | sort -u
}

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
		group = $1 ", " $2; kind = $3; base = kind == "extents" ? "filefrag" : kind == "files" ? "bare" : "list"
	}
	{
		if (!n || numbers[n] != $4) { numbers[++n] = $4; fresh = n == 1 }
		if (fresh) whats[++w] = $5
		took[n, $5] = $6; kib[n, $5] = $7
	}
	END { done_with() }' "$out/work.tsv"
}

# plot KERNEL FILESYSTEM KIND BASE: ratios, a group for each command
plot() {
	awk -v kernel="$1" -v fs="$2" -v kind="$3" -v base="$4" '
	$1 == kernel && $2 == fs && $3 == kind {
		if (!($4 in had)) { had[$4]; numbers[++n] = $4 }
		if (!($5 in seen)) { seen[$5]; whats[++w] = $5 }
		took[$4, $5] = $6
	}
	END {
		printf "command"
		for (i = 1; i <= n; i++) printf " %d", numbers[i]
		for (j = 1; j <= w; j++) {
			printf "\n%s", whats[j]
			for (i = 1; i <= n; i++)
				printf " %f", took[numbers[i], whats[j]] / took[numbers[i], base]
		}
		print ""
	}' "$out/work.tsv" >"$out/work-$1-$2-$3.dat"
	bench/plot.sh "$out/work-$1-$2-$3.dat" "$1, $2: number of $3, $4 = 1" \
		"set logscale y" "set yrange [0.01:*]"
}

mkdir -p "$out"
tests/vm/fetch.sh "${kernels[@]}" >/dev/null
: >"$out/work.tsv"
for kernel in "${kernels[@]}"; do
	for fs in ${FILESYSTEMS:-ext4 xfs}; do
		measure "$kernel" "$fs"
	done
done
jq -R -s --arg unit "$unit" 'split("\n") | map(select(. != "") | split(" ") | {
	kernel: .[0], filesystem: .[1], of: .[2], number: (.[3] | tonumber),
	command: .[4], unit: $unit, cost: (.[5] | tonumber), kib: (.[6] | tonumber) })' \
	"$out/work.tsv" >"$out/work.json"
bases |
	while read -r kernel fs kind base; do
		plot "$kernel" "$fs" "$kind" "$base"
	done
report | tee "$out/work.md"
