#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# verify finds each way in which a sealed file can differ from its record, and
# nothing where none does. The differences are made below the filesystem, by
# tools that open its device, or by removing programs: nothing else can.

. tests/cli/guest.sh
. tests/cli/steps.sh

lists=/run/staticdax/maps
mkdir -p /tmp/m
truncate -s 128M /tmp/image
mkfs.ext4 -q -F -b 4096 /tmp/image
loop=$(losetup -f --show /tmp/image)
mount "$loop" /tmp/m
f=/tmp/m/whole
g=/tmp/m/parts
S() {
	"$S" "$@"
}
seal() {
	S seal --no-dax "$@"
}

# parts FILE: of four runs, by blocks of another file in between
parts() {
	local i
	rm -f "$1" "$1.gap"
	for i in 0 1 2 3; do
		dd if=/dev/urandom of="$1" bs=8192 count=1 seek=$i conv=notrunc,fsync status=none
		dd if=/dev/zero of="$1.gap" bs=4096 count=1 seek=$i conv=notrunc,fsync status=none
	done
}
runs() {
	map_of "$1" | grep -c '^ *[0-9]*:'
}

answers 0 '' "verify_with_nothing_sealed" S verify
fit $f
parts $g
holds "has_parts" test "$(runs $g)" -eq 4
answers 1 'is not sealed' "verify_says_not_sealed" S verify $f
answers 1 '"reason":"not_sealed"' "verify_json_says_not_sealed" S verify --json $f
holds "seal_both" seal $f $g
holds "list_of_parts_is_for_root" test "$(stat -c %a $lists)" = 700
holds "only_parts_need_a_list" test "$(ls $lists | wc -l)" -eq 1
answers 0 'as it was sealed \(65536 bytes, 1 run' "verify_whole" S verify $f
answers 0 'as it was sealed \(32768 bytes, 4 runs' "verify_parts" S verify $g
holds "verify_all" S verify
holds "verify_all_has_both" test "$(S verify | grep -c 'as it was')" -eq 2
answers 0 '"seal":\{"path":"/tmp/m/whole".*"reason":"ok"|"reason":"ok".*"seal":\{"path":"/tmp/m/whole"' \
	"verify_json" S verify --json
answers 3 'root|privilege' "deny_verify_as_user" setpriv --reuid 1000 --clear-groups "$S" verify $f

# The path leads elsewhere, or nowhere
mkdir -p /tmp/n
mount --bind /tmp/n /tmp/m
answers 1 'No such file' "verify_says_path_leads_nowhere" S verify
: >/tmp/n/whole
answers 1 'another file' "verify_says_path_leads_elsewhere" S verify
rm /tmp/n/whole
mkfifo /tmp/n/whole
answers 1 'cannot be looked at' "verify_does_not_wait_for_a_fifo" timeout 60 "$S" verify
umount /tmp/m
holds "verify_when_the_path_is_back" S verify

# Each way to differ, made while the programs are off: other blocks as e4defrag
# gives them, the third of four runs elsewhere, a hole, the end of one run
# elsewhere, another size, another generation, flags, and not DAX any more.
parts /tmp/m/third
parts /tmp/m/hole
for n in end sized born fixed grows; do
	fit /tmp/m/$n
done
holds "seal_what_will_differ" seal /tmp/m/third /tmp/m/hole /tmp/m/end /tmp/m/sized /tmp/m/born \
	/tmp/m/fixed /tmp/m/grows
# whether a file is DAX is told when its inode is read
d=/mnt/ext4-dax
umount $d
mount -o dax=inode /dev/pmem0 $d
: >$d/was
holds "flag_for_dax" xfs_io -c 'chattr +x' $d/was
head -c 65536 /dev/urandom >$d/was && sync $d/was
holds "seal_of_what_is_dax" S seal $d/was
generation=$(S list --json | grep /born | sed 's/.*"generation":\([0-9]*\).*/\1/')
rm -f $PINS/sdax_*
no_programs
answers 3 'not attached' "verify_notices_missing_programs" S verify $f
{
	e4defrag $g
	fallocate -p -o 16384 -l 8192 /tmp/m/third
	fallocate -p -o 8192 -l 4096 /tmp/m/hole
	fallocate -p -o 32768 -l 32768 /tmp/m/end
	truncate -s 61440 /tmp/m/sized
	chattr +i /tmp/m/fixed
	chattr +a /tmp/m/grows
	xfs_io -c 'chattr -x' $d/was
	sync
	# what was freed is not to be given back
	head -c 4M /dev/zero >/tmp/m/fill
	sync
	dd if=/dev/zero of=/tmp/m/third bs=8192 count=1 seek=2 conv=notrunc,fsync
	dd if=/dev/zero of=/tmp/m/end bs=32768 count=1 seek=1 conv=notrunc,fsync
	sync
	debugfs -w -R "sif /born generation $((generation + 1))" "$loop"
	sync
	echo 3 >/proc/sys/vm/drop_caches
} >/dev/null 2>&1
holds "moved_behind_our_back" test "$(runs $g)" -eq 1
fit /tmp/m/again
holds "programs_are_back" seal /tmp/m/again
answers 1 'offset [0-9]+ .*does not lie where it did' "verify_finds_moved_parts" S verify $g
answers 1 '"offset":[0-9]+' "verify_json_tells_the_offset" S verify --json $g
answers 1 'offset 16384 ' "verify_finds_first_moved_byte" S verify /tmp/m/third
answers 1 'offset 8192 .*hole' "verify_finds_a_hole" S verify /tmp/m/hole
answers 1 'offset 32768 ' "verify_finds_the_moved_end_of_one_run" S verify /tmp/m/end
answers 1 '61440 bytes, was 65536' "verify_finds_another_size" S verify /tmp/m/sized
answers 1 "generation $((generation + 1)), was $generation" \
	"verify_finds_another_generation" S verify /tmp/m/born
