# SPDX-License-Identifier: GPL-2.0-or-later
# A command that is interrupted at each of its steps. To be sourced after guest.sh.

# shellcheck shell=bash

# interrupted SIGNAL CALL N COMMAND...: at the N-th system call of that name; its
# exit status
interrupted() {
	local signal=$1 call=$2 n=$3
	shift 3
	# in a shell of its own, which says "Killed" into nothing
	(strace -f -qq -o /dev/null -e trace="$call" \
		-e inject="$call:signal=SIG$signal:when=$n" "$@"; exit $?) >/dev/null 2>&1
}

# at_each_step NAME SIGNAL STEPS PREPARE JUDGE COMMAND...: a step CALL:FIRST:STRIDE is
# the FIRST such system call and every STRIDE-th from there on, until the command
# gets through, which it must; with EVERY_STEP=yes all of them. PREPARE comes before each
# turn; JUDGE looks at what is left, says what is wrong and fails. A line for each name
# of a call says which were hit.
at_each_step() {
	local name=$1 signal=$2 prepare=$4 judge=$5 ended step call n stride status hit bad
	local -a steps
	read -ra steps <<<"$3"
	shift 5
	ended=$((128 + $(kill -l "$signal")))
	for step in "${steps[@]}"; do
		IFS=: read -r call n stride <<<"$step"
		[ -z "${EVERY_STEP:-}" ] || n=1 stride=1
		hit='' bad=''
		while [ -z "$bad" ]; do
			$prepare >/dev/null 2>&1
			interrupted "$signal" "$call" "$n" "$@"
			status=$?
			[ $status -eq $ended ] || break
			hit+=" $n"
			$judge >"$OUT" 2>&1 || bad="after $call $n: $(cat "$OUT")"
			n=$((n + stride))
		done
		if [ -n "$bad" ]; then
			tap_not_ok "${name}_at_$call" "$bad"
		elif [ -z "$hit" ]; then
			tap_not_ok "${name}_at_$call" "there is no such call"
		elif [ $status -ne 0 ]; then
			tap_not_ok "${name}_at_$call" "not interrupted, it ends with $status"
		else
			tap_ok "${name}_at_$call (number$hit)"
		fi
	done
}
