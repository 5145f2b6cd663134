#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What --align 2M is for: the kernel maps such a file by one fault for each 2 MiB,
# and a file that is fit but for its alignment by one for each page.

. tests/cli/guest.sh
. tests/guest/dimm.sh

size=$((16 << 20))
trace=/sys/kernel/tracing

# faults FILE: stores to every page of a mapping of it, and counts in pages and
# in huge pages how the kernel served that
faults() {
	local event

	: >$trace/trace
	for event in dax_pmd_fault_done dax_pte_fault_done; do
		echo 1 >$trace/events/fs_dax/$event/enable
	done
	xfs_io -c "mmap -rw 0 $size" -c "mwrite 0 $size" "$1" || return
	echo 0 >$trace/events/fs_dax/enable
	small=$(grep -c 'dax_pte_fault_done: .* NOPAGE' $trace/trace)
	huge=$(grep 'dax_pmd_fault_done: .* NOPAGE' $trace/trace | grep -vc FALLBACK)
}

# written FILE OFFSET: size bytes, so many from an aligned place on the device
written() {
	fallocate -l $((size + $2)) "$1.room" && fallocate -l $((size + $2)) "$1" || return
	dd if=/dev/zero of="$1" bs=2M iflag=count_bytes count=$((size + $2)) conv=fsync status=none
}

same() {
	[ "$1" = "$2" ] || {
		echo "$1, expected $2"
		return 1
	}
}

for fs in ext4 xfs; do
	dir=/mnt/$fs-dax
	device=$(findmnt -no SOURCE $dir)
	umount $dir
	holds "${fs}_made" dimm_mkfs $fs "$device"
	mount -t $fs -o dax=always "$device" $dir
	written $dir/aligned 0
	answers 0 'align 2M' "${fs}_aligned_is_sealed" "$S" seal --align 2M $dir/aligned
	faults $dir/aligned
	holds "${fs}_sealed_has_a_fault_for_each_2M" same "$huge huge, $small small" \
		"$((size >> 21)) huge, 0 small"
	# the first block away: the rest lies off by one block
	written $dir/off 4096
	holds "${fs}_first_block_taken_away" fallocate -c -o 0 -l 4096 $dir/off
	answers 1 aligned "${fs}_off_by_a_block_is_refused" "$S" seal --align 2M $dir/off
	holds "${fs}_off_by_a_block_is_sealed_without" "$S" seal $dir/off
	faults $dir/off
	holds "${fs}_off_by_a_block_has_a_fault_for_each_page" same \
		"$huge huge, $small small" "0 huge, $((size >> 12)) small"
done
tap_done
