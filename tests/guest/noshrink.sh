#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Mode noshrink on every filesystem it is for: a program that has a file mapped
# never gets a SIGBUS, whoever truncates it; what the tool says about such a
# seal; which file is meant where inode numbers are not unique; which filesystems
# are refused.
#
# Usage: noshrink.sh ROUNDS

. tests/cli/guest.sh

rounds=$1
dirs="/mnt/ext4 /mnt/xfs /mnt/tmpfs /mnt/btrfs"
user="setpriv --reuid 1000 --regid 1000 --clear-groups"

for d in images tmpfs other-tmpfs ramfs overlay btrfs; do
	mkdir -p "/mnt/$d"
done
mount -t tmpfs none /mnt/images
mount -t tmpfs none /mnt/tmpfs
mount -t tmpfs none /mnt/other-tmpfs
mount -t ramfs none /mnt/ramfs
modprobe -a btrfs overlay
truncate -s 160M /mnt/images/btrfs
mkfs.btrfs -q /mnt/images/btrfs >/dev/null 2>&1
mount -o loop /mnt/images/btrfs /mnt/btrfs
# So that the programs stay attached all the while, which saves time.
: >/mnt/images/bystander
holds "bystander" "$S" seal --mode noshrink /mnt/images/bystander
holds "btrfs_is_there" mountpoint -q /mnt/btrfs

# must COMMAND...: what a test needs and is no test
must() {
	"$@" || tap_not_ok "needed: $*"
}

noshrink() {
	"$S" seal --mode noshrink "$@"
}

inode() {
	stat -c %i "$1"
}

# What has it mapped, those who take it away, and one who appends.

race() {
	build/tests/noshrink "$1" "$2" "$rounds" | sed "s/^\(.*ok [0-9]* - \)/\1$2_/"
}

for d in $dirs; do
	tap_relay 1 race "$d" "${d##*/}"
done

# The tool, on all at once

