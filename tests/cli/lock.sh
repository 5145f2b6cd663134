#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# staticdax lock: seals are added and kept until reboot, whatever root tries.
# There is no way back, so what has to be tried unlocked comes first.

. tests/cli/guest.sh
. tests/cli/steps.sh

f=/mnt/ext4/f
g=/mnt/xfs/g
h=/mnt/ext4/h
BPF=/run/staticdax/bpf
KNOB=/proc/sys/kernel/ftrace_enabled
k=/mnt/ext4/k
swap=/mnt/ext4/swap
l=/mnt/ext4/l
LATER=build/tests/staticdax-later
long=/mnt/ext4/$(printf '%0200d' 0)
for file in $f $g $h $k $l $swap.{audit,noshrink,same} "$long" /mnt/ext4/anchor /mnt/ext4/more; do
	fit "$file"
done
truncate -s 64K /mnt/ext4/hole
aligned=/mnt/ext4/aligned
"$S" create --no-dax --size 64K --align 64K $aligned >/dev/null

# What comes later: a filesystem of which nothing is sealed yet and whose inodes
# have the same numbers in each subvolume, and one that is mounted for a while
modprobe -a loop btrfs
mkdir /mnt/btrfs /mnt/away
truncate -s 160M /run/btrfs
truncate -s 8M /run/away
mkfs.btrfs -q /run/btrfs >/dev/null 2>&1
mke2fs -q -t ext4 -b 4096 /run/away 2>/dev/null
mount -o loop /run/btrfs /mnt/btrfs
away=$(losetup -f --show /run/away)
mount "$away" /mnt/away
fit /mnt/away/x
away_x=$(stat -c %i /mnt/away/x)
umount /mnt/away
fit /mnt/btrfs/file
for sub in one two; do
	btrfs -q subvolume create /mnt/btrfs/$sub
	fit /mnt/btrfs/$sub/file
done

user() {
	setpriv --reuid 1000 --regid 1000 --clear-groups "$@"
}
# wants LINE: the policy for that file, which apply is given below
wants() {
	printf '%s:\n  dax: no\n  %s\n' $aligned "$1" >/tmp/change.conf
	chmod 644 /tmp/change.conf
}
id_of() {
	bpftool -j map list | jq "[.[] | select(.name == \"$1\").id] | last"
}

# Unlocked, what is refused later is allowed
holds "allow_open_switch_unlocked" sh -c "exec 7>>$KNOB"
"$S" seal --no-dax --registry 14 $f /mnt/ext4/anchor >/dev/null
holds "allow_map_write_unlocked" build/tests/zero_map $PINS/counters
holds "allow_open_map_unlocked" bpftool map show id "$(id_of sealed)"
holds "allow_rename_of_pin_unlocked" sh -c "mv $PINS/events $BPF/x && mv $BPF/x $PINS/events"
"$S" seal --no-dax $aligned >/dev/null
for mode in noshrink static; do
	wants "mode: $mode"
	answers 0 "changed from .* to $mode" "allow_change_to_${mode}_unlocked" "$S" apply /tmp/change.conf
done
answers 0 'enforcing: yes' "status_unlocked" "$S" status
fails "status_does_not_say_locked" test "$(grep -c 'locked: *until' "$OUT")" -gt 0
answers 3 'CAP_|privilege' "lock_as_user" user "$S" lock
answers 3 'PID namespace' "lock_in_a_pid_namespace" unshare --pid --fork "$S" lock

# hold PIN [HOW]: has it when this returns, until $holder is killed
hold() {
	: >/tmp/held
	build/tests/hold_bpf "$@" >/tmp/held &
	holder=$!
	until [ -s /tmp/held ] || ! kill -0 $holder 2>/dev/null; do :; done
}

# Somebody who could still write
held() {
	local name=$1 pattern=$2
	shift 2
	hold "$@"
	answers 5 "$pattern" "$name" "$S" lock
	kill $holder
	wait $holder 2>/dev/null
	holds "${name}_locks_nothing" test ! -e $BPF/guard
}
held "lock_refused_while_map_is_open" "hold_bpf.*has a map open" $PINS/sealed
held "lock_refused_while_map_is_in_flight" "unseen" $PINS/paths away
answers 5 'lock_twice.*has a map open' "lock_refused_while_own_handle_has_maps" build/tests/lock_twice $f
exec 7>>$KNOB
answers 5 'ftrace_enabled' "lock_refused_while_switch_is_open" "$S" lock
exec 7>&-
answers 3 "not init's" "lock_refused_in_other_namespace" unshare -m "$S" lock
holds "lock_refused_in_other_namespace_locks_nothing" test ! -e $BPF/guard
# where the state is pinned and nothing attached: the first is of the directory
(strace -f -qq -o /dev/null -e trace=chmod,fchmodat \
	-e inject=chmod,fchmodat:signal=SIGKILL:when=2 \
	"$S" lock; exit $?) >/dev/null 2>&1
