#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The contract of some modes on one filesystem, as one TAP stream.
#
# Usage: contract.sh DIRECTORY MODE...

export STATICDAX=${STATICDAX:-build/staticdax-static}
modprobe -a loop overlay
total=0
worst=0

dir=$1
shift
for mode; do
	while IFS= read -r line; do
		case $line in
		1..*) continue ;;
		"ok "* | "not ok "*)
			total=$((total + 1))
			# one numbering for all modes, and the mode in the name
			line=$(sed -E "s/^((not )?ok) [0-9]+ - /\1 $total - $mode: /" \
			       <<<"$line")
			;;
		esac
		printf '%s\n' "$line"
		[ "${line#not ok}" = "$line" ] || worst=1
	done < <(build/tests/contract -m "$mode" "$dir"; echo "status $?")
	[ "${line#status }" -le 1 ] || worst=1
done
echo "1..$total"
exit $worst
