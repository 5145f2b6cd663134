#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The one runner: the tests that need no kernel of their own (host), those that
# run in virtual machines (vm), or both; ends with the sum of all.
#
# Usage: tests/run.sh host|vm ...
#   KERNELS="6.1 6.12"  which kernels, default all of tests/vm/kernels
#   PARTS="cli free"    which parts of the VM tests, see parts(); default those that
#                       left_out() leaves to the kernel, some of them in short forms
#   SHORT=yes           short forms also of parts that are asked for
#   ALL=yes             every part on every kernel, and whole: half a day
#   FUZZ=100000000      how many inputs each fuzzer gets, default some seconds
#   UPGRADES=100        a part of its own, upgrades, which replaces the programs as
#                       often under the hammer of tests/lifetime/upgrade.sh; 6.1
#                       has it by default, and ALL on each kernel
#   KILLS=200           how many machines tests/lifetime/durable.sh kills, default 6
#   JOBS=2              machines side by side, default one more than processors

set -u
cd "$(dirname "$0")/.." || exit 1

logs=build/test-logs
# The kernel takes its time to let go of programs, and a machine that waits is idle.
jobs=${JOBS:-$(($(nproc) + 1))}
mkdir -p "$logs"
rm -f "$logs"/*

# run NAME COMMAND...: its TAP into a log, its end as one more line of it
run() {
	local name=$1 log=$logs/$1.tap start=$SECONDS r
	shift
	"$@" >"$log" 2>&1 </dev/null
	r=$?
	# 4: skipped as a whole, which its plan line says with the reason
	case $r in
	0 | 4) ;;
	1) grep -aq '^not ok' "$log" || echo "not ok - $name ends with status 1" >>"$log" ;;
	*) echo "not ok - $name ends with status $r" >>"$log" ;;
	esac
	grep -aqE '^1\.\.[0-9]+' "$log" || echo "not ok - $name has no plan" >>"$log"
	printf '%-32s %4d ok %3d not ok %3d skipped %5d s\n' "$name" \
		"$(count_ok "$log")" "$(count_not_ok "$log")" \
		"$(count_skip "$log")" $((SECONDS - start))
	grep -a -A12 '^not ok' "$log" | sed 's/^/    /' | head -60
	grep -aE '^(ok|1\.\.0) .*# SKIP' "$log" | sed 's/^/    /' | head -20
}

count_ok() {
	grep -aE '^ok ' "$1" | grep -acv '# SKIP'
}

count_not_ok() {
	grep -acE '^not ok' "$1"
}

count_skip() {
	grep -acE '^(ok|1\.\.0) .*# SKIP' "$1"
}

host() {
	local unit
	for unit in build/tests/unit/*; do
		[ -x "$unit" ] && run "unit-$(basename "$unit")" "$unit"
	done
	run fuzz-extents build/tests/fuzz_extents ${FUZZ:-}
	run fuzz-readers build/tests/fuzz_readers tests/fuzz/corpus ${FUZZ:-}
	STATICDAX_FAKE=build/tests/staticdax-fake run cli-output tests/cli/output.sh
	run packages tests/packaging/packages.sh
	for unit in tests/promises/*.sh; do
		run "promise-$(basename "$unit" .sh)" "$unit"
	done
}

# The contract on every filesystem; each machine several, for booting takes long.
# Where a file is only watched, and what comes to it by other ways, differs little
# between kernels: each has some of those. What is let through is watched by
# tripwires on one kernel; hostile does so on all.
contract_parts() {
	local audit='ext4-dax xfs' dax=buso disk=iphol noshrink=

	[ "$1" != 6.12 ] || audit='xfs-dax ext4' dax=iphol disk=buso
	[ "$1" != sid ] || audit='ext4-dax ext2'
	# The programs that refuse are the same for all modes, which are masks.
	[ $kills = no ] || noshrink=,noshrink
	echo "contract-dax -t 1800 -f ext4-dax,xfs-dax tests/guest/contract.sh" \
		"$(modes ext4-dax) $(modes xfs-dax)"
	echo "contract-disk -t 1800 -f ext2,ext4,xfs tests/guest/contract.sh" \
		"$(modes ext2):--one-file $(modes ext4):--one-file $(modes xfs):--one-file"
	echo "contract-ways -t 1800 -e WIRED=$kills -f ext4-dax,xfs tests/guest/contract.sh" \
		"/mnt/ext4-dax:static:--ways=$dax /mnt/ext4-dax:32bit" \
		"/mnt/xfs:static:--ways=$disk /mnt/xfs:32bit:static$noshrink"
}

# modes FILESYSTEM: as an argument of contract.sh
modes() {
	local modes=static,swapfile
	[[ " $audit " = *" $1 "* ]] && modes+=,audit
	echo "/mnt/$1:$modes"
}

# Are parts wanted as a whole that a run of all has so on one kernel only?
by_name() {
	[ -n "${ALL:-}" ] || { [ -n "${PARTS:-}" ] && [ -z "${SHORT:-}" ]; }
}

# On which kernels a run does without a part, so that it ends while somebody still
# waits for it. What is refused, and how, is tried on each: the contract, cli, the
# lock. Of the rest most have one or two, the oldest for what the kernel decides.
declare -A leave=(
	[attach]="6.1 6.12 backports"
	[boot]="6.1 backports"
	[contract-ways]=backports
	[create]="6.1 sid"
	[faults]="6.1 backports sid"
	[filesystems]="6.1 backports sid"
	[hostile]=6.12
	[leftover]="6.1 backports sid"
	[library]="6.1 backports sid"
	[map]="6.1 backports sid"
	[metrics]="6.1 backports"
	[monitor]="6.1 backports"
	[nfs]="6.12 backports sid"
	[noshrink]="6.12 backports"
	[policy]="6.1 backports sid"
	[powercut]="6.1 sid"
	[prepare]="6.1 backports sid"
	[programs-ext4-dax]=backports
	[programs-xfs]=sid
	[provoke]="6.12 backports sid"
	[registry]="6.1 backports sid"
	[sessions]="6.1 backports sid"
	[upgrade]="6.1 sid"
)

# left_out KERNEL PART
left_out() {
	[ -z "${ALL:-}${PARTS:-}" ] && [[ " ${leave[$2]:-} " = *" $1 "* ]]
}

# Programs take long and find little difference between kernels, so each has one of
# the filesystems unless a part is asked for by name.
programs_parts() {
	local fs on='ext4-dax xfs-dax xfs'

	by_name || case $1 in
	6.1 | backports) on=ext4-dax ;;
	6.12) on=xfs-dax ;;
	*) on=xfs ;;
	esac
	for fs in $on; do
		echo "programs-$fs -f $fs -p tests/programs/packages" \
			"tests/programs/programs.sh /mnt/$fs"
	done
}

# What the server exports, each by a version of its protocol.
nfs_part() {
	if [ "$1" = 6.12 ]; then
		echo "nfs -f ext4,xfs tests/programs/nfs.sh /mnt/ext4 4.2 /mnt/xfs 3"
	else
		echo "nfs -f ext4-dax,xfs-dax tests/programs/nfs.sh /mnt/ext4-dax 3 /mnt/xfs-dax 4.2"
	fi
}

# One of those that are lazy by themselves is left so.
preemption() {
	[ "$1" = sid ] && echo lazy || echo full
}

# What takes a file over: one filesystem a kernel, two where the long forms are.
attach_part() {
	case $1 in
	6.1) set -- xfs ;;
	6.12) set -- ext4 xfs-dax ;;
	sid) set -- ext4-dax ;;
	*) set -- ext4 ;;
	esac
	echo "attach -f $(IFS=,; echo "$*") tests/programs/attach.sh ${*/#//mnt/}"
}

