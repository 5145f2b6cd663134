#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Filesystems that come, go and come again under a seal: the right file stays
# protected, a file that only looks like it is left alone, and a seal that
# protects nothing any more says so.
#
# MANY=no: without those with many filesystems

. tests/cli/guest.sh

A=/tmp/p/m
B=/tmp/other
mkdir -p /tmp/p $B /tmp/q
mount -t tmpfs parent /tmp/p
mkdir $A
image=/tmp/image
truncate -s 64M $image
mkfs.ext4 -q -F -b 4096 $image
loop=$(losetup -f --show $image)
mount "$loop" $A
fit $A/f
fit $A/g
sync
cp $image /tmp/copy
# keeps the programs attached, which makes everything below faster
fit /mnt/ext4/anchor
"$S" seal --no-dax /mnt/ext4/anchor >/dev/null

seal() {
	"$S" seal --no-dax "$@"
}

# What is reported as it happens
"$S" monitor --json --interval 600 >/tmp/monitor 2>&1 &
monitor=$!

# lapses NAME FILE REASON: all who are asked say so
lapses() {
	answers 0 "$2 .*lapsed \($3, 20[0-9-]* [0-9:]*\)" "list_says_lapsed_$1" "$S" list
	"$S" list --json >/tmp/list
	holds "list_gives_time_of_lapse_$1" grep -qE \
		"\"path\":\"$2\".*\"lapsed_at\":\"20[^\"]*Z\",\"lapsed_at_ns\":[1-9]" /tmp/list
	answers 0 '1 lapsed' "status_counts_lapsed_$1" "$S" status
	answers 0 "^  $2: lapsed \($3, 20[0-9-]* [0-9:]*\)" "status_names_lapsed_$1" "$S" status
	until grep -q "lapsed.*$2" /tmp/monitor || ! kill -0 $monitor; do :; done
	answers 0 "$3" "monitor_reports_lapse_$1" grep "lapsed.*$2" /tmp/monitor
}

# Lazily, with the mount above, which no hook is asked about below it
holds "seal" seal $A/f
fails "deny_lazy_umount_of_the_mount_above" umount -l /tmp/p
mount --make-shared /tmp/p
fails "deny_lazy_umount_of_a_shared_mount_above" umount -l /tmp/p
mount --make-private /tmp/p
mount --bind $A $B
mount --bind /tmp/p /tmp/q
holds "allow_lazy_umount_of_a_bind_of_the_mount_above" umount -l /tmp/q
holds "allow_lazy_umount_above_while_bound_elsewhere" umount -l /tmp/p
fails "deny_truncate_after_lazy_umount" truncate -s 0 $B/f
holds "get_after_lazy_umount" "$S" get $B/f
mkdir -p /tmp/p
mount -t tmpfs parent /tmp/p
mkdir $A
mount "$loop" $A
umount $B
fails "deny_truncate_when_mounted_again" truncate -s 0 $A/f
holds "allow_other_file_when_mounted_again" truncate -s 65536 $A/g

# The name it is mounted on, removed where nothing is mounted there. The first
# command is the way there, and it is another answer if that is barred.
elsewhere() {
	unshare -m --propagation private sh -c "umount -l '$1' || exit 9; $2"
}
busy='Device or resource busy'
other=/tmp/p/other
mkdir $other /tmp/p/empty /tmp/p/low
touch /tmp/p/name /tmp/p/new
answers 1 "$busy" "deny_rmdir_of_the_mountpoint_elsewhere" elsewhere $A "rmdir $A"
answers 1 "$busy" "deny_rename_over_the_mountpoint_elsewhere" \
	elsewhere $A "mv -T /tmp/p/empty $A"
until grep -q inode_rmdir /tmp/monitor || ! kill -0 $monitor; do :; done
answers 0 '"op":"umount"' "monitor_reports_rmdir_of_the_mountpoint" \
	grep inode_rmdir /tmp/monitor
fails "deny_truncate_after_rmdir_elsewhere" truncate -s 0 $A/f
mount -t tmpfs innocent $other
holds "allow_rmdir_of_another_mountpoint_elsewhere" elsewhere $other "rmdir $other"
fails "rmdir_took_the_other_mount_away" mountpoint $other
mkdir $other
mount -t tmpfs innocent $other
holds "allow_rename_over_another_mountpoint_elsewhere" \
	elsewhere $other "mv -T /tmp/p/empty $other"
mount --bind $A $other
holds "allow_rmdir_elsewhere_of_one_of_two" elsewhere $other "rmdir $other"
fails "rmdir_took_one_of_two_away" mountpoint $other
# Two names that are swapped are both still there, with what is mounted on them
mkdir $other
answers 0 '' "allow_exchange_of_the_mountpoint_elsewhere" \
	elsewhere $A "build/tests/swap_names $A $other once"
