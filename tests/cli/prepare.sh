#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# staticdax prepare: the content stays, byte by byte, whatever happens meanwhile,
# and the file can be sealed afterwards.

. tests/cli/guest.sh
. tests/cli/steps.sh

# patchy FILE: 5000001 bytes with holes, unwritten blocks, and blocks beyond the end
patchy() {
	rm -f "$1"
	truncate -s 5000001 "$1"
	head -c 300000 /dev/urandom | dd of="$1" bs=100000 seek=3 conv=notrunc status=none
	fallocate -o 1048576 -l 1048576 "$1"
	printf middle | dd of="$1" bs=1 seek=1500000 conv=notrunc status=none
	fallocate -n -o 4000000 -l 2000000 "$1"
	printf end | dd of="$1" bs=1 seek=4999998 conv=notrunc status=none
	sync "$1"
}

# state FILE: what must stay as it is; reading it changes the time of access
state() {
	stat -c '%s %a %u %g %y' "$1"
	sha256sum <"$1"
	getfattr -d -m - "$1" 2>/dev/null | sed 1d
	getfacl -cpn "$1"
	# not how it is stored: extents, DAX
	lsattr "$1" | sed 's/ .*//; s/[-ex]//g'
}

# keeps FILE COMMAND...: the command succeeds, and nothing to be seen changes
keeps() {
	local file=$1 before access
	shift
	before=$(state "$file")
	access=$(stat -c %x "$file")
	"$@" || return 1
	[ "$access" = "$(stat -c %x "$file")" ] || { echo "time of access"; return 1; }
	echo 3 >/proc/sys/vm/drop_caches
	diff <(echo "$before") <(echo "$(state "$file")")
}

# leaves FILE STATUS COMMAND...: it ends so, and not even the map changes
leaves() {
	local file=$1 want=$2 before got
	shift 2
	before=$(state "$file"; map_of "$file")
	"$@"
	got=$?
	[ $got -eq "$want" ] || { echo "exit status $got"; return 1; }
	diff <(echo "$before") <(state "$file"; map_of "$file")
}