# Which capabilities a command needs has changed with the newest kernels. The lock
# comes last: it is there to stay.
guarded() {
	if by_name || [[ $1 = 6.12 || $1 = sid ]]; then
		echo tamper privilege lock
	else
		echo tamper lock
	fi
}

# A machine each: options of tests/vm/run.sh, then what to run in it. After @ a
# test of the host's, which starts machines itself and gets the kernel's name.
parts() {
	local kernel=$1 kills=no upgrades=4 whole=no hammered=${UPGRADES:-${ALL:+100}}

	# How our programs behave when they are killed or asked nonsense differs little
	# between kernels, and so does what a killed machine leaves; they take long. The
	# others have the short forms, and what takes longest is whole only if asked for.
	! by_name || whole=yes
	if [ "$kernel" = 6.12 ] || [ $whole = yes ]; then
		kills=yes upgrades=6
	fi
	# the kernel that loads them soonest has as many as anybody asks for
	[ "$kernel" != 6.1 ] || hammered=${hammered:-100}
	contract_parts "$kernel"
	if [ $kills = yes ]; then
		echo "noshrink-contract -f ext4,xfs tests/guest/contract.sh /tmp:noshrink" \
			"/mnt/ext4:noshrink:--brief /mnt/xfs:noshrink:--brief"
	fi
	echo "cli tests/cli/lifecycle.sh"
	echo "monitor -f ext4-dax,ext4 tests/cli/monitor.sh"
	echo "metrics -f ext4-dax tests/cli/metrics.sh"
	echo "map -f ext4-dax,ext4,xfs tests/cli/map.sh"
	echo "create -t 1200 -e KILLS=$kills tests/cli/create.sh"
	echo "prepare -t 1200 -e KILLS=$whole tests/cli/prepare.sh"
	echo "registry -f ext4 tests/cli/registry.sh"
	echo "verify -f ext4-dax,ext4,xfs tests/cli/verify.sh"
	echo "policy tests/cli/policy.sh"
	echo "noshrink -f ext4,xfs tests/guest/noshrink.sh 6"
	echo "leftover -f ext4,xfs tests/guest/leftover.sh"
	echo "library tests/guest/library.sh"
	echo "sessions -f ext4-dax,ext4 tests/guest/sessions.sh"
	echo "hostile -e SEED=20170622 tests/guest/hostile.sh" \
		"/mnt/ext4-dax /mnt/xfs-dax /mnt/ext4 /mnt/xfs"
	echo "preempt -c 2 -a preempt=$(preemption "$kernel") tests/guest/preempt.sh"
	echo "provoke tests/guest/provoke.sh"
	echo "races tests/guest/races.sh 5 /mnt/ext4-dax /mnt/xfs-dax /mnt/ext4 /mnt/xfs"
	programs_parts "$kernel"
	echo "filesystems -f ext4,xfs -p tests/programs/packages tests/programs/filesystems.sh"
	nfs_part "$kernel"
	attach_part "$kernel"
	if [ $kills = yes ]; then
		echo "boot @ tests/systemd/boot.sh"
		echo "packages @ env FLEET=$whole tests/packaging/install.sh"
		echo "badinput tests/cli/badinput.sh"
		echo "guard -f ext4,xfs tests/cli/guard.sh $(guarded "$kernel")"
		echo "powercut @ tests/lifetime/powercut.sh"
		echo "durable @ tests/lifetime/durable.sh"
		echo "harmless -f xfs -p tests/programs/packages" \
			"tests/programs/harmless.sh /mnt/xfs"
	else
		echo "guard -f ext4,xfs tests/cli/guard.sh $(guarded "$kernel")"
		echo "boot @ tests/systemd/boot.sh --brief"
		echo "powercut @ env CUTS=brief tests/lifetime/powercut.sh"
	fi
	if [ $whole = yes ]; then
		echo "names -f ext4 tests/cli/names.sh"
		echo "kill -f ext4,xfs tests/cli/kill.sh"
		echo "limits -f ext4,xfs tests/lifetime/limits.sh"
		# as many seals as are promised, of which 20 000 are of files
		echo "million -m 3G -t 3600 -f ext4 -e FILL=1000000 -e MANY=5000" \
			"-e BESIDE=1000000 tests/cli/registry.sh"
	else
		echo "faults -f ext4,xfs tests/cli/faults.sh"
	fi
	echo "halflock -f ext4 tests/cli/halflock.sh"
	echo "pages -f ext4-dax,xfs-dax tests/guest/pages.sh"
	echo "inode -f ext4,xfs tests/lifetime/inode.sh"
	echo "mounts -f ext4 -e MANY=$kills tests/lifetime/mounts.sh"
	echo "upgrade -f ext4,xfs -e KILLS=$whole -e UPGRADES=$upgrades" \
		"tests/lifetime/upgrade.sh"
	[ -z "$hammered" ] || echo "upgrades -f ext4,xfs -t $((300 + 30 * hammered))" \
		"-e UPGRADES=$hammered tests/lifetime/upgrade.sh hammered"
	echo "off -l landlock,lockdown,yama,integrity,apparmor tests/cli/off.sh"
}