[ $? -eq 137 ] || tap_not_ok "lock_came_to_its_end"
holds "lock_was_killed_half_way" test -e $BPF/guard/state
answers 0 'enforcing: yes' "killed_lock_locks_nothing" "$S" status
fails "killed_lock_is_not_called_locked" test "$(grep -c 'locked: *until' "$OUT")" -gt 0
# shellcheck disable=SC2046 # words
bpftool map update pinned $PINS/control key 0 0 0 0 value \
	$(bpftool -j map lookup pinned $PINS/control key 0 0 0 0 |
	  jq -r '.value | .[32] = "0x09" | join(" ")')
answers 3 'changed behind' "lock_refused_after_tampering" "$S" lock
holds "unseal_after_refused_locks" "$S" unseal $f
holds "seal_after_refused_locks" "$S" seal --no-dax $f
# of these a few, since they differ in nothing
maps=$(bpftool -j map list | jq -r '[.[] | select(.name | test("^(sealed|filesystems|paths|events|counters|tokens|enforce|.data.control)")).id] | join(" ")')
links=$(bpftool -j link list | jq '.[-5:][].id')
progs=$(bpftool -j prog list | jq -r '[.[] | select(.name // "" | test("^sdax_")).id][-5:] | join(" ")')

# A file that went while the programs were off: nobody could say so later. Since
# 7.3 the switch does not turn them off.
gone=/mnt/ext4/gone
fit $gone
"$S" seal --no-dax $gone >/dev/null
if echo 0 2>/dev/null >$KNOB && [ "$(cat $KNOB)" = 0 ] && rm $gone 2>/dev/null; then
	sync -f /mnt/ext4
	was_gone=yes
else
	was_gone=no
fi
echo 1 2>/dev/null >$KNOB
answers 0 "$gone .* sealed" "gone_is_not_known_yet" "$S" list

# A change that died is undone before
wants 'mode: swapfile'
interrupted KILL fremovexattr 1 "$S" apply /tmp/change.conf
[ $? -eq 137 ] || tap_not_ok "change_came_to_its_end"
fails "deny_write_while_half_changed" dd if=/dev/zero of=$aligned bs=4k count=1 conv=notrunc

# A reader is in nobody's way
hold $PINS/events read
# with what staticdax(8) says that it needs, and nothing else
answers 0 'locked until reboot' "lock" \
	setpriv --bounding-set=-all,+sys_admin,+linux_immutable,+dac_read_search \
	"$S" lock
kill $holder
answers 0 'sealed$' "half_changed_is_what_it_was" "$S" get $aligned
holds "allow_write_of_what_was_half_changed" dd if=/dev/zero of=$aligned bs=4k count=1 conv=notrunc
if [ $was_gone = yes ]; then
	answers 0 "$gone .*lapsed \\(deleted" "gone_before_lock_lapses" "$S" list
else
	tap_skip "gone_before_lock_lapses" "ftrace_enabled=0 leaves BPF on here"
	answers 0 'sealed$' "not_gone_is_still_sealed" "$S" get $gone
fi
answers 0 'already locked' "lock_again" "$S" lock
answers 0 'locked: *until reboot' "status_says_locked" "$S" status
answers 0 '"locked": ?true' "status_json_says_locked" "$S" status --json
answers 0 'until reboot' "doctor_says_locked" "$S" doctor

# Seals are not removed
answers 3 'locked until reboot' "deny_unseal" "$S" unseal $f
answers 3 'locked until reboot' "deny_unseal_force" "$S" unseal --force $f
answers 3 'locked until reboot' "deny_unseal_all" "$S" unseal --all --force
fails "deny_truncate_after_unseal_tries" truncate -s 0 $f