answers 1 'immutable' "verify_finds_immutable" S verify /tmp/m/fixed
answers 1 'append-only' "verify_finds_append_only" S verify /tmp/m/grows
answers 1 'not DAX' "verify_finds_dax_lost" S verify $d/was
answers 0 'as it was' "verify_of_the_other_is_not_affected" S verify $f
answers 1 '' "verify_all_exits_with_1" S verify
holds "verify_all_finds_each" test "$(grep -c 'NOT as it was' "$OUT")" -eq 9
rm $lists/*
answers 1 'not recorded' "verify_without_the_list" S verify $g

# Programs that do not refuse: said so, and the files looked at nevertheless
rm $PINS/sdax_permission
answers 3 'not attached|not complete' "verify_repeats_the_canary" S verify
answers 3 'again: as it was' "verify_looks_at_files_nevertheless" S verify
seal /tmp/m/again >/dev/null
holds "unseal_all" S unseal --all --force
holds "lists_are_gone" test ! -e $lists
umount $d
mount -o dax=always /dev/pmem0 $d

# Asked by way of an idmapped mount XFS knows no inode: nothing is called deleted
x=/mnt/xfs
fit $x/f
mkdir -p /tmp/shifted
mkfifo /tmp/hold
exec 9<>/tmp/hold
unshare -U -r sh -c 'echo >/tmp/users; read -r _' <&9 &
until [ -s /tmp/users ]; do :; done
holds "mount_with_other_ids" build/tests/idmap $x /tmp/shifted /proc/$!/ns/user
device=$(findmnt -no SOURCE $x)
umount $x
holds "seal_on_idmapped_mount" seal /tmp/shifted/f
answers 0 'as it was' "verify_on_idmapped_mount" S verify
fails "deny_truncate_on_idmapped_mount" truncate -s 0 /tmp/shifted/f
S unseal --all >/dev/null
holds "allow_truncate_on_idmapped_mount_when_unsealed" truncate -s 0 /tmp/shifted/f
mount "$device" $x
umount /tmp/shifted
echo >&9
wait
exec 9<&-

# Lapsed, then sealed again
umount /tmp/m
lapse() {
	unshare -m sh -c "mount $loop /tmp/m && $S seal --no-dax $*"
}
fit /mnt/ext4/stays
seal /mnt/ext4/stays >/dev/null
holds "seal_that_will_lapse" lapse $f
mount "$loop" /tmp/m
answers 1 'lapsed \(unmounted' "get_says_lapsed" S get $f
answers 1 'lapsed: unmounted' "verify_says_lapsed" S verify $f
answers 1 'lapsed: unmounted' "verify_all_says_lapsed" S verify
exec 7<$f
answers 5 'open or mapped' "deny_sealing_again_while_open" seal $f
exec 7<&-
answers 1 'lapsed \(unmounted' "record_stays_when_refused" S get $f
answers 0 'had lapsed and the map is the same' "sealing_again_says_same_map" seal $f
holds "get_after_sealing_again" S get $f
S unseal $f >/dev/null
umount /tmp/m
lapse $f >/dev/null
mount "$loop" /tmp/m
cp $f $f.copy && cat $f.copy >/tmp/copy && fallocate -p -o 0 -l 65536 $f && sync &&
	head -c 1M /dev/zero >/tmp/m/fill3 && sync && cat /tmp/copy >$f && sync
answers 0 '"lapsed":true,"moved":true' "sealing_again_says_moved" seal --json $f
answers 0 'as it was' "verify_after_sealing_again" S verify $f
S unseal $f >/dev/null

# ... by a run that is killed: what has lapsed is not forgotten, nor what it was
lapsed_again() {
	! S get $f || S unseal $f
	umount /tmp/m
	lapse $f
	mount "$loop" /tmp/m
}
sealed_or_lapsed() {
	S status
	S get $f | grep -E ': (sealed|lapsed \(unmounted)' || { echo "forgotten"; return 1; }
	seal $f >"$OUT.again"
	grep -E 'already sealed|had lapsed and the map is the same' "$OUT.again" || {
		cat "$OUT.again"
		return 1
	}
	! truncate -s 0 $f
}
at_each_step "killed_in_renewal" KILL "fsync:1:1 fremovexattr:1:1 bpf:-12:1" lapsed_again \
	sealed_or_lapsed "$S" seal --no-dax $f
S unseal --all >/dev/null
umount /tmp/m
losetup -d "$loop"
holds "nothing_left" nothing_left
tap_done