holds "exchange_left_it_mounted" mountpoint $other
fails "deny_truncate_after_exchange" truncate -s 0 $other/f
answers 0 '' "allow_exchange_back_elsewhere" \
	elsewhere $other "build/tests/swap_names $A $other once"
holds "exchange_back_left_it_mounted" mountpoint $A
rmdir $other
mount -t tmpfs low /tmp/p/low
mkdir /tmp/p/low/deep
mount --bind $A /tmp/p/low/deep
holds "allow_umount_of_one_of_two_below" umount $A
answers 1 "$busy" "deny_rmdir_elsewhere_of_what_it_is_mounted_below" \
	elsewhere /tmp/p/low "rmdir /tmp/p/low"
mount "$loop" $A
umount -R /tmp/p/low
mount --bind $A/f /tmp/p/name
holds "allow_umount_while_a_file_of_it_is_mounted" umount $A
answers 1 "$busy" "deny_unlink_of_a_file_it_is_mounted_on_elsewhere" \
	elsewhere /tmp/p/name "rm -f /tmp/p/name"
answers 1 "$busy" "deny_rename_over_a_file_it_is_mounted_on_elsewhere" \
	elsewhere /tmp/p/name "mv -f /tmp/p/new /tmp/p/name"
mount "$loop" $A
holds "allow_unlink_elsewhere_of_one_of_two" elsewhere /tmp/p/name "rm -f /tmp/p/name"

# What can go without a hook is none that stays
mkfifo /tmp/kept
exec 9<>/tmp/kept
unshare -m --propagation private sh -c "mount --bind $A $B && echo >/tmp/keeps; read -r _" <&9 &
holder=$!
until [ -s /tmp/keeps ]; do :; done
answers "[1-9]*" busy "deny_umount_that_another_namespace_survives" umount $A
mount --make-shared /tmp/p
answers "[1-9]*" busy "deny_umount_elsewhere_that_another_namespace_survives" \
	unshare -m --propagation unchanged umount $A
mount --make-private /tmp/p
answers 1 "$busy" "deny_rmdir_that_another_namespace_survives" elsewhere $A "rmdir $A"
mount --bind $A /proc/$holder/task
answers "[1-9]*" busy "deny_umount_that_a_mount_on_a_process_survives" umount $A
mkdir $other
mount --bind $A $other
mount --make-shared /tmp/p
holds "allow_umount_elsewhere_that_a_mount_here_survives" \
	unshare -m --propagation unchanged umount $A
fails "umount_elsewhere_has_propagated" mountpoint $A
mount --make-private /tmp/p
mount "$loop" $A
holds "allow_umount_that_a_mount_here_survives" umount $A
mount "$loop" $A
umount $other
echo >&9
wait $holder
exec 9<&-
modprobe overlay
mount -t overlay -o lowerdir=$A:/tmp/p/low overlay $B
answers "[1-9]*" busy "deny_umount_that_an_overlay_survives" umount $A
umount $B
holds "get_after_all_that" "$S" get $A/f
holds "unseal_before_rmdir_elsewhere" "$S" unseal $A/f
holds "allow_rmdir_elsewhere_when_not_sealed" elsewhere $A "rmdir $A"
mkdir $A
mount "$loop" $A
holds "seal_after_rmdir_elsewhere" seal $A/f

# An umount of something else that propagates onto it
from=/tmp/from
to=/tmp/to
mkdir $from $to /tmp/twin
mount -t tmpfs from $from
mount --make-shared $from
mkdir $from/d $from/t
# spread KIND: something else on one name, ours on that of a copy
spread() {
	mount -t tmpfs innocent $from/d
	mount --bind $from $to
	mount --make-"$1" $to
	mount "$loop" $to/d
	umount $A
}
gather() {
	mount "$loop" $A
	umount $to/d
	umount $to
}
spread slave
answers "[1-9]*" busy "deny_umount_that_propagates_onto_it" umount $from/d
answers "[1-9]*" busy "deny_lazy_umount_that_propagates_onto_it" umount -l $from/d
fails "deny_truncate_after_umount_that_propagates" truncate -s 0 $to/d/f
mkdir -p $to/d/x
mount -t tmpfs held $to/d/x
holds "allow_umount_that_what_is_mounted_on_it_stops" umount $from/d
holds "what_is_mounted_on_it_stopped_the_umount" mountpoint $to/d
umount $to/d/x
mount -t tmpfs innocent $from/d
holds "allow_umount_of_what_lies_beneath_it" umount $from/d
holds "umount_beneath_it_has_left_it" mountpoint $to/d
gather
spread private
holds "allow_umount_that_does_not_propagate" umount $from/d
holds "umount_that_does_not_propagate_has_left_it" mountpoint $to/d
gather
spread slave
holds "unseal_before_umount_that_propagates" "$S" unseal $to/d/f
holds "allow_umount_that_propagates_onto_it_when_not_sealed" umount $from/d
fails "umount_that_propagates_took_it_along" mountpoint $to/d
umount $to
mount "$loop" $A

