#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# From results.tsv (kernel, filesystem, seals, state, operation, cost, answer) to
# tables, JSON and plots in the same directory.

set -eu
plot=$(realpath "${0%/*}/plot.sh")
cd "$1"

jq -R -s 'split("\n") | map(select(. != "") | split(" ") | {
	kernel: .[0], filesystem: .[1], seals: (.[2] | tonumber), state: .[3],
	operation: .[4], instructions: (.[5] | tonumber), answer: .[6] })' \
	results.tsv >results.json

# "over": what is above bare, as a ratio to the floor's
awk '
function of(state, n) {
	return group SUBSEP state SUBSEP n SUBSEP op
}
function cell(state, n,  k) {
	k = of(state, n)
	if (!(k in cost)) return "-"
	return sprintf("%.3f%s", cost[k] / bare, answer[k] == "ok" ? "" : " " answer[k])
}
function over(state,  k, f) {
	k = of(state, 1); f = of("floor", 1)
	if (!(k in cost) || answer[k] != "ok" || cost[f] - bare < 100) return "-"
	return sprintf("%.2f", (cost[k] - bare) / (cost[f] - bare))
}
# to the same with one seal
function to_one(state, n,  k, one) {
	k = of(state, n); one = of(state == "meeting" ? "beside" : state, 1)
	return k in cost && one in cost ? sprintf("%.3f", cost[k] / cost[one]) : "-"
}
function rule(columns,  i) {
	printf "\n|"
	for (i = 0; i < columns; i++) printf "---|"
	print ""
}
function main(j) {
	printf "\n### %s, %s\n\n", name[1], name[2]
	printf "| operation | bare | floor | elsewhere | beside | sealed | elsewhere/floor | beside/floor |"
	rule(8)
	for (j = 1; j <= count[group]; j++) {
		op = ops[group, j]
		bare = cost[of("bare", 1)]
		if (bare)
			printf "| %s | %d | %s | %s | %s | %s | %s | %s |\n", op, bare,
				cell("floor", 1), cell("elsewhere", 1), cell("beside", 1),
				cell("sealed", most[group]), over("elsewhere"), over("beside")
		else
			printf "| %s | - | - | - | - | %d instructions, %s | - | - |\n", op,
				cost[of("sealed", most[group])], answer[of("sealed", most[group])]
	}
}
function scale(j, i) {
	printf "\n%s, %s, to the same with one seal:\n\n| operation |", name[1], name[2]
	for (i = 2; i <= numbers[group]; i++)
		printf " elsewhere, %d | beside, %d |", number[group, i], number[group, i]
	printf " meeting |"
	rule(2 * numbers[group])
	for (j = 1; j <= count[group]; j++) {
		op = ops[group, j]
		if (!cost[of("bare", 1)]) continue
		printf "| %s |", op
		for (i = 2; i <= numbers[group]; i++)
			printf " %s | %s |", to_one("elsewhere", number[group, i]),
				to_one("beside", number[group, i])
		printf " %s |\n", to_one("meeting", 1)
	}
	if (memory[group])
		print "\nKernel memory of a seal, of " most[group] ": " memory[group] " bytes"
}
function peers(j, i, list, n) {
	n = split("elsewhere beside landlock fanotify apparmor bpftrace", list, " ")
	printf "\n%s, %s, beside others, to bare:\n\n| operation |", name[1], name[2]
	for (i = 1; i <= n; i++) printf " %s |", list[i]
	rule(n + 1)
	for (j = 1; j <= count[group]; j++) {
		op = ops[group, j]
		bare = cost[of("bare", 1)]
		if (!bare) continue
		printf "| %s |", op
		for (i = 1; i <= n; i++) printf " %s |", cell(list[i], 1)
		print ""
	}
}
{ g = $1 SUBSEP $2 }
!(g in seen) { seen[g] = 1; groups[++n] = g }
$4 == "memory" { memory[g] = $6; next }
{
	if (!((g, $5) in has)) { has[g, $5] = 1; ops[g, ++count[g]] = $5 }
	if (!((g, $3) in met)) { met[g, $3] = 1; number[g, ++numbers[g]] = $3; most[g] = $3 }
	cost[g, $4, $3, $5] = $6; answer[g, $4, $3, $5] = $7
	if ($4 == "landlock" || $4 == "fanotify") others[g] = 1
}
END {
	for (i = 1; i <= n; i++) {
		group = groups[i]; split(group, name, SUBSEP)
		main()
		if (numbers[group] > 1) scale()
		if (others[group]) peers()
	}
}' results.tsv >tables.md

plot() {
	local kernel=$1 fs=$2

	awk -v k="$kernel" -v f="$fs" '
	$1 == k && $2 == f && $4 != "memory" {
		if (!(($5, $4) in cost) || $4 == "sealed") cost[$5, $4] = $6
		if (!seen[$5]++) ops[++n] = $5
	}
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
	"$plot" "$kernel-$fs.dat" "$kernel, $fs: instructions, bare = 1" "set yrange [0.8:*]"
}

awk '{ print $1, $2 }' results.tsv | sort -u | while read -r kernel fs; do
	plot "$kernel" "$fs"
done
cat tables.md
