#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Policies: only the difference is made, each file stands for itself, and an
# error in a policy changes nothing.

. tests/cli/guest.sh
. tests/cli/steps.sh

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

# A pattern may come before its files, and may be mistyped.
printf '%s/bd/*:\n' $dir >$conf/mistyped.conf
answers 0 'bd/\*: matches no file, as /etc/staticdax.d/mistyped.conf:1' \
	"a_pattern_without_files_is_named" "$S" apply
answers 0 'bd/\*: matches no file' "dry_run_names_it" "$S" apply --dry-run
holds "nothing_comes_of_it" nothing_left
mv $conf/mistyped.conf /tmp/
printf '%s/db/*:\n' $dir >$conf/typed.conf
answers 0 'db/1: would be sealed' "a_pattern_with_files_is_not" "$S" apply --dry-run
cp "$OUT" /tmp/typed
fails "of_which_it_is_silent" grep -qE 'no file|another rule' /tmp/typed

# Each rule has its answer, also one that is left nothing.
printf '%s/*/1:\n%s/db/1:\n%s/d?/2:\n' $dir $dir $dir >$conf/paths.conf
answers 0 'db/\*: each of its files has another rule, as /etc/staticdax.d/typed.conf:1' \
	"a_pattern_whose_files_are_taken_is_named" "$S" apply --dry-run
cp "$OUT" /tmp/taken
holds "so_is_one_taken_by_a_path" grep -qF '/*/1: each of its files has another rule' /tmp/taken
holds "its_files_have_one_answer" test "$(grep -c 'would be sealed' /tmp/taken)" -eq 2
answers 0 '"path":"[^"]*db/\*".*"action":"taken".*typed\.conf:1"' "taken_in_json" \
	"$S" apply --dry-run --json
printf '%s/db/1:\n' $dir >$conf/paths.conf
answers 0 'db/2: would be sealed' "a_pattern_that_is_left_a_file" "$S" apply --dry-run
cp "$OUT" /tmp/left
fails "is_not_named" grep -q 'another rule' /tmp/left
rm $conf/typed.conf $conf/paths.conf

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

# What the registry calls sealed is kept only if the programs enforce it
rm -f $PINS/sdax_*
no_programs
answers 0 'already sealed' "apply_without_programs" "$S" apply
holds "apply_attaches_them_again" sealed $dir/pool
answers 0 'enforcing: yes' "status_after_apply" "$S" status
if echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled &&
   [ "$(cat /proc/sys/kernel/ftrace_enabled)" = 0 ]; then
	answers 3 'pool' "apply_where_nothing_is_enforced" "$S" apply
	echo 1 >/proc/sys/kernel/ftrace_enabled
	answers 0 'already sealed' "apply_where_it_is_again" "$S" apply
else
	tap_ok "ftrace_cannot_be_switched_off"
fi
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

# A directory that refuses root, as FUSE has them, hides what a pattern names.
nobody_reads() {
	setpriv --bounding-set -dac_override,-dac_read_search "$@"
}
hidden=/mnt/ext4/hidden
install -d -o 1000 -m 700 $hidden/mine
fit $hidden/mine/1
mkdir $hidden/plain
fit $hidden/plain/1
printf '%s/*/1:\n  dax: no\n%s/*/[1]:\n  dax: no\n' $hidden $hidden >$conf/20-hidden.conf
"$S" seal --no-dax /mnt/ext4/image >"$OUT"
answers 3 "hidden/\*/1': reading '$hidden/mine/1': Permission denied" \
	"a_directory_that_cannot_be_read_is_reported" nobody_reads "$S" apply --prune
cp "$OUT" /tmp/hidden
holds "the_rule_that_leads_there_is_named" grep -qF "as $conf/20-hidden.conf:1 asks" /tmp/hidden
holds "also_where_it_is_the_name_that_is_searched" grep -qF "reading '$hidden/mine': Permission denied" /tmp/hidden
holds "the_rest_is_applied" sealed $dir/db/1 $hidden/plain/1
holds "what_is_hidden_is_not" free $hidden/mine/1
holds "nothing_is_pruned_then" sealed /mnt/ext4/image
answers 0 "$hidden/mine/1: sealed" "who_can_read_it_applies_it" "$S" apply --prune
holds "and_prunes" free /mnt/ext4/image
rm $conf/20-hidden.conf
answers 0 'plain/1: unsealed' "hidden_are_unsealed" "$S" apply --prune
rm -r $hidden

