#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What sealing needs runs out: descriptors, memory of its own and of the kernel, room
# below /run, mounts. Each time the answer is an error, and nothing is half done: the
# file is as unsealed as before and nothing is left attached, or the seals there were
# still hold. With BRIEF=yes fewer limits are tried.

. tests/cli/guest.sh

f=/mnt/ext4/f
g=/mnt/ext4/g
parts=/mnt/ext4/parts
fit $f
fit $g
for i in 0 1 2; do
	dd if=/dev/urandom of=$parts bs=8192 count=1 seek=$i conv=notrunc,fsync status=none
	dd if=/dev/zero of=$parts.gap bs=4096 count=1 seek=$i conv=notrunc,fsync status=none
done

G=/sys/fs/cgroup/short
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir $G

# limited LIMIT=VALUE COMMAND...: an option of ulimit, or memory.max of a cgroup, which
# counts the kernel's own as well, so maps and programs. They stay that cgroup's, so
# that what is looked at afterwards would be short of memory too.
limited() {
	local limit=$1 status
	shift
	if [ "${limit%%=*}" = memory.max ]; then
		echo "${limit#*=}" >$G/memory.max
		(echo "$BASHPID" >$G/cgroup.procs && exec "$@")
		status=$?
		echo max >$G/memory.max
		return $status
	else
		(ulimit "${limit%%=*}" "${limit#*=}" && exec "$@")
	fi
}

# nothing_done FILE: no seal, no refusal, no pin, which is all that keeps programs;
# that they are gone is asked in the end
nothing_done() {
	! "$S" get "$1" >/dev/null && truncate -s "$(stat -c %s "$1")" "$1" &&
		[ ! -e /run/staticdax/bpf ]
}

