# SPDX-License-Identifier: GPL-2.0-or-later
# For the guest: filesystems on the persistent memory of run.sh's -d. To be
# sourced.

# shellcheck shell=bash

# dimm_wait: until the devices are there
dimm_wait() {
	modprobe -a nfit nd_pmem ext4 xfs || return 1
	cat /sys/bus/nd/devices/ndbus*/wait_probe >/dev/null
}

# dimm_region INDEX: the number that the kernel gave the first (0), second ... of
# them; they lie in the order of run.sh's options, but are numbered as they come
dimm_region() {
	local region

	for region in /sys/bus/nd/devices/region*; do
		echo "$(($(cat "$region/resource"))) ${region##*region}"
	done | sort -n | sed -n "$(($1 + 1))s/.* //p"
}

# dimm_convert REGION MODE: raw memory becomes fsdax, /dev/pmemREGION, or devdax,
# /dev/daxREGION.0
dimm_convert() {
	ndctl create-namespace -f -e "namespace$1.0" -m "$2" >/dev/null
}

# dimm_mkfs TYPE DEVICE [OPTION...]: with blocks in pieces of 2 MiB where there are such;
# mkfs.xfs may know features that the kernel does not
dimm_mkfs() {
	local type=$1 device=$2 options

	shift 2
	if [ "$type" = ext4 ]; then
		mkfs.ext4 -q -F -b 4096 -I 256 -J size=8 \
			-E stride=512,stripe_width=512,lazy_itable_init=0,nodiscard "$@" "$device"
		return
	fi
	mkdir -p /run/mkfs
	for options in '' /usr/share/xfsprogs/mkfs/lts_6.*.conf; do
		mkfs.xfs -q -f -K -d agcount=2,su=2m,sw=1 \
			${options:+-c "options=$options"} "$@" "$device" &&
			mount -t xfs "$device" /run/mkfs && umount /run/mkfs && return
	done
	return 1
}
