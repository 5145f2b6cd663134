#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tree: licences named, scripts clean, tests that wait for events, nothing
# left behind by a build or by an uninstall.

cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

check() {
	if [ -z "$2" ]; then tap_ok "$1"; else tap_not_ok "$1" "$2"; fi
}

sources=$(git ls-files '*.c' '*.cpp' '*.h' '*.sh' '*.bash' '*.fish' '*.zsh' '*.py' Makefile .ci/run tests/vm/init)
check "every_source_names_its_licence" "$(for f in $sources; do
	head -3 "$f" | grep -q 'SPDX-License-Identifier' || echo "$f"; done)"
# shellcheck disable=SC2046
check "scripts_are_clean" "$(shellcheck -x -S warning $(git ls-files '*.sh') .ci/run 2>&1)"
check "tests_do_not_sleep" "$(git grep -nE '\b(u|nano)?sleep(\(| [0-9])' -- tests ':!tests/promises' \
	':!tests/vm/packages')"
check "build_leaves_no_untracked_file" "$(git status --porcelain --untracked-files=normal |
	grep '^??')"

# built_with PKGCONFIGDIR STAGE: an example, with what is installed and nothing else
built_with() {
	local program=$2.program
	local -a flags

	cp examples/seal_and_map.c "$program.c"
	read -ra flags < <(PKG_CONFIG_PATH=$1 PKG_CONFIG_SYSROOT_DIR=$2 \
		pkg-config --cflags --libs libstaticdax)
	gcc -Wall -Wextra -Werror -o "$program" "$program.c" "${flags[@]}" 2>&1 &&
		readelf -d "$program" | grep -q 'NEEDED.*libstaticdax\.so\.1\]' ||
		echo "with pkg-config's '${flags[*]}'"
	rm -f "$program" "$program.c"
}

# What install puts, uninstall takes away: below the usual prefix and where a
# distribution has its places. Others' files and our policies stay.
mirrored() {
	local name=$1 stage lib
	shift
	stage=$(mktemp -d)
	make -s install "DESTDIR=$stage" "$@" >"$stage.log" 2>&1
	check "install_puts_everything_$name" "$(for file in sbin/staticdax \
		sbin/staticdax-static lib*/libstaticdax.so.1 lib*/libstaticdax.a \
		lib*/pkgconfig/libstaticdax.pc include/staticdax.h \
		share/man/man8/staticdax.8 share/man/man3/libstaticdax.3 \
		share/bash-completion/completions/staticdax share/staticdax/staticdax.rules.yml \
		share/fish/vendor_completions.d/staticdax.fish \
		share/zsh/site-functions/_staticdax; do
		compgen -G "$stage/usr/$file" >/dev/null ||
			compgen -G "$stage/usr/local/$file" >/dev/null || echo "$file"; done
		find "$stage" -name 'staticdax*.service' | grep -q monitor || echo units)"
	lib=$(dirname "$(find "$stage" -name libstaticdax.a)")
	check "examples_are_built_with_what_is_installed_$name" \
		"$(built_with "$lib/pkgconfig" "$stage")"
	touch "$lib/libstaticdax.so.2" "$stage/etc/staticdax.d/pool.conf"
	make -s uninstall "DESTDIR=$stage" "$@" >>"$stage.log" 2>&1
	check "uninstall_leaves_what_is_others_$name" "$(ls "$lib/libstaticdax.so.2" \
		"$stage/etc/staticdax.d/pool.conf" 2>&1 >/dev/null)"
	rm -f "$lib/libstaticdax.so.2" "$stage/etc/staticdax.d/pool.conf"
	make -s uninstall "DESTDIR=$stage" "$@" >>"$stage.log" 2>&1
	check "uninstall_leaves_nothing_$name" "$(find "$stage" ! -type d
		find "$stage" -name '*staticdax*' -type d)"
	rm -rf "$stage" "$stage.log"
}

mirrored "in_usr_local"
mirrored "in_usr" PREFIX=/usr LIBDIR=/usr/lib64 UNITDIR=/usr/lib/systemd/system
tap_done
