#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The inode of a sealed file leaves memory, by drop_caches and because memory is
# asked back: the kernel's own events show that it did, and the seal holds. Then
# the programs are off, the file is deleted and another one gets its inode: that
# one is refused nothing, and the seal says that it lapsed.

. tests/cli/guest.sh
. tests/cli/steps.sh

T=/sys/kernel/tracing
G=/sys/fs/cgroup/short
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir $G

# An inode counts as memory of whoever made the kernel load it.
within() {
	(echo "$BASHPID" >$G/cgroup.procs && exec "$@")
}

# evicted INO: since the trace was emptied
evicted() {
	grep -qE "ino ($1|0x$(printf %x "$1"))( |$)" $T/trace
}

# until_evicted INO COMMAND...: a name that was used lately survives the first
until_evicted() {
	local ino=$1 turn
	shift
	: >$T/trace
	for turn in $(seq 20); do
		"$@" >/dev/null
		evicted "$ino" && return 0
	done
	echo "not evicted in $turn turns"
	tail -3 $T/trace
	return 1
}

drop() {
	sysctl -qw vm.drop_caches=3
}

# Asks for more than there is to give.
pressure() {
	echo 64M >$G/memory.reclaim
} 2>/dev/null

# evict FILE EVENT-SYSTEM EVENT
evict() {
	local f=$1 fs=$2 event=$3 ino
	ino=$(stat -c %i "$f")
	echo "ino == $ino" >$T/events/$fs/$event/filter
	echo 1 >$T/events/$fs/$event/enable
	holds "evicted_by_drop_caches_$fs" until_evicted "$ino" drop
	fails "deny_truncate_after_drop_caches_$fs" truncate -s 0 "$f"
	until_evicted "$ino" drop
	within stat -c %s "${f%/*}"/* >/dev/null
	holds "evicted_by_pressure_$fs" until_evicted "$ino" pressure
	fails "deny_punch_after_pressure_$fs" fallocate -p -o 0 -l 4096 "$f"
	fails "deny_unlink_after_pressure_$fs" rm -f "$f"
	drop
	holds "get_after_eviction_$fs" "$S" get "$f"
	echo 0 >$T/events/$fs/$event/enable
}

# reuse PREFIX INO: new files, until one has the inode; its name
reuse() {
	local n
	for n in $(seq 200); do
		fit "$1$n"
		if [ "$(stat -c %i "$1$n")" = "$2" ]; then
			echo "$1$n"
			return
		fi
	done
}

declare -A new
for d in /mnt/ext4 /mnt/xfs; do
	for n in f stays g gone held linked; do
		fit $d/$n
	done
	ln $d/linked $d/link
	sync -f $d
	holds "seal_$d" "$S" seal --no-dax $d/f $d/stays $d/g $d/gone $d/held $d/linked
done
# Numbers of btrfs are never used again, so nothing is replaced there.
modprobe btrfs
mkdir /mnt/btrfs
truncate -s 112M /run/btrfs
mkfs.btrfs -q /run/btrfs >/dev/null 2>&1
mount -o loop /run/btrfs /mnt/btrfs
b=/mnt/btrfs/one
btrfs -q subvolume create $b
btrfs -q subvolume create /mnt/btrfs/two
for n in gone held linked stays; do
	fit $b/$n
	fit /mnt/btrfs/two/$n
done
ln $b/linked $b/link
holds "seal_on_btrfs" "$S" seal --mode noshrink $b/gone $b/held $b/linked $b/stays
evict /mnt/ext4/f ext4 ext4_evict_inode
evict /mnt/xfs/f xfs xfs_destroy_inode

rm -f $PINS/sdax_*
no_programs
"$S" monitor --json --interval 600 >/tmp/monitor 2>&1 &
monitor=$!
until grep -q enforcing /tmp/monitor || ! kill -0 $monitor; do :; done
for d in /mnt/ext4 /mnt/xfs; do
	for n in f g; do
		ino=$(stat -c %i $d/$n)
		rm $d/$n
		sync -f $d
		new[$d$n]=$(reuse $d/new-$n "$ino")
		holds "inode_is_reused_${d}_$n" test -n "${new[$d$n]}"
	done
done
fit /mnt/ext4/again
exec 5</mnt/ext4/held 6</mnt/xfs/held
for d in /mnt/ext4 /mnt/xfs; do
	rm $d/gone $d/held $d/linked
	sync -f $d
done
exec 7<$b/held
rm $b/gone $b/held $b/linked
sync -f $b
mount -t tmpfs cover /mnt/xfs
answers 3 '14 enforced, .* 2 lapsed' "status_finds_what_is_gone_when_off" "$S" status
cp "$OUT" /tmp/status
answers 0 '^  /mnt/ext4/gone: lapsed \(deleted, 20[0-9-]* [0-9:]*\)' "status_names_deleted" \
	cat /tmp/status
answers 0 '/mnt/ext4/gone .*lapsed \(deleted, 20' "list_says_deleted" "$S" list
answers 0 '/mnt/xfs/gone .* sealed' "list_says_nothing_of_what_is_not_to_be_seen" "$S" list
umount /mnt/xfs
holds "programs_are_back" "$S" seal --no-dax /mnt/ext4/again
for d in /mnt/ext4 /mnt/xfs; do
	answers 0 "$d/gone .*lapsed \\(deleted, 20" "list_says_deleted_$d" "$S" list
	until grep -q "lapsed.*$d/gone" /tmp/monitor || ! kill -0 $monitor; do :; done
	answers 0 'deleted' "monitor_says_deleted_$d" grep "lapsed.*$d/gone" /tmp/monitor
	answers 0 "$d/held .* sealed" "deleted_but_open_is_still_sealed_$d" "$S" list
	answers 0 'sealed' "what_has_another_link_is_still_sealed_$d" "$S" get $d/link
	fails "deny_truncate_of_the_other_link_$d" truncate -s 0 $d/link
done
answers 0 "$b/gone .*lapsed \\(deleted, 20" "list_says_deleted_on_btrfs" "$S" list
answers 0 "$b/held .* sealed" "deleted_but_open_is_still_sealed_on_btrfs" "$S" list
answers 0 'sealed' "what_has_another_link_is_still_sealed_on_btrfs" "$S" get $b/link
fails "deny_truncate_of_the_other_link_on_btrfs" truncate -s 0 $b/link
holds "other_subvolume_is_refused_nothing" truncate -s 0 /mnt/btrfs/two/gone
exec 5<&- 6<&- 7<&-
until grep -q "lapsed.*$b/held" /tmp/monitor || ! kill -0 $monitor; do :; done
answers 0 "$b/held .*lapsed \\(deleted, 20" "list_says_deleted_when_closed_on_btrfs" "$S" list
for d in /mnt/ext4 /mnt/xfs; do
	until grep -q "lapsed.*$d/held" /tmp/monitor || ! kill -0 $monitor; do :; done
	answers 0 "$d/held .*lapsed \\(deleted, 20" "list_says_deleted_when_closed_$d" "$S" list
done
for d in /mnt/ext4 /mnt/xfs; do
	f=${new[${d}f]} g=${new[${d}g]}
	answers 1 'lapsed \(replaced' "get_says_replaced_$d" "$S" get "$f"
	answers 1 'generation' "verify_says_generation_$d" "$S" verify "$f"
	holds "allow_truncate_of_the_new_file_$d" truncate -s 4096 "$f"
	holds "allow_append_to_the_new_file_$d" sh -c "echo x >>$f"
	holds "allow_unlink_of_the_new_file_$d" rm "$f"
	answers 0 "$d/f .*lapsed \\(replaced, 20" "list_says_replaced_$d" "$S" list
	until grep -q "lapsed.*$d/f" /tmp/monitor || ! kill -0 $monitor; do :; done
	answers 0 'replaced' "monitor_says_replaced_$d" grep "lapsed.*$d/f" /tmp/monitor
	holds "allow_seal_of_a_new_file_$d" "$S" seal --no-dax "$g"
	fails "deny_truncate_of_the_new_seal_$d" truncate -s 0 "$g"
	fails "deny_truncate_of_the_other_seal_$d" truncate -s 0 $d/stays
done
answers 0 '9 enforced.* 8 lapsed' "counts_are_right" "$S" status
cp "$OUT" /tmp/status
for d in /mnt/ext4 /mnt/xfs; do
	answers 0 "^  $d/f: lapsed \\(replaced, 20[0-9-]* [0-9:]*\\)" "status_names_replaced_$d" \
		cat /tmp/status
done
kill $monitor
wait $monitor
rm -f $PINS/sdax_*
no_programs
rm /mnt/ext4/again
"$S" verify >"$OUT" 2>&1
answers 0 '/mnt/ext4/again .*lapsed \(deleted, 20' "verify_finds_what_is_gone" "$S" list
holds "unseal_all" "$S" unseal --all

# What was the last is let go of by whoever finds it gone
knob=/proc/sys/kernel/ftrace_enabled
fit /mnt/ext4/last
"$S" seal --no-dax /mnt/ext4/last >/dev/null
if echo 0 2>/dev/null >$knob && [ "$(cat $knob)" = 0 ] && rm /mnt/ext4/last 2>/dev/null; then
	sync -f /mnt/ext4
	echo 1 >$knob
	"$S" verify >/dev/null 2>&1
	holds "verify_lets_go_of_the_programs" no_programs
	answers 0 '/mnt/ext4/last .*lapsed \(deleted, 20' "verify_keeps_the_record" "$S" list
else
	echo 1 2>/dev/null >$knob
	tap_skip "verify_lets_go_of_the_programs" "ftrace_enabled=0 leaves BPF on here"
	holds "verify_lets_nothing_go_that_is_in_force" "$S" verify /mnt/ext4/last
	fails "deny_truncate_after_verify" truncate -s 0 /mnt/ext4/last
fi
"$S" unseal --all >/dev/null

# A lapsed record whose inode another file has goes on saying whose it is when that one
# is refused, or its seal killed, by a short name and by a long one
fit /mnt/ext4/beside
"$S" seal --no-dax /mnt/ext4/beside >/dev/null
for name in was $(printf 'was-%.0s' $(seq 40)); do
	f=/mnt/ext4/$name
	fit "$f"
	"$S" seal --no-dax --audit "$f" >/dev/null
	ino=$(stat -c %i "$f")
	rm "$f"
	sync -f /mnt/ext4
	for n in $(seq 64); do
		g=/mnt/ext4/another-file-$n
		fit "$g"
		[ "$(stat -c %i "$g")" != "$ino" ] || break
	done
	holds "number_comes_again_${#name}" test "$(stat -c %i "$g")" = "$ino"
	exec 7<"$g"
	answers 5 'open or mapped' "deny_seal_of_what_has_the_number_${#name}" "$S" seal --no-dax "$g"
	exec 7<&-
	answers 0 "^$f .*lapsed \(deleted" "list_says_whose_number_it_was_${#name}" "$S" list
	interrupted KILL fsync 1 "$S" seal --no-dax "$g"
	"$S" status >/dev/null
	answers 0 "^${f:0:56}.*lapsed \(deleted" "killed_says_whose_number_it_was_${#name}" \
		"$S" list
	holds "seal_of_what_has_the_number_${#name}" "$S" seal --no-dax "$g"
	answers 0 "^$g .* sealed" "list_says_whose_number_it_is_${#name}" "$S" list
	fails "deny_truncate_of_what_has_the_number_${#name}" truncate -s 0 "$g"
	"$S" unseal "$g" >/dev/null
	rm -f /mnt/ext4/another-file-*
done
"$S" unseal --all >/dev/null

# A tmpfs cannot be asked for an inode: what was deleted there is missed by its name
mkdir -p /tmp/one /tmp/two
mount -t tmpfs one /tmp/one
mount -t tmpfs two /tmp/two
fit /mnt/ext4/beside
dd if=/dev/zero of=/tmp/one/f bs=64k count=1 status=none
dd if=/dev/zero of=/tmp/two/f bs=64k count=1 status=none
"$S" seal --no-dax /mnt/ext4/beside >/dev/null
holds "seal_on_tmpfs" "$S" seal --mode noshrink /tmp/one/f
holds "same_number_on_another_tmpfs" test "$(stat -c %i /tmp/one/f)" = "$(stat -c %i /tmp/two/f)"
answers 1 'not sealed' "verify_of_the_same_number_elsewhere" "$S" verify /tmp/two/f
mount --bind /tmp/two /tmp/one
answers 1 'not sealed' "verify_of_the_same_number_by_the_same_name" "$S" verify /tmp/one/f
answers 1 '/tmp/one/f.*leads to another file' "verify_of_all_looks_whose_number_it_is" "$S" verify
holds "allow_truncate_of_the_same_number_by_the_same_name" truncate -s 0 /tmp/one/f
umount /tmp/one
answers 0 'as it was' "verify_by_its_own_name_again" "$S" verify /tmp/one/f
fails "deny_truncate_on_tmpfs" truncate -s 0 /tmp/one/f
rm -f $PINS/sdax_*
no_programs
rm /tmp/one/f
answers 3 '/tmp/one/f.*No such file' "verify_misses_what_is_gone_on_tmpfs" "$S" verify
holds "unseal_of_what_is_gone_on_tmpfs" "$S" unseal --all
umount /tmp/one /tmp/two
holds "nothing_left_in_the_end" nothing_left
tap_done