# one KERNEL PART [OPTION...] COMMAND...
one() {
	local kernel=$1 part=$2
	local -a options=()
	shift 2
	if [ "$1" = @ ]; then
		run "$kernel-$part" "${@:2}" "$kernel"
		return
	fi
	while [ "${1#-}" != "$1" ]; do
		options+=("$1" "$2")
		shift 2
	done
	run "$kernel-$part" tests/vm/run.sh -k "$kernel" -t 900 "${options[@]}" \
		-- "$@"
}

vm() {
	local kernel part name
	local -a kernels=()
	read -ra kernels <<<"${KERNELS:-$(awk '!/^#/ && NF { print $1 }' tests/vm/kernels |
					 uniq | tr '\n' ' ')}"
	tests/vm/fetch.sh "${kernels[@]}" || exit 1
	for kernel in "${kernels[@]}"; do
		while read -r part; do
			name=${part%% *}
			if left_out "$kernel" "$name" ||
				[[ " ${PARTS:-$name} " != *" $name "* ]]; then
				continue
			fi
			# shellcheck disable=SC2086
			one "$kernel" $part &
			while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
				wait -n
			done
		done < <(parts "$kernel")
	done
	wait
	[ -z "${ALL:-}" ] || run conformance conformance
}

# Is docs/conformance.md still what comes out? Kernels move on, so that it is not
# is no failure.
conformance() {
	echo "1..1"
	if ! tests/conformance.py "$logs"/*.tap >build/conformance.md
	then
		echo "not ok 1 - conformance_page_can_be_made"
	elif cmp -s build/conformance.md docs/conformance.md; then
		echo "ok 1 - conformance_page_is_of_this_run"
	else
		echo "ok 1 - conformance_page_is_of_this_run # SKIP" \
			"it is of another; see build/conformance.md"
	fi
}

for what; do
	case $what in
	host) host ;;
	vm) vm ;;
	*)
		echo "Usage: tests/run.sh host|vm ..." >&2
		exit 2
		;;
	esac
done

cat "$logs"/*.tap >"$logs/all"
failed=$(count_not_ok "$logs/all")
echo "$(count_ok "$logs/all") passed, $failed failed, $(count_skip "$logs/all") skipped"
[ "$failed" -eq 0 ]
