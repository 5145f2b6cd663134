#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is pinned is removed or edited behind staticdax's back, one thing after
# the other: each is noticed, and either put right, or refused until somebody
# says what to do. Nobody is told that a file is protected which is not.

. tests/cli/guest.sh
. tests/cli/steps.sh

f=/mnt/ext4/f
g=/mnt/xfs/g
fit $f
fit $g
fit /mnt/ext4/other

# hex NUMBER BYTES: little endian, as bpftool takes it
hex() {
	local i n=$1
	for ((i = 0; i < $2; i++)); do
		printf '0x%02x ' $((n >> (8 * i) & 255))
	done
}

# The kernel's number of the device a file is on, and the file's key
dev_of() {
	local d
	d=$(stat -c %d "$1")
	echo $(((d >> 8 & 0xfff) << 20 | (d & 0xff)))
}
key_of() {
	hex "$(stat -c %i "$1")" 8
	hex "$(dev_of "$1")" 4
	hex 0 4
}
ino=$(stat -c %i $f)
read -ra key <<<"$(key_of $f)"
read -ra other <<<"$(key_of /mnt/ext4/other)"
read -ra dev <<<"$(hex "$(dev_of $f)" 4)"
read -ra xfs <<<"$(hex "$(dev_of $g)" 4)"

# value_of MAP KEY...: its bytes
value_of() {
	local said
	said=$(bpftool -j map lookup pinned $PINS/"$1" key "${@:2}")
	said=${said#*\"value\":[}
	said=${said%%]*}
	echo "${said//[\",]/ }"
}

