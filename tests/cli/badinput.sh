#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whatever is not fit is refused with one line that says why, the right exit
# status, nothing registered and no byte changed.

. tests/cli/guest.sh

# refused STATUS PATTERN NAME [OPTION...] FILE
refused() {
	local want=$1 pattern=$2 name=$3 file=${*: -1} before lines
	shift 3
	before=$([ -f "$file" ] && sha256sum "$file" 2>/dev/null)
	answers "$want" "$pattern" "$name" timeout 60 "$S" seal "$@"
	lines=$(grep -cv '^    ' "$OUT")
	if [ "$lines" -ne 1 ]; then
		tap_not_ok "${name}_in_one_line" "$lines lines" "$(cat "$OUT")"
	fi
	if [ -f "$file" ] && [ "$before" != "$(sha256sum "$file" 2>/dev/null)" ]; then
		tap_not_ok "${name}_changes_no_data"
	fi
	[ ! -e $PINS ] || tap_not_ok "${name}_leaves_nothing" "$("$S" list)"
}

for root in $ROOTS; do
	fs=$(basename "$root")
	d=$root/bad
	rm -rf "$d"
	mkdir "$d"
	fit "$d/hole"
	fallocate -p -o 8192 -l 4096 "$d/hole" && sync "$d/hole"
	refused 1 "offset 8192 .*hole" "${fs}_hole" --no-dax "$d/hole"
	fit "$d/unwritten" 16384
	fallocate -o 16384 -l 16384 "$d/unwritten" && sync "$d/unwritten"
	refused 1 "offset 16384 .*never written" "${fs}_unwritten" --no-dax "$d/unwritten"
	truncate -s 1M "$d/sparse"
	refused 1 "offset 0 .*hole" "${fs}_sparse" --no-dax "$d/sparse"
	: >"$d/empty"
	refused 1 "empty" "${fs}_empty" --no-dax "$d/empty"
	fit "$d/immutable"
	chattr +i "$d/immutable"
	refused 1 "immutable" "${fs}_immutable" --no-dax "$d/immutable"
	chattr -i "$d/immutable"
	fit "$d/append"
	chattr +a "$d/append"
	refused 1 "append" "${fs}_append_only" --no-dax "$d/append"
	chattr -a "$d/append"
	refused 1 "regular" "${fs}_directory" --no-dax "$d"
	mkfifo "$d/fifo"
	refused 1 "regular" "${fs}_fifo" --no-dax "$d/fifo"
	refused 3 "No such file" "${fs}_missing" --no-dax "$d/missing"
	fit "$d/split" 4194304
	fallocate -c -o 1048576 -l 4096 "$d/split" && head -c 4096 /dev/zero >>"$d/split"
	sync "$d/split"
	refused 1 "offset [0-9]+ .*(contiguous|aligned)" "${fs}_misaligned" --no-dax \
		--align 2M "$d/split"
	fit "$d/ok"
	for align in 0 3M 2K 0x 99999999999G 1Z -4096; do
		refused 2 "align|size" "${fs}_align_$align" --no-dax "--align=$align" "$d/ok"
	done
	refused 2 "mode" "${fs}_unknown_mode" --no-dax --mode strong "$d/ok"
	exec 7<"$d/ok"
	refused 5 "open or mapped" "${fs}_open_elsewhere" --no-dax "$d/ok"
	exec 7<&-
	case $fs in
	*-dax) ;;
	*)
		refused 1 "not DAX" "${fs}_not_dax" "$d/ok"
		fit "$d/swap file" 1048576
		chmod 600 "$d/swap file"
		mkswap "$d/swap file" >/dev/null 2>&1
		swapon "$d/swap file"
		refused 5 "swap" "${fs}_swapfile" --no-dax "$d/swap file"
		answers 1 'swap' "${fs}_check_of_swapfile" "$S" check --no-dax "$d/swap file"
		swapoff "$d/swap file"
		holds "${fs}_check_of_what_was_one" "$S" check --no-dax "$d/swap file"
		;;
	esac
	case $fs in
	xfs*)
		fit "$d/shared"
		cp --reflink=always "$d/shared" "$d/other"
		sync
		refused 1 "offset 0 .*shares" "${fs}_shared" --no-dax "$d/shared"
		rm "$d/other"
		holds "${fs}_no_longer_shared" "$S" seal --no-dax "$d/shared"
		"$S" unseal "$d/shared" >/dev/null
		;;
	esac
	"$S" check --no-dax "$d/ok" >/dev/null || tap_not_ok "${fs}_check_fit"
done

