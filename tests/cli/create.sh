#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# staticdax create: the file is fit and durable when it has its name, and never
# has it otherwise; what a filesystem cannot do is explained.

. tests/cli/guest.sh
. tests/cli/steps.sh

user() {
	setpriv --reuid 1000 --regid 1000 --clear-groups "$@"
}

# is_zero FILE BYTES
is_zero() {
	[ "$(stat -c %s "$1")" -eq "$2" ] && cmp -n "$2" "$1" /dev/zero
}

# no_more_than_needed FILE: nothing is allocated beyond its end
no_more_than_needed() {
	"$S" map --json "$1" | grep -q '"past_eof":0,'
}

# with this one sealed nothing is attached or detached below
fit /mnt/xfs/stays
holds "another_is_sealed" "$S" seal --no-dax /mnt/xfs/stays

for root in $ROOTS; do
	how=--no-dax
	[[ $root != *-dax ]] || how=
	name=${root##*/}
	# a filesystem in use, where the first free block is anywhere
	fit "$root/before" $((3 * 4096))
	for align in 64K 8M; do
		f=$root/new-$align
		# shellcheck disable=SC2086
		answers 0 "^$f: created \(20975617 bytes, [0-9]+ runs?, align $align, map digest" \
			"${name}_create_$align" "$S" create $how --size 20975617 --align $align "$f"
		# shellcheck disable=SC2086
		answers 0 'fit' "${name}_check_$align" "$S" check $how --align $align "$f"
		holds "${name}_zero_$align" is_zero "$f" 20975617
		holds "${name}_no_more_$align" no_more_than_needed "$f"
		[[ $root != /mnt/xfs* ]] || [ $align = 64K ] ||
			answers 0 '^\[8388608\]' "${name}_has_the_hint" xfs_io -r -c extsize "$f"
		rm -f "$f"
	done
	# shellcheck disable=SC2086
	answers 0 'created and sealed' "${name}_create_and_seal" \
		"$S" create $how --seal --size 6M --align 2M "$root/sealed"
	answers 0 'sealed' "${name}_is_sealed" "$S" get "$root/sealed"
	answers 0 "$root/sealed " "${name}_sealed_under_its_name" "$S" list
	fails "${name}_sealed_refuses" truncate -s 0 "$root/sealed"
	holds "${name}_sealed_can_be_written" dd if=/dev/urandom of="$root/sealed" bs=1M count=1 conv=notrunc
	# shellcheck disable=SC2086
	answers 3 'exists already' "${name}_exists" "$S" create $how --size 1M "$root/before"
	holds "${name}_existing_unharmed" test "$(stat -c %s "$root/before")" -eq 12288
	holds "${name}_unseal" "$S" unseal "$root/sealed"
	rm -f "$root/sealed"
done

# The device is asked to write the zeroes first, before any is sent to it

# traced DIRECTORY: what creating a file there asks for, into $zeroes
traced() {
	strace -f -qq -e trace=fallocate,pwrite64 -o "$zeroes" "$S" create --no-dax --size 1M "$1/zeroes"
}
zeroes=$(mktemp)
traced /mnt/ext4 >/dev/null 2>&1
holds "device_is_asked_to_write_zeroes" grep -qE 'fallocate\(.*(0x80|WRITE_ZEROES).*, 0, 1048576\)' "$zeroes"
holds "zeroes_are_written" grep -q 'pwrite64.*= 1048576$' "$zeroes"
rm /mnt/ext4/zeroes

# A disk that can, and whose blocks are full of something else. On it this is also an
# operation that works until the file is sealed.
if [ -e /sys/block/vda/queue/write_zeroes_unmap_max_hw_bytes ]; then
	modprobe sd_mod
	modprobe scsi_debug dev_size_mb=48 lbpws=1 lbprz=1 delay=0
	holds "disk_that_zeroes_is_there" timeout 60 sh -c 'until [ -b /dev/sda ]; do :; done'
	yes | dd of=/dev/sda bs=1M count=48 iflag=fullblock status=none
	mkfs.ext4 -q -F -b 4096 -E nodiscard /dev/sda
	mkdir /mnt/zeroing
	mount /dev/sda /mnt/zeroing
	answers 0 'created' "disk_zeroes" traced /mnt/zeroing
	holds "disk_did_so" grep -qE '(0x80|WRITE_ZEROES).*, 0, 1048576\) = 0$' "$zeroes"
	fails "nothing_was_written" grep -q pwrite64 "$zeroes"
	echo 3 >/proc/sys/vm/drop_caches
	holds "disk_has_zeroes" is_zero /mnt/zeroing/zeroes 1048576
	answers 0 'fit' "zeroed_by_the_disk_is_fit" "$S" check --no-dax /mnt/zeroing/zeroes
	build/tests/contract -m static,noshrink -f write_zeroes /mnt/zeroing >"$zeroes"
	holds "write_zeroes_works_unsealed" grep -qP '\twrite_zeroes\tplain\tok\b' "$zeroes"
	tap_relay 1 grep -v '^# record' "$zeroes"
	umount /mnt/zeroing
	modprobe -r scsi_debug
fi

# On a terminal one sees how far it is.
holds "terminal" script -qec "$S create --no-dax --size 8M /mnt/ext4/bar" /dev/null
mv "$OUT" "$zeroes"
holds "bar_on_a_terminal" grep -qF "/mnt/ext4/bar: [####################....................]  50 %" "$zeroes"
holds "bar_is_gone_in_the_end" grep -q "$(printf '\r\033\\[K/mnt/ext4/bar: created')" "$zeroes"
rm /mnt/ext4/bar

# What stands in the way
d=/mnt/ext4
answers 2 "option '--size' is missing" "size_is_needed" "$S" create $d/x
answers 2 'options are not valid: size' "size_0" "$S" create --size 0 $d/x
answers 2 'power of two' "bad_align" "$S" create --size 1M --align 3M $d/x
answers 1 'not DAX' "not_dax" "$S" create --size 1M $d/x
answers 3 "No space left" "no_space" "$S" create --no-dax --size 2G $d/x
answers 1 'tmpfs' "not_on_tmpfs" "$S" create --no-dax --size 1M /tmp/x
ln -s nowhere $d/dangling
answers 3 'exists already' "link_that_leads_nowhere" "$S" create --no-dax --size 1M $d/dangling
answers 3 'No such file' "no_directory" "$S" create --no-dax --size 1M $d/none/x
answers 3 'directory' "directory" "$S" create --no-dax --size 1M $d/

# Interrupted at any step: then the file stands there whole, or there is nothing.

# whole_or_nothing FILE: a file that is there is fit, and nothing else is new
whole_or_nothing() {
	local left
	left=$(cd "${1%/*}" && find . -mindepth 1 -maxdepth 1 ! -name before ! -name dangling \
		! -name stays ! -name lost+found)
	[ -z "$left" ] && return
	[ "$left" = "./${1##*/}" ] || { echo "left: $left"; return 1; }
	is_zero "$1" 4194304 && "$S" check --no-dax --align 2M "$1"
}

# gone FILE: what the turn before has left
gone() {
	"$S" unseal "$1"
	rm -f "$1"
}

# create NAME SIGNAL STEPS FILE OPTION...
create() {
	at_each_step "$1" "$2" "$3" "gone $4" "whole_or_nothing $4" \
		"$S" create --size 4M --align 2M "${@:5}" "$4"
	gone "$4" >/dev/null 2>&1
}

if [ "${KILLS:-yes}" = yes ]; then
	create "killed_leaves_nothing" KILL "fallocate:1:1 pwrite64:1:3 fsync:1:1 linkat:1:1" \
		/mnt/xfs/f --no-dax
	create "SIGTERM_leaves_nothing" TERM "fallocate:1:1 pwrite64:2:9 fsync:1:9" /mnt/ext4/f --no-dax
	create "SIGHUP_leaves_nothing" HUP "pwrite64:1:9 fsync:1:9" /mnt/ext4/f --no-dax
	create "SIGINT_leaves_nothing" INT "pwrite64:1:9 fsync:1:9" /mnt/ext4-dax/f
	create "killed_while_sealing_leaves_nothing" KILL "fcntl:1:5 fremovexattr:1:1 linkat:1:1" \
		/mnt/ext4/f --no-dax --seal
else
	create "killed_leaves_nothing" KILL "linkat:1:1" /mnt/xfs/f --no-dax
	create "SIGTERM_leaves_nothing" TERM "pwrite64:2:99" /mnt/ext4/f --no-dax
fi
"$S" unseal --all >"$OUT"

# What mkfs.ext4 is said to help with, it does
answers 3 'of 135266304 bytes found none in pieces of 134217728; mkfs.ext4 .* helps' \
	"metadata_in_the_groups_is_explained" "$S" create --no-dax --size 129M --align 128M /mnt/ext4/f
hint=$(sed -n 's/.*; mkfs\.ext4 \(.*\) helps.*/\1/p' "$OUT")
umount /mnt/ext4
# shellcheck disable=SC2086
mkfs.ext4 -q -F -b 4096 $hint /dev/vda
mount /dev/vda /mnt/ext4
answers 0 'created .* align 128M' "what_is_said_to_help_does" "$S" create --no-dax --size 129M --align 128M /mnt/ext4/f
umount /mnt/ext4

# Where the filesystem's block 0 lies: at a multiple of the block size, and not
on_linear() {
	echo "0 131072 linear /dev/vda $1" | dmsetup create low
	dmsetup mknodes low 2>/dev/null
	mkfs.ext4 -q -F -b 4096 -m 0 /dev/mapper/low
	mkdir -p /tmp/low
	mount /dev/mapper/low /tmp/low
}
off_linear() {
	umount /tmp/low
	dmsetup remove low
}
on_linear 2056
answers 0 'created .* align 2M' "partition_off_by_a_block" "$S" -v create --no-dax --size 8M --align 2M /tmp/low/f
cp "$OUT" "$OUT.said"
holds "what_is_not_aligned_is_asked_for_again" grep -q ' round 0: [1-9][0-9]* bytes have no place yet' "$OUT.said"
answers 0 'fit' "partition_off_by_a_block_is_fit" "$S" check --no-dax --align 2M /tmp/low/f
rm -f /tmp/low/f
answers 3 'has no free place.*of 50331648 bytes found none in pieces of 33554432; mkfs.ext4 .*; free more space' \
	"no_aligned_place" "$S" create --no-dax --size 48M --align 32M /tmp/low/g
fails "no_aligned_place_leaves_nothing" test -e /tmp/low/g
# Where it begins only root may know: of a disk of small sectors, not even within a page.
chmod 1777 /tmp/low
answers 1 'own address cannot be read; run it as root' "user_on_a_volume_does_not_create" \
	user "$S" create --no-dax --size 1M /tmp/low/f
fails "user_on_a_volume_leaves_nothing" test -e /tmp/low/f
answers 0 'created' "root_does" "$S" create --no-dax --size 1M /tmp/low/f
chown 1000 /tmp/low/f
answers 1 'own address cannot be read.*; run it as root' "user_on_a_volume_does_not_check" \
	user "$S" check --no-dax /tmp/low/f
answers 1 'own address cannot be read.*; run it as root' "user_on_a_volume_does_not_prepare" \
	user "$S" prepare --no-dax /tmp/low/f
answers 0 'fit' "root_checks" "$S" check --no-dax /tmp/low/f
off_linear
on_linear 63
answers 3 'device begins at byte 32256, no multiple of its blocks of 4096 bytes; begin the partition at a multiple of 2097152' \
	"partition_within_a_block_is_explained" "$S" create --no-dax --size 8M --align 2M /tmp/low/f
start=$(sed -n 's/.*begin the partition at a multiple of \([0-9]*\) bytes.*/\1/p' "$OUT")
answers 3 'begin the partition at a multiple of 4096' \
	"partition_within_a_block_has_no_pages" "$S" create --no-dax --size 8M /tmp/low/f
fails "impossible_leaves_nothing" test -e /tmp/low/f
off_linear
on_linear $((start / 512))
answers 0 'created .* align 2M' "partition_that_begins_as_said_does" "$S" create --no-dax --size 8M --align 2M /tmp/low/f
off_linear

# Where of all that is free few pieces of 2 MiB are aligned, among many runs of 3.5 MiB
# that have no room for one: asked for everything at once ext4 gives of the latter, of
# which there are enough for every round.
in_pieces() {
	truncate -s 320M /tmp/pieces
	mkfs.ext4 -q -F -b 4096 -m 0 -O ^has_journal,sparse_super2 \
		-E packed_meta_blocks=1,num_backup_sb=0 /tmp/pieces
	mkdir -p /tmp/low
	mount -o loop /tmp/pieces /tmp/low
	fallocate -l $(($(stat -f -c %a /tmp/low) * 4096 - 1048576)) /tmp/low/rest
	"$S" map --json /tmp/low/rest | jq -r '.runs[] | "\(.offset) \(.address) \(.length)"' |
		awk -v M=1048576 '{
			for (at = int(($2 + 4 * M - 1) / (4 * M)) * 4 * M; at + 4 * M <= $2 + $3; at += 4 * M)
				if (n++ % 16 == 8)
					print "fpunch", $1 + at - $2, 2 * M
				else
					print "fpunch", $1 + at - $2 + M / 4, 3.5 * M
		}' >/tmp/punches
	xfs_io /tmp/low/rest </tmp/punches
	sync
}
in_pieces
answers 0 'created .* align 2M' "asked_for_pieces_ext4_finds_them" \
	"$S" -v create --no-dax --size 10M --align 2M /tmp/low/f
