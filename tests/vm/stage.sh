# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Copies files, and programs with their libraries, into a directory that
# becomes part of the guest's initramfs. To be sourced.

# Where a host's path lies in the guest, where /bin, /sbin and /lib* are links
# into /usr whatever the host does.
guest_path()
{
	local dir

	dir=$(readlink -f "$(dirname "$1")")
	case $dir in
	/bin* | /sbin* | /lib*) dir=/usr$dir ;;
	esac
	printf '%s/%s\n' "$dir" "${1##*/}"
}

# The libraries of some programs and the loader itself, but not those found
# relative to the program; a static program or a script has none.
libraries_of()
{
	ldd "$@" 2>/dev/null |
		sed -n 's/^\t\(.* => \)\?\(\/[^ ]*\) (0x.*/\2/p' | sort -u || :
}

# stage_file ROOT FILE: the manifest, if MANIFEST is set, learns what was taken.
stage_file()
{
	local to

	to=$1$(guest_path "$2")
	[ ! -e "$to" ] || return 0
	mkdir -p "${to%/*}"
	cp -L --preserve=mode,timestamps "$2" "$to"
	chmod u+rw "$to"
	[ -z "${MANIFEST:-}" ] || printf '%s\n' "$2" >>"$MANIFEST"
}

# pack ROOT: everything below, owned by root, as one archive on stdout.
pack()
{
	(cd "$1" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
		cpio --quiet -0 -o -H newc -R +0:+0)
}
