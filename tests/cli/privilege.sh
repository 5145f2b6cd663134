#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who may do what: each verb with exactly the capabilities that staticdax(8)
# says it needs, without each of them, and as a user who has none.

. tests/cli/guest.sh

f=/mnt/ext4/f
own=/mnt/ext4/own
fit $f
fit $own
chown 1000:1000 $own
chmod 644 $f
chmod 666 $own

# with CAPS COMMAND...: root with these capabilities and no others
with() {
	local caps=$1
	shift
	setpriv --bounding-set="-all$caps" "$@"
}

# user CAPS COMMAND...: uid 1000 with these
user() {
	local caps=$1
	shift
	setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps="-all$caps" \
		--ambient-caps="-all$caps" "$@"
}

change=,+sys_admin,+linux_immutable
answers 3 'nsenter' "seal_with_them_in_another_mount_namespace_is_refused" \
	unshare -m setpriv --bounding-set="-all$change" "$S" seal --no-dax $f
holds "nothing_is_left_of_it" nothing_left
answers 0 'sealed' "seal_with_its_capabilities" with $change "$S" seal --no-dax $f
fails "sealed_with_its_capabilities_refuses" truncate -s 0 $f
answers 0 'enforcing: yes' "status_with_its_capabilities" with $change "$S" status
answers 0 'as it was sealed' "verify_with_its_capabilities" with $change "$S" verify $f
holds "upgrade_with_its_capabilities" with $change "$S" upgrade
mkdir /tmp/policy
printf '%s:\n  dax: no\n' $f >/tmp/policy/f.conf
holds "apply_with_its_capabilities" with $change "$S" apply /tmp/policy
for verb in "seal --no-dax $f" "unseal $f" "unseal --all" lock upgrade verify status; do
	for missing in sys_admin linux_immutable; do
		left=${change/,+$missing/}
		# shellcheck disable=SC2086 # words
		answers 3 "CAP_${missing^^}" "${verb// /_}_without_$missing" \
			with $left "$S" $verb
	done
done
answers 0 'sealed$' "refused_unseal_changed_nothing" "$S" get $f
answers 3 'CAP_SYS_ADMIN' "refused_seal" with ,+linux_immutable "$S" seal --no-dax $own
answers 1 'not sealed' "refused_seal_changed_nothing" "$S" get $own

# What belongs to somebody else
answers 3 'CAP_LEASE' "seal_of_others_without_lease" \
	with $change "$S" seal --no-dax $own
answers 0 'sealed' "seal_of_others_with_lease" \
	with $change,+lease "$S" seal --no-dax $own
holds "unseal_of_others" with $change "$S" unseal $own
chmod 600 $own
answers 3 'Permission denied' "seal_of_unreadable_without_dac" \
	with $change,+lease "$S" seal --no-dax $own
answers 0 'sealed' "seal_of_unreadable_with_dac" \
	with $change,+lease,+dac_override "$S" seal --no-dax $own
holds "unseal_of_unreadable_with_dac" with $change,+dac_override "$S" unseal $own

# Not root at all: /run/staticdax is root's
answers 3 '.' "seal_as_user_without_dac" user $change "$S" seal --no-dax $own
answers 1 'not sealed' "seal_as_user_without_dac_changed_nothing" "$S" get $own
answers 0 'sealed' "seal_as_user_with_dac" \
	user $change,+dac_override "$S" seal --no-dax $own
fails "sealed_by_user_refuses" truncate -s 0 $own
holds "unseal_as_user_with_dac" user $change,+dac_override "$S" unseal $own

# Without any: looking is free, of what one may read
"$S" seal --no-dax $own >/dev/null
none=
for verb in "get $f" list "list --json" "check --no-dax $f"; do
	# shellcheck disable=SC2086 # words
	holds "${verb// /_}_as_user" user "$none" "$S" $verb