# Two of it, and the copies of both, go with a lazy one
mount --bind $from $to
mount -t tmpfs two $from/t
mkdir $from/t/a $from/t/b
mount "$loop" $from/t/a
mount "$loop" $from/t/b
holds "seal_before_lazy_umount_that_propagates" seal $A/f
umount $A
answers "[1-9]*" busy "deny_lazy_umount_that_propagates_above_two" umount -l $from/t
mount --bind $from/t/a $A
holds "allow_lazy_umount_that_propagates_above_two_of_three" umount -l $from/t
fails "lazy_umount_has_propagated" mountpoint $to/t/b
mount -t tmpfs two $from/t
mkdir $from/t/a $from/t/b
mount --make-private $from
mount --make-shared $from/t
mount --bind $from/t /tmp/twin
mount "$loop" $from/t/a
mount "$loop" $from/t/b
umount $A
answers "[1-9]*" busy "deny_lazy_umount_whose_contents_propagate" umount -l $from/t
fails "deny_truncate_after_lazy_umounts" truncate -s 0 /tmp/twin/b/f
holds "unseal_before_lazy_umount_that_propagates" "$S" unseal /tmp/twin/b/f
holds "allow_lazy_umount_whose_contents_propagate_when_not_sealed" umount -l $from/t
fails "lazy_umount_took_its_copies_along" mountpoint /tmp/twin/b
umount /tmp/twin
umount -l $to
umount $from
mount "$loop" $A
holds "seal_after_umounts_that_propagate" seal $A/f

# What lies on more than is looked through counts as one that goes
tree() {
	local i at=/tmp/tree
	mkdir -p $at
	mount -t tmpfs tree $at
	mkdir $at/beside
	for i in $(seq "$1"); do
		mkdir $at/d
		mount -t tmpfs tree $at/d
		at=$at/d
	done
	mkdir $at/deep
	deepest=$at/deep
}
tree 45
holds "allow_lazy_umount_of_a_deep_tree_without_seals" umount -l /tmp/tree
tree 45
holds "unseal_before_deep_mount" "$S" unseal $A/f
umount $A
mount "$loop" "$deepest"
holds "seal_deep_down" seal "$deepest/f"
answers "[1-9]*" busy "deny_lazy_umount_of_what_lies_too_deep_to_know" umount -l /tmp/tree
fails "deny_truncate_deep_down" truncate -s 0 "$deepest/f"
holds "unseal_deep_down" "$S" unseal "$deepest/f"
"$S" unseal /mnt/ext4/anchor >/dev/null
holds "allow_lazy_umount_of_a_deep_tree_when_not_sealed" umount -l /tmp/tree
"$S" seal --no-dax /mnt/ext4/anchor >/dev/null
mount "$loop" $A

# A filesystem that is only watched does not speak for the next one
tree 1
mount -o loop /tmp/copy /tmp/tree/beside
mount --bind $A "$deepest"
holds "seal_the_watched_one" "$S" seal --no-dax --audit /tmp/tree/beside/f
holds "seal_the_other_one" seal $A/f
umount $A
answers "[1-9]*" busy "deny_lazy_umount_above_a_watched_and_a_sealed_one" umount -l /tmp/tree
mount --bind "$deepest" $A
holds "unseal_the_watched_one" "$S" unseal /tmp/tree/beside/f
holds "allow_lazy_umount_above_one_of_two" umount -l /tmp/tree

# Remounted, frozen
mount -o remount,ro $A
holds "get_while_read_only" "$S" get $A/f
mount -o remount,rw $A
fails "deny_truncate_after_read_only" truncate -s 0 $A/f
holds "allow_other_file_after_read_only" truncate -s 65536 $A/g
fsfreeze -f $A
holds "get_while_frozen" "$S" get $A/f
answers 0 'enforcing: yes' "status_while_frozen" "$S" status
"$S" seal --no-dax $A/g >"$OUT.frozen" 2>&1 &
waiter=$!
# It stops where it would write: wait for that, then thaw.
until grep -qs '^State:.*[DZ]' /proc/$waiter/status; do :; done
fsfreeze -u $A
wait $waiter
answers 0 '/g: sealed' "seal_begun_while_frozen" cat "$OUT.frozen"
fails "deny_truncate_after_thaw" truncate -s 0 $A/f
fails "deny_truncate_of_file_sealed_meanwhile" truncate -s 0 $A/g
holds "unseal_after_thaw" "$S" unseal $A/g
holds "allow_truncate_after_thaw" truncate -s 65536 $A/g

