#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What staticdax costs, in executed instructions of a virtual machine. Results
# into build/bench: results.tsv and .json, tables.md, and plots.
#
# Usage: bench/run.sh
#   KERNELS="6.1 6.12"      default: all of tests/vm/kernels
#   FILESYSTEMS="ext4 xfs"  default: ext4 xfs ext4-dax tmpfs
#   OPERATIONS="write-1"    those of bench/ops.c, default: all
#   SEALS="1 1000"          how many seals, default 1; more than 1 on ext4 only
#   PEERS=no                staticdax alone, default: others beside it, on ext4

set -u
cd "$(dirname "$0")/.." || exit 1

out=build/bench
read -ra kernels <<<"${KERNELS:-$(awk '!/^#/ && NF { print $1 }' tests/vm/kernels |
				 uniq | tr '\n' ' ')}"
read -ra filesystems <<<"${FILESYSTEMS:-ext4 xfs ext4-dax tmpfs}"
read -ra operations <<<"${OPERATIONS:-}"
read -ra seals <<<"${SEALS:-1}"

# measure KERNEL FILESYSTEM SEALS
measure() {
	local needs=ext4,xfs log=$out/$1-$2.txt peers=${PEERS:-yes}

	case $2 in
	*-dax) needs=ext4-dax,xfs-dax ;;
	esac
	[ "$2" = ext4 ] || peers=no
	echo "$1 $2, seals: $3" >&2
	tests/vm/run.sh -k "$1" -f "$needs" -t 7200 -e PEERS="$peers" -p bench/packages \
		-q -icount -q shift=0,sleep=off -- \
		tests/guest/cost.sh "$2" "$3" "${operations[@]}" >"$log" || {
		cat "$log" >&2
		exit 1
	}
	grep '^#' "$log" >&2
	sed "/^#/d; s/^/$1 /" "$log" >>"$out/results.tsv"
}

tests/vm/fetch.sh "${kernels[@]}" >/dev/null || exit 1
: >"$out/results.tsv"
for kernel in "${kernels[@]}"; do
	for fs in "${filesystems[@]}"; do
		some=1
		[ "$fs" != ext4 ] || some=$(IFS=,; echo "${seals[*]}")
		measure "$kernel" "$fs" "$some"
	done
done
bench/report.sh "$out"
