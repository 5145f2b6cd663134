#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Policies: only the difference is made, each file stands for itself, and an
# error in a policy changes nothing.

. tests/cli/guest.sh

umask 022
dir=/mnt/ext4-dax
conf=/etc/staticdax.d
mkdir -p $conf $dir/db
for f in $dir/db/1 $dir/db/2 $dir/pool /mnt/ext4/image; do
	fit $f
done

# sealed FILE...: each is, and by what the kernel does
sealed() {
	local f
	for f; do
		"$S" get "$f" && ! truncate -s 0 "$f" || return 1
	done
}

# free FILE...: none is, and the kernel lets it be truncated
free() {
	local f
	for f; do
		! "$S" get "$f" && truncate -s "$(stat -c %s "$f")" "$f" || return 1
	done
}

# the registry, to see whether anything was written
registry() {
	bpftool map dump pinned $PINS/sealed | grep -v denials
}

cat >$conf/10-db.conf <<-EOF2
	# the database
	$dir/db/*:
	$dir/pool:
	  mode: swapfile
EOF2
cat >$conf/20-vm.conf <<-EOF2
	/mnt/ext4/*:
	  dax: no
EOF2
answers 0 'would be sealed' "dry_run_says_what_it_would_do" "$S" apply --dry-run
holds "dry_run_attaches_nothing" nothing_left
answers 0 'sealed' "apply_seals_what_the_policy_names" "$S" apply
holds "each_is_sealed" sealed $dir/db/1 $dir/db/2 $dir/pool /mnt/ext4/image
before=$(registry)
answers 0 'already sealed' "apply_again" "$S" apply
holds "apply_again_writes_nothing" test "$(registry)" = "$before"
answers 0 '"action":"keep"' "apply_again_in_json" "$S" apply --json
cp "$OUT" /tmp/again
fails "apply_again_makes_no_difference" grep -q '"changed":true' /tmp/again

printf '%s:\n  algin: 2M\n' $dir/new >$conf/30-bad.conf
fit $dir/new
answers 2 '30-bad\.conf:2:3: ' "syntax_error_has_its_place" "$S" apply --prune
holds "syntax_error_changes_nothing" test "$(registry)" = "$before"
printf '%s:\n' $dir/new >$conf/30-bad.conf

exec 9<$dir/new
truncate -s 8192 $dir/db/3
answers 5 'fd 9' "a_held_file_is_reported" "$S" apply
holds "other_files_stay_sealed" sealed $dir/db/1 $dir/pool
exec 9<&-
answers 1 'hole' "an_unfit_file_is_reported" "$S" apply
grep -q '10-db\.conf:2' "$OUT"
holds "the_rule_is_named" test $? -eq 0
holds "a_fit_file_is_sealed_beside_it" sealed $dir/new
rm $dir/db/3

# what the policy lets go
rm $conf/20-vm.conf
answers 0 '' "apply_without_prune_unseals_nothing" "$S" apply
holds "still_sealed_without_prune" sealed /mnt/ext4/image
answers 0 'image: would be unsealed' "dry_run_of_prune" "$S" apply --prune --dry-run
holds "dry_run_of_prune_unseals_nothing" sealed /mnt/ext4/image
exec 9</mnt/ext4/image
answers 5 'fd 9' "prune_spares_what_is_in_use" "$S" apply --prune
holds "still_sealed_while_in_use" sealed /mnt/ext4/image
exec 9<&-
answers 0 'image: unsealed' "prune" "$S" apply --prune
holds "pruned" free /mnt/ext4/image
mv $dir/db $dir/moved
answers 0 '' "prune_with_a_directory_renamed" "$S" apply --prune
holds "named_files_are_not_pruned_for_their_directory" sealed $dir/moved/1 $dir/moved/2
mv $dir/moved $dir/db

chmod 666 $conf/10-db.conf
answers 2 'chmod go-w' "policy_that_others_may_write_is_refused" "$S" apply
chmod 644 $conf/10-db.conf
rm $conf/*.conf
answers 0 'unsealed' "an_empty_policy_prunes_all" "$S" apply --prune
holds "nothing_left" nothing_left
tap_done