# The same image and a copy of it on other loop devices, at the same time
copy=$(losetup -f --show /tmp/copy)
mount "$copy" $B
answers 1 'not sealed' "copy_is_not_sealed" "$S" get $B/f
holds "allow_truncate_of_the_same_inode_on_a_copy" truncate -s 0 $B/f
fails "deny_truncate_beside_a_copy" truncate -s 0 $A/f
holds "allow_umount_of_the_copy" umount $B
same=$(losetup -r -f --show $image)
mount -o ro,noload "$same" $B
answers 1 'not sealed' "same_image_on_another_device_is_not_sealed" "$S" get $B/f
fails "deny_truncate_beside_the_same_image" truncate -s 0 $A/f
holds "allow_umount_of_the_same_image" umount $B
losetup -d "$same"

# The namespace goes in which it is mounted, and nothing else holds it
holds "unseal_before_namespace" "$S" unseal $A/f
umount $A
in_namespace() {
	unshare -m sh -c "mount $loop $A && $S seal --no-dax $A/f && ! umount $A $1"
}
holds "seal_in_a_namespace_that_ends" in_namespace
lapses after_namespace $A/f unmounted
mount "$loop" $A
answers 1 'lapsed \(unmounted, 20' "get_says_lapsed_when_mounted_again" "$S" get $A/f
answers 1 '"lapse":"unmounted","lapsed_at":"20' "get_json_says_lapsed_when_mounted_again" \
	"$S" get --json $A/f
holds "lapsed_seal_refuses_nothing" truncate -s 65536 $A/f
fit $A/f
holds "seal_of_lapsed_file" seal $A/f
fails "deny_truncate_when_sealed_again" truncate -s 0 $A/f
holds "get_when_sealed_again" "$S" get $A/f
holds "unseal_again" "$S" unseal $A/f
umount $A

# ... or something does: then it is the same filesystem that is mounted again
mkfifo /tmp/hold
exec 9<>/tmp/hold
unshare -m sh -c "mount $loop $A && $S seal --no-dax $A/f && echo >/tmp/ready
	read -r _" <&9 >/dev/null &
holder=$!
until [ -s /tmp/ready ]; do :; done
exec 8</proc/$holder/root$A/g
echo >&9
wait $holder
answers 0 '0 lapsed' "held_filesystem_does_not_lapse" "$S" status
mount "$loop" $A
holds "get_when_held_and_mounted_again" "$S" get $A/f
fails "deny_truncate_when_held_and_mounted_again" truncate -s 0 $A/f
exec 8<&-
fails "deny_umount_when_mounted_again" umount $A
holds "unseal_when_mounted_again" "$S" unseal $A/f
holds "allow_umount_when_unsealed" umount $A

# Lapsed; then its device number serves another filesystem with that inode, and
# the image comes back under another number
holds "seal_before_numbers_change" in_namespace
losetup -d "$loop"
ino=$(debugfs -R 'stat f' $image 2>/dev/null | sed -n 's/^Inode: \([0-9]*\).*/\1/p')
losetup "$loop" /tmp/copy 2>/dev/null || { losetup -d "$copy"; losetup "$loop" /tmp/copy; }
mount "$loop" $B
answers 1 'lapsed|not sealed' "get_on_reused_device_number" "$S" get $B/f
holds "same_inode_number_on_reused_device_number" test "$(stat -c %i $B/f)" = "$ino"
holds "allow_truncate_on_reused_device_number" truncate -s 0 $B/f
holds "allow_unlink_on_reused_device_number" rm $B/f
same=$(losetup -f --show $image)
mount "$same" $A
answers 1 'not sealed' "not_sealed_under_another_device_number" "$S" get $A/f
holds "seal_under_another_device_number" seal $A/f
fails "deny_truncate_under_another_device_number" truncate -s 0 $A/f
answers 0 '1 lapsed' "lapsed_record_stays_until_removed" "$S" status
holds "allow_umount_of_reused_device_number" umount $B
holds "unseal_under_another_device_number" "$S" unseal $A/f
umount $A

