# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# TAP for shell tests: plan, ok, not ok, SKIP, diagnostics. To be sourced; any POSIX shell.
#
# A plan may come first (tap_plan) or last (tap_done prints it when none came first).
# tap_done exits: 0 all ok, 1 any not ok. tap_skip_all exits 4: nothing could be tried.

tap_planned=0
tap_count=0
tap_failed=0

# tap_plan COUNT
tap_plan() {
	tap_planned=$1
	echo "1..$1"
}

# tap_ok NAME
tap_ok() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

# tap_not_ok NAME [DIAGNOSTIC...]
tap_not_ok() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
	shift
	for tap_line in "$@"; do
		tap_diag "$tap_line"
	done
}

# tap_skip NAME REASON
tap_skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# tap_diag TEXT, which may have several lines
tap_diag() {
	printf '%s\n' "$1" | sed 's/^/# /'
}

# tap_skip_all REASON
tap_skip_all() {
	echo "1..0 # SKIP $1"
	exit 4
}

# tap_done
tap_done() {
	if [ "$tap_planned" -eq 0 ]; then
		echo "1..$tap_count"
	elif [ "$tap_planned" -ne "$tap_count" ]; then
		tap_diag "planned $tap_planned tests, ran $tap_count"
		exit 1
	fi
	[ "$tap_failed" -eq 0 ] || exit 1
	exit 0
}
