#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Durable updates of a sealed file beside the other ways to make them, as ratios to
# a device without a filesystem (device-dax). Measured twice, in executed
# instructions and in time. Results into build/bench: stores.tsv and stores.md.
#
# Usage: bench/reason.sh
#   KERNELS="6.1 6.12"      default: 6.12

set -eu
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
			for (i = 1; i <= n; i++)
				printf " %s (%s) |", ratio("instructions", wheres[j], whats[i]),
					ratio("time", wheres[j], whats[i])
		}
		print "\n\n### " kernel ": first store to each page, instructions\n"
		print "| where | what | page | median | 99th percentile | most |\n|---|---|---|---|---|---|"
		for (i = 1; i <= firsts; i++) {
			split(first[i], f, " ")
			printf "| %s | %s | %d | %d | %d | %d |\n", f[4], f[5], f[6], f[7], f[8], f[9]
		}
	}' "$out/stores.tsv"
}

mkdir -p "$out"
tests/vm/fetch.sh "${kernels[@]}" >/dev/null
: >"$out/stores.tsv"
for kernel in "${kernels[@]}"; do
	measure "$kernel" instructions -q -icount -q shift=0,sleep=off
	measure "$kernel" time
done
for kernel in "${kernels[@]}"; do
	report "$kernel"
done | tee "$out/stores.md"
