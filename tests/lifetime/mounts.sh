#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Filesystems that come, go and come again under a seal: the right file stays
# protected, a file that only looks like it is left alone, and a seal that
# protects nothing any more says so.

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

# Remounted, frozen
mount -o remount,ro $A
holds "get_while_read_only" "$S" get $A/f
fails "deny_truncate_while_read_only" truncate -s 0 $A/f
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
