#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Durable updates of a sealed file beside the other ways to make them, as ratios to
# a device without a filesystem (device-dax); fails if it is below 0.95 of that.
# Measured twice, in executed instructions and in time. Results into build/bench:
# stores.tsv, .json and .md, and plots.
#
# Usage: bench/reason.sh
#   KERNELS="6.1 6.12"      default: 6.12

set -euo pipefail
cd "$(dirname "$0")/.."

out=build/bench
read -ra kernels <<<"${KERNELS:-6.12}"
work=$(mktemp -d "${TMPDIR:-/tmp}/staticdax-reason.XXXXXX")
trap 'rm -rf "$work"' EXIT

# measure KERNEL UNIT [OPTION...]: UNIT is what a nanosecond of the machine is
measure() {
	local kernel=$1 unit=$2
	shift 2
	echo "$kernel, in $unit" >&2
	rm -f "$work"/dimm?
	truncate -s 128M "$work/dimm0"
	truncate -s 384M "$work/dimm1"
	truncate -s 64M "$work/dimm2"
	tests/vm/run.sh -k "$kernel" -n -t 1800 "$@" -d "$work/dimm0" -d "$work/dimm1" \
		-d "$work/dimm2" -- tests/guest/stores.sh >"$work/log" || {
		cat "$work/log" >&2
		exit 1
	}
	sed "s/^/$kernel $unit /" "$work/log" >>"$out/stores.tsv"
}

# the tables of one kernel
report() {
	awk -v kernel="$1" '
	$1 != kernel { next }
	$3 == "updates" { cost[$2, $4 " " $5, $6 " " $7] = $8; seen($4 " " $5, $6 " " $7) }
	$3 == "first" && $2 == "instructions" { first[++firsts] = $0 }
	function seen(where, what) {
		if (!(where in have)) { have[where]; wheres[++w] = where }
		if (!(what in has)) { has[what]; whats[++n] = what }
	}
	function ratio(unit, where, what) {
		return sprintf("%.3f", cost[unit, "device flush", what] / cost[unit, where, what])
	}
	END {
		print "\n### " kernel ": durable updates, speed as a ratio to device-dax\n"
		printf "| where, how |"
		for (i = 1; i <= n; i++) printf " %s |", whats[i]
		printf "\n|---|"
		for (i = 1; i <= n; i++) printf "---|"
		printf "\n| device-dax, instructions |"
		for (i = 1; i <= n; i++) printf " %d |", cost["instructions", "device flush", whats[i]]
		for (j = 1; j <= w; j++) {
			if (wheres[j] == "device flush") continue
			printf "\n| %s |", wheres[j]
			for (i = 1; i <= n; i++) {
				got = ratio("instructions", wheres[j], whats[i])
				printf " %s (%s) |", got, ratio("time", wheres[j], whats[i])
				slow = slow || wheres[j] ~ / sealed$/ && got < 0.95
			}
		}
		print "\n\n### " kernel ": first store to each page, instructions\n"
		print "| where | what | page | median | 99th percentile | most |\n|---|---|---|---|---|---|"
		for (i = 1; i <= firsts; i++) {
			split(first[i], f, " ")
			printf "| %s | %s | %d | %d | %d | %d |\n", f[4], f[5], f[6], f[7], f[8], f[9]
		}
		exit slow
	}' "$out/stores.tsv"
}

# plot KERNEL: instructions, device-dax = 1
plot() {
	awk -v kernel="$1" '
	$1 == kernel && $2 == "instructions" && $3 == "updates" {
		where = $4 "-" $5; what = $6 "-" $7
		if (!(where in had)) { had[where]; wheres[++w] = where }
		if (!(what in seen)) { seen[what]; whats[++n] = what }
		cost[where, what] = $8
	}
	END {
		printf "where"
		for (i = 1; i <= n; i++) printf " %s", whats[i]
		for (j = 1; j <= w; j++) {
			printf "\n%s", wheres[j]
			for (i = 1; i <= n; i++)
				printf " %f", cost["device-flush", whats[i]] / cost[wheres[j], whats[i]]
		}
		print ""
	}' "$out/stores.tsv" >"$out/stores-$1.dat"
	bench/plot.sh "$out/stores-$1.dat" "$1: durable updates, speed, device-dax = 1" \
		"set yrange [0:*]"
}

mkdir -p "$out"
tests/vm/fetch.sh "${kernels[@]}" >/dev/null
: >"$out/stores.tsv"
for kernel in "${kernels[@]}"; do
	measure "$kernel" instructions -q -icount -q shift=0,sleep=off
	measure "$kernel" time
done
jq -R -s 'split("\n") | map(select(. != "") | split(" ") |
	{ kernel: .[0], unit: .[1], where: .[3], how: .[4] } +
	if .[2] == "updates" then
		{ bytes: (.[5] | tonumber), order: .[6], cost: (.[7] | tonumber) }
	else
		{ page: (.[5] | tonumber), median: (.[6] | tonumber),
		  p99: (.[7] | tonumber), most: (.[8] | tonumber) }
	end)' "$out/stores.tsv" >"$out/stores.json"
for kernel in "${kernels[@]}"; do
	plot "$kernel"
done
for kernel in "${kernels[@]}"; do
	report "$kernel"
done | tee "$out/stores.md"
