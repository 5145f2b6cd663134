#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# staticdax monitor: what is refused, what lapses, and that what is sealed is no
# longer protected, as it happens.

. tests/cli/guest.sh

f=/mnt/ext4-dax/f
g=/mnt/ext4-dax/g
fit $f
fit $g
chmod 666 $f

# await FD PATTERN: skips the lines before the one that matches
await() {
	local line
	while IFS= read -r -t 60 -u "$1" line; do
		echo "$line"
		[[ $line =~ $2 ]] && return 0
	done
	return 1
}

# tells NAME PATTERN [FD]
tells() {
	holds "$1" await "${3:-8}" "$2"
}

exec 8< <(exec "$S" monitor --json --interval 1)
monitor=$!
tells "nothing_is_sealed" '"event":"enforcement".*"attached":false,"enforcing":false,"seals":0.*"error":null'
"$S" seal $f >/dev/null
tells "seal_is_noticed" '"event":"enforcement".*"attached":true,"enforcing":true,"seals":1,'

# A line for each denial
head -c 4096 /dev/zero | dd of=$f conv=notrunc status=none
truncate -s 5 $f 2>/dev/null
tells "first_denial_not_the_write_in_place" '"event":"denied".*"seq":1,'
cp "$OUT" /tmp/line
answers 0 '"path":"/mnt/ext4-dax/f","dev":"[0-9]+:[0-9]+","ino":[0-9]+,"op":"shrink","offset":5,"length":null,"errno":"ETXTBSY"' \
	"denial_has_file_operation_and_size" cat /tmp/line
answers 0 '"comm":"truncate","pid":[0-9]+,"tid":[0-9]+,"uid":0,"cgroup":"/","cgroup_id":1}' \
	"denial_has_who" cat /tmp/line
truncate -s 655360 $f 2>/dev/null
tells "grow" '"op":"grow","offset":655360,'
truncate -s 65536 $f 2>/dev/null
tells "truncate_to_the_same_size" '"op":"truncate","offset":65536,'
: 2>/dev/null >$f
tells "open_with_O_TRUNC" '"op":"shrink","offset":0,'
fallocate -p -o 8192 -l 4096 $f 2>/dev/null
tells "fallocate_with_place" '"op":"allocate","offset":8192,"length":4096,'
dd if=/dev/zero of=$f bs=4096 count=2 seek=15 conv=notrunc status=none 2>/dev/null
tells "extend_with_place" '"op":"extend","offset":65536,"length":4096,'
rm -f $f 2>/dev/null
tells "unlink" '"op":"unlink","offset":null,"length":null,"errno":"EPERM"'
umount /mnt/ext4-dax 2>/dev/null
tells "umount_of_the_filesystem" '"path":null,.*"ino":null,"op":"umount",.*"errno":"EBUSY"'

# What is told is true, and the path is the one that was sealed
begun=$(date +%s)
sh -c 'echo $$ >/tmp/pid; exec truncate -s 11 '$f 2>/dev/null
tells "denial_has_the_process" "\"offset\":11,.*\"pid\":$(cat /tmp/pid),\"tid\":$(cat /tmp/pid),"
told=$(grep '"offset":11,' "$OUT" | grep -o '"time_ns":[0-9]*' | cut -d: -f2)
holds "denial_has_its_time" test $((told / 1000000000)) -ge $((begun - 1)) \
	-a $((told / 1000000000)) -le $(($(date +%s) + 1))
mkdir /mnt/ext4-dax/before
fit /mnt/ext4-dax/before/h
"$S" seal /mnt/ext4-dax/before/h >/dev/null
mv /mnt/ext4-dax/before /mnt/ext4-dax/after
truncate -s 12 /mnt/ext4-dax/after/h 2>/dev/null
tells "denial_has_the_path_as_sealed" '"path":"/mnt/ext4-dax/before/h",.*"offset":12,'
"$S" unseal /mnt/ext4-dax/after/h >/dev/null
rm -f $f 2>/dev/null

answers 0 '^    [0-9]+ denials, the last [0-9: -]+: unlink by rm\[[0-9]+\], uid 0$' "get_denials" "$S" get --denials $f
mkdir /sys/fs/cgroup/mutators
sh -c 'echo $$ >/sys/fs/cgroup/mutators/cgroup.procs
	exec setpriv --reuid 1000 --regid 1000 --clear-groups truncate -s 7 '$f 2>/dev/null
