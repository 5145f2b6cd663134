#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tour itself: a writer that stores and flushes without msync, and everybody
# else's tools trying to move the file's blocks from under it.
#
# Usage: tour.sh DIRECTORY

set -u

S=${S:-build/staticdax-static}
SEAL=${SEAL:-}
dir=$1
file=$dir/data
other=$dir/other
failures=0

if [ -t 1 ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); else bold='' plain=''; fi

title() {
	printf '\n%s== %s%s\n' "$bold" "$1" "$plain"
}

show() {
	printf '%s$ %s%s\n' "$bold" "$*" "$plain"
	"$@" 2>&1 | sed 's/^/  /'
	return "${PIPESTATUS[0]}"
}

# try WANT COMMAND...: says what a tool got; WANT is refused or works
try() {
	local want=$1 said got=works
	shift
	said=$(bash -c "$*" 2>&1) || got=refused
	[ $got = refused ] || said=
	printf '  %-8s %s\n' "$got" "$*"
	sed -nE '/busy|permitted|supported/{s/.*: +//;s/^/           /p;q}' <<<"$said"
	[ $got = "$want" ] || { failures=$((failures + 1)); echo "  ^ expected: $want"; }
}

# Its exit status says nothing, its summary does; and it draws on a terminal.
e4defrag() {
	command e4defrag -v "$1" 2>&1 | sed 's/\x1b\[[0-9;]*[A-Za-z]/ /g; s/ioctl:/&  /' |
		tee /dev/stderr | grep -q 'Success:.*1/1'
}
export -f e4defrag

tools() {
	try "$1" "truncate -s 4K $file"
	try "$1" "fallocate -p -o 0 -l 4096 $file"
	try "$1" "dd if=/dev/zero of=$file bs=4096 seek=1024 count=1 conv=notrunc"
	try "$1" "chattr +i $file && chattr -i $file"
	# an ext4 cannot share blocks, so this is refused with or without a seal
	try refused "cp --reflink=always $file $other"
	try "$1" "rm $file"
}

title "A file of 4 MiB in two pieces, allocated and written"
dd if=/dev/zero of="$file" bs=4096 count=1025 conv=fsync status=none
fallocate -c -o 1M -l 4096 "$file" && sync "$file"
before=$(filefrag -v "$file")
sed 's/^/  /' <<<"$before"

title "Seal it"
# shellcheck disable=SC2086
show $S seal $SEAL "$file" || exit 1

title "A writer maps it, stores and flushes, and never calls msync"
build/tests/mmap_writer "$file" &
writer=$!
until build/tests/mmap_writer --progress "$file" 1; do :; done
echo "  it runs as process $writer"

title "Meanwhile, everybody's tools"
try refused "e4defrag $file"
tools refused

title "What stays free"
try works "dd if=/dev/urandom of=$file bs=4096 seek=8 count=1 conv=notrunc"
try works "cp $file $other"
try works "chmod 600 $file"
try works "ln $file $dir/link"

title "The writer has not noticed"
from=$(build/tests/mmap_writer --progress "$file")
until build/tests/mmap_writer --progress "$file" $((from + 1000)); do :; done
echo "  $(build/tests/mmap_writer --progress "$file") updates so far, and going on"
kill "$writer"
wait "$writer" 2>/dev/null

title "The registry, as the kernel has it"
show bpftool map dump pinned /run/staticdax/bpf/current/sealed | head -24
show $S list

title "The same blocks as before"
after=$(filefrag -v "$file")
sed 's/^/  /' <<<"$after"
if [ "$before" != "$after" ]; then
	failures=$((failures + 1))
	echo "  ^ the map has changed"
fi

title "Unseal it, and the same commands work"
show $S unseal "$file"
rm -f "$dir/link"
if [ -n "$SEAL" ]; then
	try works "e4defrag $file"
else
	echo "  (the kernel never defragments a DAX file of ext4: e4defrag is left out)"
fi
tools works

title "No program is left in the kernel"
show $S status
if [ $failures -ne 0 ]; then
	echo "demo: $failures answers were not as expected" >&2
	exit 1
fi
