#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The manual: clean, and complete for what --help and the header say.

cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

for page in man/*.[0-9]; do
	if said=$(mandoc -Tlint -Wwarning "$page" 2>&1); then
		tap_ok "lint_$(basename "$page")"
	else
		tap_not_ok "lint_$(basename "$page")" "$said"
	fi
done
text=$(mandoc -Tutf8 man/staticdax.8 | sed 's/.\x08//g')
# The synopsis is that of the verb table: nothing is missing, other or more.
given=$(mandoc -Tutf8 -O width=500 man/staticdax.8 | sed 's/.\x08//g' |
	sed -n '/^SYNOPSIS/,/^DESCRIPTION/s/^ *\(staticdax [a-z].*[^ ]\) *$/\1/p' | sort)
wanted=$(for verb in $(build/staticdax __complete verbs); do
	build/staticdax $verb --help | sed -n '1s/^Usage: //p'
done | sort)
if [ -n "$wanted" ] && [ "$given" = "$wanted" ]; then
	tap_ok "synopsis_is_that_of_help"
else
	tap_not_ok "synopsis_is_that_of_help" "$(diff <(echo "$wanted") <(echo "$given"))"
fi
for verb in $(build/staticdax __complete verbs); do
	missing=
	for option in $(build/staticdax $verb --help | grep -oE -- '--[a-z-]+' | sort -u); do
		grep -qF -- "$option" <<<"$text" || missing="$missing $option"
	done
	grep -qE "\b$verb\b" <<<"$text" || missing="$missing $verb"
	if [ -z "$missing" ]; then tap_ok "manual_has_$verb"; else
		tap_not_ok "manual_has_$verb" "missing:$missing"
	fi
done
text=$(sed -n '/^\.SH JSON/,/^\.SH [A-IK-Z]/p' man/staticdax.8)
missing=
members=$(cat loader/json.c loader/report*.c | tr '\n' ' ' |
	grep -oE '\b(json_)?(add|object_object_add)[a-z_]*\([^,;()]+,[[:space:]]*"[a-z_0-9]+"(,[[:space:]]*"[a-z_0-9]+")?' |
	grep -oE '"[a-z_0-9]+"' | tr -d '"' | sort -u)
for member in $members; do
	grep -qw -- "$member" <<<"$text" || missing="$missing $member"
done
if [ -z "$missing" ] && [ "$(wc -w <<<"$members")" -ge 60 ]; then
	tap_ok "manual_has_every_json_member"
else
	tap_not_ok "manual_has_every_json_member" "missing:$missing of:" "$members"
fi
text=$(cat man/*.3)
missing=
for call in $(grep -oE '\bstaticdax_[a-z_]+\(' include/staticdax.h | tr -d '(' | sort -u); do
	grep -q "$call" <<<"$text" || missing="$missing $call"
done
if [ -z "$missing" ]; then tap_ok "manual_has_every_call"; else
	tap_not_ok "manual_has_every_call" "$missing"
fi
tap_done
