#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Parts of the kernel that keep a file open and write, zero or discard in it
# with no hook: whoever has it first wins. Attached before, it is not sealed;
# sealed before, it is not attached; and all of it works on an unsealed neighbour.
#
# Usage: attach.sh DIRECTORY...

. tests/programs/pairs.sh

config=/sys/kernel/config
modprobe -a configfs target_core_mod target_core_file nvmet dm-mod fuse libcomposite \
	usb_f_mass_storage
mount -t configfs configfs $config 2>/dev/null

loop_attach() {
	loop=$(losetup -f --show "$1")
}

loop_detach() {
	losetup -d "$loop"
}

dm_attach() {
	loop=$(losetup -f --show "$1") &&
		dmsetup create above --table "0 128 linear $loop 0"
}

dm_detach() {
	dmsetup remove above && losetup -d "$loop"
}

lio=$config/target/core/fileio_0/it

lio_attach() {
	mkdir -p $lio && echo "fd_dev_name=$1,fd_dev_size=65536" >$lio/control &&
		echo 1 >$lio/enable && [ "$(cat $lio/enable)" = 1 ]
}

lio_detach() {
	rmdir $lio ${lio%/*}
}

nvmet=$config/nvmet/subsystems/it

nvmet_attach() {
	mkdir -p $nvmet/namespaces/1 && echo 1 >$nvmet/namespaces/1/buffered_io &&
		echo "$1" >$nvmet/namespaces/1/device_path &&
		echo 1 >$nvmet/namespaces/1/enable
}

nvmet_detach() {
	rmdir $nvmet/namespaces/1 $nvmet
}

gadget=$config/usb_gadget/it

# A USB stick that the kernel plays.
gadget_attach() {
	mkdir -p $gadget/functions/mass_storage.it &&
		echo "$1" >$gadget/functions/mass_storage.it/lun.0/file
}

gadget_detach() {
	rmdir $gadget/functions/mass_storage.it $gadget
}

swap_attach() {
	mkswap -q "$1" && swapon "$1"
}

swap_detach() {
	swapoff "$1"
}

# Each process that ends is then written down in it.
acct_attach() {
	accton "$1" 2>&1
}

acct_detach() {
	accton off
}

# Opened for writing through an overlay whose upper layer has it.
overlay_attach() {
	mkdir -p "$dir"/{upper,work} /tmp/{lower,merged}
	ln -f "$1" "$dir/upper/it" &&
		mount -t overlay overlay /tmp/merged -o \
			"lowerdir=/tmp/lower,upperdir=$dir/upper,workdir=$dir/work" &&
		{ exec 9<>/tmp/merged/it; } 2>&1
}

overlay_detach() {
	exec 9<&-
	mountpoint -q /tmp/merged && umount /tmp/merged
	rm -rf "$dir/work" && rm -f "$dir/upper/it"
}

# Opened for writing through a FUSE filesystem that has the kernel do it itself;
# to be read it may be. Whatever refuses the former, FUSE makes EIO of it.
passthrough_attach() {
	mkdir -p /tmp/fuse
	exec 8< <(exec build/tests/passthrough /tmp/fuse "$1" 2>&1)
	server=$!
	read -r <&8 || return
	if ! cmp -s /tmp/fuse/it "$1"; then
		echo "cannot be read, or is not the same"
		return 1
	fi
	{ exec 9<>/tmp/fuse/it; } 2>&1
}

passthrough_detach() {
	exec 9<&-
	umount /tmp/fuse
	wait "$server"
	exec 8<&-
}

# Each thing that attaches, and what has to be there for it.
try() {
	local what=$1 how=$2
	local file=$dir/$what name=${fs}_$what
	fit "$file" 131072
	holds "allow_${name}_when_unsealed" "${what}_attach" "$file"
	answers 5 '.' "deny_seal_while_${name}_has_it" "$S" seal --no-dax "$file"
	"${what}_detach" "$file" >"$OUT" 2>&1
	fit "$file" 131072
	holds "allow_seal_after_$name" "$S" seal --no-dax "$file"
	REAL=$file
	before=$(map_kept)
	answers '[!0]*' "$how" "deny_${name}_when_sealed" "${what}_attach" "$file"
	holds "${name}_map_kept" test "$(map_kept)" = "$before"
	"${what}_detach" "$file" >"$OUT" 2>&1
	holds "unseal_after_$name" "$S" unseal "$file"
}

for dir; do
	fs=$(stat -f -c %T "$dir" | sed 's/ext2.ext3/ext4/')
	# One stays sealed, so that the programs need not be loaded for each of them.
	fit "$dir/beside"
	holds "${fs}_seal_beside" "$S" seal --no-dax "$dir/beside"
	try loop 'Text file busy|failed to set up loop'
	try dm 'Text file busy|failed to set up loop'
	try lio 'Text file busy'
	if [ -d $config/nvmet ]; then
		try nvmet 'Text file busy'
	else
		tap_skip "deny_${fs}_nvmet_when_sealed" "this kernel has no nvmet"
	fi
	try acct 'Text file busy'
	try overlay 'Text file busy'
	if grep -qw fuse_passthrough_open /proc/kallsyms; then
		try passthrough 'Input/output error'
	else
		tap_skip "deny_${fs}_passthrough_when_sealed" "this kernel's FUSE has none"
	fi
	try gadget 'Text file busy'
	case $dir in
	*-dax) ;; # swapon refuses DAX files by itself
	*) try swap 'Text file busy' ;;
	esac
done
holds attach_unseal "$S" unseal --all
holds attach_leaves_nothing nothing_left
tap_done
