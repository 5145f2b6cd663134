#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# In the machine: what each operation costs on one filesystem in each state, a
# line for each: filesystem, seals, state, operation, cost, answer. Lines that
# begin with # say what could not be measured, and why.
#
# Usage: cost.sh FILESYSTEM [SEALS [OPERATION...]]
#   FILESYSTEM  ext4, xfs, ext4-dax, xfs-dax or tmpfs
#   SEALS       how many there are where there are any, ascending (1), e.g. 1,1000
#   PEERS=no    only staticdax
#
# The states: bare, no program attached; floor, empty programs at all places of
# ours; elsewhere, seals on another filesystem; beside, on this one, but not on
# the file; meeting, one of these has the file's bit of the filter; sealed, on the
# file itself. Others in place of staticdax: landlock, fanotify, apparmor, bpftrace.

. tests/cli/guest.sh

fs=$1
IFS=, read -ra numbers <<<"${2:-1}"
shift $(($# < 2 ? $# : 2))
case $fs in
xfs) other=/mnt/ext4 ;;
xfs-dax) other=/mnt/ext4-dax ;;
ext4-dax) other=/mnt/xfs-dax ;;
*) other=/mnt/xfs ;;
esac
[ "$fs" != tmpfs ] || mkdir -p /mnt/tmpfs
[ "$fs" != tmpfs ] || mount -t tmpfs none /mnt/tmpfs
ops=$PWD/build/bench/ops
file=/mnt/$fs/bench/file

# costs SEALS STATE [OPERATION...]
costs() {
	local seals=$1 state=$2
	shift 2
	# shellcheck disable=SC2086
	${by:-} "$ops" "$file" "$@" | sed "s/^/$fs $seals $state /"
}

must() {
	"$@" >"$OUT" 2>&1 || {
		cat "$OUT" >&2
		exit 3
	}
}

# Bytes of the kernel's that are not given back when memory is short
memory() {
	awk '/^(SUnreclaim|VmallocUsed):/ { sum += $2 } END { print sum * 1024 }' /proc/meminfo
}

# seal_one DIRECTORY: the first of many
seal_one() {
	: "${before:=$(memory)}"
	must fit "$1/sealed" 4096
	must "$S" seal --no-dax --registry 1048576 "$1/sealed"
	there=1
}

# more FILE NUMBER: as many seals on the filesystem of FILE
more() {
	[ "$2" -le $there ] || must build/tests/fill_registry $(($2 - there)) "$1" $there
	there=$2
}

# peer NAME COMMAND...: what the operations cost with it
peer() {
	local name=$1
	shift
	if "$@" true >"$OUT" 2>&1; then
		by="$*" costs 1 "$name" "${operations[@]}"
	else
		echo "# $name: not here: $(tail -n 1 "$OUT")"
	fi
}

# One that needs no name on the command's line: it knows the program by its path
under_apparmor() {
	if ! apparmor_parser -aK <<<"profile bench $ops flags=(complain) { }" >"$OUT" 2>&1; then
		echo "# apparmor: not here: $(tail -n 1 "$OUT")"
		return
	fi
	costs 1 apparmor "${operations[@]}"
	apparmor_parser -R <<<"profile bench $ops flags=(complain) { }" >/dev/null 2>&1
}

under_bpftrace() {
	local probes='kprobe:rw_verify_area,kprobe:security_file_permission { @ = count(); }'

	if bpftrace -e "$probes" -c "$ops $file ${operations[*]}" >"$OUT" 2>&1; then
		sed -n "s/^\([a-z0-9-]* [0-9.]* [a-zA-Z]*\)$/$fs 1 bpftrace \1/p" "$OUT"
	else
		echo "# bpftrace: not here: $(tail -n 1 "$OUT")"
	fi
}

operations=("$@")
mkdir "/mnt/$fs/bench"
head -c 65536 /dev/zero >"$file"
for i in $(seq 50); do : >"/mnt/$fs/bench/entry-$i"; done
sync -f "/mnt/$fs/bench"

costs 1 bare "$@"
by='build/bench/floor build/bench/floor.bpf.o' costs 1 floor "$@"
if [ "${PEERS:-yes}" = yes ]; then
	peer landlock build/bench/landlock
	peer fanotify build/bench/fanotify "/mnt/$fs"
	under_apparmor
	under_bpftrace
fi

# so many are unsealed again in a moment, and the way of a million is no other
seal_one $other
for seals in "${numbers[@]}"; do
	[ "$seals" -le 1000 ] || continue
	more "$other/sealed" "$seals"
	costs "$seals" elsewhere "$@"
done
if [ "$fs" = tmpfs ]; then
	echo "# tmpfs: a file on it cannot be sealed in the mode that is measured"
	exit
fi
must "$S" unseal --all --force
seal_one "/mnt/$fs"
for seals in "${numbers[@]}"; do
	more "$file" "$seals"
	costs "$seals" beside "$@"
	[ "$seals" -lt 1000 ] ||
		echo "$fs $seals memory each $((($(memory) - before) / seals)) ok"
done
must build/tests/fill_registry 1 "$file" $there meet
costs 1 meeting "$@"
must "$S" seal --no-dax "$file"
costs "$seals" sealed "$@"
[ $# -gt 0 ] || costs "$seals" sealed unlink-sealed write-past-end
