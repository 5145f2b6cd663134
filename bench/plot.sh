#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A table as bars, a group for each row and a colour for each column after the
# first: FILE.dat becomes FILE.svg.
#
# Usage: bench/plot.sh FILE.dat TITLE [GNUPLOT-COMMAND...]

set -eu
dat=$1 title=$2
shift 2
columns=$(awk '{ print NF; exit }' "$dat")
gnuplot <<PLOT
set terminal svg size 960,420
set output "${dat%.dat}.svg"
set title "$title"
set style data histograms
set style fill solid 0.8
set xtics rotate by -30
set grid ytics
$(printf '%s\n' "$@")
plot for [i=2:$columns] "$dat" using i:xtic(1) title columnheader(i)
PLOT
