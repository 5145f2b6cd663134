# SPDX-License-Identifier: GPL-2.0-or-later
# A command that is interrupted at each of its steps. To be sourced after guest.sh.

# shellcheck shell=bash

# interrupted SIGNAL CALL N COMMAND...: at the N-th system call of that name; its
# exit status. With --seccomp-bpf strace would not send it.
interrupted() {
	local signal=$1 call=$2 n=$3
	shift 3
	# in a shell of its own, which says "Killed" into nothing
	(strace -f -qq -o /dev/null -e trace="$call" \
		-e inject="$call:signal=SIG$signal:when=$n" "$@"; exit $?) >/dev/null 2>&1
}

# at_each_step NAME SIGNAL STEPS PREPARE JUDGE COMMAND...: a step CALL:FIRST:STRIDE is
# the FIRST such system call, or the one so many before the last, and every STRIDE-th
# from there on; with EVERY_STEP=yes all of them, with EVERY_STEP=N from the first on,
# and no stride is longer than that. How many there are is told by a turn that nobody
# interrupts, and which must get through. PREPARE comes before each turn; JUDGE looks at
# what is left, says what is wrong and fails. A line for each name of a call says which
# were hit.
at_each_step() {
	local name=$1 signal=$2 prepare=$4 judge=$5 ended step call n stride count status hit bad
	local -a steps
	read -ra steps <<<"$3"
	shift 5
	ended=$((128 + $(kill -l "$signal")))
	$prepare >/dev/null 2>&1
	strace -f --seccomp-bpf -qq -o "$OUT.calls" \
		-e trace="$(printf '%s\n' "${steps[@]%%:*}" | paste -sd ,)" "$@" >"$OUT" 2>&1
	status=$?
	if [ $status -ne 0 ]; then
		tap_not_ok "${name}_when_nobody_interrupts" "exit status $status" "$(cat "$OUT")"
		return
	fi
	for step in "${steps[@]}"; do
		IFS=: read -r call n stride <<<"$step"
		if [ -n "${EVERY_STEP:-}" ]; then
			n=1
			[ "$stride" -le "${EVERY_STEP/yes/1}" ] || stride=${EVERY_STEP/yes/1}
		fi
		count=$(grep -cE "^([0-9]+ +)?$call\(" "$OUT.calls")
		[ "$n" -gt 0 ] || n=$((count + n))
		hit='' bad=''
		while [ "$n" -le "$count" ] && [ -z "$bad" ]; do
			$prepare >/dev/null 2>&1
			interrupted "$signal" "$call" "$n" "$@"
			status=$?
			if [ $status -eq $ended ]; then
				hit+=" $n"
				$judge >"$OUT" 2>&1 || bad="after $call $n: $(cat "$OUT")"
			elif [ $status -ne 0 ]; then
				bad="not interrupted at $call $n, it ends with $status"
			fi
			n=$((n + stride))
		done
		if [ -n "$bad" ]; then
			tap_not_ok "${name}_at_$call" "$bad"
		elif [ -z "$hit" ]; then
			tap_not_ok "${name}_at_$call" "there is no such call"
		else
			tap_ok "${name}_at_$call (number$hit of $count)"
		fi
	done
}
