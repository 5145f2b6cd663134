# SPDX-License-Identifier: GPL-2.0-or-later
#
# Other people's programs, each run on a sealed file and on an unsealed
# neighbour of the same filesystem. To be sourced from the tree's top.
#
# In a command @ stands for the file, wherever it is in a word.

# shellcheck shell=bash disable=SC2034 source-path=SCRIPTDIR/../..
. tests/cli/guest.sh

SEALED=	# as the commands see it
PLAIN=
REAL=	# the sealed file as its filesystem has it, to look at the map

# How programs say that they were refused, whatever their exit status: some
# report it and end with 0.
REFUSAL='Text file busy|Input/output error|Operation not permitted|Device or resource busy'
REFUSAL+='|Invalid cross-device link|Permission denied|[Rr]ead-only'

# What must stay: the size, and where each extent lies. Starting programs is what
# these tests take their time with.
map_kept() {
	filefrag -v "$REAL"
}

# says PATTERN: the last command's output does
says() {
	[[ $(<"$OUT") =~ $1 ]]
} 2>/dev/null

# at FILE COMMAND...: a program, or a function of the caller's
at() {
	local file=$1
	shift
	set -- "${@//@/$file}"
	if declare -F "$1" >/dev/null; then
		"$@"
	else
		timeout "${LIMIT:-300}" "$@"
	fi
}

# on_sealed COMMAND...: status 200 if the file did not come out as it was
on_sealed() {
	local before after status
	before=$(map_kept)
	at "$SEALED" "$@" >"$OUT" 2>&1 </dev/null
	status=$?
	after=$(map_kept)
	[ "$after" = "$before" ] && [ -n "$before" ] && return $status
	echo "map or size changed: was $before, is $after" >>"$OUT"
	return 200
}

# works NAME COMMAND...: on the neighbour
works() {
	local name=$1 status
	shift
	at "$PLAIN" "$@" >"$OUT" 2>&1 </dev/null
	status=$?
	if [ $status -ne 0 ] || says "$REFUSAL"; then
		tap_not_ok "$name" "exit status $status: $*" "$(cat "$OUT")"
	else
		tap_ok "$name"
	fi
}

# refused NAME PATTERN COMMAND...: on the sealed file it fails and says why, on
# the neighbour it works. An empty pattern takes any of REFUSAL.
refused() {
	local name=$1 pattern=${2:-$REFUSAL} status
	shift 2
	on_sealed "$@"
	status=$?
	if [ $status -eq 200 ] || [ $status -eq 124 ] || ! says "$pattern"; then
		tap_not_ok "deny_$name" "exit status $status, expected: $pattern" "$(cat "$OUT")"
	else
		tap_ok "deny_$name"
	fi
	works "allow_${name}_when_unsealed" "$@"
}

# free NAME COMMAND...: works on both, and the map stays
free() {
	local name=$1 status
	shift
	on_sealed "$@"
	status=$?
	if [ $status -ne 0 ] || says "$REFUSAL"; then
		tap_not_ok "allow_${name}_when_sealed" "exit status $status: $*" "$(cat "$OUT")"
	else
		tap_ok "allow_${name}_when_sealed"
	fi
	works "allow_${name}_when_unsealed" "$@"
}
