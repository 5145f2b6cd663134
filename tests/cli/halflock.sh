#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# staticdax lock dies after it has closed the ways in, and before it has seen that
# they are closed: everything is refused, nothing is called locked. It needs a
# machine of its own, since there is no way back.

. tests/cli/guest.sh

f=/mnt/ext4/f
fit $f
BPF=/run/staticdax/bpf
holds "seal" "$S" seal --no-dax $f
holds "nothing_is_locked_before" test ! -e $BPF/guard/state

# The first rename is the canary's, the second a trial of what the guard must refuse
(strace -f -qq -o /dev/null -e trace=rename,renameat,renameat2 \
	-e inject=rename,renameat,renameat2:signal=SIGKILL:when=2 \
	"$S" lock; exit $?) >/dev/null 2>&1
[ $? -eq 137 ] || tap_not_ok "lock_came_to_its_end"
holds "lock_was_killed_in_between" test -e $BPF/guard/state

answers 3 'enforcing: no' "status_is_not_enforcing" "$S" status
fails "status_does_not_say_locked" test "$(grep -c 'locked: *until' "$OUT")" -gt 0
answers 3 'died before' "lock_is_no_success" "$S" lock
fails "deny_truncate" truncate -s 0 $f
answers 3 'locked until reboot' "deny_unseal" "$S" unseal $f
fails "deny_unlink_of_pin" rm -f $PINS/sealed
fails "deny_writing_sealed" build/tests/zero_map $PINS/sealed
answers 0 'sealed$' "get_after" "$S" get $f
tap_done
