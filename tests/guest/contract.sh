#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The contract on some filesystems, as one TAP stream.
#
# Usage: contract.sh DIRECTORY:MODE,...[:OPTION]...
#   with a MODE,... of "32bit" the 32-bit program, in the modes that then follow, or
#   static

export STATICDAX=${STATICDAX:-build/staticdax-static}
modprobe -a loop overlay xfs
# The kernels that can exchange have XFS made for it here, see tests/vm/init.
exchanges=$(grep -c xfs_ioc_commit_range /sys/kernel/btf/xfs)

for run; do
	IFS=: read -r dir modes options <<<"$run"
	program=build/tests/contract
	if [ "$modes" = 32bit ]; then
		program=build/tests/contract-32bit modes=${options:-static} options=--brief
	fi
	# shellcheck disable=SC2086
	$program -m "$modes" $options "$dir"
	echo "status $?"
done | awk -v exchanges="$exchanges" '
	$1 == "status" { if ($2 > worst) worst = $2; next }
	/^1\.\./ { next }
	/^(not )?ok [0-9]+ - / { sub(/[0-9]+ - /, ++n " - ") }
	{ print; fflush() }
	exchanges && /# record\tcell\txfs/ && $5 ~ /^(exchange|commit)_range/ &&
		$(NF - 1) == "plain" && $NF != "ok" {
		print "not ok " ++n " - " $0 " on a kernel that exchanges"
		worst = 1
	}
	END { print "1.." n + 0; exit worst }'