# A device-mapper snapshot beside its origin
cow=/tmp/cow
truncate -s 16M $cow
cow=$(losetup -f --show $cow)
sectors=$(blockdev --getsz "$same")
modprobe dm-snapshot
dm() {
	DM_DISABLE_UDEV=1 dmsetup "$@"
}
dm create real --table "0 $sectors linear $same 0"
dm create base --table "0 $sectors linear $same 0"
mount /dev/mapper/base $A
holds "seal_on_the_origin" seal $A/f
dm suspend base
dm create snap --table "0 $sectors snapshot /dev/mapper/real $cow N 8"
dm reload base --table "0 $sectors snapshot-origin /dev/mapper/real"
dm resume base
holds "mount_snapshot" mount /dev/mapper/snap $B
answers 1 'not sealed' "snapshot_is_not_sealed" "$S" get $B/f
holds "allow_truncate_on_the_snapshot" truncate -s 0 $B/f
fails "deny_truncate_on_the_origin" truncate -s 0 $A/f
holds "get_on_the_origin" "$S" get $A/f
holds "allow_umount_of_the_snapshot" umount $B
fails "deny_umount_of_the_origin" umount $A
holds "unseal_on_the_origin" "$S" unseal $A/f
umount $A
dm remove snap
dm remove base
dm remove real
losetup -d "$cow"

# More filesystems with seals than there is a list of: none loses its name
many() {
	local i
	truncate -s 1M /tmp/small
	mkfs.ext4 -q -F -b 4096 -O ^has_journal /tmp/small
	mkdir -p /tmp/many/0
	mount -o loop /tmp/small /tmp/many/0
	fit /tmp/many/0/f
	umount /tmp/many/0
	rmdir /tmp/many/0
	for i in $(seq 64); do
		mkdir /tmp/many/"$i"
		cp --sparse=always /tmp/small /tmp/small."$i"
		mount -o loop /tmp/small."$i" /tmp/many/"$i"
	done
	mount -t tmpfs innocent $other
	holds "seal_on_many_filesystems" seal /tmp/many/*/f
	answers 0 'enforcing: yes' "status_with_many_filesystems" "$S" status
	for i in 1 64; do
		answers 1 "$busy" "deny_rmdir_elsewhere_of_mountpoint_${i}_of_many" \
			elsewhere /tmp/many/$i "rmdir /tmp/many/$i"
	done
	answers 1 "$busy" "deny_rmdir_elsewhere_of_any_mountpoint_beside_many" \
		elsewhere $other "rmdir $other"
	mkdir /tmp/p/swap
	holds "allow_exchange_elsewhere_beside_many" \
		elsewhere $other "build/tests/swap_names $other /tmp/p/swap once"
	holds "exchange_back_beside_many" \
		elsewhere /tmp/p/swap "build/tests/swap_names $other /tmp/p/swap once"
	holds "unseal_many" "$S" unseal /tmp/many/*/f /mnt/ext4/anchor
	# as many as there are slots, and the canary has none
	holds "watch_many_filesystems" "$S" seal --no-dax --audit /tmp/many/*/f
	answers 0 'enforcing: yes' "status_with_many_watched" "$S" status
	holds "allow_rmdir_elsewhere_beside_many_watched" elsewhere $other "rmdir $other"
	holds "unwatch_many" "$S" unseal /tmp/many/*/f
	umount /tmp/many/*
	mkdir $other
	mount -t tmpfs innocent $other
	"$S" seal --no-dax /mnt/ext4/anchor >/dev/null
	holds "allow_rmdir_elsewhere_after_many" elsewhere $other "rmdir $other"
}
[ "${MANY:-yes}" = no ] || many

# Two umounts of the last two mounts at once: one is refused, or it says lapsed
mount "$same" $A
honest() {
	local i
	for i in $(seq 10); do
		mountpoint -q $B || mount --bind $A $B
		mountpoint -q $A || mount --bind $B $A
		umount $A 2>/dev/null & umount $B 2>/dev/null
		wait $!
		if mountpoint -q $A || mountpoint -q $B; then
			! truncate -s 0 $A/f $B/f 2>/dev/null || return 1
			"$S" get $A/f >/dev/null || "$S" get $B/f >/dev/null || return 1
		else
			"$S" list | grep -q "f .*lapsed (unmounted" || return 1
			echo "lapsed at turn $i"
			return 0
		fi
	done
}
holds "unseal_lapsed" "$S" unseal --all /mnt/ext4
"$S" unseal --all >/dev/null
holds "seal_before_two_umounts" seal $A/f
holds "two_umounts_at_once_are_never_silent" honest
kill $monitor
holds "unseal_all_at_the_end" "$S" unseal --all
holds "nothing_left" nothing_left
tap_done