# ext4: inline data, verity, encryption
truncate -s 300M /tmp/inline
mkfs.ext4 -q -F -b 4096 -O inline_data,verity,encrypt -I 256 /tmp/inline
mkdir -p /tmp/i
mount -o loop /tmp/inline /tmp/i
echo tiny >/tmp/i/tiny
sync
refused 1 "inside the inode|inline" "inline" --no-dax /tmp/i/tiny
fit /tmp/i/verity
if build/tests/enable_verity /tmp/i/verity 2>"$OUT"; then
	refused 1 "verity" "verity" --no-dax /tmp/i/verity
else
	tap_not_ok "verity" "$(cat "$OUT")"
fi
mkdir /tmp/i/secret
head -c 64 /dev/urandom >/tmp/key
id=$(xfs_io -c add_enckey /tmp/i </tmp/key 2>"$OUT" | grep -oE '[0-9a-f]{32}')
if [ -n "$id" ] && xfs_io -c "set_encpolicy -v 2 $id" /tmp/i/secret 2>>"$OUT"; then
	fit /tmp/i/secret/f
	refused 1 "encrypted" "encrypted" --no-dax /tmp/i/secret/f
else
	tap_not_ok "encrypted" "$(cat "$OUT")"
fi
umount /tmp/i

# Filesystems that cannot
mkdir -p /tmp/t
mount -t tmpfs t /tmp/t
fit /tmp/t/f
refused 1 "tmpfs" "tmpfs" --no-dax /tmp/t/f
umount /tmp/t
for kind in btrfs f2fs; do
	truncate -s 300M /tmp/other
	if mkfs.$kind -q /tmp/other >"$OUT" 2>&1 &&
	   mount -o loop -t $kind /tmp/other /tmp/t 2>>"$OUT"; then
		fit /tmp/t/f
		refused 1 "$kind" "$kind" --no-dax /tmp/t/f
		umount /tmp/t
	else
		tap_skip "$kind" "$(head -1 "$OUT")"
	fi
	rm -f /tmp/other
done
mkdir -p /mnt/ext4/{lower,upper,work} /tmp/o
fit /mnt/ext4/upper/f
if mount -t overlay -o lowerdir=/mnt/ext4/lower,upperdir=/mnt/ext4/upper,workdir=/mnt/ext4/work \
	o /tmp/o 2>"$OUT"; then
	refused 1 "overlay" "overlayfs" --no-dax /tmp/o/f
	umount /tmp/o
else
	tap_not_ok "overlayfs" "$(cat "$OUT")"
fi

# What is below is refused as a whole, before anything is done
answers 2 '' "no_file" "$S" seal
answers 2 '' "unknown_verb" "$S" sael
answers 2 '' "unknown_option" "$S" seal --frob /mnt/ext4/bad/ok
answers 2 '' "option_twice" "$S" seal --no-dax --no-dax /mnt/ext4/bad/ok

# A mapped file, held by no descriptor
fit /mnt/ext4/bad/mapped
build/tests/hold_map /mnt/ext4/bad/mapped >/tmp/mapped.pid &
until [ -s /tmp/mapped.pid ]; do :; done
refused 5 "open or mapped" "mapped_elsewhere" --no-dax /mnt/ext4/bad/mapped
answers 5 "mapping" "mapped_elsewhere_names_mapping" "$S" seal --no-dax /mnt/ext4/bad/mapped
kill %1
wait %1 2>/dev/null

# A loop device made before
fit /mnt/ext4/bad/loop 1048576
loop=$(losetup -f --show /mnt/ext4/bad/loop)
refused 5 "kernel|loop" "loop_device" --no-dax /mnt/ext4/bad/loop
losetup -d "$loop"

# Pins of another version: the first word of the registry's header
"$S" seal --no-dax /mnt/ext4/bad/ok >/dev/null
header=$(bpftool -j map dump pinned $PINS/control |
	 grep -oE '"value":\["0x[^]]*' | head -1 | tr -d '[]"' | sed 's/value://; s/,/ /g')
# shellcheck disable=SC2086
set -- $header
shift
# shellcheck disable=SC2086
holds "forge_version" bpftool map update pinned $PINS/control key 0 0 0 0 value 0x63 "$@"
answers 3 'version' "seal_with_foreign_pins" "$S" seal --no-dax /mnt/ext4/bad/ok
answers 3 'version' "unseal_with_foreign_pins" "$S" unseal /mnt/ext4/bad/ok
answers 3 'version' "get_with_foreign_pins" "$S" get /mnt/ext4/bad/ok
answers 3 'version' "list_with_foreign_pins" "$S" list
answers 3 'version' "status_with_foreign_pins" "$S" status
fails "foreign_pins_still_protect" truncate -s 0 /mnt/ext4/bad/ok
holds "foreign_pins_removed_by_force" "$S" unseal --force --all
holds "nothing_left_of_foreign_pins" nothing_left

tap_done
