#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# staticdax map: the bytes are where it says, seen through partition and dm-linear
# too, and where it cannot see further it says so; what could be mapped with huge
# pages is what check would pass.

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

# number DEVICE: MAJOR:MINOR
number() {
	echo $((0x$(stat -L -c %t "$1"))):$((0x$(stat -L -c %T "$1")))
}

# told FILE DEVICE OPAQUE: that is what map says of all addresses
told() {
	"$S" map --json "$1" | jq -e --arg dev "$(number "$2")" --argjson opaque "$3" \
		'[.runs[] | select(.address) | [.address_dev, .opaque] == [$dev, $opaque]] |
		 length > 0 and all' || { "$S" map "$1"; return 1; }
}

# file_on DEVICE MIB [MKFS...]: a filesystem on it, and a file of that size there
file_on() {
	local device=$1 mib=$2
	shift 2
	"${@:-mkfs.ext4}" -q "$device" >"$OUT" 2>&1 || return
	mkdir -p /tmp/low
	mount "$device" /tmp/low
	fit /tmp/low/f $((mib * 1024 * 1024))
}

# mapping: a device of the table on standard input
mapping() {
	dmsetup create low
	dmsetup mknodes low 2>/dev/null
}

# alignments FILE: is that of each run the greatest that its address and its length
# have, of the filesystem's blocks and up?
alignments() {
	"$S" map --json "$1" | jq -e '[.runs[] | select(.address) |
		. as $run | .align as $align |
		($align >= 4096) and ($run.address % $align == 0) and
		($run.address % (2 * $align) != 0)] | length > 0 and all' ||
		{ "$S" map --json "$1"; return 1; }
}