cp "$OUT" "$OUT.said"
holds "asked_for_everything_it_did_not" grep -q ' round 0: [1-9][0-9]* bytes have no place yet' "$OUT.said"
umount /tmp/low
rm /tmp/pieces

# What mkfs.xfs is said to help with. Its log has a place of its own, for which such
# groups are too small.
with_groups() {
	umount /mnt/xfs
	mkfs.xfs -q -f -K -l logdev=/dev/vda,size=64m -d "size=320m,agsize=$1" /dev/vdb
	mount -o logdev=/dev/vda /dev/vdb /mnt/xfs
}
with_groups 16m
answers 3 'allocation groups have 16777216 bytes, so no 33554432 lie together; make it with mkfs.xfs -d agsize=[0-9]+;' \
	"small_groups_are_explained" "$S" create --no-dax --size 32M --align 32M /mnt/xfs/f
with_groups "$(sed -n 's/.*mkfs\.xfs -d agsize=\([0-9]*\).*/\1/p' "$OUT")"
answers 0 'created .* align 32M' "groups_of_the_size_that_is_said_do" "$S" create --no-dax --size 32M --align 32M /mnt/xfs/f
# of every two of these groups one has room for one
with_groups 48m
answers 3 'found none in pieces of 33554432; a larger mkfs.xfs -d agsize= helps' \
	"groups_that_hold_few_are_explained" "$S" create --no-dax --size 128M --align 32M /mnt/xfs/f
