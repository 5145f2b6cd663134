#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tour on this machine's own kernel: an ext4 on a loop device, which is not
# DAX and shows the same otherwise. Leaves nothing behind.

set -eu

dir=$(mktemp -d)
finish() {
	umount "$dir/mnt" 2>/dev/null || :
	rm -rf "$dir"
}
trap finish EXIT
truncate -s 600M "$dir/image"
mkfs.ext4 -q -b 4096 "$dir/image"
mkdir "$dir/mnt"
mount -o loop "$dir/image" "$dir/mnt"
S=build/staticdax SEAL=--no-dax tests/demo/tour.sh "$dir/mnt"