# Disks, and a linear mapping of a part of one
for fs in ext4:/dev/vda xfs:/dev/vdb; do
	f=/mnt/${fs%%:*}/f
	fs=${f%/f}:${fs#*:}
	fit $f $((3 * 1024 * 1024))
	holds "bytes_are_on_the_disk ${fs%:*}" is_there $f "${fs#*:}"
	answers 0 '^resume_offset=[0-9]+$' "resume_offset ${fs%:*}" "$S" map $f
	resume=$(sed -n 's/^resume_offset=//p' "$OUT")
	answers 0 "^$resume\$" "resume_offset_is_the_first_block ${fs%:*}" sh -c \
		"filefrag -b4096 -v $f | awk '\$1 == \"0:\" { print \$4 + 0 }'"
	holds "alignment_is_that_of_the_address ${fs%:*}" alignments $f
done
umount /mnt/ext4
echo "0 262144 linear /dev/vda 6144" | mapping
file_on /dev/mapper/low 3 mkfs.ext4 -F -b 4096
holds "bytes_are_below_the_linear_mapping" is_there /tmp/low/f /dev/vda
answers 0 "moved by $((6144 * 512))" "address_is_the_disks" is_there /tmp/low/f /dev/vda
holds "linear_mapping_is_seen_through" told /tmp/low/f /dev/vda null
answers 0 "^on $(number /dev/vda):$" "device_of_the_address" "$S" map /tmp/low/f
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

# What cannot be seen through is said to be so
echo "0 131072 striped 2 128 /dev/vda 6144 /dev/vda 147456" | mapping
file_on /dev/mapper/low 3 mkfs.ext4 -F -b 4096
holds "bytes_are_on_the_striped_mapping" is_there /tmp/low/f /dev/mapper/low
holds "striped_mapping_is_not_seen_through" told /tmp/low/f /dev/mapper/low '"device-mapper"'
answers 0 "^on $(number /dev/mapper/low) \(device-mapper\), which has the bytes elsewhere; where, and how aligned, is not known:$" \
	"striped_mapping_is_told_in_words" "$S" map /tmp/low/f --svg /tmp/low.svg
answers 0 '\(device-mapper: where it has the bytes is not known\)</text>' "striped_mapping_is_told_in_the_drawing" \
	cat /tmp/low.svg
umount /tmp/low
dmsetup remove low

# A disk and a loop device, one after the other in the filesystem, and so are
# the numbers of their bytes
truncate -s 80M /tmp/loop
loop=$(losetup -f --show /tmp/loop)
printf '%s\n' "0 65536 linear /dev/vda 6144" "65536 65536 linear $loop 71680" | mapping
file_on /dev/mapper/low 52 mkfs.ext4 -F -b 4096 -m 0 -O ^has_journal
border=$((71680 * 512))
"$S" map --json /tmp/low/f >/tmp/two
holds "runs_end_where_their_disk_does" jq -e --argjson border $border \
	--arg disk "$(number /dev/vda)" --arg loop "$(number "$loop")" \
	'[.runs[] | select(.address)] | any(.address + .length == $border) and any(.address == $border) and
	 all(if .address < $border then .address + .length <= $border and .address_dev == $disk and .opaque == null
	     else .address_dev == $loop and .opaque == "loop" end)' /tmp/two
umount /tmp/low
dmsetup remove low
losetup -d "$loop"

# btrfs says neither which device nor where on it
modprobe btrfs
echo "0 262144 linear /dev/vda 6144" | mapping
holds "btrfs" file_on /dev/mapper/low 3 mkfs.btrfs -f
answers 0 'Addresses are not known: .* neither is resume_offset' "btrfs_is_told" "$S" map /tmp/low/f
cp "$OUT" /tmp/btrfs
fails "btrfs_has_no_resume_offset" grep '^resume_offset=' /tmp/btrfs
answers 0 '"address":null.*"resume_offset":null' "btrfs_has_no_address" "$S" map --json /tmp/low/f
umount /tmp/low
dmsetup remove low

# The realtime device of XFS; the other one has to be 300 MiB for mkfs
truncate -s 320M /run/data
data=$(losetup -f --show /run/data)
dmsetup create real --table "0 102400 linear /dev/vda 140000"
dmsetup mknodes 2>/dev/null
modprobe xfs
if mkfs.xfs -q -f -m reflink=0 -d rtinherit=1 -r rtdev=/dev/mapper/real "$data" >"$OUT" 2>&1 &&
   mount -t xfs -o rtdev=/dev/mapper/real "$data" /tmp/low 2>>"$OUT"; then
	fit /tmp/low/f 1048576
	holds "bytes_are_on_the_realtime_device" is_there /tmp/low/f /dev/vda
	read -r _ _ physical address < <(runs /tmp/low/f)
	holds "realtime_address_is_the_disks" test $((address - physical)) -eq $((140000 * 512))
	answers 0 'created' "created_on_the_realtime_device" "$S" create --no-dax --size 2M --align 1M /tmp/low/made
	holds "created_bytes_are_on_it" is_there /tmp/low/made /dev/vda
	answers 0 'fit' "created_on_it_is_fit" "$S" check --no-dax --align 1M /tmp/low/made
	umount /tmp/low
else
	tap_not_ok "realtime_device" "$(cat "$OUT")"
fi
dmsetup remove real
losetup -d "$data"

# Pages of 1 GiB: mkfs makes such a file without its being written.
cat >/run/huge.conf <<'EOF2'
[defaults]
	blocksize = 4096
	inode_size = 256
[fs_types]
	huge = {
		features = extent,huge_file,flex_bg,64bit,^resize_inode,sparse_super2
		num_backup_sb = 0
		packed_meta_blocks = true
		flex_bg_size = 262144
		make_hugefiles = true
		hugefiles_dir = /
		hugefiles_name = huge
		hugefiles_digits = 0
		num_hugefiles = 1
		hugefiles_size = 2G
		hugefiles_align = 1G
		hugefiles_align_disk = true
		zero_hugefiles = false
	}
EOF2
modprobe brd rd_nr=1 rd_size=4194304
huge=/dev/ram0
MKE2FS_CONFIG=/run/huge.conf mke2fs -q -F -t ext4 -T huge "$huge" >"$OUT" 2>&1
holds "file_of_2g" mount "$huge" /tmp/low
answers 0 '; of 1 GiB: 2 of 2$' "pages_of_1g" "$S" map /tmp/low/huge
answers 0 '"pages_1g":2,' "pages_of_1g_in_json" "$S" map --json /tmp/low/huge
answers 0 ' 1G( |$)' "alignment_is_1g" "$S" map /tmp/low/huge
umount /tmp/low
rmmod brd

# A partition of 64 MiB from sector 2056 on
dd if=/dev/zero of=/dev/vda bs=1M count=1 conv=notrunc status=none
printf '\0\0\0\0\203\0\0\0\010\010\0\0\0\0\002\0' | dd of=/dev/vda bs=1 seek=446 conv=notrunc status=none
printf '\125\252' | dd of=/dev/vda bs=1 seek=510 conv=notrunc status=none
sync
blockdev --rereadpt /dev/vda
holds "partition" file_on /dev/vda1 3 mkfs.ext4 -F -b 4096
holds "bytes_are_below_the_partition" is_there /tmp/low/f /dev/vda
answers 0 "moved by $((2056 * 512))" "partition_has_the_disks_address" is_there /tmp/low/f /dev/vda
holds "partition_is_seen_through" told /tmp/low/f /dev/vda null
umount /tmp/low

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
# half of a drawing is none
mkdir /run/tiny
mount -t tmpfs -o size=8k tiny /run/tiny
echo before >/run/tiny/kept.svg
head -c 4096 /dev/zero >/run/tiny/full
answers 3 'No space left' "drawing_on_a_full_disk_fails" "$S" map $d/big --svg /run/tiny/big.svg
answers 3 'No space left' "also_over_another" "$S" map $d/big --svg /run/tiny/kept.svg
holds "which_is_kept" grep -qx before /run/tiny/kept.svg
holds "and_nothing_else_is_left" test "$(ls -A /run/tiny | tr '\n' ' ')" = "full kept.svg "
rm /run/tiny/full
ln -s kept.svg /run/tiny/link
holds "drawing_through_a_link" "$S" map $d/big --svg /run/tiny/link
holds "the_link_stays" test -L /run/tiny/link
holds "what_it_leads_to_is_the_drawing" grep -q '</svg>' /run/tiny/kept.svg
answers 0 '</svg>' "drawing_to_a_pipe" sh -c "'$S' map $d/big --svg /dev/stdout | cat"
umount /run/tiny
holds "map_changes_nothing" "$S" seal $d/big
holds "map_of_a_sealed_file" "$S" map $d/big
holds "unseal" "$S" unseal --all
tap_done
