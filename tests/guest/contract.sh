#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The contract on some filesystems, as one TAP stream.
#
# Usage: contract.sh DIRECTORY:MODE,...[:OPTION]...
#   with a MODE,... of "32bit" the 32-bit program, in the modes that then follow, or
#   static
#   WIRED=yes    with tripwires on what changes a map: none may fire for a file whose
#                map is sealed

export STATICDAX=${STATICDAX:-build/staticdax-static}
modprobe -a loop overlay xfs
# The kernels that can exchange have XFS made for it here, see tests/vm/init.
exchanges=$(grep -c xfs_ioc_commit_range /sys/kernel/btf/xfs)

runs() {
	local run dir modes options program
	for run; do
		IFS=: read -r dir modes options <<<"$run"
		program=build/tests/contract
		if [ "$modes" = 32bit ]; then
			program=build/tests/contract-32bit modes=${options:-static} options=--brief
		fi
		# shellcheck disable=SC2086
		$program -m "$modes" $options "$dir"
		echo "status $?"
	done
}

# holds NAME COMMAND...: the command succeeds
holds() {
	if "${@:2}" >/dev/null; then
		echo "ok 1 - $1"
	else
		echo "not ok 1 - $1"
		echo "status 1"
	fi
}

# The tripwires look into the registry, so there has to be one all the while: of a
# file in memory, since one on XFS would refuse things to others.
wired() {
	local report bystander=/dev/shm/bystander
	report=$(mktemp)
	export -f runs
	head -c 4096 /dev/zero >$bystander
	"$STATICDAX" seal --mode noshrink $bystander
	build/tests/tripwire "$report" bash -c 'runs "$@"' runs "$@"
	holds "tripwires_saw_the_same_registry_all_the_while" "$STATICDAX" unseal $bystander
	sed 's/^/# /' "$report"
	holds "no_change_of_a_map_is_begun_on_a_sealed_file" \
		grep '^fired for sealed files: 0 times' "$report"
	holds "tripwires_fire_for_files_that_are_not_sealed" \
		grep -E '^[0-9]+ wires, ([5-9]|[1-9][0-9]+) of them fired' "$report"
}

if [ "${WIRED:-no}" = yes ]; then
	wired "$@"
else
	runs "$@"
fi | awk -v exchanges="$exchanges" '
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