# nor through a policy
printf '%s:\n  dax: no\n' $g $h >/tmp/policy.conf
answers 3 'locked until reboot' "apply_adds_and_deny_prune" "$S" apply --prune /tmp/policy.conf
answers 0 'sealed$' "apply_added" "$S" get $g $h
answers 0 'sealed$' "prune_removed_nothing" "$S" get $f

# nor changed through one, to more or to less; that others have it is not looked at
# before. The last digits of the last denial's time are reckoned anew each time.
record() {
	"$S" get --json $aligned | sed 's/"last_denial".*//'
}
before=$(record)
exec 7<$aligned
for change in 'mode: swapfile' 'mode: noshrink' 'audit: yes' 'align: 64K'; do
	wants "$change"
	answers 3 "$aligned': seals are locked until reboot" "deny_change_to_${change// /}" "$S" apply /tmp/change.conf
done
exec 7<&-
holds "deny_change_leaves_the_record" diff <(echo "$before") <(record)
wants 'audit: no'
answers 0 'already sealed' "allow_apply_of_what_it_is" "$S" apply /tmp/change.conf
fails "deny_truncate_after_changes" truncate -s 0 $aligned

# nor are the programs replaced
answers 3 'locked until reboot' "deny_upgrade" "$S" upgrade
answers 3 'locked until reboot' "deny_upgrade_force" "$S" upgrade --force
answers 3 'locked until reboot' "deny_upgrade_to_later_version" $LATER upgrade
answers 0 ': sealed' "later_version_seals_under_the_programs_there_are" $LATER seal --no-dax $l
fails "deny_truncate_of_what_the_later_version_sealed" truncate -s 0 $l

# but added, on filesystems that held none as well
fails "deny_truncate_of_added" truncate -s 0 $g
fails "deny_unlink_of_added" rm -f $h
answers 0 'sealed' "allow_seal_of_long_name" "$S" seal --no-dax "$long"
answers 0 "$long" "list_shows_all_of_a_long_name" "$S" list
answers 0 'sealed$' "user_gets_added" user "$S" get $h
answers 1 'has a hole' "refuse_unfit" "$S" seal --no-dax /mnt/ext4/hole
answers 1 'not sealed' "refused_is_not_left_over" "$S" get /mnt/ext4/hole
holds "refused_stays_free" truncate -s 128K /mnt/ext4/hole
answers 0 'sealed' "allow_seal_on_btrfs" "$S" seal --mode noshrink /mnt/btrfs/one/file
fails "deny_shrink_on_btrfs" truncate -s 0 /mnt/btrfs/one/file
holds "allow_shrink_in_other_subvolume" truncate -s 0 /mnt/btrfs/two/file
# A namespace that ends takes its mounts along, which is written down; its
# filesystem goes some time later
in_namespace() {
	unshare -m sh -c "mount $away /mnt/away && $S seal --no-dax /mnt/away/x &&
		! truncate -s 0 /mnt/away/x 2>/dev/null"
}
lapsed() {
	local turn
	for turn in $(seq 60); do
		"$S" list | grep -q 'lapsed (unmounted' && return 0
	done
	echo "asked $turn times: not lapsed"
	return 1
}
answers 0 ': sealed' "allow_seal_of_what_will_lapse" in_namespace
holds "list_says_lapsed" lapsed
answers 0 ': sealed' "seal_again_what_has_lapsed" in_namespace
answers 0 'already sealed' "seal_again_changes_nothing" "$S" seal --no-dax $f
answers 1 'another way' "deny_other_mode" "$S" seal --no-dax --mode swapfile $f
holds "door_is_no_way_out" build/tests/door_knock $f

# Entries that pass for the canary's, and end before they are taken out
mkdir /mnt/innocent
mount -t tmpfs innocent /mnt/innocent
holds "door_does_not_bring_counts_down" build/tests/door_drain /mnt/innocent
answers 0 'enforcing: yes' "status_after_draining" "$S" status

# What is being judged is taken out, and something else put in its place
# swapped HOW FILE: the answer of a seal that this happens to
swapped() {
	local tracer pid status
	strace -qq -o /tmp/calls -e trace=fsync -e inject=fsync:signal=SIGSTOP:when=1 \
		"$S" seal --no-dax "$2" &
	tracer=$!
	until grep -q 'stopped by' /tmp/calls 2>/dev/null || ! kill -0 $tracer; do :; done
	build/tests/door_swap "$1" "$2" || echo "not swapped"
	for pid in $(cat /proc/$tracer/task/$tracer/children); do
		kill -CONT "$pid"
	done
	wait $tracer
	status=$?
	rm -f /tmp/calls
	return $status
}
for how in audit noshrink same; do
	answers 3 'dropped: 0, put: 0' "seal_of_what_was_swapped_for_${how}_is_no_success" swapped $how $swap.$how
	answers 1 'not sealed' "swapped_for_${how}_is_not_sealed" "$S" get $swap.$how
