#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The contract of some modes on one filesystem, as one TAP stream.
#
# Usage: contract.sh DIRECTORY MODE...

export STATICDAX=${STATICDAX:-build/staticdax-static}
modprobe -a loop overlay

dir=$1
shift
for mode; do
	echo "mode $mode"
	build/tests/contract -m "$mode" "$dir"
	echo "status $?"
done | awk '
	$1 == "mode" { mode = $2; next }
	$1 == "status" { if ($2 > worst) worst = $2; next }
	/^1\.\./ { next }
	/^(not )?ok [0-9]+ - / { sub(/[0-9]+ - /, ++n " - " mode ": ") }
	{ print; fflush() }
	END { print "1.." n + 0; exit worst }'
