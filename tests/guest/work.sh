#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# In a machine with one -d (pmem), or one virtual disk: what the commands take on
# files of many extents, and on many files. Lines for bench/work.sh:
#   KIND NUMBER WHAT NANOSECONDS KIB
#
# Usage: work.sh pmem|disk FILESYSTEM "EXTENTS..." "FILES..." "SEALS..."

. tests/cli/guest.sh
. tests/guest/dimm.sh

medium=$1 fs=$2 dir=/mnt/$2 inodes=() access=dax=always any=() rule=
read -ra extents <<<"$3"
read -ra files <<<"$4"
read -ra seals <<<"$5"
room=262144
for n in "${seals[@]}"; do
	[ "$n" -lt "$room" ] || room=$((n + 1))
done

must() {
	"$@" >"$OUT" 2>&1 || {
		echo "failed: $1 $2" >&2
		head -n 20 "$OUT" >&2
		exit 3
	}
}

# timed KIND NUMBER WHAT COMMAND...
timed() {
	local kind=$1 number=$2 what=$3 took
	shift 3
	took=$(build/bench/timed "$@" 2>&1 >/dev/null | tail -n 1)
	case $took in
	*[!0-9\ ]* | '')
		echo "failed: $kind $number $what: $took" >&2
		exit 3
		;;
	esac
	echo "$kind $number $what $took"
}

ulimit -s unlimited
if [ "$medium" = pmem ]; then
	must dimm_wait
	region=$(dimm_region 0)
	must dimm_convert "$region" fsdax
	device=/dev/pmem$region
else
	must modprobe -a virtio_pci virtio_blk "$fs"
	device=/dev/vda access=rw any=(--no-dax) rule=' {dax: no}'
fi
[ "$fs" != ext4 ] || inodes=(-N 262144)
must dimm_mkfs "$fs" "$device" "${inodes[@]}"
mkdir -p "$dir"
must mount -t "$fs" -o "$access" "$device" "$dir"

# The first seal attaches the programs; that is no file's cost.
must dd if=/dev/zero of="$dir/first" bs=4096 count=1 conv=fsync
must "$S" seal "${any[@]}" --registry "$room" "$dir/first"

for n in "${extents[@]}"; do
	file=$dir/extents
	must build/bench/fragment "$file" "$n"
	timed extents "$n" filefrag filefrag -v "$file"
	timed extents "$n" bare build/bench/bare "$file"
	timed extents "$n" check "$S" check "${any[@]}" "$file"
	timed extents "$n" seal "$S" seal "${any[@]}" "$file"
	timed extents "$n" verify "$S" verify "$file"
	timed extents "$n" list "$S" list
	timed extents "$n" unseal "$S" unseal "$file"
	must rm "$file"
done
for n in "${files[@]}"; do
	mkdir "$dir/files"
	must build/bench/many "$dir/files" "$n"
	timed files "$n" bare build/bench/bare "$dir"/files/*
	timed files "$n" check "$S" check "${any[@]}" "$dir"/files/*
	timed files "$n" seal "$S" seal "${any[@]}" "$dir"/files/*
	timed files "$n" get "$S" get "$dir"/files/*
	timed files "$n" verify "$S" verify "$dir"/files/*
	timed files "$n" list "$S" list
	(cd "$dir/files" && for f in *; do echo "$dir/files/$f:$rule"; done) >/run/policy.conf
	timed files "$n" apply "$S" apply /run/policy.conf
	timed files "$n" unseal "$S" unseal "$dir"/files/*
	must rm -r "$dir/files"
done
have=0
for n in "${seals[@]}"; do
	must build/tests/fill_registry $((n - have)) "$dir/first" "$have"
	have=$n
	timed seals "$n" list "$S" list
	timed seals "$n" get "$S" get "$dir/first"
	timed seals "$n" status "$S" status
done
