#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each row of docs/reliability.md names tests that exist.

cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

page=docs/reliability.md
missing=
while IFS= read -r row; do
	files=$(grep -oE 'tests/[a-z_/0-9]+\.(sh|c)' <<<"$row")
	[ -n "$files" ] || missing="$missing"$'\n'"no test: $row"
	for file in $files; do
		[ -f "$file" ] || missing="$missing"$'\n'"no such file: $file"
	done
	for name in $(sed 's/.*|\(.*\)|$/\1/' <<<"$row" | grep -oE '`[a-z_]+\*?`' | tr -d '`*'); do
		name=${name%_after_namespace}
		# shellcheck disable=SC2086
		grep -qs -- "$name" $files || missing="$missing"$'\n'"no such test: $name"
	done
done < <(grep -E '^\| ' $page | grep -v '^| Fault ')
if [ -z "$missing" ]; then tap_ok "each_fault_has_a_test"; else
	tap_not_ok "each_fault_has_a_test" "$missing"
fi
tap_done
