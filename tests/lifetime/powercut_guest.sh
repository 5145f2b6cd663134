#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The guest's half of powercut.sh: looks at what a machine that died has left on
# the disks /dev/vda and /dev/vdb, then goes on until it dies itself. The stage
# says how the one before died. Prints "pass NAME", "fail NAME", and the rest in
# lines that begin with a blank; "turn N" is where the power may go.

S=build/staticdax-static
E=/mnt/ext4
X=/mnt/xfs
modprobe -a virtio_pci virtio_blk ext4 xfs
mkdir -p $E $X

says() {
	local name=$1
	shift
	if "$@" >/tmp/said 2>&1; then
		echo "pass $name"
	else
		echo "fail $name"
		sed 's/^/ /' /tmp/said
	fi
}

refused() {
	! "$@"
}

mounted() {
	mount /dev/vda $E && mount /dev/vdb $X
}

# After the journal has been replayed nothing may be left to mend.
clean() {
	mounted && umount $E && umount $X && e2fsck -fn /dev/vda && xfs_repair -n /dev/vdb
}

map_of() {
	filefrag -v "$1" | sed -n '4,$p'
}

unchanged() {
	sha256sum -c $E/sums && map_of $E/f | cmp - $E/map.f &&
		map_of $X/g | cmp - $E/map.g
}

# Nothing is sealed, all who are asked say so, and nothing is refused.
free() {
	local status
	"$S" get $E/f $X/g
	status=$?
	[ $status -eq 1 ] && "$S" status | grep -q 'nothing is sealed' &&
		"$S" verify && cp $E/f $E/h && truncate -s 0 $E/h && rm $E/h
}

stage=$1
says filesystems_are_clean clean
mounted
if [ "$stage" = new ]; then
	head -c 1M /dev/urandom >$E/f
	head -c 1M /dev/urandom >$X/g
	sync
	sha256sum $E/f $X/g >$E/sums
	map_of $E/f >$E/map.f
	map_of $X/g >$E/map.g
	sync
fi
says content_and_map_are_as_they_were unchanged
says nothing_is_sealed free
if [ "$stage" = cut_in_upgrade ]; then
	says seals_again "$S" seal --no-dax $E/f $X/g
	says enforces_again "$S" status
	says refuses_again refused truncate -s 0 $E/f
	says unseals_again "$S" unseal --all
	echo end
	exit 0
fi
echo "turn 1"
"$S" seal --no-dax $E/f
echo "turn 2"
"$S" seal --no-dax $X/g
echo "turn 3"
while :; do
	dd if=$E/f of=$E/f bs=64k conv=notrunc oflag=dsync 2>/dev/null
	cp $E/f $E/busy
done &
while "$S" upgrade && "$S" unseal $X/g && "$S" seal --no-dax $X/g; do :; done
echo "fail goes_on_until_the_cut"
