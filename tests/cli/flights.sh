# SPDX-License-Identifier: GPL-2.0-or-later
#
# Calls that passed the programs before a file was sealed, and wait for a page of the
# caller's: behind it one looks up a file that is opened only then, and one changes a
# file by a descriptor that no lease knows of. Others have the lock of a file, or of its
# directory, until they get their page. To be sourced after guest.sh.

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
	rm -f /tmp/waited
	exec 8< <(exec 7>&-; "$S" seal --no-dax --wait 600 "$victim" 2>&1; : >/tmp/waited)
	# by then it has nothing left to do but to wait for the call, or did not wait
	until "$S" list | grep -q "$victim .*pending" || [ -e /tmp/waited ]; do :; done
	fails "seal_is_pending_while_${name}_is_under_way" test -e /tmp/waited
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

# in_flight_since_outage NAME: it began while the programs were off, on a filesystem with
# a seal; that they are attached again does not end it
in_flight_since_outage() {
	local time
	for time in first second; do
		answers 5 'process [0-9]+ is in a call' "deny_${time}_seal_while_what_began_without_$1_is_under_way" \
			"$S" seal --no-dax /mnt/ext4/victim
	done
	answers 1 'not sealed' "not_sealed_while_what_began_without_$1_is_under_way" \
		"$S" get /mnt/ext4/victim
	go_on
	holds "allow_what_began_without_$1" grep -qx 0 /tmp/landing
	fit /mnt/ext4/victim
	holds "seal_after_what_began_without_$1" "$S" seal --no-dax /mnt/ext4/victim
	"$S" unseal /mnt/ext4/victim >/dev/null
}

fit /mnt/ext4/old
fit /mnt/ext4/victim
"$S" seal --no-dax /mnt/ext4/old >/dev/null
: >/tmp/flight
rm -f $PINS/sdax_*
no_programs
stalled move /mnt/ext4/flight /mnt/ext4/victim
in_flight_since_outage programs
if echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled &&
   [ "$(cat /proc/sys/kernel/ftrace_enabled)" = 0 ] && ! "$S" status >/dev/null; then
	: >/tmp/flight
	stalled move /mnt/ext4/flight /mnt/ext4/victim
	echo 1 >/proc/sys/kernel/ftrace_enabled
	in_flight_since_outage ftrace
else
	echo 1 2>/dev/null >/proc/sys/kernel/ftrace_enabled
fi
"$S" unseal /mnt/ext4/old >/dev/null
rm /mnt/ext4/old /mnt/ext4/flight

# A loop device has it by a descriptor that no lease knows of
device=$(losetup -f)
fit /mnt/ext4/victim
: >/tmp/flight
stalled loop "$device" /mnt/ext4/victim
answers 5 'process [0-9]+ is in a call' "deny_seal_while_a_loop_device_is_being_attached" \
	"$S" seal --no-dax /mnt/ext4/victim
go_on
holds "allow_loop_device_by_access_mode_3" grep -qx 0 /tmp/landing
answers 5 "loop device ${device#/dev/}" "deny_seal_of_what_a_loop_device_has" \
	"$S" seal --no-dax /mnt/ext4/victim
answers 1 'not sealed' "not_sealed_while_a_loop_device_has_it" "$S" get /mnt/ext4/victim
losetup -d "$device"
until [ ! -e "/sys/block/${device#/dev/}/loop" ]; do :; done
holds "seal_of_what_a_loop_device_had" "$S" seal --no-dax /mnt/ext4/victim
"$S" unseal /mnt/ext4/victim >/dev/null
rm /mnt/ext4/victim

# locked NAME WORDS ELSEWHERE KIND WHAT VICTIM: a seal is refused while the call has it
# locked, or waits, and nobody waits for it meanwhile who has to do with ELSEWHERE
locked() {
	local name=$1 words=$2 elsewhere=$3 victim=$6
	: >/tmp/flight
	stalled "$4" "$5"
	answers 5 "$words" "deny_seal_while_${name}_is_locked" "$S" seal --no-dax "$victim"
	answers 1 'not sealed' "not_sealed_while_${name}_is_locked" "$S" get "$victim"
	holds "allow_truncate_while_${name}_is_locked" truncate -s 65536 "$elsewhere"
	exec 8< <(exec 7>&-; "$S" seal --no-dax --wait 600 "$victim" 2>&1)
	until pgrep -f "seal --no-dax --wait 600 $victim" >/dev/null; do :; done
	holds "seal_elsewhere_while_${name}_is_locked" "$S" seal --no-dax "$elsewhere"
	holds "unseal_elsewhere_while_${name}_is_locked" "$S" unseal "$elsewhere"
	holds "${name}_is_locked_all_the_while" test ! -e /tmp/landed
	go_on
	holds "allow_what_has_${name}_locked" grep -qx 0 /tmp/landing
	answers 0 sealed "seal_waits_for_who_has_${name}_locked" cat <&8
	exec 8<&-
	fails "deny_truncate_after_${name}_was_locked" truncate -s 0 "$victim"
	"$S" unseal "$victim" >/dev/null
	rm -f "$victim" "$elsewhere"
}

mkdir -p /mnt/ext4/locked
fit /mnt/ext4/locked/victim
fit /mnt/xfs/elsewhere
locked directory 'has its directory locked' /mnt/xfs/elsewhere \
	list /mnt/ext4/locked /mnt/ext4/locked/victim
rmdir /mnt/ext4/locked
fit /mnt/xfs/victim
fit /mnt/ext4/elsewhere
locked file 'has it locked' /mnt/ext4/elsewhere fiemap /mnt/xfs/victim /mnt/xfs/victim