tells "denial_has_user_and_cgroup" '"offset":7,.*"uid":1000,"cgroup":"/mutators"'

answers 0 '^    [0-9]+ denials, the last .*: shrink to 7 by truncate\[[0-9]+\], uid 1000$' "list_denials" "$S" list --denials
answers 0 '"last_denial":.*"op":"shrink","offset":7,"length":null,"errno":"ETXTBSY",.*"uid":1000}' "list_json_last_denial" "$S" list --json

# Several readers, and without privilege
exec 9< <(exec setpriv --reuid 1000 --regid 1000 --clear-groups "$S" monitor --json)
user=$!
tells "user_is_told_that_protection_is_not_known" \
	'"event":"enforcement".*"enforcing":null.*"reason":"no_privilege"' 9
truncate -s 9 $f 2>/dev/null
tells "user_sees_the_denial" '"op":"shrink","offset":9,' 9
tells "root_sees_it_too" '"op":"shrink","offset":9,'

# unsealed_unseen OPTION...: a denial is to be read when its seal is gone. The
# reader is the one without privilege, which never has the lock.
unsealed_unseen() {
	kill -STOP "$user"
	truncate -s 14 /mnt/ext4-dax/after/h 2>/dev/null
	"$S" unseal "$@" >/dev/null
	kill -CONT "$user"
}
"$S" seal /mnt/ext4-dax/after/h >/dev/null
truncate -s 13 /mnt/ext4-dax/after/h 2>/dev/null
tells "another_seal_is_noticed" '"offset":13,' 9
unsealed_unseen /mnt/ext4-dax/after/h
tells "denial_by_a_seal_that_is_gone" '"path":"/mnt/ext4-dax/after/h",.*"offset":14,' 9
exec 9<&-

# Audit: it passes, and is told once
"$S" seal --audit $g >/dev/null
holds "audited_truncate_passes" truncate -s 4096 $g
tells "audited" '"event":"audited".*"op":"shrink","offset":4096,"length":null,"errno":"ETXTBSY"'
holds "audited_unlink_passes" rm $g
tells "audited_once" '"event":"(audited|denied)".*"op":"unlink"'

# Lapses
tells "lapse_by_deletion" '"event":"lapsed".*"path":"/mnt/ext4-dax/g",.*"lapse":"deleted"'
umount /mnt/ext4
for lapse in lapse_by_unmount lapse_of_the_same_file_again; do
	unshare -m sh -c "mount /dev/vda /mnt/ext4 &&
		head -c 65536 /dev/zero >/mnt/ext4/f && sync &&
		$S seal --no-dax /mnt/ext4/f" >/dev/null
	tells "$lapse" '"event":"lapsed".*"path":"/mnt/ext4/f",.*"lapse":"unmounted"'
done

