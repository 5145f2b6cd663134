#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# In a machine with three -d: what durable updates and first stores cost on
# filesystems and on a device without one. Lines for bench/reason.sh:
#   updates WHERE WHAT BYTES ORDER COST
#   first WHERE WHAT PAGE MEDIAN P99 MOST

. tests/cli/guest.sh
. tests/guest/dimm.sh

must() {
	"$@" >"$OUT" 2>&1 || {
		echo "failed: $*" >&2
		cat "$OUT" >&2
		exit 3
	}
}

# made STATE FILE: 8 MiB, aligned if the filesystem can
made() {
	rm -f "$2"
	case $1 in
	sparse) must truncate -s 8M "$2" ;;
	*) must fallocate -l 8M "$2" ;;
	esac
	case $1 in
	written | sealed) must dd if=/dev/zero of="$2" bs=2M count=4 conv=notrunc status=none ;;
	esac
	must sync "$2"
	[ "$1" != sealed ] || must "$S" seal "$2"
}

# updates WHERE WHAT HOW FILE [PAGE]
updates() {
	must build/bench/stores updates "${@:3}"
	sed "s/^/updates $1 $2 /" "$OUT"
}

# first WHERE WHAT HOW FILE PAGE
first() {
	must build/bench/stores first "${@:3}"
	echo "first $1 $2 $5 $(cat "$OUT")"
}

small=4096 huge=2097152
must dimm_wait
must modprobe -a device_dax dax_pmem
region=$(dimm_region 2)
must dimm_convert "$region" devdax
updates device flush flush "/dev/dax$region.0"
first device flush flush "/dev/dax$region.0" $huge
number=0
for fs in ext4 xfs; do
	region=$(dimm_region $number)
	must dimm_convert "$region" fsdax
	must dimm_mkfs $fs "/dev/pmem$region"
	mkdir -p /mnt/$fs
	must mount -t $fs -o dax=always "/dev/pmem$region" /mnt/$fs
	made written /mnt/$fs/file
	updates $fs msync msync /mnt/$fs/file
	updates $fs msync-4K msync /mnt/$fs/file $small
	updates $fs MAP_SYNC sync /mnt/$fs/file
	made sealed /mnt/$fs/sealed
	updates $fs sealed flush /mnt/$fs/sealed
	for page in $huge $small; do
		first $fs sealed flush /mnt/$fs/sealed $page
		for state in sparse fallocated written; do
			for how in sync flush; do
				made $state /mnt/$fs/file
				first $fs $state-$how $how /mnt/$fs/file $page
			done
		done
	done
	number=$((number + 1))
done
