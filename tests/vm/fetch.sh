#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Brings the kernels named in tests/vm/kernels into the cache and prints where
# they are.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${STATICDAX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/staticdax}/kernels
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
security=${DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}
keyring=${DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
update=

usage()
{
	cat <<USAGE
Usage: fetch.sh [--update] [--list] [NAME...]

Fetches Debian kernels into the cache and prints a line for each, separated by
tabs: name, release, kernel image, modules directory. What is in the cache
already is used without asking the network.

  --update  look for a newer kernel even when one is cached
  --list    print the names in tests/vm/kernels and stop

NAME is a name in tests/vm/kernels, or the version (7.2) or release of a kernel
in the cache. The default is \$KERNELS, or else all names.
KERNEL_IMAGE=FILE MODULES=DIR in the environment stand for a kernel of one's
own; nothing is fetched then, and NAME is not used.
Others: STATICDAX_CACHE, DEBIAN_MIRROR, DEBIAN_SECURITY_MIRROR, DEBIAN_KEYRING.
USAGE
}

die()
{
	printf 'fetch.sh: %s\n' "$1" >&2
	shift
	[ $# -eq 0 ] || printf '  %s\n' "$@" >&2
	exit 2
}

list_names()
{
	awk '!/^#/ && NF == 3 { print $1 }' "$here/kernels"
}

# The three columns of a name, or nothing.
row()
{
	awk -v name="$1" '!/^#/ && NF == 3 && $1 == name { print; exit }' \
		"$here/kernels"
}

# Runs apt with a state of its own: the system's lists, packages and hooks stay
# out of it, so it works for an ordinary user and disturbs nobody. Only the
# Acquire settings (proxies) are the system's.
setup_apt()
{
	local apt=$1 suites=$2 suite uri

	mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/empty.d"
	: >"$apt/status"
	for suite in ${suites//,/ }; do
		case $suite in
		*-security) uri=$security ;;
		*) uri=$mirror ;;
		esac
		printf 'deb [arch=amd64 signed-by=%s] %s %s main\n' \
			"$keyring" "$uri" "$suite"
	done >"$apt/sources.list"
	{
		apt-config dump | grep '^Acquire::' || :
		cat <<CONF
Dir::Etc::main "/dev/null";
Dir::Etc::parts "$apt/empty.d";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "$apt/empty.d";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$apt/empty.d";
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::archives "$apt/archives";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
	} >"$apt/apt.conf"
	export APT_CONFIG=$apt/apt.conf
}

depends_of()
{
	apt-cache show --no-all-versions "$1" |
		sed -n 's/^\(Pre-\)\?Depends: //p' | sed 's/[,|]/\n/g' |
		awk '{ print $1 }'
}

# A meta package leads to the packages of one release. From 7.x on the image
# package is empty and leads on to the kernel, the modules and their index.
release_packages()
{
	local todo=$1 found='' package next

	while [ -n "$todo" ]; do
		next=
		for package in $todo; do
			next+=" $(depends_of "$package" |
				grep -E '^linux-(image|binary|modules|base)-[0-9]' |
				tr '\n' ' ' || :)"
		done
		# shellcheck disable=SC2086 # a list of package names
		todo=$(printf '%s\n' $next | sort -u)
		found+=" $todo"
	done
	# shellcheck disable=SC2086 # a list of package names
	printf '%s\n' $found | sort -u
}

describe()
{
	local name=$1 root=$2 modules image release

	for modules in "$root"/usr/lib/modules/* "$root"/lib/modules/*; do
		[ -d "$modules/kernel" ] || continue
		release=${modules##*/}
		for image in "$root/vmlinux" "$root/boot/vmlinuz-$release" \
			"$root/usr/lib/modules/$release/vmlinuz" \
			"$root/lib/modules/$release/vmlinuz"; do
			[ -f "$image" ] || continue
			printf '%s\t%s\t%s\t%s\n' \
				"$name" "$release" "$image" "$modules"
			return
		done
	done
	die "no kernel found under $root" "Remedy: remove that directory."
}

cached()
{
	[ -d "$cache/$1/current/" ] || return 1
	describe "$1" "$(readlink -f "$cache/$1/current")"
}

# number FILE OFFSET SIZE: an unsigned number in a file.
number()
{
	od -An -v "-tu$3" "-j$2" "-N$3" "$1" | tr -d ' '
}

# An emulated machine takes seconds to decompress the kernel in a boot image, so
# that is done here; QEMU starts the bare kernel as well. The offsets are those
# of the x86 boot protocol. Where it does not work out, the image will do.
unpack_kernel()
{
	local image=$1 to=$2 setup start length tool

	setup=$(number "$image" $((0x1f1)) 1)
	start=$(((setup + 1) * 512 + $(number "$image" $((0x248)) 4)))
	length=$(number "$image" $((0x24c)) 4)
	tail -c "+$((start + 1))" "$image" | head -c "$length" >"$to.packed"
	for tool in 'zstd -dc' 'xz -dc --single-stream' 'gzip -dc' 'lz4 -dc'; do
		# The size that follows the data makes them complain.
		$tool <"$to.packed" >"$to" 2>/dev/null || :
		[ "$(head -c 4 "$to" | tail -c 3)" != ELF ] || break
		rm -f "$to"
	done
	rm -f "$to.packed"
}

