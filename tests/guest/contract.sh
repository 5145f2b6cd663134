#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The contract on some filesystems, as one TAP stream.
#
# Usage: contract.sh DIRECTORY:MODE,...[:OPTION]...
#   with a MODE,... of "32bit" the 32-bit program, in mode static

export STATICDAX=${STATICDAX:-build/staticdax-static}
modprobe -a loop overlay

for run; do
	IFS=: read -r dir modes options <<<"$run"
	program=build/tests/contract
	if [ "$modes" = 32bit ]; then
		program=build/tests/contract-32bit modes=static options=--brief
	fi
	# shellcheck disable=SC2086
	$program -m "$modes" $options "$dir"
	echo "status $?"
done | awk '
	$1 == "status" { if ($2 > worst) worst = $2; next }
	/^1\.\./ { next }
	/^(not )?ok [0-9]+ - / { sub(/[0-9]+ - /, ++n " - ") }
	{ print; fflush() }
	END { print "1.." n + 0; exit worst }'
