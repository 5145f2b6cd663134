# SPDX-License-Identifier: GPL-2.0-or-later
#
# Calls that passed the programs before a file was sealed, and wait for a page of the
# caller's: behind it one looks up a file that is opened only then, and one changes a
# file by a descriptor that no lease knows of. To be sourced after guest.sh.

# shellcheck shell=bash

# stalled KIND FILE...: "stalled" from the program of that name, then what it is told
stalled() {
	exec 7> >(build/tests/stalled "$@" >/tmp/flight 2>&1; echo $? >/tmp/landed)
	until [ -s /tmp/flight ]; do :; done
}
landed() {
	exec 7>&-
	until [ -s /tmp/landed ]; do :; done
	cp /tmp/landed /tmp/landing
	rm /tmp/landed
}
go_on() {
	echo >&7
	landed
}

# in_flight NAME AFTER KIND FILE... VICTIM: refused while it is; then let on, and over;
# and a seal that waits for it, and says AFTER then
in_flight() {
	local name=$1 after=$2 victim=${*: -1}
	shift 2
	: >/tmp/flight
	stalled "$@"
	answers 5 'process [0-9]+ is in a call' "deny_seal_while_${name}_is_under_way" \
		"$S" seal --no-dax "$victim"
	answers 1 'not sealed' "not_sealed_while_${name}_is_under_way" "$S" get "$victim"
	go_on
	holds "allow_${name}_of_what_is_not_sealed" grep -qx 0 /tmp/landing
	fit "$victim"
	: >/tmp/flight
	stalled "$@"
	exec 8< <(exec 7>&-; "$S" seal --no-dax --wait 60 "$victim" 2>&1)
	until pgrep -f "seal --no-dax --wait 60 $victim" >/dev/null; do :; done
	go_on
	# what it made of the file is judged then
	answers 0 "$after" "seal_waits_for_$name" cat <&8
	exec 8<&-
	[ "$after" = sealed ] || fit "$victim"
	holds "seal_after_$name" "$S" seal --no-dax "$victim"
	fails "deny_truncate_after_$name" truncate -s 0 "$victim"
	"$S" unseal "$victim" >/dev/null
	rm -f "$victim"
}

fit /mnt/ext4/flight
fit /mnt/ext4/victim
in_flight move 'never written' move /mnt/ext4/flight /mnt/ext4/victim
fit /mnt/ext4/victim
in_flight setflags sealed flags /mnt/ext4/victim
rm /mnt/ext4/flight