# Unpacked aside and renamed in: a reader sees a whole kernel or none.
download()
{
	local name=$1 suites=$2 meta=$3 apt=$cache/$1/apt
	local packages aside deb release image modules

	setup_apt "$apt" "$suites"
	apt-get -qq -o APT::Update::Error-Mode=any update >&2 &&
		apt-cache show --no-all-versions "$meta" >/dev/null || return
	packages=$(release_packages "$meta")
	[ -n "$packages" ] || return

	aside=$cache/$name/aside
	rm -rf "$aside"
	mkdir -p "$aside/tree" "$aside/debs"
	# shellcheck disable=SC2086 # a list of package names
	(cd "$aside/debs" && apt-get -qq download $packages >&2) || return
	for deb in "$aside"/debs/*.deb; do
		dpkg -x "$deb" "$aside/tree"
	done
	IFS=$'\t' read -r name release image modules \
		< <(describe "$name" "$aside/tree")
	[ -f "$modules/modules.builtin" ] || return
	unpack_kernel "$image" "$aside/tree/vmlinux"
	if [ ! -d "$cache/$name/$release" ]; then
		mv "$aside/tree" "$cache/$name/$release"
	fi
	ln -sfn "$release" "$aside/current"
	mv -T "$aside/current" "$cache/$name/current"
	rm -rf "$aside" "$apt/archives"
}

fetch()
{
	local name=$1 suites=$2 meta=$3

	if [ -z "$update" ] && cached "$name"; then
		return
	fi
	mkdir -p "$cache/$name"
	exec 9>"$cache/$name/lock"
	flock 9
	if [ -n "$update" ] || ! cached "$name" >/dev/null; then
		for tool in apt-get dpkg; do
			command -v $tool >/dev/null ||
				die "$tool is missing, it fetches Debian's kernels" \
					"Remedy: give a kernel of your own: KERNEL_IMAGE=FILE MODULES=DIR."
		done
		[ -r "$keyring" ] ||
			die "no Debian archive keys at $keyring" \
				"Remedy: install debian-archive-keyring, or set DEBIAN_KEYRING."
		printf 'fetch.sh: fetching kernel %s\n' "$name" >&2
		download "$name" "$suites" "$meta" ||
			die "cannot fetch kernel $name ($meta of $suites)" \
				"Remedy: check the network and DEBIAN_MIRROR=$mirror," \
				"or give a kernel of your own: KERNEL_IMAGE=FILE MODULES=DIR."
	fi
	exec 9>&-
	cached "$name"
}

# A name that is not in the list is the version of something in the cache.
by_version()
{
	local name release rest

	for name in $(list_names); do
		cached "$name" 2>/dev/null || :
	done | while IFS=$'\t' read -r name release rest; do
		case $release in
		"$1" | "$1".* | "$1"[!0-9]*)
			printf '%s\t%s\t%s\n' "$name" "$release" "$rest"
			break
			;;
		esac
	done
}

own_kernel()
{
	[ -r "$KERNEL_IMAGE" ] || die "cannot read KERNEL_IMAGE=$KERNEL_IMAGE"
	[ -d "${MODULES:-}/kernel" ] ||
		die "KERNEL_IMAGE needs MODULES=DIR, its /lib/modules/RELEASE directory"
	printf 'own\t%s\t%s\t%s\n' "$(basename "$(readlink -f "$MODULES")")" \
		"$(readlink -f "$KERNEL_IMAGE")" "$(readlink -f "$MODULES")"
}

main()
{
	local name suites package line

	while [ $# -gt 0 ]; do
		case $1 in
		--update) update=1 ;;
		--list) list_names; exit ;;
		-h | --help) usage; exit ;;
		-*) usage >&2; exit 2 ;;
		*) break ;;
		esac
		shift
	done
	if [ -n "${KERNEL_IMAGE:-}" ]; then
		own_kernel
		return
	fi
	# shellcheck disable=SC2046,SC2086 # lists of names
	[ $# -gt 0 ] || set -- ${KERNELS:-$(list_names)}
	for name; do
		read -r name suites package <<<"$(row "$name") $name"
		if [ -n "$package" ]; then
			fetch "$name" "$suites" "${package%% *}"
			continue
		fi
		line=$(by_version "$name")
		[ -n "$line" ] ||
			die "no kernel $name" \
				"Names: $(list_names | tr '\n' ' ')" \
				"and the versions of those already fetched."
		printf '%s\n' "$line"
	done
}

main "$@"
