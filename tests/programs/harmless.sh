#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A file tree, git and fio do the same, to the byte, whether the filesystem has
# a sealed file on it or not.
#
# Usage: harmless.sh DIRECTORY...

. tests/programs/pairs.sh

top=$PWD
export HOME=/root GIT_CONFIG_GLOBAL=/tmp/gitconfig GIT_TEMPLATE_DIR=
export GIT_AUTHOR_DATE=@1700000000+0000 GIT_COMMITTER_DATE=@1700000000+0000
printf '[user]\n name = t\n email = t\n[safe]\n directory = *\n' >/tmp/gitconfig

tree() {
	mkdir one && cp -r --reflink=auto "$top/tests" one && tar -C one --sort=name --mtime=@0 -cf all.tar tests &&
		mkdir two && tar -C two -xf all.tar && diff -r one two &&
		rm -r one/tests/unit && mv two/tests/hooks one/tests/unit &&
		rsync -r --delete two/ three && truncate -s 12345 all.tar &&
		fallocate -p -o 4096 -l 4096 all.tar && cat all.tar >>three/long &&
		ln two/tests/run.sh two/link && cp two/link four && sed -i 's/kernel/KERNEL/' four
}

versions() {
	git init -q . 2>/dev/null && git add one four && git commit -q -m one &&
		git checkout -q -b side && git rm -q -r one/tests/cli &&
		echo more >>four && git commit -q -a -m two && git checkout -q - &&
		git merge -q side && git fsck --strict 2>&1 && git rev-parse HEAD
}

blocks() {
	fio --directory=. --size=512k --randseed=1 --bs=4k --verify=crc32c --minimal \
		--verify_state_save=0 --output=/tmp/fio --name=write --rw=randwrite --ioengine=psync \
		--name=map --rw=randwrite --ioengine=mmap \
		--name=uring --rw=randrw --ioengine=io_uring --iodepth=8
}

# What came of it: names, kinds, modes, sizes, contents.
workload() (
	rm -rf "$1"
	mkdir "$1" && cd "$1" && tree && versions && blocks || exit
	find . -name .git -prune -o -printf '%p %y %m %n %s\n' | grep -v '^\. ' |
		awk '$2 == "d" { $4 = $5 = "" } { print }' | sort
	find . -name .git -prune -o -type f ! -name 'write.*' ! -name 'map.*' \
		! -name 'uring.*' -exec sha256sum {} + | sort
)

for dir; do
	fs=$(stat -f -c %T "$dir" | sed 's/ext2.ext3/ext4/')
	fit "$dir/sealed"
	holds "${fs}_workload_with_nothing_sealed" workload "$dir/w"
	cp "$OUT" /tmp/without
	holds "${fs}_seal" "$S" seal --no-dax "$dir/sealed"
	holds "${fs}_workload_beside_a_sealed_file" workload "$dir/w"
	cp "$OUT" /tmp/with
	holds "${fs}_same_result" diff /tmp/without /tmp/with
	answers 0 'refused: +0,' "${fs}_nothing_was_refused" "$S" status
	holds "${fs}_unseal" "$S" unseal --all
done
holds harmless_leaves_nothing nothing_left
tap_done
