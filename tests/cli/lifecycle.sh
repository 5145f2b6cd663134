#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A seal's life: attached with the first, detached with the last, outliving the
# loader and the inode's memory, never its file.

. tests/cli/guest.sh

# everybody may read the registry all the same
umask 077
f=/mnt/ext4-dax/f
g=/mnt/xfs-dax/g
fit $f
fit $g

user() {
	setpriv --reuid 1000 --regid 1000 --clear-groups "$@"
}

holds "nothing_attached_before_first_seal" nothing_left
answers 0 "^Linux $(uname -r | sed "s|[.+]|[&]|g") can seal files$" "version_knows_this_kernel" "$S" --version
for round in first second; do
	answers 0 'sealed \(65536 bytes' "seal_$round" "$S" seal $f
	n=$(programs)
	holds "programs_attached_$round" test "$n" -ge 15
	fails "deny_truncate_when_sealed_$round" truncate -s 0 $f
	answers 0 'already sealed' "seal_again_changes_nothing_$round" "$S" seal $f
	holds "seal_of_another_filesystem_$round" "$S" seal $g
	holds "second_seal_attaches_nothing_$round" test "$(programs)" -eq "$n"
	answers 0 'enforcing: yes' "status_enforcing_$round" "$S" status
	answers 3 'ioctl: killed, as by a filter of system calls' "status_names_what_a_filter_kills_$round" \
		build/tests/native "$S" status
	holds "unseal_one_$round" "$S" unseal $f
	holds "allow_truncate_when_unsealed_$round" truncate -s 65536 $f
	fit $f
	fails "other_file_still_sealed_$round" truncate -s 0 $g
	holds "unseal_last_$round" "$S" unseal $g
	holds "unseal_again_changes_nothing_$round" "$S" unseal $g
	holds "nothing_attached_after_last_unseal_$round" nothing_left
done

# Memory
"$S" seal $f $g >/dev/null
before=$(map_of $f)
echo 3 >/proc/sys/vm/drop_caches
fails "deny_truncate_after_eviction" truncate -s 0 $f
holds "get_after_eviction" "$S" get $f
holds "map_unchanged_after_eviction" test "$(map_of $f)" = "$before"

# Who may look
chmod 644 $f
holds "get_as_user" user "$S" get $f
answers 1 'not sealed' "get_says_no_as_user" user "$S" get /etc/passwd
chmod 600 $g
answers 3 'Permission denied' "get_tells_nothing_of_unreadable_file" user "$S" get $g
answers 0 "$f .*static" "list_as_user" user "$S" list
holds "list_json_as_user" user "$S" list --json
answers 3 'root|privilege' "seal_as_user" user "$S" seal $f
answers 3 'root|privilege' "unseal_as_user" user "$S" unseal $f
answers 0 '"?size"?: 65536' "bpftool_shows_registry" bpftool map dump pinned $PINS/sealed
answers 0 "$f" "bpftool_shows_path" bpftool map dump pinned $PINS/sealed
fails "user_cannot_write_registry" user bpftool map update pinned $PINS/filesystems \
	key 0 0 0 0 value 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
fails "user_cannot_unpin" user rm $PINS/sealed

# The mark by which an umount that nobody saw is told: anybody may ask for it, and
# only who may seal can make one
says() {
	local answer=$1 name=$2
	shift 2
	answers 0 "^$answer\$" "$name" "$@"
}
marks=build/tests/marks
says "File exists" "filesystem_with_a_seal_is_marked" $marks ask $f
says "File exists" "user_asks_for_mark" user $marks ask $f
says "No data available" "filesystem_without_a_seal_is_not_marked" $marks ask /
says "Operation not permitted" "user_cannot_mark" user $marks mark /
says "Operation not permitted" "mapped_root_cannot_mark" unshare -Ur $marks mark /
says "No data available" "refused_mark_is_none" $marks ask /
says "File exists" "root_marks" $marks mark /
says "Success" "ustat_answers_as_ever" $marks plain $f
holds "statfs_answers_as_ever" stat -f $f