done
answers 0 ': sealed' "seal_what_was_swapped" "$S" seal --no-dax $swap.same
holds "door_lets_in_what_nobody_judged" build/tests/door_swap unjudged $swap.audit
answers 1 'does not lie where' "seal_of_what_nobody_judged_is_no_success" "$S" seal --no-dax $swap.audit
fails "deny_truncate_of_what_nobody_judged" truncate -s 0 $swap.audit
# at the canary, with the entry pending, and before the verdict
for step in bpf:20 fremovexattr:1 fsync:1; do
	(strace -f -qq -o /dev/null -e trace=${step%:*} \
		-e inject=${step%:*}:signal=SIGKILL:when=${step#*:} \
		"$S" seal --no-dax $k; exit $?) >/dev/null 2>&1
	[ $? -eq 137 ] || tap_not_ok "came to its end before $step"
done
answers 0 ', 0 pending' "status_after_kills" "$S" status
answers 0 ': sealed' "seal_after_kills" "$S" seal --no-dax $k
answers 3 'no room' "refuse_beyond_the_registry" "$S" seal --no-dax /mnt/ext4/more
answers 0 "" "verify_of_all_but_the_lapsed" "$S" verify $f $g $h $k /mnt/btrfs/one/file

# Pins
mkdir -p $BPF/mine /tmp/b /tmp/ns
before=$(find $BPF)
rm -rf ${PINS:?}/* $BPF/guard/* 2>/dev/null
mv -t $BPF/mine $PINS/* $BPF/guard/* 2>/dev/null
holds "deny_removing_each_pin" test "$(find $BPF)" = "$before"
fails "deny_rename_of_all_pins" mv $PINS $BPF/other
fails "deny_exchange_of_all_pins" build/tests/swap_names $PINS $BPF/mine
fails "deny_lazy_umount" umount -l $BPF
fails "deny_umount_of_canary" umount -l $BPF/cage/canary
fails "deny_lazy_umount_above" umount -l /run
fails "deny_mount_over" mount -t tmpfs none $BPF
fails "deny_remount" mount -o remount,ro $BPF
fails "deny_move" mount --move $BPF /tmp/b
fails "deny_move_above" mount --move /run /tmp/b
holds "allow_bind_elsewhere" mount --bind $BPF /tmp/b
fails "deny_unlink_by_bind_mount" rm -f /tmp/b/current/sealed
holds "allow_umount_of_bind_mount" umount /tmp/b
# In a namespace where nothing is mounted on it the directory is not busy, and would
# take the mount along in all
holds "allow_rmdir_elsewhere" unshare -m sh -c "mkdir -p /run/elsewhere /tmp/e &&
	mount -t tmpfs none /tmp/e && rmdir /run/elsewhere"
fails "deny_rmdir_below_the_mount" unshare -m sh -c "umount -l $BPF && rmdir $BPF"
answers 1 'not permitted' "deny_rmdir_of_the_canarys_directory" unshare -m sh -c "
	umount -l $BPF/cage/canary && rmdir $BPF/cage/canary"
answers 0 'enforcing: yes' "status_after_rmdir_of_the_canarys_directory" "$S" status
# Of what is sealed since the lock nobody knows the mounts
busy='Device or resource busy'
answers 1 "$busy" "deny_rmdir_elsewhere_of_what_is_sealed_since" \
	unshare -m sh -c "umount -l /mnt/xfs && rmdir /mnt/xfs"
answers 1 "$busy" "deny_rmdir_elsewhere_of_any_mountpoint" \
	unshare -m sh -c "umount -l /mnt/innocent && rmdir /mnt/innocent"
umount /mnt/innocent
holds "allow_rmdir_when_nothing_is_mounted_there" rmdir /mnt/innocent
fails "deny_rename_over_the_directory_below" unshare -m sh -c "umount -l $BPF &&
	mkdir -p /run/empty && mv -T /run/empty $BPF"
holds "pins_are_still_mounted" test -e $PINS/sealed
# The mount below becomes a slave of its copy, whose umounts then spread to it
holds "share_the_mount_above" mount --make-shared /run
fails "deny_umount_that_spreads_to_a_slave" unshare -m --propagation unchanged sh -c "
	nsenter --target 1 --mount mount --make-slave /run && umount -l $BPF"
holds "pins_are_mounted_where_it_would_spread" test -e $PINS/sealed
holds "make_the_mount_above_private" mount --make-private /run
holds "allow_namespace_to_let_go" unshare -m sh -c "umount -l $BPF && umount -l /run"
holds "allow_move_in_other_namespace" unshare -m sh -c "mount -t tmpfs none /tmp/ns &&
	mount --move /tmp/ns /tmp/b && umount /tmp/b"

# Maps, programs and links, by name and by number
for map in sealed filesystems paths events counters control filter; do
	fails "deny_writing_$map" build/tests/zero_map $PINS/$map
done
bad=
for id in $maps; do
	bpftool map show id "$id" >/dev/null 2>&1 && bad="$bad $id"
done
holds "deny_opening_maps_by_number" test -n "$maps" -a -z "$bad"
bad=
for id in $progs; do
	bpftool prog show id "$id" >/dev/null 2>&1 && bad="$bad $id"
done
holds "deny_opening_programs_by_number" test -n "$progs" -a -z "$bad"
bad=
for id in $links; do
	bpftool link detach id "$id" 2>/dev/null && bad="$bad $id"
done
holds "deny_detaching_links" test -n "$links" -a -z "$bad"
fails "deny_writing_guard" build/tests/zero_map $BPF/guard/state

# The switch, wherever its file is seen
fails "deny_switch" sh -c "echo 0 >$KNOB"
fails "deny_sysctl" sysctl -w kernel.ftrace_enabled=0
touch /tmp/knob
mount --bind $KNOB /tmp/knob
fails "deny_bound_switch" sh -c "echo 0 >/tmp/knob"
mkdir -p /tmp/proc
mount -t proc proc /tmp/proc
fails "deny_switch_of_other_proc" sh -c "echo 0 >/tmp/proc/sys/kernel/ftrace_enabled"
holds "switch_is_as_before" grep -qx 1 $KNOB
holds "allow_reading_switch" cat $KNOB
holds "allow_other_switches" sh -c "echo 0 >/proc/sys/kernel/panic"

# Others' BPF goes on
mkdir -p /tmp/bpf
mount -t bpf none /tmp/bpf
holds "allow_other_maps" bpftool map create /tmp/bpf/m type hash key 16 value 64 entries 4 name other
holds "allow_writing_other_maps" build/tests/zero_map /tmp/bpf/m
holds "allow_unpinning_other_maps" rm /tmp/bpf/m
holds "allow_umount_of_other_pins" umount /tmp/bpf

# All that changed nothing
answers 0 'enforcing: yes' "status_after_all" "$S" status
grep -q 'locked: *until reboot' "$OUT" || tap_not_ok "still_locked" "$(cat "$OUT")"
for file in $f $g $h $k; do
	fails "deny_after_all_${file##*/}" truncate -s 0 $file
