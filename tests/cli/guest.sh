# SPDX-License-Identifier: GPL-2.0-or-later
# What the guest's shell tests share: the tool, fit files, and one way to state
# what a command must answer. To be sourced from the tree's top.

# shellcheck shell=bash disable=SC2034 source-path=SCRIPTDIR/../..
. tests/tap.sh

S=${STATICDAX:-build/staticdax-static}
PINS=/run/staticdax/bpf/current
OUT=$(mktemp)

# fit FILE [BYTES]: allocated, written, on disk
fit() {
	rm -f "$1"
	head -c "${2:-65536}" /dev/urandom >"$1" && sync "$1"
}

# answers STATUS PATTERN NAME COMMAND...: exit status (a glob), and what it says
# on either stream; an empty pattern takes anything
answers() {
	local want=$1 pattern=$2 name=$3 got
	shift 3
	"$@" >"$OUT" 2>&1
	got=$?
	# shellcheck disable=SC2053
	if [[ $got != $want ]]; then
		tap_not_ok "$name" "exit status $got, expected $want" "$(cat "$OUT")"
	elif [ -n "$pattern" ] && ! grep -qE -- "$pattern" "$OUT"; then
		tap_not_ok "$name" "does not say: $pattern" "$(cat "$OUT")"
	else
		tap_ok "$name"
	fi
}

# holds NAME COMMAND...: the command succeeds
holds() {
	local name=$1
	shift
	answers 0 '' "$name" "$@"
}

# fails NAME COMMAND...: it does not, whatever it says
fails() {
	local name=$1
	shift
	if "$@" >"$OUT" 2>&1; then
		tap_not_ok "$name" "succeeded: $*" "$(cat "$OUT")"
	else
		tap_ok "$name"
	fi
}

# tap_relay PLANS COMMAND...: its TAP as part of ours, with so many plans in it
tap_relay() {
	local due=$1 line
	shift
	while IFS= read -r line; do
		case $line in
		'ok '*) tap_ok "${line#* - }" ;;
		'not ok '*) tap_not_ok "${line#* - }" ;;
		'#'*) echo "$line" ;;
		1..*) due=$((due - 1)) ;;
		*) tap_diag "$line" ;;
		esac
	done < <("$@" 2>&1)
	[ $due -eq 0 ] || tap_not_ok "$* came to its end" "$due plans are missing"
}

# programs of ours that the kernel has loaded
programs() {
	bpftool prog list 2>/dev/null | grep -cE ' name sdax_'
}

# Programs are freed after a grace period: ask, a bounded number of times.
no_programs() {
	local turn
	for turn in $(seq 300); do
		[ "$(programs)" -eq 0 ] && return 0
	done
	echo "asked $turn times: $(programs) programs"
	return 1
}

# Nothing is pinned, which is all that keeps programs. They go slowly: of many short
# tests in one machine, BRIEF=yes, only the last waits for that.
nothing_left() {
	[ ! -e /run/staticdax/bpf ] && { [ "${BRIEF:-no}" = yes ] || no_programs; }
}

map_of() {
	filefrag -v "$1" | sed -n '4,$p'
}

# Has the DAX filesystems, without which most of these prove little.
ROOTS="/mnt/ext4-dax /mnt/xfs-dax /mnt/ext4 /mnt/xfs"

# Elsewhere udev's static node would load it at the first use.
modprobe loop
