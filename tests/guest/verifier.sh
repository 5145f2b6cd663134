#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# No program may cost the verifier a fifth more than what tests/verifier-costs
# says for this kernel, in instructions or in stack. A kernel that has no record
# is held against the dearest recorded.
#
# Usage: verifier.sh            compare
#        verifier.sh --record   print the lines of this kernel, to be recorded

. tests/tap.sh

kernel=$(uname -r | cut -d. -f1-2)
now=$(mktemp)
{ build/bench/verifier build/enforce.bpf.o &&
	build/bench/verifier build/guard.bpf.o; } >"$now" || {
	tap_not_ok "verifier_passes_all_programs"
	tap_done
}
if [ "${1:-}" = --record ]; then
	sed "s/^/$kernel /" "$now"
	exit
fi

# recorded PROGRAM COLUMN: what it was, here or at most
recorded() {
	awk -v k="$kernel" -v p="$1" -v c="$2" '
		/^#/ || $2 != p { next }
		$1 == k { here = $c }
		$c > most { most = $c }
		END { print here != "" ? here : most }' tests/verifier-costs
}

while read -r program instructions stack; do
	was=$(recorded "$program" 3)
	was_stack=$(recorded "$program" 4)
	# what is 0 has not been counted
	if [ "$instructions" -gt 0 ] && [ -n "$was" ] &&
		[ $((instructions * 100)) -le $((was * 120)) ] &&
		[ $((stack * 100)) -le $((was_stack * 120)) ]; then
		tap_ok "verifier_costs_of_$program"
	else
		tap_not_ok "verifier_costs_of_$program" \
			"$instructions instructions, $stack bytes of stack on $kernel" \
			"recorded: ${was:-nothing}, ${was_stack:-nothing}" \
			"if it must be: tests/guest/verifier.sh --record"
	fi
done <"$now"
tap_done
