#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The guest's half of powercut.sh: looks at what a machine that died has left on
# the disks /dev/vda and /dev/vdb, then goes on until it dies itself.
#
# Usage: powercut_guest.sh BEFORE CUT
#   BEFORE  how the last machine died; mkfs: there was none
#   CUT     where this one is to die, see powercut.sh; end: it does not
#
# Prints "pass NAME", "fail NAME", and the rest in lines that begin with a blank;
# "cut" is where the power goes.

S=build/staticdax-static
E=/mnt/ext4
X=/mnt/xfs
modprobe -a virtio_pci virtio_blk ext4 xfs
mkdir -p $E $X

says() {
	local name=$1
	shift
	if "$@" >/tmp/said 2>&1; then
		echo "pass $name"
	else
		echo "fail $name"
		sed 's/^/ /' /tmp/said
	fi
}

refused() {
	! "$@"
}

mounted() {
	mount /dev/vda $E && mount /dev/vdb $X
}

# After the journal has been replayed nothing may be left to mend.
clean() {
	mounted && umount $E && umount $X && e2fsck -fn /dev/vda && xfs_repair -n /dev/vdb
}

map_of() {
	filefrag -v "$1" | sed -n '4,$p'
}

unchanged() {
	sha256sum -c $E/sums && map_of $E/f | cmp - $E/map.f &&
		map_of $X/g | cmp - $E/map.g
}

# Nothing is sealed, all who are asked say so, and nothing is refused.
free() {
	local status
	"$S" get $E/f $X/g
	status=$?
	[ $status -eq 1 ] && "$S" status | grep -q 'nothing is sealed' &&
		"$S" verify && cp $E/f $E/h && truncate -s 0 $E/h && rm $E/h
}

# a new file has its name, its blocks and its zeroes
created() {
	local f
	for f; do
		[ "$(stat -c %s "$f")" = 4194304 ] && cmp -n 4194304 "$f" /dev/zero &&
			"$S" check --no-dax --align 2M "$f" && rm "$f" || return 1
	done
}

# to_prepare FILE: out of its place by a block, with a hole and an unwritten range
to_prepare() {
	"$S" create --no-dax --size 4100K --align 2M "$1" && fallocate -c -o 0 -l 4096 "$1" &&
		head -c 2M /dev/urandom | dd of="$1" conv=notrunc status=none &&
		fallocate -p -o 2M -l 64K "$1" && fallocate -z -o 3M -l 64K "$1" &&
		fallocate -n -o 4M -l 64K "$1" && sha256sum "$1" >"$1.sum" && sync
}

# no byte of it is lost, nor of the second file that may lie beside it, and the next
# run does the rest
prepared() {
	[ ! -e $E/.p.staticdax ] || { cmp $E/.p.staticdax $E/p && rm $E/.p.staticdax; } || return
	sha256sum -c $E/p.sum && "$S" prepare --no-dax --align 2M --relocate $E/p &&
		"$S" check --no-dax --align 2M $E/p && sha256sum -c $E/p.sum && rm $E/p*
}

before=$1 cut=$2
says filesystems_are_clean clean
mounted
if [ "$before" = mkfs ]; then
	head -c 1M /dev/urandom >$E/f
	head -c 1M /dev/urandom >$X/g
	sync
	sha256sum $E/f $X/g >$E/sums
	map_of $E/f >$E/map.f
	map_of $X/g >$E/map.g
	sync
fi
says content_and_map_are_as_they_were unchanged
says nothing_is_sealed free
case $before in
prepare* | mend*)
	[ "$before" != prepared ] ||
		says was_prepared "$S" check --no-dax --align 2M $E/p
	says prepared_file_is_whole prepared
	says created_file_is_whole created $X/made
	;;
created) says created_files_are_whole created $E/made $X/made ;;
esac
if [ "$cut" = end ]; then
	says seals_again "$S" seal --no-dax $E/f $X/g
	says enforces_again "$S" status
	says refuses_again refused truncate -s 0 $E/f
	says unseals_again "$S" unseal --all
	echo end
	exit 0
fi

# busy FILE: somebody writes all the while
busy() {
	while :; do
		dd if="$1" of="$1" bs=64k conv=notrunc oflag=dsync 2>/dev/null
		cp "$1" $E/busy
	done
}

create() {
	"$S" create --no-dax --size 4M --align 2M "$1" >/dev/null 2>&1
}

if [ "$cut" = created ]; then
	create $X/made && create $E/made && echo cut
	exec tail -f /dev/null
fi

IFS=: read -r verb call n <<<"$cut"
# How many calls it takes is counted in a turn that nobody stops. Most are read, of
# what the kernel tells of itself, and a cut there would show little.
if [ "$verb" = any ]; then
	RANDOM=$call
	verbs=(seal unseal upgrade)
	verb=${verbs[RANDOM % 3]}
	call='!read' n=
fi
case $verb in
prepare* | mend) to_prepare $E/p >/dev/null 2>&1 ;;
seal) ;;
*) "$S" seal --no-dax $E/f >/dev/null ;;
esac
if [ "$cut" = prepared ]; then
	create $X/made && "$S" prepare --no-dax --align 2M --relocate $E/p >/dev/null 2>&1 && echo cut
	exec tail -f /dev/null
fi
# whoever has the file open would keep it from being sealed or unsealed
case $verb in
seal) command=(seal --no-dax "$E/f") other=$X/g ;;
unseal) command=(unseal "$E/f") other=$X/g ;;
upgrade) command=(upgrade) other=$E/f ;;
prepare) command=(prepare --no-dax --align 2M --relocate "$E/p") other=$E/f ;;
mend) command=(prepare --no-dax "$E/p") other=$E/f ;;
esac
if [ -z "$n" ]; then
	strace -qq -o /dev/stdout -e trace="$call" -e signal=none "$S" "${command[@]}" \
		2>/dev/null | sed -n 's/^\([a-z0-9_]*\)(.*/\1/p' >/tmp/calls
	# nobody stops at the last, exit_group
	at=$((RANDOM % ($(wc -l </tmp/calls) - 1) + 1))
	call=$(sed -n ${at}p /tmp/calls)
	n=$(head -n $at /tmp/calls | grep -cx "$call")
	echo " $cut is $call $n of $verb, call $at of $(wc -l </tmp/calls)"
	case $verb in
	seal) "$S" unseal $E/f >/dev/null ;;
	unseal) "$S" seal --no-dax $E/f >/dev/null ;;
	esac
fi
busy $other &
# it stands still there, so that nothing is said too late
mkfifo /tmp/trace
strace -qq -o /tmp/trace -e trace="$call" -e inject="$call:signal=SIGSTOP:when=$n" \
	"$S" "${command[@]}" >/dev/null 2>&1 &
while read -r line; do
	[ "${line/stopped by SIGSTOP/}" != "$line" ] || continue
	# nobody else writes there
	case $verb in
	prepare | mend) create $X/made ;;
	esac
	echo cut
done </tmp/trace
echo "fail goes_on_until_the_cut"
exit 1