# until_it_works NAME FILE LIMIT VALUES AFTER COMMAND...: with each value of the
# limit it fails, with an error or killed for want of memory, and as AFTER says; with
# the last it works
until_it_works() {
	local name=$1 file=$2 limit=$3 value status=3 failed=0 killed=0
	local -a values why=()
	read -ra values <<<"$4"
	local after=$5
	shift 5
	for value in "${values[@]}"; do
		limited "$limit=$value" "$@" >"$OUT" 2>&1
		status=$?
		[ $status -ne 0 ] || break
		failed=$((failed + 1))
		if [ "$limit $status" = "memory.max 137" ]; then
			killed=$((killed + 1))
			"$S" status >/dev/null 2>&1	# which removes what was begun
		elif [ $status -ne 3 ] || ! grep -q '^staticdax: ' "$OUT"; then
			why+=("$value: status $status" "$(cat "$OUT")")
			continue
		fi
		if ! $after "$file" >>"$OUT" 2>&1; then
			why+=("$value: half done" "$(cat "$OUT")")
		fi
	done
	if [ ${#why[@]} -gt 0 ]; then
		tap_not_ok "$name" "${why[@]}"
		return
	fi
	if [ $status -eq 0 ] && [ $failed -gt 0 ]; then
		tap_ok "$name ($failed failures, of which $killed by SIGKILL)"
	else
		tap_not_ok "$name" "status $status, $failed failures" "$(cat "$OUT")"
	fi
}

descriptors="4 7 11 16 24 36 1024"
memory="4000 6000 9000 14000 60000 unlimited"
second="1M 9M max" upgrade="4M 9M max" mounts="0 1"
if [ "${BRIEF:-no}" = yes ]; then
	descriptors="16 1024"
	memory="9000 unlimited"
	second="1M max" upgrade="9M max" mounts=1
fi
until_it_works "descriptors_first_seal" $f -n "$descriptors" nothing_done \
	"$S" seal --no-dax $f
still() {
	"$S" get $f >/dev/null && ! truncate -s 0 $f 2>/dev/null &&
		"$S" status | grep -q 'enforcing: yes' && [ ! -e /run/staticdax/bpf/new ]
}
still_alone() {
	still && ! "$S" get "$1" >/dev/null && truncate -s 65536 "$1"
}
until_it_works "descriptors_second_seal" $g -n "$descriptors" still_alone \
	"$S" seal --no-dax $g
[ "${BRIEF:-no}" = yes ] || until_it_works "descriptors_upgrade" $f -n "$descriptors" still "$S" upgrade
until_it_works "descriptors_status" $f -n "$descriptors" still "$S" status
until_it_works "descriptors_unseal" $g -n "$descriptors" still "$S" unseal $g
until_it_works "memory_second_seal" $g -v "$memory" \
	still_alone "$S" seal --no-dax $g
"$S" unseal $g >/dev/null

# The kernel's. Where it has none for a map it says so, which is an error; where it
# has none for a page it kills.
until_it_works "kernel_memory_upgrade" $f memory.max "$upgrade" still \
	"$S" upgrade
until_it_works "kernel_memory_second_seal" $g memory.max "$second" still_alone \
	"$S" seal --no-dax $g

# Room on the filesystem itself. What once was shared on XFS is unshared first, which
# has nothing to copy.
fill() {
	local size n=0
	for size in 256M 16M 1M 64k 4k; do
		while fallocate -l $size "$1/fill$n" 2>/dev/null; do n=$((n + 1)); done
	done
}
for d in /mnt/ext4 /mnt/xfs; do
	fs=${d##*/}
	fit $d/before
	cp --reflink=auto $d/before $d/copy && rm $d/copy && sync -f $d
	fill $d
	fails "no_room_is_left_on_$fs" dd if=/dev/zero of=$d/more bs=1M count=1 conv=fsync
	holds "seal_without_room_on_$fs" "$S" seal --no-dax $d/before
	fails "deny_truncate_without_room_on_$fs" truncate -s 0 $d/before
	holds "verify_without_room_on_$fs" "$S" verify $d/before
	holds "write_in_place_without_room_on_$fs" \
		dd if=/dev/urandom of=$d/before bs=4k count=1 conv=notrunc,fsync
	holds "unseal_without_room_on_$fs" "$S" unseal $d/before
	rm -f $d/fill* $d/more
	holds "allow_truncate_with_room_on_$fs" truncate -s 65536 $d/before
done
if [ "${BRIEF:-no}" = yes ]; then
	holds "unseal_the_second" "$S" unseal $g
else
	holds "unseal_all_before_the_first" "$S" unseal --all
	until_it_works "kernel_memory_first_seal" $f memory.max "4M 13M 64M max" \
		nothing_done "$S" seal --no-dax --registry 4194304 $f
fi

# Room below /run, for the list of a map in parts and, at first, for the lock
filled() {
	head -c 64M /dev/zero >"$1/fill" 2>/dev/null
	"${@:2}"
}
mkdir -p /run/staticdax/maps
mount -t tmpfs -o size=8k,mode=700 tmpfs /run/staticdax/maps
answers 3 'No space left' "deny_seal_without_room_for_the_list" \
	filled /run/staticdax/maps "$S" seal --no-dax $parts
holds "nothing_done_without_room" still_alone $g
answers 1 'not sealed' "not_sealed_without_room" "$S" get $parts
umount /run/staticdax/maps
holds "allow_seal_with_room" "$S" seal --no-dax $parts
holds "verify_after_that" "$S" verify $parts
holds "unseal_all" "$S" unseal --all
rm -rf /run/staticdax
mount -t tmpfs -o nr_inodes=2 tmpfs /run
: >/run/one
answers 3 'No space left' "deny_seal_when_run_is_full" "$S" seal --no-dax $f
rm /run/one
umount /run
holds "nothing_done_when_run_is_full" nothing_done $f

# Mounts: of the bpffs, and of the canary's tmpfs
most=$(sysctl -n fs.mount-max)
now=$(wc -l </proc/self/mountinfo)
for more in $mounts; do
	sysctl -qw fs.mount-max=$((now + more))
	answers 3 '^staticdax: ' "deny_seal_with_room_for_${more}_mounts" "$S" seal --no-dax $f
	sysctl -qw fs.mount-max="$most"
	holds "nothing_done_with_room_for_${more}_mounts" nothing_done $f
done
holds "seal_with_room_for_mounts" "$S" seal --no-dax $f
fails "deny_truncate" truncate -s 0 $f
holds "unseal" "$S" unseal $f
holds "nothing_left" nothing_left
tap_done
