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

sources=$(git ls-files '*.c' '*.h' '*.sh' '*.bash' '*.py' Makefile .ci/run tests/vm/init)
check "every_source_names_its_licence" "$(for f in $sources; do
	head -3 "$f" | grep -q 'SPDX-License-Identifier' || echo "$f"; done)"
# shellcheck disable=SC2046
check "scripts_are_clean" "$(shellcheck -x -S warning $(git ls-files '*.sh') .ci/run 2>&1)"
check "tests_do_not_sleep" "$(git grep -nE '\b(u|nano)?sleep(\(| [0-9])' -- tests ':!tests/promises' \
	':!tests/vm/packages')"
check "build_leaves_no_untracked_file" "$(git status --porcelain --untracked-files=normal |
	grep '^??')"
stage=$(mktemp -d)
make -s install "DESTDIR=$stage" >/dev/null 2>&1
check "install_puts_the_command" "$([ -x "$stage/usr/local/sbin/staticdax" ] || echo missing)"
check "install_puts_the_manual" "$([ -f "$stage/usr/local/share/man/man8/staticdax.8" ] ||
	echo missing)"
make -s uninstall "DESTDIR=$stage" >/dev/null 2>&1
check "uninstall_leaves_nothing" "$(find "$stage" ! -type d)"
rm -rf "$stage"
tap_done
