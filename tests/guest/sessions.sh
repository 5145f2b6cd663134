#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The sessions of docs/for-*.md, command by command: each still says what stands
# there, but for numbers and how wide its columns are.
#
# Usage: sessions.sh [--print]   prints the pages with what was said now, to be
# put in place of what was said then

. tests/cli/guest.sh

# $1, with what its commands say now. "#" before a command is root's prompt, "$"
# an ordinary user's.
replay() {
	local line inside='' command

	while IFS= read -r line; do
		case $line in
		'```console') inside=yes ;;
		'```') inside= ;;
		esac
		if [ -z "$inside" ] || [[ $line == '```'* ]]; then
			printf '%s\n' "$line"
		elif [[ $line == '# '* || $line == '$ '* ]]; then
			printf '%s\n' "$line"
			command=${line#? }
			[[ $line == '# '* ]] || command="setpriv --reuid 1000 --regid 1000 --clear-groups bash -c ${command@Q}"
			eval "$command" >"$OUT" 2>&1 </dev/null
			cat "$OUT"
		fi
	done <"$1"
}

# What differs from run to run: digests, addresses, times, counts, and in how many
# pieces the filesystem had room. And from kernel to kernel: which of the hooks it
# has that are used only where they are.
alike() {
	sed -E 's/^(ok|no) +more-hooks: .*/more-hooks/
		s/\b(0x)?[0-9a-f]{8,16}\b/N/g; s/[0-9]+[KMG]\b/N/g; s/[0-9]+/N/g
		s/\bruns\b/run/; s/[[:space:]]+/ /g; s/ $//' "$1" | uniq
}

# The pages speak of /mnt/pmem and /srv, as their readers have them.
set_up() {
	local name

	umount /mnt/ext4-dax /mnt/ext4
	mkdir -p /mnt/pmem /srv /tmp/bin
	mount -o dax=always /dev/pmem0 /mnt/pmem
	mount /dev/vda /srv
	ln -s "$PWD/$S" /tmp/bin/staticdax
	for name in pmem2_store daxctl_call; do
		ln -s "$PWD/build/tests/example_$name" "/tmp/bin/$name"
	done
	chmod 755 /tmp /tmp/bin
	PATH=/tmp/bin:$PATH
}

here=$PWD
set_up
for page in docs/for-*.md; do
	name=$(basename "$page" .md)
	no_programs || tap_diag "programs of the page before are left"
	replay "$page" >"/tmp/$name"
	cd "$here" || exit 1
	if [ "${1:-}" = --print ]; then
		printf '=== %s\n' "$page"
		cat "/tmp/$name"
		continue
	fi
	alike "$page" >/tmp/wanted
	alike "/tmp/$name" >/tmp/got
	answers 0 '' "${name}_says_what_it_said" diff /tmp/wanted /tmp/got
	holds "${name}_has_a_session" test "$(grep -c '^[#$] ' "/tmp/$name")" -ge 8
	holds "${name}_leaves_nothing" nothing_left
done
tap_done
