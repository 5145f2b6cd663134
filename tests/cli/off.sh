#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A kernel booted without bpf in lsm=: programs attach there and never run, so
# nothing may be called sealed.

. tests/cli/guest.sh

f=/mnt/ext4-dax/f
fit $f
answers 4 'lsm=.*,bpf' "seal_without_bpf_in_lsm" "$S" seal $f
answers 1 'not sealed' "get_without_bpf_in_lsm" "$S" get $f
answers 4 'lsm=.*,bpf' "doctor_without_bpf_in_lsm" "$S" doctor
answers 4 'enforcing: no .*lsm=.*,bpf' "status_without_bpf_in_lsm" "$S" status
mkfifo /tmp/told
"$S" monitor >/tmp/told &
read -rt 60 line </tmp/told
kill $! 2>/dev/null
wait $!
holds "monitor_without_bpf_in_lsm" grep -E 'lsm=.*,bpf' <<<"$line"
holds "check_without_bpf_in_lsm" "$S" check $f
holds "nothing_attached_without_bpf_in_lsm" nothing_left

# Without securityfs nobody says that it is off but the canary
umount /sys/kernel/security
answers '[34]' '.' "seal_without_securityfs" "$S" seal $f
answers 1 'not sealed' "get_without_securityfs" "$S" get $f
holds "nothing_attached_without_securityfs" nothing_left
tap_done
