#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The table for readers: it has every operation that is tried, none that is not,
# and every reason for a difference.

cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

page=docs/conformance.md

# all_in NAME: every line of the input stands in the page
all_in() {
	local missing
	missing=$(while IFS= read -r line; do
		grep -qF -- "$line" "$page" || echo "$line"
	done)
	if [ -z "$missing" ]; then tap_ok "$1"; else
		tap_not_ok "$1" "not in $page, which make conformance makes:" "$missing"
	fi
}

operations=$(build/tests/contract --list | awk '{ print $1 }' | sort -u)
all_in "page_has_every_operation" < <(sed 's/.*/| `&`/' <<<"$operations")
gone=$(sed -n '/^## Operations/,/^## Reasons/s/^| `\([^`]*\)`.*/\1/p' "$page" | sort -u |
	comm -13 <(echo "$operations") -)
if [ -z "$gone" ]; then tap_ok "page_has_no_other_operation"; else
	tap_not_ok "page_has_no_other_operation" "$gone"
fi
all_in "page_has_every_reason" < <(sed -n 's/^= //p' tests/hooks/differences)
tap_done
