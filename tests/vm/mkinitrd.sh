#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the parts of the guest's initramfs that outlive a run, the host's tools
# and a kernel's modules, and prints where they are.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${STATICDAX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/staticdax}/initrd
# The administrator's tools are often not on a user's path.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
# shellcheck source-path=SCRIPTDIR source=stage.sh
. "$here/stage.sh"

usage()
{
	cat <<USAGE
Usage: mkinitrd.sh RELEASE MODULES_DIR [LIST...]

Prints uncompressed cpio archives for that kernel, one a line: the tools of
tests/vm/packages, the modules of tests/vm/modules, and for each LIST, a file
like tests/vm/packages, the programs named there. All are kept in the cache and
built again only when what they are made of has changed.
USAGE
}

die()
{
	printf 'mkinitrd.sh: %s\n' "$1" >&2
	shift
	[ $# -eq 0 ] || printf '  %s\n' "$@" >&2
	exit 2
}

# Lines of "need package program", from the comments in a package list.
guest_programs()
{
	sed -n 's/^\([a-z0-9.+-]*\)[[:space:]]*#.*guest, optional: /optional \1 /p
		t
		s/^\([a-z0-9.+-]*\)[[:space:]]*#.*guest: /required \1 /p' \
		"$1" |
		awk '{ for (i = 3; i <= NF; i++) print $1, $2, $i }'
}

# Prints the paths of the programs that are there; complains about all the
# others at once, so that one installation mends it.
find_programs()
{
	local need package program path missing='' packages=''

	while read -r need package program; do
		if path=$(type -P "$program"); then
			printf '%s\n' "$path"
		elif [ "$need" = required ]; then
			missing+=" $program"
			packages+=" $package"
		fi
	done < <(guest_programs "$1")
	[ -z "$missing" ] ||
		die "programs for the guest are missing:$missing" \
			"Remedy: apt-get install$(tr ' ' '\n' <<<"$packages" | sort -u | tr '\n' ' ')"
}

# Files that the programs want and ldd does not know of.
other_files()
{
	local file

	for file in /etc/mke2fs.conf /etc/netconfig /etc/protocols /etc/services \
		/etc/rpc /usr/share/xfsprogs/mkfs/*.conf \
		/lib/terminfo/l/linux /lib/terminfo/v/vt100 /lib/terminfo/v/vt220 \
		/lib/terminfo/x/xterm /lib/terminfo/x/xterm-256color \
		/lib/terminfo/s/screen /lib/terminfo/s/screen-256color \
		/lib/terminfo/t/tmux /lib/terminfo/t/tmux-256color; do
		[ ! -f "$file" ] || printf '%s\n' "$file"
	done
	# The C library opens this one when a thread is cancelled.
	ldconfig -p 2>/dev/null | sed -n 's/.*libgcc_s\.so\.1 .*x86-64.* => //p'
}

accounts()
{
	local etc=$1/etc

	mkdir -p "$etc" "$1/home/tester"
	cat >"$etc/passwd" <<PASSWD
root:x:0:0:root:/root:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
tester:x:1000:1000:an ordinary user:/home/tester:/bin/bash
PASSWD
	cat >"$etc/group" <<GROUP
root:x:0:
disk:x:6:
tty:x:5:
nogroup:x:65534:
tester:x:1000:
GROUP
	printf 'root:*:19000::::::\ntester:*:19000::::::\n' >"$etc/shadow"
	chmod 600 "$etc/shadow"
	printf 'passwd: files\ngroup: files\nhosts: files\n' >"$etc/nsswitch.conf"
	printf '127.0.0.1 localhost guest\n::1 localhost\n' >"$etc/hosts"
	printf 'guest\n' >"$etc/hostname"
	ln -s /proc/self/mounts "$etc/mtab"
}

skeleton()
{
	local dir

	mkdir -p "$1"/{dev,proc,sys,run,tmp,mnt,root,var/lib,etc}
	mkdir -p "$1"/usr/{bin,sbin,lib,lib32,lib64,lib/busybox}
	for dir in bin sbin lib lib32 lib64; do
		ln -s "usr/$dir" "$1/$dir"
	done
	ln -s /run "$1/var/run"
	ln -s /tmp "$1/var/tmp"
	accounts "$1"
}

build_base()
{
	local root=$1 list=$2 file

	skeleton "$root"
	MANIFEST=$root.manifest
	: >"$MANIFEST"
	# shellcheck disable=SC2046 # paths without blanks
	for file in $(cat "$list") $(libraries_of $(cat "$list")) $(other_files); do
		stage_file "$root" "$file"
	done
	[ -e "$root/usr/bin/sh" ] || ln -s bash "$root/usr/bin/sh"
	# The kernel's crypto code asks for modules while it boots and falls back
	# when there is no modprobe, which is faster; init puts it in place.
	mv "$root/usr/sbin/modprobe" "$root/usr/lib/modprobe"
	# Whatever the list above lacks comes from busybox, last on the path.
	busybox --list | while read -r file; do
		ln -s ../../bin/busybox "$root/usr/lib/busybox/$file"
	done
	pack "$root"
}

# A short name for what a build was asked for, so that trees which differ in that
# do not take turns in building.
key_of()
{
	cat "$@" | sha256sum | cut -c1-12
}

# Every file taken into a build, as it is now.
files_of()
{
	xargs stat -L -c '%n %s %Y' <"$1" 2>&1 || :
}

base()
{
	local work=$1 out

	find_programs "$here/packages" | sort -u >"$work/programs"
	out=$cache/base-$(key_of "$here"/{mkinitrd.sh,stage.sh} "$work/programs")
	if [ ! -f "$out.cpio" ] ||
		! files_of "$out.manifest" | cmp -s - "$out.stamp"; then
		printf 'mkinitrd.sh: packing the tools\n' >&2
		build_base "$work/base" "$work/programs" >"$work/base.cpio"
		files_of "$work/base.manifest" >"$out.stamp"
		mv "$work/base.manifest" "$out.manifest"
		mv "$work/base.cpio" "$out.cpio"
	fi
	touch "$out".*
	printf '%s\n' "$out.cpio"
}

# The programs of another list and their libraries, but not what the base has.
more()
{
	local work=$1 base=$2 list=$3 out file

	find_programs "$list" | sort -u >"$work/programs"
	out=$cache/more-$(key_of "$here"/{mkinitrd.sh,stage.sh} "$work/programs" \
		"$base.manifest")
	if [ ! -f "$out.cpio" ] ||
		! files_of "$out.manifest" | cmp -s - "$out.stamp"; then
		printf 'mkinitrd.sh: packing the programs of %s\n' "$list" >&2
		mkdir "$work/more"
		MANIFEST=$work/more.manifest
		: >"$MANIFEST"
		# shellcheck disable=SC2046 # paths without blanks
		for file in $(cat "$work/programs") \
			$(libraries_of $(cat "$work/programs")); do
			grep -qxF "$file" "$base.manifest" ||
				stage_file "$work/more" "$file"
		done
		pack "$work/more" >"$work/more.cpio"
		files_of "$work/more.manifest" >"$out.stamp"
		mv "$work/more.manifest" "$out.manifest"
		mv "$work/more.cpio" "$out.cpio"
		rm -rf "$work/more"
	fi
	touch "$out".*
	printf '%s\n' "$out.cpio"
}

# Prints the modules on the list and those they depend on, as paths below the
# modules directory. modprobe would leave out what the host has loaded itself.
module_files()
{
	awk -v release="$2" '
	function name_of(path)
	{
		sub(/.*\//, "", path)
		sub(/\.ko.*/, "", path)
		gsub(/-/, "_", path)
		return path
	}
	FILENAME ~ /modules\.dep$/ {
		sub(/:/, "")
		needs[name_of($1)] = $0
		next
	}
	FILENAME ~ /modules\.builtin$/ {
		needs[name_of($1)] = ""
		next
	}
	/^#/ { next }
	{
		for (i = 2; i <= NF; i++) {
			name = name_of($i)
			if (name in needs)
				print needs[name]
			else if ($1 == "required")
				missing = missing " " $i
		}
	}
	END {
		if (missing) {
			print "mkinitrd.sh: kernel " release " has no module" missing \
				>"/dev/stderr"
			exit 1
		}
	}' "$1/modules.dep" "$1/modules.builtin" "$here/modules" |
		tr ' ' '\n' | sed '/^$/d' | sort -u
}

