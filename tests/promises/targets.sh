#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every target that `make help` names does something.

cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

for target in $(make -s help | sed -n 's/^\([a-z-]*\)  .*/\1/p'); do
	if make -nB "$target" 2>/dev/null | grep -qv '^make: Nothing'; then
		tap_ok "make_$target"
	else
		tap_not_ok "make_$target" "it has no commands"
	fi
done
tap_done