# misaligned FILE: written, but a block beside where it would be aligned
misaligned() {
	rm -f "$1"
	"$S" create --no-dax --size 4100K --align 2M "$1" >/dev/null 2>&1
	fallocate -c -o 0 -l 4096 "$1"
	head -c 4194304 /dev/urandom | dd of="$1" bs=1M conv=notrunc status=none
	chown 1000:100 "$1"
	chmod 2640 "$1"
	setfattr -n user.note -v 'some words' "$1"
	setfattr -n trusted.note -v 0x00ff "$1"
	setfacl -m u:4711:rw "$1"
	chattr +Ad "$1"
	[[ $1 != /mnt/ext4* ]] || chattr +cstu "$1"
	[[ $1 != /mnt/ext4/* ]] || chattr +j "$1"
	touch -d '2001-02-03 04:05:06.789' "$1"
	sync "$1"
}

# in_pieces FILE: 6 MiB, of which each has 64 KiB, written in the other order
in_pieces() {
	local i
	truncate -s 6M "$1"
	for i in 5 4 3 2 1 0; do
		head -c 65536 /dev/urandom |
			dd of="$1" bs=65536 seek=$((i * 16)) conv=notrunc,fsync status=none
	done
}

# as long as this is sealed nothing is attached or detached below
fit /mnt/xfs/stays
holds "another_is_sealed" "$S" seal --no-dax /mnt/xfs/stays

for root in $ROOTS; do
	how=(--no-dax)
	[[ $root != *-dax ]] || how=()
	name=${root##*/}
	f=$root/patchy
	patchy "$f"
	answers 0 'would be prepared: [0-9]+ bytes of holes written out, [0-9]+ bytes unwritten written out, [0-9]+ bytes beyond the end freed$' \
		"${name}_dry_run_changes_nothing" leaves "$f" 0 "$S" prepare "${how[@]}" --dry-run "$f"
	answers 0 'prepared: [0-9]+ bytes of holes written out.*align 4K, map digest [0-9a-f]+\)$' \
		"${name}_content_and_times_stay" keeps "$f" "$S" prepare "${how[@]}" "$f"
	answers 0 'nothing to do' "${name}_twice" "$S" prepare "${how[@]}" "$f"
	answers 0 'sealed' "${name}_seals" "$S" seal "${how[@]}" "$f"
	answers 1 'is sealed; unseal it first' "${name}_sealed" "$S" prepare "${how[@]}" "$f"
	holds "${name}_unseal" "$S" unseal "$f"
	rm -f "$f"

	# for the name of what is made beside it there is less room than for its own
	f=$root/misaligned$(printf '%0240d' 0)
	misaligned "$f"
	answers 0 'at offset 0 .*is not aligned.*prepare --relocate' "${name}_misaligned_is_left_alone" \
		leaves "$f" 1 "$S" prepare "${how[@]}" --align 2M "$f"
	answers 0 'moved to other blocks' "${name}_relocated_is_the_same" \
		keeps "$f" "$S" prepare "${how[@]}" --align 2M --relocate "$f"
	fails "${name}_relocate_leaves_nothing" sh -c "ls -A $root | grep staticdax"
	answers 0 'fit' "${name}_relocated_is_fit" "$S" check "${how[@]}" --align 2M "$f"
	rm -f "$f"

	f=$root/in_pieces
	in_pieces "$f"
	# an allocator may have put them where they should be
	answers 0 'moved to other blocks|holes written out' "${name}_pieces_stay_the_same" \
		keeps "$f" "$S" prepare "${how[@]}" --align 2M --relocate "$f"
	answers 0 'fit' "${name}_pieces_are_fit" "$S" check "${how[@]}" --align 2M "$f"
	rm -f "$f"
done

# What is filled in finds its place only then: of each piece the beginning is where it
# should be, and behind it there is no room.

# filled_apart FILE
filled_apart() {
	local i directory=${1%/*}
	rm -f "$1" "$directory/rest" "$directory/room"
	"$S" create --no-dax --size 8M --align 2M "$1" || return
	head -c 8M /dev/urandom | dd of="$1" conv=notrunc status=none
	case $1 in
	*xfs*) cp --reflink=always "$1" "$directory/rest" ;;
	*) fallocate -l 40M "$directory/room" ;;
	esac
	for i in 0 2048 4096 6144; do
		fallocate -p -o $((i + 64))K -l 1984K "$1"
		[ ! -e "$directory/rest" ] || fallocate -p -o ${i}K -l 64K "$directory/rest"
	done
	sync
	[ -e "$directory/room" ] || return
	: >"$directory/rest"
	fallocate -n -l 1G "$directory/rest"
	rm "$directory/room"
	sync
}

# ends STATUS COMMAND...
ends() {
	local want=$1
	shift
	"$@"
	[ $? -eq "$want" ]
}

for f in /mnt/ext4/apart /mnt/xfs/apart; do
	how=(--no-dax --align 2M)
	name=${f%/*} name=${name##*/}
	filled_apart $f >/dev/null 2>&1
	answers 0 'would be prepared: 8126464 bytes of holes written out$' "${name}_holes_are_foreseen" \
		leaves $f 0 "$S" prepare "${how[@]}" --dry-run $f
	answers 0 'prepare --relocate' "${name}_holes_filled_elsewhere_are_said" \
		keeps $f ends 1 "$S" prepare "${how[@]}" $f
	answers 0 'fit' "${name}_holes_are_filled" "$S" check --no-dax $f
	answers 0 'moved to other blocks' "${name}_filled_file_is_moved" \
		keeps $f "$S" prepare "${how[@]}" --relocate $f
	filled_apart $f >/dev/null 2>&1
	answers 0 'moved to other blocks' "${name}_filled_and_moved_at_once" \
		keeps $f "$S" prepare "${how[@]}" --relocate $f
	answers 0 'fit' "${name}_moved_with_holes_is_fit" "$S" check "${how[@]}" $f
	rm -f $f ${f%/*}/rest
done

# On a terminal one sees how far it is.
truncate -s 4M /mnt/ext4/bar
holds "terminal" script -qec "$S prepare --no-dax /mnt/ext4/bar" /dev/null
cp "$OUT" "$OUT.bar"
holds "bar_on_a_terminal" grep -qF "/mnt/ext4/bar: [####################....................]  50 %" "$OUT.bar"
holds "bar_is_gone_in_the_end" grep -q "$(printf '\r\033\\[K/mnt/ext4/bar: prepared')" "$OUT.bar"
rm /mnt/ext4/bar

# Files of indirect blocks, for which there is no fallocate(2)
mkdir -p /mnt/images /mnt/ext2 /mnt/ext3
mount -t tmpfs none /mnt/images
truncate -s 24M /mnt/images/ext2 /mnt/images/ext3
mkfs.ext2 -q -F -b 4096 -m 0 /mnt/images/ext2
mkfs.ext2 -q -F -b 4096 -m 0 -j /mnt/images/ext3
for type in ext2 ext3; do
	mount -t $type -o loop /mnt/images/$type /mnt/$type
	holds "${type}_is_there" mountpoint -q /mnt/$type
done
# sparse FILE: 5000001 bytes, of which each 64 KiB has a few
sparse() {
	local i
	rm -f "$1"
	truncate -s 5000001 "$1"
	for i in $(seq 0 17 68); do
		head -c $((i * 100 + 1)) /dev/urandom |
			dd of="$1" bs=65536 seek="$i" conv=notrunc status=none
	done
	sync "$1"
}
for type in ext2 ext3; do
	f=/mnt/$type/sparse
	sparse $f
	fails "${type}_has_no_fallocate" fallocate -n -l 1M $f
	answers 0 'prepared: [0-9]+ bytes of holes written out \(.*align 4K' \
		"${type}_content_and_times_stay" keeps $f "$S" prepare --no-dax $f
	answers 0 'sealed' "${type}_seals" "$S" seal --no-dax $f
	holds "${type}_unseal" "$S" unseal $f
done
cp $f /mnt/images/copy
truncate -s 64M $f
free=$(stat -f -c %f $f)
touch -d 2020-02-02 $f
answers 3 'No space left on device' "no_space_is_said" "$S" prepare --no-dax $f
holds "no_space_takes_none" test "$(stat -f -c %f $f)" -eq "$free"
holds "no_space_keeps_the_times" test "$(date -d 2020-02-02 +%s)" -eq "$(stat -c %Y $f)"
holds "no_space_loses_nothing" cmp -n 5000001 $f /mnt/images/copy
holds "no_space_keeps_the_size" test "$(stat -c %s $f)" -eq 67108864
rm $f /mnt/ext2/sparse

f=/mnt/ext4/linked
misaligned $f
answers 0 'would be prepared: moved to other blocks$' "relocate_dry_run" \
	leaves $f 0 "$S" prepare --no-dax --align 2M --relocate --dry-run $f
ln $f $f.second
answers 0 'several hard links.*remove the others' "hard_link_is_refused" \
	leaves $f 1 "$S" prepare --no-dax --align 2M --relocate $f
rm $f $f.second

# What a lease does not keep others from doing to the old file must not go with it.

# meanwhile CALL FILE ACT...: FILE is relocated, and ACT done after the first such call
meanwhile() {
	local call=$1 f=$2 log=$OUT.stopped running
	shift 2
	: >"$log"
	strace -f -o "$log" -e trace="$call" -e inject="$call:signal=SIGSTOP:when=1" \
		"$S" prepare --no-dax --align 2M --relocate "$f" &
	running=$!
	until grep -q 'stopped by SIGSTOP' "$log" || [ ! -e /proc/$running ]; do :; done
	"$@"
	kill -CONT "$(sed -n 's/ .*stopped by SIGSTOP.*//p' "$log")"
	wait $running
}

f=/mnt/ext4/meanwhile
old=/mnt/ext4/.meanwhile.staticdax
misaligned $f
inode=$(stat -c %i $f)
answers 3 'was changed.*links' "linked_while_it_was_copied" meanwhile linkat $f ln $f $f.second
holds "has_both_links" test "$(stat -c %i:%h $f.second $f | uniq)" = "$inode:2"
rm $f.second
answers 3 'was changed.*attributes' "acl_set_while_it_was_copied" \
	meanwhile linkat $f setfacl -m u:4711:r $f
holds "has_that_acl" sh -c "getfacl -cpn $f | grep -x user:4711:r--"
answers 3 'was changed.*mode' "mode_set_while_names_were_exchanged" \
	meanwhile renameat2 $f chmod 600 $old
holds "has_that_mode" test "$(stat -c %i:%a $f)" = "$inode:600"
answers 3 'was changed.*links' "linked_while_names_were_exchanged" \
	meanwhile renameat2 $f ln $old $f.second
holds "has_these_links" test "$(stat -c %i:%h $f.second $f | uniq)" = "$inode:2"
rm $f.second
fails "no_second_file_is_left" test -e $old
answers 0 'moved to other blocks' "stopped_and_left_alone" meanwhile linkat $f true
fails "is_another_file" test "$(stat -c %i $f)" = "$inode"
rm $f

# XFS exchanges blocks, where the kernel can, and the inode stays
exchanges() {
	grep -q xfs_ioc_commit_range /sys/kernel/btf/xfs
}
for root in /mnt/xfs-dax /mnt/xfs; do
	how=(--no-dax --align 2M)
	name=${root##*/}
	f=$root/misaligned
	misaligned $f
	ln $f $f.second
	inode=$(stat -c %i $f)
	if exchanges; then
		answers 0 'would be prepared: moved to other blocks' "${name}_exchange_dry_run" \
			leaves $f 0 "$S" prepare "${how[@]}" --relocate --dry-run $f
		answers 0 'moved to other blocks' "${name}_exchange_with_hard_links" \
			keeps $f "$S" prepare "${how[@]}" --relocate $f
		holds "${name}_exchange_keeps_inode_and_names" test "$(stat -c %i:%h $f.second)" = "$inode:2"
		fails "${name}_exchange_leaves_nothing" ls $root/.misaligned.staticdax
		answers 0 'fit' "${name}_exchanged_is_fit" "$S" check "${how[@]}" $f
		answers 0 'nothing to do' "${name}_exchanged_twice" "$S" prepare "${how[@]}" $f
	else
		answers 1 'several hard links' "${name}_without_exchange_hard_links_are_refused" \
			"$S" prepare "${how[@]}" --relocate $f
	fi
	rm -f $f $f.second
done

# What is shared
for root in /mnt/xfs-dax /mnt/xfs; do
	how=(--no-dax)
	[[ $root != *-dax ]] || how=()
	f=$root/shared
	fit $f 1048576
	holds "${root##*/}_shares" cp --reflink=always $f $root/twin
	sha=$(sha256sum <$root/twin)
	answers 0 'prepared: 1048576 bytes unshared' "${root##*/}_unshares" keeps $f "$S" prepare "${how[@]}" $f
	answers 0 'fit' "${root##*/}_unshared" "$S" check "${how[@]}" $f
	holds "${root##*/}_twin_stays" test "$(sha256sum <$root/twin)" = "$sha"
done

# Who else has it
f=/mnt/ext4/held
patchy $f
exec 7>>$f
answers 0 'open or mapped by others' "held" leaves $f 5 "$S" prepare --no-dax $f
answers 0 'would be prepared' "dry_run_does_not_ask" "$S" prepare --no-dax --dry-run $f
exec 7>&-
holds "let_go_of" "$S" prepare --no-dax $f
chown 1000 $f
patchy /mnt/ext4/others
answers 3 'Permission denied|CAP_LEASE' "user_of_a_file_of_others" \
	setpriv --reuid 1000 --regid 1000 --clear-groups "$S" prepare --no-dax /mnt/ext4/others
answers 0 'nothing to do' "user_of_his_own_file" \
	setpriv --reuid 1000 --regid 1000 --clear-groups "$S" prepare --no-dax $f
answers '[13]' 'empty' "empty" sh -c ": >/mnt/ext4/empty; '$S' prepare --no-dax /mnt/ext4/empty"
answers 1 '"reason":"not_dax"' "not_dax" "$S" prepare --json $f
answers 0 '"relocated":false,"holes":[1-9][0-9]*,"unwritten":[1-9][0-9]*,"shared":0,"trimmed":[1-9]' "json" \
	"$S" prepare --no-dax --dry-run --json /mnt/ext4/others

# Killed at any step the content is whole, and the next run gets through.

# twin FILE: another shares its blocks
twin() {
	patchy "$1"
	rm -f "$1.twin"
	cp --reflink=always "$1" "$1.twin"
	sync
}

# begin MAKE FILE
begin() {
	$1 "$2"
	sum=$(sha256sum <"$2")
}

# whole FILE COMMAND...: so is a second file, which the next run names
whole() {
	local f=$1 second=${1%/*}/.${1##*/}.staticdax
	shift
	[ "$(sha256sum <"$f")" = "$sum" ] || { echo "content changed"; return 1; }
	if [ -e "$second" ]; then
		cmp "$f" "$second" || return 1
		"$@" "$f" 2>&1 | grep -E 'remove the latter|nothing to do' || { echo "silent"; return 1; }
		rm "$second"
	fi
	"$@" "$f" || return 1
	[ "$(sha256sum <"$f")" = "$sum" ] || { echo "content changed by the next run"; return 1; }
}

# killed NAME STEPS MAKE FILE COMMAND...
killed() {
	at_each_step "$1" KILL "$2" "begin $3 $4" "whole $4 ${*:5}" "${@:5}" "$4"
}

if [ "${KILLS:-yes}" = yes ]; then
	killed "killed_while_writing_out" "fallocate:2:9 msync:1:3 ftruncate:1:1 fsync:1:1" \
		patchy /mnt/ext4/killed "$S" prepare --no-dax
	killed "killed_while_writing_out_without_fallocate" "madvise:1:9 msync:1:9 fsync:1:1" \
		sparse /mnt/ext2/killed "$S" prepare --no-dax
	! exchanges ||
		killed "killed_while_exchanging" "pwrite64:2:9 ioctl:5:5 ftruncate:1:1 fsync:1:1" \
			misaligned /mnt/xfs/killed "$S" prepare --no-dax --align 2M --relocate
	killed "killed_while_relocating" "pwrite64:2:9 linkat:1:1 fsync:3:9 renameat2:1:1 unlinkat:1:1" \
		misaligned /mnt/ext4/moved "$S" prepare --no-dax --align 2M --relocate
else
	killed "killed_while_writing_out" "msync:1:99" patchy /mnt/ext4/killed \
		"$S" prepare --no-dax
	killed "killed_while_relocating" "renameat2:1:1" misaligned /mnt/ext4/moved \
		"$S" prepare --no-dax --align 2M --relocate
	! exchanges ||
		killed "killed_while_exchanging" "ioctl:5:5 fsync:1:1" \
			misaligned /mnt/xfs/killed "$S" prepare --no-dax --align 2M --relocate
fi
killed "killed_while_writing_out_dax" "fallocate:2:2 fsync:1:1" \
	patchy /mnt/ext4-dax/killed "$S" prepare
killed "killed_while_unsharing" "fallocate:1:9 fsync:1:1" twin /mnt/xfs/killed \
	"$S" prepare --no-dax

# No room for the second file
f=/mnt/ext4/roomless
misaligned $f
# it takes what there is, and then fails
fallocate -l "$(($(stat -f -c '%f * %S' /mnt/ext4)))" /mnt/ext4/room 2>"$OUT"
answers 0 'No space left|no room|not enough' "no_room_to_relocate" leaves $f 3 "$S" prepare --no-dax --align 2M --relocate $f
fails "no_room_leaves_no_second_file" sh -c 'ls -A /mnt/ext4 | grep staticdax'
rm /mnt/ext4/room
answers 0 'moved to other blocks' "with_room_it_is_relocated" keeps $f "$S" prepare --no-dax --align 2M --relocate $f

# DAX is had by relocating
umount /mnt/ext4-dax
mount -t ext4 -o dax=inode /dev/pmem0 /mnt/ext4-dax
f=/mnt/ext4-dax/f
fit $f
answers 1 'not DAX' "not_dax_by_flag" "$S" prepare $f
answers 0 'moved to other blocks' "made_dax" keeps $f "$S" prepare --relocate $f
answers 0 'fit' "is_dax" "$S" check $f
"$S" unseal --all >"$OUT"
tap_done
