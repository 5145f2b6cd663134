#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# staticdax map: the bytes are where it says, seen through dm-linear too; what
# could be mapped with huge pages is what check would pass.

. tests/cli/guest.sh

# runs FILE: "OFFSET LENGTH ADDRESS" of each run that has an address
runs() {
	"$S" map --json "$1" | grep -oE '"offset":[0-9]+,"length":[0-9]+,"state":"[a-z]+","physical":[0-9]+,"address":[0-9]+' |
		sed 's/"[a-z]*":\("[a-z]*",\)\?//g; s/,/ /g'
}

# is_there FILE DEVICE: what the device has at the addresses is the file
is_there() {
	local offset length address physical n=0
	sync "$1"
	echo 3 >/proc/sys/vm/drop_caches
	while read -r offset length physical address; do
		n=$((n + 1))
		cmp <(dd if="$1" bs=4096 skip=$((offset / 4096)) count=$((length / 4096)) status=none) \
			<(dd if="$2" bs=4096 skip=$((address / 4096)) count=$((length / 4096)) status=none) ||
			return 1
		[ "$physical" -eq "$address" ] || echo "moved by $((address - physical))"
	done < <(runs "$1")
	[ "$n" -gt 0 ]
}

# A disk, and a linear mapping of a part of it
f=/mnt/ext4/f
fit $f $((3 * 1024 * 1024))
holds "bytes_are_on_the_disk" is_there $f /dev/vda
answers 0 '^resume_offset=[0-9]+$' "resume_offset" "$S" map $f
resume=$(sed -n 's/^resume_offset=//p' "$OUT")
cmp -s <(filefrag -v $f | awk '$1 == "0:" { print $4 + 0 }') <(echo "$resume") &&
	tap_ok "resume_offset_is_the_first_block" || tap_not_ok "resume_offset_is_the_first_block" "$resume" "$(filefrag -v $f)"
umount /mnt/ext4
echo "0 262144 linear /dev/vda 6144" | dmsetup create low
dmsetup mknodes low 2>/dev/null
mkfs.ext4 -q -F -b 4096 /dev/mapper/low
mkdir -p /tmp/low
mount /dev/mapper/low /tmp/low
fit /tmp/low/f $((3 * 1024 * 1024))
holds "bytes_are_below_the_linear_mapping" is_there /tmp/low/f /dev/vda
answers 0 "moved by $((6144 * 512))" "address_is_the_disks" is_there /tmp/low/f /dev/vda
chmod 644 /tmp/low/f
answers 0 'address of the device itself is not known' "user_is_told_what_is_not_known" \
	setpriv --reuid 1000 --regid 1000 --clear-groups "$S" map /tmp/low/f
answers 0 '"physical":[0-9]+,"address":null,"align":null' "user_has_no_address" \
	setpriv --reuid 1000 --regid 1000 --clear-groups "$S" map --json /tmp/low/f

# States
truncate -s 64K /tmp/low/states
fallocate -o 16384 -l 16384 /tmp/low/states
head -c 4096 /dev/urandom | dd of=/tmp/low/states bs=4096 seek=15 conv=notrunc status=none
fallocate -n -o 65536 -l 8192 /tmp/low/states
sync
answers 0 '"offset":0,"length":16384,"state":"hole".*"offset":16384,"length":16384,"state":"unwritten".*"offset":32768,"length":28672,"state":"hole".*"offset":61440,"length":4096,"state":"written"' \
	"states" "$S" map --json /tmp/low/states
answers 0 '"past_eof":8192,' "preallocation_is_counted" "$S" map --json /tmp/low/states
: >/tmp/low/empty
answers 0 '0 bytes' "empty_file" "$S" map /tmp/low/empty
answers 1 'not a regular file' "directory" "$S" map /tmp/low
umount /tmp/low
dmsetup remove low

# Huge pages: aligned, and off by a block
d=/mnt/ext4-dax
fallocate -l 18M $d/big
dd if=/dev/zero of=$d/big bs=1M count=18 conv=notrunc status=none
# wherever the allocator has put it: cut off what is before the first huge page
read -r _ _ _ address < <(runs $d/big)
skip=$((-address & 0x1fffff))
[ $skip -eq 0 ] || fallocate -c -o 0 -l $skip $d/big
truncate -s 16M $d/big
aligned=$("$S" check --align 2M $d/big >/dev/null && echo yes)
pages=$("$S" map $d/big | sed -n 's/^pages of 2 MiB: \([0-9]*\) of 8;.*/\1/p')
holds "pages_as_check_has_it" test "${aligned:+8}" = "$([ "$pages" -eq 8 ] && echo 8)"
holds "pages_are_huge" test "$pages" -eq 8
answers 0 "^-object memory-backend-file,id=mem0,share=on,mem-path=$d/big,size=16777216,align=2M,pmem=on$" "qemu_option" "$S" map $d/big
cp "$OUT" /tmp/big
fails "no_resume_offset_for_dax" grep resume_offset /tmp/big
fallocate -c -o 0 -l 4096 $d/big
answers 0 '^pages of 2 MiB: 0 of 7;' "off_by_a_block_none_is_huge" "$S" map $d/big
holds "drawing" "$S" map $d/big --svg /tmp/big.svg
answers 0 '<title>written: 0\+16773120 at 0x' "drawing_has_the_run" cat /tmp/big.svg
holds "map_changes_nothing" "$S" seal $d/big
holds "map_of_a_sealed_file" "$S" map $d/big
holds "unseal" "$S" unseal --all
tap_done
