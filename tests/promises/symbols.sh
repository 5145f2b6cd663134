#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The shared library exports its own prefix and daxctl, the archive nothing that
# could clash with a program's names.

cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

tap_plan 3
so=$(nm -D --defined-only build/libstaticdax.so | awk '$2 == "T" || $2 == "D" { print $3 }' |
     sed 's/@.*//' | sort)
other=$(grep -vE '^staticdax_[a-z_]+$|^daxctl$' <<<"$so")
if [ -z "$other" ]; then tap_ok "only_prefixed_symbols_are_exported"; else
	tap_not_ok "only_prefixed_symbols_are_exported" "$other"
fi
missing=
for call in $(grep -oE '\bstaticdax_[a-z_]+\(' include/staticdax.h | tr -d '(' | sort -u) daxctl; do
	grep -qx "$call" <<<"$so" || missing="$missing $call"
done
if [ -z "$missing" ]; then tap_ok "every_call_of_the_header_is_exported"; else
	tap_not_ok "every_call_of_the_header_is_exported" "$missing"
fi
other=$(nm -g --defined-only build/libstaticdax.a 2>/dev/null | awk 'NF == 3 { print $3 }' |
	grep -vE '^(sdax|staticdax)_|^daxctl$')
if [ -z "$other" ]; then tap_ok "archive_has_only_prefixed_symbols"; else
	tap_not_ok "archive_has_only_prefixed_symbols" "$other"
fi
tap_done