# Removed behind our back: noticed, and mended by the next seal
rm $PINS/sdax_permission
answers 3 'enforcing: no' "status_notices_missing_link" "$S" status
answers 0 'sealed' "seal_repairs" "$S" seal $f
answers 0 'enforcing: yes' "status_after_repair" "$S" status
fails "deny_after_repair" fallocate -p -o 0 -l 4096 $f
fails "seal_of_before_holds_after_repair" fallocate -p -o 0 -l 4096 $g

# Small filesystems of which each goes, or does not, in another way; a second
# namespace has one of them as well
went="number elsewhere nowhere"
stayed="bind copy remount"
u=/tmp/u
mkdir -p $u/second $u/at
truncate -s 1M $u/image
mkfs.ext4 -q -F -b 4096 -O ^has_journal $u/image
declare -A device
for way in $went $stayed; do
	mkdir $u/$way
	cp --sparse=always $u/image $u/image.$way
	device[$way]=$(losetup -f --show $u/image.$way)
	mount "${device[$way]}" $u/$way
	fit $u/$way/f
done
"$S" seal --no-dax $u/*/f >/dev/null
other_number=$(losetup -f --show $u/image.number)
mount --bind $u/bind $u/second
mkfifo $u/hold
mkdir $u/idle
exec 9<>$u/hold
unshare -m --propagation private sh -c "
	for way in $went bind remount; do umount $u/\$way; done
	umount $u/second /mnt/ext4-dax; mount -t tmpfs none $u/idle; echo >$u/ready; read -r _" <&9 &
until [ -s $u/ready ]; do :; done
there=$!

# Unmounted while nobody sees it, and mounted again at once: with another superblock,
# which may get the address of the old one. Or under another number, or only in another
# namespace, or nowhere; but what has another mount stays what it was.
unseen() {
	umount /mnt/ext4-dax $u/number $u/elsewhere $u/nowhere $u/second $u/copy
	mount -o dax=always /dev/pmem0 /mnt/ext4-dax
	mount "$other_number" $u/number
	nsenter --target $there --mount mount "${device[elsewhere]}" $u/elsewhere
	mount -o remount,ro $u/remount
	mount -o remount,rw $u/remount
}

# Switched off while it runs: nobody may say that it is on
if echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled &&
   [ "$(cat /proc/sys/kernel/ftrace_enabled)" = 0 ]; then
	answers 3 'enforcing: no' "status_notices_ftrace_off" "$S" status
	fit /mnt/ext4-dax/late
	fails "seal_refuses_with_ftrace_off" "$S" seal /mnt/ext4-dax/late
	answers 1 'not sealed' "not_sealed_with_ftrace_off" "$S" get /mnt/ext4-dax/late
	unseen
	echo 1 >/proc/sys/kernel/ftrace_enabled
	fails "deny_punch_after_unseen_umount" fallocate -p -o 0 -l 4096 $f
	answers 0 'enforcing: yes' "status_with_ftrace_on_again" "$S" status
else
	tap_ok "ftrace_cannot_be_switched_off"
	fails "deny_after_trying_to_switch_ftrace_off" truncate -s 0 $f
	rm -f $PINS/sdax_*
	no_programs
	unseen
	holds "seal_attaches_after_unseen_umount" "$S" seal $g
fi
for way in $went; do
	answers 0 "$u/$way/f .*lapsed \\(unmounted, 20" "list_says_lapsed_after_umount_unseen_$way" "$S" list
done
for way in $stayed; do
	answers 0 "$u/$way/f .* sealed$" "list_says_sealed_after_umount_unseen_$way" "$S" list
done
answers 0 '4 lapsed' "status_counts_what_was_unmounted_unseen" "$S" status
holds "allow_rmdir_of_what_is_mounted_elsewhere_after_unseen_umount" rmdir $u/idle
holds "allow_truncate_under_another_number" truncate -s 0 $u/number/f
holds "allow_truncate_where_it_is_mounted_elsewhere" \
	nsenter --target $there --mount truncate -s 0 $u/elsewhere/f
fails "deny_truncate_after_unseen_umount_of_a_bind" truncate -s 0 $u/bind/f
fails "deny_truncate_of_the_copy_after_unseen_umount" \
	nsenter --target $there --mount truncate -s 0 $u/copy/f
fails "deny_truncate_after_unseen_remount" truncate -s 0 $u/remount/f
mount "${device[copy]}" $u/copy
for way in $stayed; do
	holds "unseal_after_umount_unseen_$way" "$S" unseal $u/$way/f
done
echo >&9
wait $there
exec 9<&-
mount "${device[nowhere]}" $u/nowhere
mount "${device[elsewhere]}" $u/elsewhere
answers 1 'lapsed' "get_says_lapsed_when_mounted_after_unseen_umount" "$S" get $u/nowhere/f
holds "allow_truncate_when_mounted_after_unseen_umount" truncate -s 0 $u/nowhere/f
for way in $went $stayed; do
	umount $u/$way
	losetup -d "${device[$way]}"
done
losetup -d "$other_number"
answers 0 "$f .*lapsed \\(unmounted, 20" "list_says_lapsed_after_unseen_umount" "$S" list
answers 0 "$g .* sealed" "list_says_the_other_is_sealed" "$S" list
answers 0 'map is the same' "seal_again_after_unseen_umount" "$S" seal $f
fails "deny_punch_when_sealed_again" fallocate -p -o 0 -l 4096 $f

# In use
exec 7<$f
answers 5 "fd 7" "unseal_refuses_while_open" "$S" unseal $f
answers 5 'outside of this PID namespace' "unseal_in_a_pid_namespace_refuses_while_open_outside" \
	unshare --pid --fork sh -c "exec 7<&-; $S unseal $f"
holds "refused_unseal_keeps_seal" "$S" get $f
holds "unseal_force" "$S" unseal --force $f
exec 7<&-
"$S" seal $f >/dev/null
holds "unseal_in_a_pid_namespace" unshare --pid --fork "$S" unseal $f
"$S" seal $f >/dev/null
build/tests/hold_map $f >/tmp/mapped &
until [ -s /tmp/mapped ]; do :; done
answers 5 "pid $(cat /tmp/mapped) 'hold_map': mapping at 0x" "unseal_refuses_while_mapped" \
	"$S" unseal $f
fails "refused_unseal_of_mapped_still_refuses" truncate -s 0 $f
holds "unseal_force_while_mapped" "$S" unseal --force $f
holds "allow_truncate_while_mapped_when_unsealed" truncate -s 65536 $f
kill $!
wait $! 2>/dev/null
# The waiter says so by its watch on the file: until_waiting of process $!
until_waiting() {
	until grep -qs inotify /proc/[0-9]*/fdinfo/* || [ ! -e /proc/$! ]; do :; done
}
exec 7<$f
answers 5 "fd 7" "seal_refuses_while_open" "$S" seal $f
exec 8< <(exec 7<&-; "$S" seal --wait 60 $f 2>&1)
until_waiting
exec 7<&-
answers 0 'sealed' "seal_waits_for_close" cat <&8
exec 8<&-
holds "sealed_after_waiting" "$S" get $f
# What is executed or leased cannot even be opened before.
program=/mnt/ext4-dax/program
cp "$(command -v sleep)" $program
sync $program
$program infinity &
holder=$!
until [ "$(readlink /proc/$holder/exe)" = $program ]; do :; done
answers 5 'executed' "seal_refuses_while_executed" "$S" seal $program
exec 8< <("$S" seal --wait 60 $program 2>&1)
until_waiting
kill $holder
answers 0 'sealed' "seal_waits_for_the_end_of_execution" cat <&8
exec 8<&-
fails "deny_truncate_after_execution" truncate -s 0 $program
"$S" unseal $program >/dev/null
build/tests/lease read $program >/tmp/leased &
holder=$!
until [ -s /tmp/leased ]; do :; done
answers 5 'lease' "seal_refuses_while_leased" "$S" seal $program
exec 8< <("$S" seal --wait 60 $program 2>&1)
until_waiting
kill "$holder"
answers 0 'sealed' "seal_waits_for_the_lease" cat <&8
exec 8<&-
"$S" unseal $program >/dev/null
rm $program

# A lease holds nobody up who asks, or has to have it unsealed, but for its time
was=$(cat /proc/sys/fs/lease-break-time)
echo 1 >/proc/sys/fs/lease-break-time
leased() {
	exec 8< <(build/tests/lease write $f)
	read -r _ <&8
}
leased
holds "get_of_what_is_leased" "$S" get $f
leased
holds "verify_of_what_is_leased" "$S" verify $f
leased
answers 5 'fd [0-9]' "unseal_refuses_while_it_was_leased" "$S" unseal $f
leased
holds "unseal_force_of_what_is_leased" "$S" unseal --force $f
pkill -x lease
exec 8<&-
echo "$was" >/proc/sys/fs/lease-break-time

# Where the path leads by now is looked at, and not opened: it may be a device
mkdir $u/was
cp $f $u/was/f
mount -t tmpfs none $u/was
fit $u/was/f
holds "seal_of_what_will_be_elsewhere" "$S" seal --mode noshrink $u/was/f
mkdir $u/was/away
mount --bind $u/was $u/second
mount -t tmpfs none $u/was
mkfifo $u/was/f
holds "unseal_all_of_what_is_elsewhere" \
	strace -f -o $u/trace -e trace=open,openat "$S" unseal --all $u/second
holds "path_was_looked_at" grep -q "$u/was/f\", O_.*O_PATH" $u/trace
grep "$u/was/f\"" $u/trace | grep -v O_PATH >$u/opens
holds "path_was_not_opened" test ! -s $u/opens
umount $u/was $u/second $u/was
holds "seal_for_the_rest" "$S" seal $f

mkdir /mnt/ext4-dax/below
answers 3 'nothing is mounted there' "deny_unseal_all_of_a_directory" \
	"$S" unseal --all --force /mnt/ext4-dax/below
holds "unseals_nothing_then" "$S" get $f
rmdir /mnt/ext4-dax/below
holds "unseal_all_of_mountpoint" "$S" unseal --all /mnt/ext4-dax
answers 1 'not sealed' "all_of_mountpoint_gone" "$S" get $f
holds "other_mountpoint_kept" "$S" get $g
mount -t tmpfs none /mnt/xfs-dax
answers 5 'nobody is seen' "unseal_in_a_pid_namespace_refuses_what_is_out_of_reach" \
	unshare --pid --fork "$S" unseal --all
umount /mnt/xfs-dax
"$S" seal $f >/dev/null
exec 7<$g
answers 5 "fd 7" "unseal_all_while_one_is_open" "$S" unseal --all
answers 1 'not sealed' "unseal_all_lets_the_others_go" "$S" get $f
fails "deny_truncate_of_the_one_that_is_open" truncate -s 0 $g
exec 7<&-
holds "unseal_all" "$S" unseal --all
holds "nothing_attached_after_unseal_all" nothing_left

# Mounts. Under systemd everything is shared, and other namespaces are slaves.
d=/mnt/ext4-dax
fit $f
sharing() {
	mount --make-rshared /
	unshare -m --propagation slave sh -c 'echo >/tmp/slave; read -r _' <&9 &
	until [ -s /tmp/slave ]; do :; done
}
mkfifo /tmp/hold
exec 9<>/tmp/hold
sharing
holds "seal_under_shared_mounts" "$S" seal $f
answers 0 'enforcing: yes' "status_under_shared_mounts" "$S" status
fails "deny_umount_that_would_propagate" umount $d
fails "deny_lazy_umount" umount -l $d
holds "get_after_umount_tries" "$S" get $f
mkdir -p /tmp/bind
mount --bind $d /tmp/bind
holds "allow_umount_of_a_bind_mount" umount /tmp/bind
mount --bind $d /tmp/bind
holds "allow_umount_while_bound_elsewhere" umount $d
fails "deny_umount_of_the_bind_left" umount /tmp/bind
mount --bind /tmp/bind $d
umount /tmp/bind
fails "deny_truncate_after_moving_mounts" truncate -s 0 $f
echo >&9
wait
mount --make-rprivate /
unshare -m sh -c 'echo >/tmp/private; read -r _' <&9 &
until [ -s /tmp/private ]; do :; done
answers 0 'enforcing: yes' "status_with_a_private_copy" "$S" status
echo >&9
wait
exec 9<&-
fails "deny_umount_private" umount $d
# What is in the way, and nothing else
"$S" list --json >/tmp/list
named=$(grep -oE '"path":"[^"]*"' /tmp/list | cut -d '"' -f 4)
answers 0 "^$f .* sealed$" "list_explains_busy_umount" "$S" list
holds "list_names_all_that_is_sealed_there" test "$named" = "$f"
# shellcheck disable=SC2086 # words
holds "unseal_after_mounts" "$S" unseal $named
holds "allow_umount_when_unsealed" umount $d
mount -o dax=always /dev/pmem0 $d

# The filesystem goes away with a mount namespace, where no hook sees a umount
fit $g
answers 3 'nsenter' "first_seal_refuses_in_other_namespace" unshare -m "$S" seal $g
holds "nothing_left_by_refused_namespace" nothing_left
holds "seal_before_lapse" "$S" seal $f
truncate -s 600M /tmp/image
mkfs.ext4 -q -F -b 4096 /tmp/image
mkdir -p /tmp/m
loop=$(losetup -f --show /tmp/image)
holds "seal_in_mount_namespace" unshare -m sh -c "
	mount $loop /tmp/m && head -c 65536 /dev/zero >/tmp/m/f && sync &&
	$S seal --no-dax /tmp/m/f && ! umount /tmp/m"
answers 0 'lapsed.*unmounted' "lapse_is_shown_by_list" "$S" list
answers 0 '1 lapsed' "lapse_is_shown_by_status" "$S" status
answers 0 '"reason": 4' "lapse_is_an_event" bpftool map dump pinned $PINS/events
mount "$loop" /tmp/m
holds "lapsed_seal_harms_nobody" truncate -s 0 /tmp/m/f
umount /tmp/m

# The device number comes back with another filesystem, which can reflink
mkfs.xfs -q -f -m reflink=1 "$loop"
mount "$loop" /tmp/m
fit /tmp/m/f
holds "seal_on_reused_device_number" "$S" seal --no-dax /tmp/m/f
fails "deny_clone_on_reused_device_number" cp --reflink=always /tmp/m/f /tmp/m/g
holds "lapsed_record_removed" "$S" unseal --all
umount /tmp/m
losetup -d "$loop"
holds "nothing_left_of_lapsed" nothing_left

# Two at once, over and over
mkdir -p /mnt/ext4/many
for i in $(seq 20); do fit /mnt/ext4/many/$i 8192; done
two_loaders() {
	local a b r=0
	for _ in 1 2; do
		"$S" seal --no-dax /mnt/ext4/many/1? & a=$!
		"$S" seal --no-dax /mnt/ext4/many/[2-9] & b=$!
		wait $a || r=1
		wait $b || r=1
		"$S" unseal /mnt/ext4/many/1? & a=$!
		"$S" seal --no-dax /mnt/ext4/many/1 /mnt/ext4/many/20 & b=$!
		wait $a || r=1
		wait $b || r=1
		[ "$("$S" list | grep -c many)" -eq 10 ] || r=1
		"$S" unseal /mnt/ext4/many/[2-9] & a=$!
		"$S" unseal /mnt/ext4/many/1 /mnt/ext4/many/20 & b=$!
		wait $a || r=1
		wait $b || r=1
	done
	return $r
}
holds "two_loaders_at_once" two_loaders
holds "nothing_left_by_two_loaders" nothing_left

. tests/cli/flights.sh
holds "nothing_left_by_calls_under_way" nothing_left

tap_done
