#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What readers are shown: the guided tour, as `make demo` runs it and as HOST=1 runs it on
# a host, and the sessions of README.md and docs/for-*.md, command by command: each still
# says what stands there, but for numbers that are no alignment and how wide its columns
# are.
#
# Usage: sessions.sh [--print]   prints the pages with what was said now, to be
# put in place of what was said then

. tests/cli/guest.sh

# says COMMAND: what it says, and the next line of what runs behind it, which has one
# more to say of each
behind=
says() {
	local line

	case $1 in
	*' &')
		exec 8< <(eval "exec ${1% &}" 2>&1)
		behind=$!
		;;
	'kill %1')
		kill "$behind"
		tail -f --pid "$behind" /dev/null
		exec 8<&-
		behind=
		return
		;;
	*)
		eval "$1" >"$OUT" 2>&1 </dev/null
		cat "$OUT"
		;;
	esac
	[ -z "$behind" ] || { IFS= read -r -t 60 line <&8 && printf '%s\n' "$line"; }
}

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
			says "$command"
		fi
	done <"$1"
}

# What differs from run to run: digests, addresses, times, counts, and in how many
# pieces the filesystem had room, but no alignment that was asked for. And from kernel
# to kernel: which of the hooks it has that are used only where they are.
alike() {
	sed -E 's/^(ok|no) +more-hooks: .*/more-hooks/
		s/\balign([ =])4K\b/align\1page/g; s/\balign([ =])2M\b/align\1huge/g
		s/^[^ ]*sessions\.sh: line [0-9]+: /bash: /
		s/\b(0x)?[0-9a-f]{8,16}\b/N/g; s/[0-9]+[KMG]\b/N/g; s/[0-9]+/N/g
		s/\bruns\b/run/; s/[[:space:]]+/ /g; s/ $//' "$1" | uniq
}

# wanted PAGE SAID: as alike has the page; on kernels that do not let BPF be switched
# off, with their answer to it
wanted() {
	local refused='sysctl: setting key "kernel.ftrace_enabled": Operation not supported'
	if grep -qxF "$refused" "$2"; then
		sed -e "/^# sysctl .*ftrace_enabled=0$/a$refused" \
			-e 's/^enforcing: no (the programs are attached .*/enforcing: yes/' "$1"
	else
		cat "$1"
	fi >/tmp/page
	alike /tmp/page
}

# The pages speak of /mnt/pmem and /srv, as their readers have them.
set_up() {
	local name

	umount /mnt/ext4-dax /mnt/ext4
	mkdir -p /mnt/pmem /srv
	mount -o dax=always /dev/pmem0 /mnt/pmem
	mount /dev/vda /srv
	for name in pmem2_store daxctl_call; do
		ln -s "$PWD/build/tests/example_$name" "/tmp/bin/$name"
	done
}

# try PAGE [PRINT], where $least is how many commands it has at least
least=8
try() {
	local page=$1 name
	name=$(basename "$page" .md)
	# those of the page before go slowly, and are waited for where they would be counted
	! grep -q 'bpftool prog' "$page" || no_programs || tap_diag "programs are left"
	replay "$page" >"/tmp/$name"
	cd "$here" || exit 1
	if [ "${2:-}" = --print ]; then
		printf '=== %s\n' "$page"
		cat "/tmp/$name"
		return
	fi
	wanted "$page" "/tmp/$name" >/tmp/wanted
	alike "/tmp/$name" >/tmp/got
	answers 0 '' "${name}_says_what_it_said" diff /tmp/wanted /tmp/got
	holds "${name}_has_a_session" test "$(grep -c '^[#$] ' "/tmp/$name")" -ge $least
}

# It has a file and a policy that were there before. The registry is looked into when
# the seals before that are gone, for it is shown as a whole.
read_me() {
	mkdir -p /var/lib/search /etc/staticdax.d
	head -c 1M /dev/zero >/var/lib/search/index
	cat >/etc/staticdax.d/mine.conf <<-'EOF2'
		/mnt/ext4-dax/*.img:
		  mode: swapfile
		  align: 2M
		/var/lib/search/*:
		  mode: noshrink
	EOF2
	sed '/^## Looking in/,$d' README.md >/tmp/README.md
	try /tmp/README.md "$@"
	holds "its_files_are_unsealed" "$S" unseal --all
	holds "its_registry_is_gone" nothing_left
	sed -n '/^## Looking in/,/^## What/p' README.md >/tmp/registry.md
	cd /mnt/ext4-dax || exit 1
	least=6 try /tmp/registry.md "$@"
	holds "what_was_looked_at_is_unsealed" "$S" unseal --all
	rm -r /mnt/ext4-dax/{pool,vm.img,old} /etc/staticdax.d
	holds "README_leaves_nothing" nothing_left
}

# As announced in it, for it ends with 0 only then
tours() {
	answers 0 'Text file busy' "tour_on_persistent_memory" tests/demo/tour.sh /mnt/ext4-dax
	holds "tour_leaves_nothing" nothing_left
	answers 0 'Text file busy' "tour_on_a_loop_filesystem" env HOST=1 tests/demo/run.sh
	holds "tour_on_a_loop_filesystem_leaves_nothing" nothing_left
}

export BRIEF=yes
[ "${1:-}" = --print ] || tours
here=$PWD
S=$here/$S
PATH=/tmp/bin:$PATH
mkdir -p /tmp/bin
chmod 755 /tmp /tmp/bin
ln -s "$S" /tmp/bin/staticdax
read_me "$@"
set_up
for page in docs/for-*.md; do
	try "$page" "$@"
	[ "${1:-}" = --print ] || holds "$(basename "$page" .md)_leaves_nothing" nothing_left
done
holds "no_programs_are_left" no_programs
tap_done