# Unpacked now, because the guest would take long over it.
unpack_module()
{
	case $1 in
	*.xz) xz -dc "$1" >"${2%.xz}" ;;
	*.zst) zstd -qdc "$1" >"${2%.zst}" ;;
	*.gz) gzip -dc "$1" >"${2%.gz}" ;;
	*) cp "$1" "$2" ;;
	esac
}

build_modules()
{
	local root=$1 release=$2 from=$3 all=$1.all to=$1/usr/lib/modules/$2 file

	# The packages come without an index, and their directory stays as it was
	# unpacked, so the index is made on a copy.
	mkdir -p "$all/lib/modules" "$to"
	cp -a "$from" "$all/lib/modules/$release"
	depmod -b "$all" "$release"
	module_files "$all/lib/modules/$release" "$release" >"$root.list"
	while read -r file; do
		mkdir -p "$to/${file%/*}"
		unpack_module "$from/$file" "$to/$file"
	done <"$root.list"
	cp "$from"/modules.{builtin,builtin.modinfo,order} "$to"
	ln -s usr/lib "$root/lib"
	depmod -b "$root" "$release"
	rm "$root/lib"
	pack "$root"
}

modules()
{
	local work=$1 release=$2 from=$3 out

	stat -L -c '%n %Y' "$from" "$from/modules.builtin" >"$work/modules.id"
	out=$cache/modules-$release-$(key_of "$here"/{mkinitrd.sh,stage.sh,modules} \
		"$work/modules.id")
	if [ ! -f "$out.cpio" ]; then
		printf 'mkinitrd.sh: packing the modules of %s\n' "$release" >&2
		build_modules "$work/modules" "$release" "$from" >"$work/modules.cpio"
		mv "$work/modules.cpio" "$out.cpio"
	fi
	touch "$out.cpio"
	printf '%s\n' "$out.cpio"
}

main()
{
	local work tool base list

	case ${1:-} in
	-h | --help) usage; exit ;;
	esac
	[ $# -ge 2 ] || { usage >&2; exit 2; }
	for tool in cpio xz zstd depmod modprobe ldd; do
		type -P "$tool" >/dev/null ||
			die "$tool is missing" \
				"Remedy: install the packages of tests/vm/packages."
	done
	mkdir -p "$cache"
	exec 9>"$cache/lock"
	flock 9
	# What was not used for a month belongs to a kernel or a tree long gone.
	find "$cache" -maxdepth 1 -type f -mtime +30 -delete
	work=$(mktemp -d "$cache/work.XXXXXX")
	# shellcheck disable=SC2064 # the name is known now
	trap "rm -rf '$work'" EXIT
	base=$(base "$work")
	printf '%s\n' "$base"
	modules "$work" "$1" "$2"
	shift 2
	for list; do
		more "$work" "${base%.cpio}" "$list"
	done
}

main "$@"
