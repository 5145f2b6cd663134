#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# From results.tsv (kernel, filesystem, seals, state, operation, cost, answer) to
# tables, JSON and plots in the same directory.

set -eu
cd "$1"

jq -R -s 'split("\n") | map(select(. != "") | split(" ") | {
	kernel: .[0], filesystem: .[1], seals: (.[2] | tonumber), state: .[3],
	operation: .[4], instructions: (.[5] | tonumber), answer: .[6] })' \
	results.tsv >results.json

# "over": what is above bare, as a ratio to the floor's
awk '
function cell(s, k) {
	k = group SUBSEP s SUBSEP op
	if (!(k in cost)) return "-"
	return sprintf("%.3f%s", cost[k] / bare, answer[k] == "ok" ? "" : " " answer[k])
}
function over(s, k, f) {
	k = group SUBSEP s SUBSEP op; f = group SUBSEP "floor" SUBSEP op
	if (!(k in cost) || answer[k] != "ok" || cost[f] - bare < 100) return "-"
	return sprintf("%.2f", (cost[k] - bare) / (cost[f] - bare))
}
{
	g = $1 SUBSEP $2 SUBSEP $3
	if (!(g in seen)) { seen[g] = 1; groups[++n] = g }
	if (!((g, $5) in has)) { has[g, $5] = 1; ops[g, ++count[g]] = $5 }
	cost[g, $4, $5] = $6; answer[g, $4, $5] = $7
}
END {
	for (i = 1; i <= n; i++) {
		group = groups[i]; split(group, name, SUBSEP)
		printf "\n### %s, %s, seals: %d\n\n", name[1], name[2], name[3]
		print "| operation | bare | floor | elsewhere | beside | sealed | elsewhere/floor | beside/floor |"
		print "|---|---|---|---|---|---|---|---|"
		for (j = 1; j <= count[group]; j++) {
			op = ops[group, j]
			bare = cost[group, "bare", op]
			if (!bare) continue
			printf "| %s | %d | %s | %s | %s | %s | %s | %s |\n", op, bare, cell("floor"),
				cell("elsewhere"), cell("beside"), cell("sealed"),
				over("elsewhere"), over("beside")
		}
	}
}' results.tsv >tables.md

plot() {
	local kernel=$1 fs=$2

	awk -v k="$kernel" -v f="$fs" '
	$1 == k && $2 == f && $3 == 1 { cost[$5, $4] = $6; if (!seen[$5]++) ops[++n] = $5 }
	END {
		print "operation floor elsewhere beside sealed"
		for (i = 1; i <= n; i++) {
			b = cost[ops[i], "bare"]
			if (!b) continue
			printf "%s", ops[i]
			split("floor elsewhere beside sealed", s, " ")
			for (j = 1; j <= 4; j++)
				printf " %s", (ops[i], s[j]) in cost ? cost[ops[i], s[j]] / b : "NaN"
			print ""
		}
	}' results.tsv >"$kernel-$fs.dat"
	gnuplot <<-PLOT
		set terminal svg size 960,420
		set output "$kernel-$fs.svg"
		set title "$kernel, $fs: instructions, bare = 1"
		set style data histograms
		set style fill solid 0.8
		set yrange [0.8:*]
		set xtics rotate by -30
		set grid ytics
		plot for [i=2:5] "$kernel-$fs.dat" using i:xtic(1) title columnheader(i)
	PLOT
}

awk '{ print $1, $2 }' results.tsv | sort -u | while read -r kernel fs; do
	plot "$kernel" "$fs"
done
cat tables.md
