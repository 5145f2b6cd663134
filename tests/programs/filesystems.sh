#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The programs of the filesystems themselves: defragmenting, trimming, growing,
# scrubbing, quota; while a file is sealed, and with nothing sealed.

. tests/programs/pairs.sh

# Two files that take turns have many extents each.
fragment() {
	local i
	for i in 0 1 2 3 4 5; do
		dd if=/dev/urandom of="$1" bs=16K count=1 seek=$i conv=notrunc oflag=direct \
			status=none &&
			dd if=/dev/urandom of="$1.gap" bs=16K count=1 seek=$i conv=notrunc \
				oflag=direct status=none || return
	done
}

extents() {
	map_of "$1" | grep -cE '^ *[0-9]+:'
}

# both NAME PATTERN COMMAND...: refused on the sealed file, on its unsealed
# neighbour as well, and done once nothing is sealed; see README, "Beyond the
# file itself"
refused_beside() {
	local name=$1 pattern=$2 what
	shift 2
	for what in sealed beside; do
		[ $what = sealed ] && at "$SEALED" "$@" >"$OUT" 2>&1
		[ $what = beside ] && at "$PLAIN" "$@" >"$OUT" 2>&1
		if grep -qE "$pattern" "$OUT" && [ "$(map_kept)" = "$kept" ]; then
			tap_ok "deny_${name}_$what"
		else
			tap_not_ok "deny_${name}_$what" "expected: $pattern" "$(cat "$OUT")"
		fi
	done
}

fewer_extents() {
	local before
	before=$(extents "$1")
	"$2" "$1" >"$OUT" 2>&1 && [ "$(extents "$1")" -lt "$before" ]
}

defrag() {
	e4defrag -v "$1"
}

# It talks to a terminal or to syslog.
fsr() {
	xfs_fsr -v "$1" </dev/ptmx
}

# All files of the filesystem, as its nightly run does.
fsr_all() {
	rm -f /var/tmp/.fsrlast_xfs
	xfs_fsr -v "$(findmnt -n -o SOURCE -T "$1")"
}

use() {
	SEALED=$1/sealed PLAIN=$1/plain REAL=$1/sealed
	fragment "$SEALED" && fragment "$PLAIN" && sync -f "$1" &&
		"$S" seal --no-dax "$SEALED" && kept=$(map_kept)
}

holds ext4_prepare use /mnt/ext4
refused_beside e4defrag 'Text file busy' defrag @
answers 0 '' ext4_fstrim_when_sealed fstrim /mnt/ext4
holds ext4_map_kept test "$(map_kept)" = "$kept"
"$S" unseal --all >/dev/null
holds ext4_fstrim_when_unsealed fstrim /mnt/ext4
holds e4defrag_when_unsealed fewer_extents $PLAIN defrag

holds xfs_prepare use /mnt/xfs
holds xfs_prepare_another fragment /mnt/xfs/another
refused_beside xfs_fsr 'Text file busy' fsr @
fsr_all /mnt/xfs >"$OUT" 2>&1
holds xfs_map_kept_by_fsr_of_everything test "$(map_kept)" = "$kept"
holds xfs_fsr_of_everything_did_nothing \
	test "$(extents $PLAIN)" -gt 1 -a "$(extents /mnt/xfs/another)" -gt 1
holds xfs_fstrim_when_sealed fstrim /mnt/xfs
answers '*' 'Text file busy' deny_xfs_scrub xfs_scrub -n /mnt/xfs
holds xfs_map_kept test "$(map_kept)" = "$kept"
"$S" unseal --all >/dev/null
holds xfs_fsr_when_unsealed fewer_extents $PLAIN fsr
holds xfs_fsr_of_everything_when_unsealed fewer_extents /mnt/xfs/another fsr_all
if grep -q xchk_setup_fs /sys/kernel/btf/xfs; then
	holds xfs_scrub_when_unsealed xfs_scrub -n /mnt/xfs
else
	tap_skip xfs_scrub_when_unsealed "this kernel's XFS cannot scrub"
fi

# Growing, on a loop device: made before anything is sealed. Neither moves what
# is in the way of shrinking: ext4 shrinks only when it is not mounted, XFS gives
# up what is free at its end.
grow_ext4() {
	resize2fs "$loop"
}

grow_xfs() {
	xfs_growfs /tmp/m
}

shrink_ext4() {
	resize2fs "$loop" 100M
}

# To a quarter of what it was at first; its log alone lies behind that.
shrink_xfs() {
	xfs_growfs -D "$((size / 4))" /tmp/m
}

mkdir -p /tmp/m
for fs in ext4 xfs; do
	rm -f /tmp/image
	truncate -s 900M /tmp/image
	loop=$(losetup -f --show /tmp/image)
	case $fs in
	ext4) mkfs.ext4 -q -b 4096 "$loop" 100M && mount -o usrquota,grpquota "$loop" /tmp/m ;;
	xfs) mkfs.xfs -q -f -d size=400M "$loop" && mount -o usrquota,prjquota "$loop" /tmp/m ;;
	esac
	fit /tmp/m/plain
	fit /tmp/m/sealed
	SEALED=/tmp/m/sealed PLAIN=/tmp/m/plain REAL=$SEALED
	holds "${fs}_seal_before_growing" "$S" seal --no-dax $SEALED
	kept=$(map_kept)
	size=$(stat -f -c %b /tmp/m)
	holds "${fs}_grows_when_sealed" grow_$fs
	holds "${fs}_has_grown" test "$(stat -f -c %b /tmp/m)" -gt "$size"
	answers '[!0]*' 'shrinking not supported|Invalid argument|No space left' \
		"${fs}_does_not_shrink_below_its_files" shrink_$fs
	holds "${fs}_map_kept_by_shrinking" test "$(map_kept)" = "$kept"
	if [ $fs = ext4 ]; then
		holds quotacheck_when_sealed quotacheck -cugm /tmp/m
		holds quotaon_when_sealed quotaon /tmp/m
		holds setquota_when_sealed setquota -u 1000 10000 20000 100 200 /tmp/m
		free quota_chown chown 1000:1000 @
		answers 0 '#?1000|tester' repquota_counts_sealed_file repquota /tmp/m
		holds quotaoff_when_sealed quotaoff /tmp/m
		holds seal_of_a_quota_file "$S" seal --no-dax /tmp/m/aquota.user
		answers '*' 'Text file busy' deny_quotaon_of_a_sealed_quota_file quotaon -u /tmp/m
		"$S" unseal --force /tmp/m/aquota.user >/dev/null
		holds allow_quotaon_of_it_when_unsealed quotaon -u /tmp/m
		quotaoff /tmp/m
	else
		answers 0 'root' xfs_quota_report_when_sealed \
			xfs_quota -x -c 'report -u' /tmp/m
		free xfs_quota_chown chown 1000:1000 @
		answers 0 '#?1000|tester' xfs_quota_counts_sealed_file \
			xfs_quota -x -c 'report -u' /tmp/m
		refused xfs_quota_project 'Text file busy' xfs_quota -x -c 'project -s -p @ 7' /tmp/m
	fi
	holds "${fs}_map_kept_by_growing_and_quota" test "$(map_kept)" = "$kept"
	"$S" unseal --all >/dev/null
	umount /tmp/m
	losetup -d "$loop"
done
holds filesystems_leave_nothing nothing_left
tap_done