# each STATUS PATTERN NAME COMMAND...: on the file of each, a line for each
each() {
	local status=$1 pattern=$2 name=$3
	shift 3
	# shellcheck disable=SC2086
	answers "$status" '' "$name" "$@" ${dirs// //file }/file
	if [ "$(grep -cE -- "$pattern" "$OUT")" -eq 4 ]; then
		tap_ok "${name}_of_each"
	else
		tap_not_ok "${name}_of_each" "not four times: $pattern" "$(cat "$OUT")"
	fi
}

for d in $dirs; do
	truncate -s 1M "$d/file"	# one hole
done
each 0 'fit \(1048576 bytes now' "fit" "$S" check --mode noshrink
each 1 'not fit: .*(has a hole|cannot keep blocks)' "not_fit_for_static" "$S" check --no-dax
each 0 ': sealed \(1048576 bytes now; may grow, not shrink\)' "seal" noshrink
each 0 'already sealed' "seal_again" noshrink
each 0 'sealed, against shrinking only' "get" "$S" get
each 0 'sealed, against shrinking only' "get_as_user" $user "$S" get
each 1 '/(btrfs|tmpfs)/file.*cannot keep|sealed already, in another way: noshrink' \
	"static_is_another_mode" "$S" seal --no-dax

for d in $dirs; do
	fs=${d##*/}
	f=$d/file
	fails "${fs}_does_not_shrink" truncate -s 4096 "$f"
	fails "${fs}_is_not_punched" fallocate -p -o 0 -l 4096 "$f"
	fails "${fs}_is_not_emptied" sh -c "true >'$f'"
	fails "${fs}_loop_device_may_not_have_it" losetup --show -f "$f"
	holds "${fs}_is_truncated_to_more" truncate -s 2M "$f"
	holds "${fs}_is_allocated" fallocate -l 3M "$f"
	holds "${fs}_is_appended_to" sh -c "echo more >>'$f'"
	holds "${fs}_is_written" dd if=/dev/urandom of="$f" bs=4k count=4 conv=notrunc
	holds "${fs}_is_copied" cp "$f" "$f.copy"
	fails "${fs}_does_not_shrink_to_what_it_was" truncate -s 3M "$f"
	fails "${fs}_copy_over_it_is_refused" cp "$f.copy" "$f"
	: >"$d/empty"
done
holds "empty_files" noshrink ${dirs// //empty }/empty
for d in $dirs; do
	echo begun >"$d/empty"
	fails "${d##*/}_keeps_what_it_has_grown" truncate -s 0 "$d/empty"
done
mv /mnt/btrfs/file /mnt/btrfs/file.renamed
answers 0 'sealed' "is_the_same_by_another_name" "$S" get /mnt/btrfs/file.renamed
fails "renamed_does_not_shrink" truncate -s 0 /mnt/btrfs/file.renamed
must mv /mnt/btrfs/file.renamed /mnt/btrfs/file

answers 0 'noshrink +[0-9]+ +-  ' "list" "$S" list
answers 0 '"mode":"noshrink"' "list_json" "$S" list --json
answers 0 ', the last .*: shrink to 0 by' "last_denial" "$S" get --denials /mnt/tmpfs/empty
# 1: those that the races left behind have been deleted
answers 1 'tmpfs/empty: as it was sealed' "verify" "$S" verify
answers 0 '^noshrink:  9 of these' "status" "$S" status
answers 0 '"noshrink":9' "status_json" "$S" status --json
answers 0 '^staticdax_sealed_by_mode\{mode="noshrink"\} 9' "metrics" "$S" metrics
answers 2 'knows no alignment' "alignment_is_no_matter" \
	"$S" seal --mode noshrink --align 4K /mnt/tmpfs/file
: >/mnt/ramfs/file
answers 1 'filesystem where nothing is known' "ramfs_is_refused" noshrink /mnt/ramfs/file

# Policy, also where dev and inode number are not the file's alone.

for f in /mnt/images/bystander ${dirs// //file }/file; do
	printf '%s:\n  mode: noshrink\n' "$f"
done >/mnt/images/a.conf
answers 0 '' "policy_has_nothing_to_do" "$S" apply /mnt/images/a.conf
must mv /mnt/btrfs/file /mnt/btrfs/file.renamed
sed -i 's|btrfs/file|&.renamed|' /mnt/images/a.conf
answers 0 '' "policy_prunes" "$S" apply --prune /mnt/images/a.conf
for d in $dirs; do
	holds "policy_${d##*/}_pruned" truncate -s 0 "$d/empty"
done
answers 0 'sealed' "policy_knows_it_by_another_name" "$S" get /mnt/btrfs/file.renamed
must "$S" unseal /mnt/btrfs/file.renamed >/dev/null
answers 0 ': sealed' "policy_seals" "$S" apply /mnt/images/a.conf
fails "policy_has_sealed" truncate -s 0 /mnt/btrfs/file.renamed

# Which file is meant: inode numbers come again on every tmpfs ...

: >/mnt/other-tmpfs/zero
count=$(($(inode /mnt/tmpfs/file) - $(inode /mnt/other-tmpfs/zero)))
# shellcheck disable=SC2046 # numbers
touch $(seq -f /mnt/other-tmpfs/%g $count)
other=/mnt/other-tmpfs/$count
echo other >"$other"
holds "two_tmpfs_with_one_number" test "$(inode "$other")" = "$(inode /mnt/tmpfs/file)"
holds "file_of_another_tmpfs_shrinks" truncate -s 0 "$other"
answers 1 'not sealed' "file_of_another_tmpfs_is_not_sealed" "$S" get "$other"

# ... and on one with 32-bit numbers while the first file lives, once they are used
# up. That file is here the sealed one itself, with a record of another generation.

for d in /mnt/tmpfs /mnt/btrfs; do
	fs=${d##*/}
	f=$d/numbered
	echo content >"$f"
	holds "${fs}_numbered_seals" noshrink "$f"
	must build/tests/another_generation "$f"
	answers 1 ': not sealed' "${fs}_with_its_number_is_not_sealed" "$S" get "$f"
	answers 1 ': not sealed' "${fs}_with_its_number_is_not_sealed_for_users" $user "$S" get "$f"
	answers 1 'inode number of another file' "${fs}_with_its_number_cannot_be_sealed" \
		noshrink "$f"
	answers 0 'was not sealed' "${fs}_with_its_number_is_not_unsealed" "$S" unseal "$f"
	holds "${fs}_with_its_number_shrinks" truncate -s 4 "$f"
	must build/tests/another_generation "$f"
	answers 0 ': sealed' "${fs}_whose_number_it_is_stays_sealed" "$S" get "$f"
	fails "${fs}_whose_number_it_is_does_not_shrink" truncate -s 0 "$f"
	holds "${fs}_whose_number_it_is_unseals" "$S" unseal "$f"
done

# ... and on one that is mounted anew. What has lapsed is a record, which goes.

mkdir /mnt/anew
must mount -t tmpfs none /mnt/anew
echo content >/mnt/anew/file
holds "file_of_a_tmpfs_seals" noshrink /mnt/anew/file
number=$(stat -c %d:%i /mnt/anew/file)
must umount /mnt/anew
must mount -t tmpfs none /mnt/anew
echo content >/mnt/anew/file
holds "mounted_anew_it_has_the_same_number" test "$(stat -c %d:%i /mnt/anew/file)" = "$number"
answers 1 'lapsed \(unmounted' "mounted_anew_it_is_not_sealed" "$S" get /mnt/anew/file
holds "mounted_anew_it_shrinks" truncate -s 0 /mnt/anew/file
holds "mounted_anew_it_is_unsealed" "$S" unseal /mnt/anew/file
fails "mounted_anew_it_has_no_record" grep -q anew/file <("$S" list)
must umount /mnt/anew

# ... and in every subvolume of a btrfs, whose superblock they share.

cd /mnt/btrfs || exit 3
must btrfs -q subvolume create a
must btrfs -q subvolume create b
echo a >a/file
echo b >b/file
sync -f .
must btrfs -q subvolume snapshot a before
cd - >/dev/null || exit 3
holds "two_subvolumes_with_one_number" test "$(inode /mnt/btrfs/a/file)" = "$(inode /mnt/btrfs/b/file)"
answers 0 'sealed' "subvolume_file_seals" noshrink /mnt/btrfs/a/file
must btrfs -q subvolume snapshot /mnt/btrfs/a /mnt/btrfs/after
for other in b before after; do
	answers 1 'not sealed' "${other}_is_not_sealed" \
		$user "$S" get "/mnt/btrfs/$other/file"
	holds "${other}_shrinks" truncate -s 0 "/mnt/btrfs/$other/file"
done
fails "subvolume_file_does_not_shrink" truncate -s 0 /mnt/btrfs/a/file
answers 0 '"subvolume":[1-9]' "subvolume_is_told" "$S" list --json
echo b >/mnt/btrfs/b/file
holds "file_of_the_other_subvolume_seals" noshrink /mnt/btrfs/b/file
holds "first_unseals" "$S" unseal /mnt/btrfs/a/file
holds "first_shrinks" truncate -s 0 /mnt/btrfs/a/file
fails "second_does_not" truncate -s 0 /mnt/btrfs/b/file
exec 9<>/mnt/btrfs/b/file
answers 5 'fd 9, write' "holders_of_the_second_are_found" "$S" unseal /mnt/btrfs/b/file
must btrfs -q subvolume delete /mnt/btrfs/b
fails "file_of_a_deleted_subvolume_does_not_shrink" truncate -s 0 /proc/self/fd/9
exec 9>&-

# Reported only

echo content >/mnt/tmpfs/audited
holds "audit" noshrink --audit /mnt/tmpfs/audited
answers 1 'audit only' "audited_is_not_sealed" "$S" get /mnt/tmpfs/audited
holds "audited_is_appended_to" sh -c 'echo more >>/mnt/tmpfs/audited'
holds "audited_shrinks" truncate -s 0 /mnt/tmpfs/audited
answers 1 '1 denial.*: shrink to 0 by truncate' "shrinking_is_reported" \
	"$S" get --denials /mnt/tmpfs/audited
holds "audited_unseals" "$S" unseal /mnt/tmpfs/audited

# Through overlayfs

mkdir /mnt/tmpfs/{lower,upper,work}
must mount -t overlay -o lowerdir=/mnt/tmpfs/lower,upperdir=/mnt/tmpfs/upper,workdir=/mnt/tmpfs/work \
	none /mnt/overlay
echo upper >/mnt/overlay/file
answers 1 'upper file by its own path' "overlay_is_refused" noshrink /mnt/overlay/file
holds "upper_file_seals" noshrink /mnt/tmpfs/upper/file
holds "is_appended_to_through_overlay" sh -c 'echo more >>/mnt/overlay/file'
holds "is_written_through_overlay" dd if=/dev/zero of=/mnt/overlay/file bs=1 count=1 conv=notrunc
fails "does_not_shrink_through_overlay" truncate -s 1 /mnt/overlay/file
must umount /mnt/overlay

# A umount is not refused: what is mapped keeps its filesystem by itself.

holds "umount" umount /mnt/btrfs
answers 0 'btrfs/file.renamed .*lapsed \(unmounted' "seal_lapses_with_its_filesystem" "$S" list
holds "unseal_all" "$S" unseal --all
tap_done