# What is below a mount point is something else until it is mounted.
late=/run/late
mkdir -p $late/in
fit $late/in/1
echo "late $late/in tmpfs nofail,size=1M 0 0" >/etc/fstab
printf '%s/in/1:\n  mode: noshrink\n%s/*/[1]:\n  mode: noshrink\n' $late $late >$conf/20-late.conf
"$S" seal --no-dax /mnt/ext4/image >"$OUT"
answers 3 "in/1': nothing is mounted on '$late/in', which fstab.5. has: No such device" \
	"what_is_not_mounted_is_reported" "$S" apply --prune
cp "$OUT" /tmp/late
holds "for_the_path" grep -qF "as $conf/20-late.conf:1 asks" /tmp/late
holds "and_the_pattern" grep -qF "as $conf/20-late.conf:3 asks" /tmp/late
holds "with_what_helps" grep -qF "see staticdax(8), BOOT" /tmp/late
holds "what_lies_below_is_not_sealed" free $late/in/1
holds "what_is_mounted_is" sealed $dir/db/1
holds "nothing_is_pruned_before_it_is_mounted" sealed /mnt/ext4/image
answers 3 'nothing is mounted on .*"action":"search"' "not_mounted_in_json" "$S" apply --dry-run --json
mount $late/in
fit $late/in/1
answers 0 "in/1: sealed" "when_it_is_mounted_it_is_sealed" "$S" apply --prune
holds "it_and_no_other" sealed $late/in/1
holds "and_the_rest_is_pruned" free /mnt/ext4/image
rm $conf/20-late.conf /etc/fstab
answers 0 'in/1: unsealed' "late_is_unsealed" "$S" apply --prune
umount $late/in
rm -r $late

# By hand, what the policy would refuse: it must not be found out at the next boot.
hand=/tmp/by-hand.conf
holds "seal_by_hand_without_dax" "$S" seal --no-dax /mnt/ext4/image
printf '/mnt/ext4/image:\n' >$hand
answers 1 'image.*DAX' "policy_that_demands_dax_reports_it" "$S" apply $hand
answers 1 'image.*DAX' "so_does_its_dry_run" "$S" apply --dry-run $hand
holds "and_it_stays_sealed" sealed /mnt/ext4/image
printf '/mnt/ext4/image:\n  dax: no\n' >$hand
answers 0 'image: already sealed' "policy_without_dax_keeps_it" "$S" apply $hand
holds "seal_by_hand_of_what_is_dax" "$S" unseal $dir/pool
holds "seal_by_hand_of_what_is_dax_again" "$S" seal --no-dax $dir/pool
printf '%s/pool:\n' $dir >$hand
answers 0 'pool: already sealed' "policy_that_demands_dax_keeps_what_is" "$S" apply $hand
holds "by_hand_is_unsealed" "$S" unseal /mnt/ext4/image $dir/pool
"$S" apply >"$OUT"

# What is sealed in another way becomes what the policy asks for.