# A mutator in a loop while the monitor cannot read: nobody is held up, and what
# was printed, what was not and what was lost are all there was
kill -STOP "$monitor"
for _ in $(seq 3000); do : 2>/dev/null >$f; done
fallocate -p -o 4096 -l 4096 $f 2>/dev/null
kill -CONT "$monitor"
tells "reader_goes_on_after_a_flood" '"op":"allocate","offset":4096,'
cp "$OUT" /tmp/flood
kill -TERM "$monitor"
cat <&8 >>/tmp/flood
wait "$monitor"
holds "sigterm_ends_it_well" test $? -eq 0
answers 0 '"event":"lost",.*"count":1977}' "lost_are_counted" cat /tmp/flood
shown=$(grep -c '"op":"shrink","offset":0' /tmp/flood)
suppressed=$(awk -F'"count":' '/"event":"suppressed"/ && /"op":"shrink"/ { n += $2 + 0 }
	END { print n + 0 }' /tmp/flood)
holds "flood_is_not_printed" test "$shown" -lt 100
holds "not_printed_are_counted" test $((shown + suppressed)) -eq $((3000 - 1977))

# No longer protected
exec 8< <(exec "$S" monitor --interval 1)
monitor=$!
tells "text_enforcing" 'enforcing: yes \(1 sealed, 0 audit only\)'
truncate -s 5 $f 2>/dev/null
tells "text_denied" 'denied: shrink of /mnt/ext4-dax/f to 5 by truncate\[[0-9]+\], uid 0, cgroup /: ETXTBSY'
if echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled &&
   [ "$(cat /proc/sys/kernel/ftrace_enabled)" = 0 ]; then
	tells "notices_ftrace_off" 'enforcing: NO \(.*do not refuse'
	echo 1 >/proc/sys/kernel/ftrace_enabled
	tells "notices_ftrace_on" 'enforcing: yes'
else
	tap_ok "ftrace_cannot_be_switched_off"
	fails "deny_after_trying_to_switch_ftrace_off" truncate -s 0 $f
fi
rm $PINS/sdax_permission
tells "notices_missing_link" 'enforcing: NO \('
fit /mnt/ext4-dax/other
"$S" seal /mnt/ext4-dax/other >/dev/null
tells "notices_repair" 'enforcing: yes'
rm $PINS/events
tells "notices_missing_map" 'enforcing: yes .*pins of maps were removed: 1 put back'
holds "zero_filter" build/tests/zero_map $PINS/filter
tells "notices_edited_map" 'enforcing: NO .*filter contradicted'
tells "notices_map_put_right" 'enforcing: yes'
# Another command has the registry, as long as it likes
exec 7>>/run/staticdax/lock
flock 7
tells "busy_is_not_known" 'enforcing: not known \(another command of staticdax has the registry'
truncate -s 5 $f 2>/dev/null
tells "denial_while_another_has_the_registry" 'denied: shrink of /mnt/ext4-dax/f to 5 '
exec 9< <(exec 7>&-; exec "$S" monitor)
busy=$!
tells "another_monitor_while_busy" 'enforcing: not known' 9
kill $busy
holds "ends_while_another_has_the_registry" tail -f --pid "$busy" /dev/null
exec 9<&-
"$S" metrics >/tmp/metrics
fails "metrics_leave_out_what_is_not_known" grep -q '^staticdax_enforcing' /tmp/metrics
holds "metrics_tell_the_rest" grep -q '^staticdax_seals' /tmp/metrics
exec 7>&-
tells "known_again" 'enforcing: yes'
# All at once: the monitor puts back what goes one by one, and the directory with it.
mv $PINS "${PINS%/*}/gone"
rm -r "${PINS%/*}/gone"
tells "removed_pins_are_a_lapse" 'lapsed: the seal of /mnt/ext4-dax/(f|other) \(unpinned\)'
tells "both_seals" 'lapsed: the seal of /mnt/ext4-dax/(f|other) \(unpinned\)'
tells "notices_that_all_pins_are_gone" 'enforcing: NO \(.*removed'
holds "acknowledge" "$S" unseal --all --force
tells "notices_that_nothing_is_sealed" 'enforcing: no \(nothing is sealed\)'
holds "seal_anew" "$S" seal $f
tells "follows_the_new_registry" 'enforcing: yes'
truncate -s 6 $f 2>/dev/null
tells "denial_of_the_new_registry" 'shrink of /mnt/ext4-dax/f to 6 '
exec 8<&-
holds "ends_when_nobody_reads" tail -f --pid "$monitor" /dev/null

# As a service: fields in the journal, one entry each
exec 8< <(exec build/tests/journal_of 2 "$S" monitor)
tells "journal_entry" '^MESSAGE=enforcing: yes'
tells "journal_priority" '^PRIORITY=6$'
tells "journal_field" '^STATICDAX_ENFORCING=true$'
truncate -s 5 $f 2>/dev/null
tells "journal_denial" '^MESSAGE=denied: shrink of /mnt/ext4-dax/f to 5 '
tells "journal_denial_priority" '^PRIORITY=4$'
tells "journal_denial_path" '^STATICDAX_PATH=/mnt/ext4-dax/f$'
tells "journal_denial_errno" '^STATICDAX_ERRNO=ETXTBSY$'
tells "journal_denial_comm" '^STATICDAX_COMM=truncate$'
exec 8<&-

# The last seal, whose registry goes with it
exec 9< <(exec setpriv --reuid 1000 --regid 1000 --clear-groups "$S" monitor --json)
user=$!
tells "another_reader" '"event":"enforcement"' 9
"$S" seal /mnt/ext4-dax/after/h >/dev/null
truncate -s 13 /mnt/ext4-dax/after/h 2>/dev/null
tells "another_seal_is_noticed_again" '"offset":13,' 9
unsealed_unseen --all
tells "denial_by_the_last_seal" '"path":"/mnt/ext4-dax/after/h",.*"offset":14,' 9
exec 9<&-
holds "nothing_left" nothing_left
tap_done
