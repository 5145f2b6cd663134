#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds a small Debian system with systemd as a disk image, of the suite this
# machine runs so that what is built here runs there, and prints where it is.
# Kept in the cache; built again when this file or the package list changed.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${STATICDAX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/staticdax}/systemd
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
packages=$(sed -E 's/[[:space:]]*#.*//; /^$/d' "$here/packages" | paste -sd,)
image=$cache/$suite-$(cat "$here/image.sh" "$here/packages" | sha256sum | cut -c1-12).img

die()
{
	printf 'image.sh: %s\n' "$1" >&2
	exit 2
}

# The copy leaves out /proc and /sys, which are mounted while this runs.
pack='set -e; rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/usr/share/locale;'
pack+=' copy=$(mktemp -d); cp -ax "$1/." "$copy";'
pack+=' mke2fs -q -t ext4 -E lazy_itable_init=0 -d "$copy" "$IMAGE" 640M; rm -rf "$copy"'

build()
{
	local work=$1

	: >"$work/image"
	IMAGE=$work/image mmdebstrap --quiet --variant=minbase --format=null \
		--include="$packages" \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--customize-hook="$pack" \
		"$suite" /dev/null "$mirror" >&2
	mv "$work/image" "$image"
}

[ -n "$suite" ] || die "this is not Debian: /etc/os-release has no VERSION_CODENAME"
type -P mmdebstrap >/dev/null ||
	die "mmdebstrap is missing; install the packages of tests/vm/packages"
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [ ! -f "$image" ]; then
	find "$cache" -name '*.img' -mtime +30 -delete
	work=$(mktemp -d "$cache/work.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	printf 'image.sh: building a %s system\n' "$suite" >&2
	build "$work"
fi
touch "$image"
printf '%s\n' "$image"