# edit MAP OFFSET=BYTE,... KEY...: bytes of a value
edit() {
	local -a value
	local change
	read -ra value <<<"$(value_of "$1" "${@:3}")"
	for change in ${2//,/ }; do
		value[${change%=*}]=${change#*=}
	done
	bpftool map update pinned $PINS/"$1" key "${@:3}" value "${value[@]}"
}

says_no() {
	answers 3 "enforcing: no .*$2" "$1" "$S" status
}
says_yes() {
	answers 0 'enforcing: yes' "$1" "$S" status
}

# Pins of programs that refuse, every other one at a time: each is shown
"$S" seal --no-dax $f $g >/dev/null
mkdir /run/staticdax/bpf/aside
pins=()
for pin in "$PINS"/sdax_*; do
	[[ $pin = */sdax_token* ]] || pins+=("$pin")
done
for first in 0 1; do
	n=0
	for ((i = first; i < ${#pins[@]}; i += 2)); do
		mv "${pins[i]}" /run/staticdax/bpf/aside
		n=$((n + 1))
	done
	says_no "notices_missing_links_$first" "is not attached"
	holds "status_shows_missing_links_$first" test "$(grep -c ' MISSING$' "$OUT")" -eq $n
	mv /run/staticdax/bpf/aside/* $PINS
done
rmdir /run/staticdax/bpf/aside
says_yes "status_with_all_links_again"

# A link of ours under another's name is not that one
rm $PINS/sdax_unlink
id=$(bpftool -j link list pinned $PINS/sdax_rename | sed 's/.*"id":\([0-9]*\).*/\1/')
bpftool link pin id "$id" $PINS/sdax_unlink
says_no "notices_link_under_wrong_name" "sdax_unlink is not attached"

# Removed, what was sealed is not protected: the next seal attaches anew
rm $PINS/sdax_token_1
says_no "notices_removed_sdax_token_1" "sdax_token_1 is not attached"
rm $PINS/sdax_*
says_no "notices_all_links_removed" "is not attached"
answers 0 'already sealed' "seal_mends_all_links" "$S" seal --no-dax $f
fails "deny_after_all_links_mended" truncate -s 0 $g

# Pins of maps: nobody takes what is left for all there is, and status puts them
# back, since the programs still have the maps
for map in sealed filesystems paths events counters control; do
	mv $PINS/$map /run/staticdax/bpf/aside
	answers 3 'not complete' "list_notices_missing_$map" "$S" list
	mv /run/staticdax/bpf/aside $PINS/$map
done
for map in sealed filesystems paths events counters control filter; do
	rm $PINS/$map
done
says_yes "status_restores_maps"
grep -q 'restored: *7 pins' "$OUT" || tap_not_ok "status_says_restored_maps" "$(cat "$OUT")"
answers 0 "$f" "list_after_restoring_maps" "$S" list
fails "deny_after_restoring_maps" truncate -s 0 $f
holds "user_reads_restored_maps" setpriv --reuid 1000 --regid 1000 --clear-groups "$S" get $f

# What the entries imply is put right, and said once
bpftool map delete pinned $PINS/filesystems key "${xfs[@]}"
says_no "notices_deleted_filesystem" "count of seals .*put right"
says_yes "filesystem_put_right"
fails "deny_umount_after_filesystem_put_right" umount /mnt/xfs
edit filesystems 4=0x00 "${dev[@]}"
says_no "notices_edited_filesystem" "count of seals"
# xfs_seals and seals of struct sdax_control
edit control 16=0x00,32=0x00 0 0 0 0
says_no "notices_edited_counts" "count of seals .*put right"
holds "zero_filter" build/tests/zero_map $PINS/filter
holds "filter_was_emptied" truncate -s 65536 $f
says_no "notices_emptied_filter" "filter .*put right"
fails "deny_after_filter_put_right" truncate -s 65536 $f
build/tests/zero_map $PINS/filter
answers 3 'filter .*put right' "seal_notices_emptied_filter" "$S" seal --no-dax $f
fails "deny_after_seal_put_filter_right" truncate -s 65536 $f
build/tests/zero_map $PINS/filter
answers 3 'filter .*put right' "verify_of_all_notices_emptied_filter" "$S" verify
fails "deny_after_verify_put_filter_right" truncate -s 65536 $f
bpftool map delete pinned $PINS/filesystems key "${xfs[@]}"
answers 3 'put right' "seal_notices_deleted_filesystem" "$S" seal --no-dax $g
bpftool map delete pinned $PINS/filesystems key "${xfs[@]}"
answers 3 'put right' "verify_of_all_notices_deleted_filesystem" "$S" verify
fails "deny_umount_after_verify_put_right" umount /mnt/xfs
answers 0 '.' "seal_and_verify_with_all_put_right" "$S" verify $f $g
# the last byte of hot_devs, which has the bit of a disk
edit control 15=0x00 0 0 0 0
says_no "notices_emptied_devices" "filter .*put right"

# Statistics decide nothing: zeroed, they harm nobody
holds "zero_counters" build/tests/zero_map $PINS/counters
says_yes "status_with_zeroed_counters"
fails "deny_with_zeroed_counters" truncate -s 0 $f

# An entry that is gone is named until the file is sealed again, or given up
bpftool map delete pinned $PINS/sealed key "${key[@]}"
says_no "notices_deleted_entry" "inode $ino .*was deleted"
says_no "notices_deleted_entry_again" "inode $ino .*was deleted"
answers 3 "inode $ino .*was deleted" "verify_of_all_notices_deleted_entry" "$S" verify
answers 1 'not sealed' "get_of_deleted_entry" "$S" get $f
holds "seal_restores_deleted_entry" "$S" seal --no-dax $f
says_yes "status_after_restoring_entry"
bpftool map delete pinned $PINS/sealed key "${key[@]}"
holds "unseal_forgets_deleted_entry" "$S" unseal $f
says_yes "status_after_forgetting_entry"
holds "seal_forgotten" "$S" seal --no-dax $f

# Bytes of an entry; which edits there are is told by tests/unit/test_entry.c
edit sealed 60=0x00 "${key[@]}"
says_no "notices_edited_state" "$f .*switched off"
answers 1 'lapsed|not sealed' "get_of_edited_state" "$S" get $f
edit sealed 60=0x02,48=0x00 "${key[@]}"
says_no "notices_edited_refusals" "$f .*does not refuse"
answers 3 'changed behind' "seal_of_edited_is_no_success" "$S" seal --no-dax $f
edit sealed 48=0xef,51=0x80 "${key[@]}"
says_no "notices_audit_in_refusals" "$f .*audit in one place"
fails "deny_with_audit_in_refusals" truncate -s 0 $f
edit sealed 51=0x00,62=0x01 "${key[@]}"
says_no "notices_audit_in_flags" "$f .*audit in one place"
says_no "notices_audit_in_flags_again" "$f .*audit in one place"
answers 1 'lapsed' "get_of_audit_in_flags" "$S" get $f
answers 3 'changed behind' "seal_of_audit_in_flags_is_no_success" "$S" seal --no-dax $f
fails "deny_with_audit_in_flags" truncate -s 0 $f
edit sealed 60=0x01,62=0x00 "${key[@]}"
says_no "notices_state_to_pending" "is pending"
fails "pending_refuses" truncate -s 0 $f
holds "unseal_of_edited" "$S" unseal --force $f
says_yes "status_after_unseal_of_edited"

# A change that was killed is undone to what the mode says; if that says nothing that
# is known, everything is refused
"$S" seal --no-dax $f >/dev/null
printf '%s:\n  dax: no\n  mode: noshrink\n' $f >/tmp/policy.conf
chmod 644 /tmp/policy.conf
interrupted KILL fremovexattr 1 "$S" apply /tmp/policy.conf
holds "half_changed_is_written" dd if=/dev/zero of=$f bs=4k count=1 conv=notrunc
edit sealed 61=0x09 "${key[@]}"
says_no "notices_unknown_mode" "$f .*unknown mode"
fails "unknown_mode_is_not_written" dd if=/dev/zero of=$f bs=4k count=1 conv=notrunc
fails "unknown_mode_is_not_truncated" truncate -s 0 $f
holds "unseal_of_unknown_mode" "$S" unseal --force $f
says_yes "status_after_unseal_of_unknown_mode"

# An entry moved to another inode: one too many, one too few
"$S" seal --no-dax $f >/dev/null
read -ra value <<<"$(value_of sealed "${key[@]}")"
bpftool map update pinned $PINS/sealed key "${other[@]}" value "${value[@]}"
says_no "notices_added_entry" "put in by somebody else"
bpftool map delete pinned $PINS/sealed key "${key[@]}"
says_no "notices_moved_entry" "as many deleted"
bpftool map update pinned $PINS/sealed key "${key[@]}" value "${value[@]}"
bpftool map delete pinned $PINS/sealed key "${other[@]}"
says_yes "status_after_moving_entry_back"

# Objects of nobody we know, or of another version
for map in sealed filesystems paths events counters control; do
	mv $PINS/$map /run/staticdax/bpf/aside
	bpftool map create $PINS/$map type hash key 8 value 48 entries 16 name $map
	answers 3 'another version' "list_refuses_planted_$map" "$S" list
	[ $map = sealed ] &&
		answers 3 'another version' "seal_refuses_planted_$map" "$S" seal --no-dax $f
	mv /run/staticdax/bpf/aside $PINS/$map
done
read -ra control <<<"$(value_of control 0 0 0 0)"
edit control 0=0x01 0 0 0 0
says_no "notices_older_abi" "another version"
answers 3 'another version' "seal_refuses_older_abi" "$S" seal --no-dax $f
answers 3 'another version' "get_refuses_older_abi" "$S" get $f
mv $PINS/last /run/staticdax/bpf/aside
answers 3 'another version' "get_refuses_older_abi_with_fewer_maps" "$S" get $f
says_no "notices_older_abi_with_fewer_maps" "another version"
fails "nothing_is_put_back_in_another_version" test -e $PINS/last
mv /run/staticdax/bpf/aside $PINS/last
fails "older_abi_still_refuses" truncate -s 0 $g
edit control 0="${control[0]}" 0 0 0 0
mkdir $PINS/extra /run/staticdax/bpf/new
says_yes "stray_directories_harm_nobody"

# All pins at once, or the filesystem they are on: nothing is protected for long,
# which nobody may take for nothing being sealed
mv $PINS /run/staticdax/bpf/aside
says_no "notices_no_pins_at_all" "removed"
answers 3 '.' "list_notices_no_pins_at_all" "$S" list
answers 3 '.' "get_notices_no_pins_at_all" "$S" get $f
answers 3 'acknowledge' "seal_refuses_without_acknowledgement" "$S" seal --no-dax $f
umount -l /run/staticdax/bpf/cage/canary
umount -l /run/staticdax/bpf
says_no "notices_unmounted_pins" "removed"
answers 3 '.' "get_notices_unmounted_pins" "$S" get $f
holds "force_acknowledges" "$S" unseal --all --force
answers 0 'nothing is sealed|enforcing' "status_after_acknowledgement" "$S" status
holds "nothing_left" nothing_left

# Not in lsm= is told by off.sh, a program that does not run by lifecycle.sh
tap_done