done

# A seal that says it is in force, on a filesystem that is not there: the record of one
# that has lapsed, put in anew as nobody but the door's caller could
# shellcheck disable=SC2046 # words
holds "door_lets_in_a_seal_on_no_filesystem" \
	build/tests/door_knock $(stat -c '%t %T' "$away") "$away_x"
answers 3 'enforcing: no' "status_says_no_with_locked_seal_on_no_filesystem" "$S" status
holds "status_names_locked_seal_on_no_filesystem" test "$(grep -c 'is gone.*/not/there' "$OUT")" -gt 0
answers 3 'is gone' "verify_names_locked_seal_on_no_filesystem" "$S" verify $f

# What it costs: such a file system is not unmounted before the reboot, but
# read-only it is as clean
fails "deny_umount_of_sealed" umount /mnt/ext4
holds "allow_read_only_ext4" mount -o remount,ro /mnt/ext4
holds "allow_read_only_xfs" mount -o remount,ro /mnt/xfs
holds "ext4_is_clean" sh -c "e2fsck -fn /dev/vda"
# what had a log to replay could not be mounted from a device that is read-only
mkdir /mnt/clean
clean=$(losetup -r -f --show /dev/vdb)
holds "xfs_is_clean" mount -o ro,nouuid "$clean" /mnt/clean
tap_done