with_groups 160m
answers 0 'created .* align 32M' "larger_groups_do" "$S" create --no-dax --size 128M --align 32M /mnt/xfs/f

# None larger than XFS has them. The device is larger than anything here: a hole.
with_groups_of() {
	truncate -s 4T /tmp/huge
	mkfs.xfs -q -f -K -l size=64m -d "agsize=$1" /tmp/huge
	mkdir -p /tmp/groups
	mount -o loop /tmp/huge /tmp/groups
}
with_groups_of 128g
answers 3 'allocation groups have 137438953472 bytes, so no 274877906944 lie together; make it with mkfs.xfs -d agsize=[0-9]+;' \
	"largest_groups_are_explained" "$S" create --no-dax --size 256G --align 256G /tmp/groups/f
agsize=$(sed -n 's/.*mkfs\.xfs -d agsize=\([0-9]*\).*/\1/p' "$OUT")
answers 3 'none of XFS is large enough for 1099511627776 together; use another filesystem; or use a smaller' \
	"what_no_group_can_hold_is_explained" "$S" create --no-dax --size 1T --align 1T /tmp/groups/f
umount /tmp/groups
holds "largest_groups_can_be_made" mkfs.xfs -N -f -d "agsize=$agsize" /tmp/huge
fails "larger_ones_cannot" mkfs.xfs -N -f -d "agsize=$((agsize + 4096))" /tmp/huge
rm /tmp/huge