# wants [LINE...]: the policy for one file
f=$dir/changed
wants() {
	echo "$f:" >$conf/40-changed.conf
	[ $# -eq 0 ] || printf '  %s\n' "$@" >>$conf/40-changed.conf
}
is() {
	"$S" get $f | grep -qE "$1"
}
answers 0 '' "make_one" "$S" create --size 4M --align 2M $f
wants
answers 0 'changed: sealed' "as_static" "$S" apply
for to in swapfile static; do
	before=$(registry)
	wants "mode: $to"
	[ $to = swapfile ] && from=static || from=swapfile
	answers 0 "changed: would be changed from $from to $to \\(4194304 bytes" \
		"dry_run_from_${from}_to_$to" "$S" apply --dry-run
	holds "dry_run_from_${from}_to_${to}_changes_nothing" test "$(registry)" = "$before"
	exec 9<$f
	answers 5 'fd 9' "held_from_${from}_to_$to" "$S" apply
	exec 9<&-
	holds "held_from_${from}_to_${to}_changes_nothing" test "$(registry)" = "$before"
	answers 0 "changed: changed from $from to $to \\(4194304 bytes.*align 4K" "from_${from}_to_$to" "$S" apply
	before=$(registry)
	answers 0 "changed: already sealed" "from_${from}_to_${to}_again" "$S" apply
	holds "from_${from}_to_${to}_again_writes_nothing" test "$(registry)" = "$before"
	holds "is_$to" sealed $f
	if [ $to = swapfile ]; then
		fails "swapfile_is_not_written" dd if=/dev/zero of=$f bs=4k count=1 conv=notrunc
	else
		holds "static_is_written" dd if=/dev/zero of=$f bs=4k count=1 conv=notrunc
	fi
done

wants 'align: 2M'
answers 0 'changed: would be changed from align 4K to align 2M' "dry_run_of_more_alignment" "$S" apply --dry-run
exec 9<$f
answers 0 'changed: changed from align 4K to align 2M' "more_alignment" "$S" apply
exec 9<&-
holds "more_alignment_is_recorded" sh -c "'$S' get --json $f | grep -q '\"align\":2097152'"
answers 0 'changed: already sealed' "more_alignment_again" "$S" apply
wants 'align: 1G'
answers 1 'changed.*(aligned|piece)' "alignment_that_it_has_not" "$S" apply
wants
answers 0 'changed: already sealed .*align 2M' "less_alignment_is_had" "$S" apply

wants 'audit: yes'
answers 0 'changed: changed from static to static, audit' "to_audit" "$S" apply
holds "audit_lets_pass" truncate -s 4194304 $f
wants 'audit: no'
interrupted KILL fremovexattr 1 "$S" apply
holds "killed_before_it_was_judged" test $? -ge 128
fails "not_judged_refuses" truncate -s 4194304 $f
holds "not_judged_is_no_seal" is 'audit'
answers 0 '"action":"change","was":\{"mode":"static","audit":true,"align":4096\}' "from_audit" "$S" apply --json
fails "from_audit_refuses" truncate -s 4194304 $f

wants 'mode: noshrink'
answers 0 'changed: changed from static to noshrink \(4194304 bytes now' "to_noshrink" "$S" apply
fails "noshrink_does_not_shrink" truncate -s 4096 $f
holds "noshrink_grows" truncate -s +1M $f
answers 0 'changed: already sealed \(5242880 bytes now' "noshrink_is_as_long_as_it_is_now" "$S" apply
wants 'audit: yes' 'mode: swapfile'
answers 1 'has a hole|is not allocated' "to_what_it_is_not_fit_for" "$S" apply
fails "unfit_keeps_what_it_had" truncate -s 4096 $f
holds "unfit_keeps_noshrink" is 'against shrinking only'
holds "noshrink_still_grows" truncate -s +1M $f
dd if=/dev/zero of=$f bs=1M seek=4 count=2 conv=notrunc status=none
wants 'mode: static'
answers 0 'changed: changed from noshrink to static' "from_noshrink" "$S" apply
holds "from_noshrink_is_sealed" sealed $f
fails "from_noshrink_does_not_grow" truncate -s +1M $f

# Without a moment in which it is not sealed

# changing HOW MODE MODE STATUS TURNS: by turns, while it is being taken away
changing() {
	local how=$1 status=$4 turn r done=0 modes=("$2" "$3")
	build/tests/taker "$how" $f >/tmp/taker &
	for turn in $(seq "$5"); do
		wants "mode: ${modes[turn % 2]}"
		"$S" apply >"$OUT" 2>&1
		r=$?
		# shellcheck disable=SC2053
		[[ $r = $status ]] || tap_not_ok "apply_while_${how}" "exit status $r" "$(cat "$OUT")"
		! grep -q 'changed: changed' "$OUT" || done=$((done + 1))
	done
	kill %+
	wait %+
	if [ $? -eq 0 ] && [ "$(stat -c %s $f)" -eq 6291456 ]; then
		tap_ok "changed $done times while by $how: $(cat /tmp/taker)"
	else
		tap_not_ok "changed while by $how" "$(cat /tmp/taker)"
	fi
	[ "$status" != 0 ] || holds "each_turn_changed_it" test $done -eq "$5"
}
changing names static swapfile 0 6
changing opens static noshrink '[05]' 6
wants 'mode: swapfile'
answers 0 'changed: (already sealed|changed from)' "in_the_end" "$S" apply
holds "in_the_end_it_is_what_it_was" sealed $f
rm $conf/40-changed.conf

chmod 666 $conf/10-db.conf
answers 2 'chmod go-w' "policy_that_others_may_write_is_refused" "$S" apply
chmod 644 $conf/10-db.conf
rm $conf/*.conf
answers 0 'unsealed' "an_empty_policy_prunes_all" "$S" apply --prune
holds "nothing_left" nothing_left
tap_done