done
answers '[34]' '.' "doctor_as_user" user "$none" "$S" doctor
answers 3 'CAP_|privilege' "status_as_user" user "$none" "$S" status
mkdir /mnt/ext4/users
chown 1000:1000 /mnt/ext4/users
holds "create_as_user" user "$none" "$S" create --no-dax --size 64K /mnt/ext4/users/made
holds "map_as_user" user "$none" "$S" map /mnt/ext4/users/made
user "$none" truncate -s 128K /mnt/ext4/users/made
holds "prepare_as_user" user "$none" "$S" prepare --no-dax /mnt/ext4/users/made
holds "check_after_prepare_as_user" user "$none" "$S" check --no-dax /mnt/ext4/users/made
answers 3 'CAP_|privilege' "create_and_seal_as_user" \
	user "$none" "$S" create --no-dax --seal --size 64K /mnt/ext4/users/sealed
for map in sealed filesystems paths events counters control; do
	holds "user_may_open_$map" user "$none" test -r $PINS/$map
	fails "user_may_not_write_$map" user "$none" test -w $PINS/$map
done
fails "user_may_not_open_filter" user "$none" test -r $PINS/filter
fails "user_may_not_open_links" user "$none" test -r $PINS/sdax_permission
fails "user_cannot_unpin_map" user "$none" rm -f $PINS/sealed
fails "user_cannot_unpin_link" user "$none" rm -f $PINS/sdax_permission
fails "user_cannot_rename_pins" user "$none" mv $PINS /run/staticdax/bpf/gone
fails "user_cannot_unmount" user "$none" umount /run/staticdax/bpf
fails "user_cannot_take_lock_file" user "$none" rm -f /run/staticdax/lock
# bpftool opens a map's type information too, which needs this one
holds "bpftool_dump_with_its_capability" with ,+sys_admin bpftool map dump pinned $PINS/sealed
answers 255 '.' "bpftool_dump_as_user_is_refused" user "$none" bpftool map dump pinned $PINS/sealed

# Of a file that one may not read, nothing: sealed or not, it says the same
secret=/mnt/ext4/secret
mkdir $secret
fit $secret/sealed
fit $secret/plain
"$S" seal --no-dax $secret/sealed >/dev/null
same() {
	local how=$1 a b
	a=$(user "$none" "$S" get ${how:+"$how"} $secret/sealed 2>&1; echo "exit $?")
	b=$(user "$none" "$S" get ${how:+"$how"} $secret/plain 2>&1; echo "exit $?")
	a=${a//secret\/sealed/secret/X}
	b=${b//secret\/plain/secret/X}
	[ "$a" = "$b" ] || { echo "$a"; echo "$b"; return 1; }
	[[ $a = *"exit 3" ]]
}
chmod 700 $secret
chmod 644 $secret/*
holds "get_tells_nothing_behind_closed_directory" same ""
holds "get_json_tells_nothing_behind_closed_directory" same --json
chmod 755 $secret
chmod 600 $secret/*
holds "get_tells_nothing_of_unreadable" same ""
holds "get_json_tells_nothing_of_unreadable" same --json
chmod 644 $secret/*
holds "get_tells_of_readable" user "$none" "$S" get $secret/sealed
answers 1 'not sealed' "get_tells_of_readable_plain" user "$none" "$S" get $secret/plain

# The registry itself can be kept from users, who are then told so
chmod 700 /run/staticdax
answers 3 'Permission|privilege' "list_of_hidden_registry" user "$none" "$S" list
answers 3 'Permission|privilege' "get_of_hidden_registry" user "$none" "$S" get $f
chmod 755 /run/staticdax
holds "list_of_shown_registry" user "$none" "$S" list

holds "unseal_all_with_its_capabilities" with $change "$S" unseal --all
holds "nothing_left" nothing_left

# Asked for by its number: gone while nobody refused it
gone=/mnt/ext4/gone
fit $gone
"$S" seal --no-dax $f >/dev/null
"$S" seal --no-dax $gone >/dev/null
rm -f $PINS/sdax_*
no_programs
rm $gone
with $change "$S" verify >/dev/null 2>&1
answers 0 "$gone .* sealed$" "deleted_is_not_found_without_dac_read_search" "$S" list
with $change,+dac_read_search "$S" verify >/dev/null 2>&1
answers 0 "$gone .*deleted" "deleted_is_found_with_dac_read_search" "$S" list
holds "unseal_what_is_gone" "$S" unseal --all
tap_done