# DAX by flag: of the directory, and made for the file alone
for fs in ext4:/dev/pmem0:/mnt/ext4-dax xfs:/dev/pmem1:/mnt/xfs-dax; do
	IFS=: read -r type device root <<<"$fs"
	umount "$root"
	mount -t "$type" -o dax=inode "$device" "$root"
	answers 0 'created' "${type}_dax_by_flag" "$S" create --size 4M --align 2M "$root/flagged"
	answers 0 'fit' "${type}_dax_by_flag_is_dax" "$S" check "$root/flagged"
	answers 0 '^before flagged lost.found $|^before flagged $' "${type}_dax_by_flag_leaves_nothing" \
		sh -c "ls -A $root | tr '\n' ' '"
	# shellcheck disable=SC2016 # the inner shell's number is that of the command
	answers 0 'created' "${type}_dax_beside_what_a_killed_run_left" sh -c \
		'mkdir "$2/.staticdax-$$" "$2/.staticdax-$$.1" && exec "$1" create --size 1M "$2/beside"' - "$S" "$root"
	answers 0 '^2$' "${type}_what_a_killed_run_left_stays" sh -c "ls -A $root | grep -c '^.staticdax'"
	umount "$root"
	mount -t "$type" -o dax=never "$device" "$root"
	answers 1 'not DAX; mount' "${type}_dax_switched_off" "$S" create --size 4M "$root/x"
	fails "${type}_dax_switched_off_leaves_nothing" test -e "$root/x"
done

# Without privilege
install -d -o 1000 -g 1000 /mnt/xfs/mine
answers 0 'created' "user_creates" user "$S" create --no-dax --size 1M /mnt/xfs/mine/f
answers 3 'CAP_' "user_does_not_seal" user "$S" create --no-dax --seal --size 1M /mnt/xfs/mine/g
fails "user_does_not_seal_leaves_nothing" test -e /mnt/xfs/mine/g
answers 3 'Permission denied' "user_without_the_right_to_write" user "$S" create --no-dax --size 1M /mnt/xfs/g
tap_done
