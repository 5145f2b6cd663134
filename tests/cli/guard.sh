#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Seals against those who may do much: one machine for all of it, which takes
# longer to boot than most of it takes. The lock comes last: it is there to stay.
#
# Usage: tests/cli/guard.sh [TEST...], each the name of a file beside this one

. tests/cli/guest.sh

[ $# -gt 0 ] || set -- tamper privilege lock
for part; do
	tap_relay 1 "tests/cli/$part.sh"
done
tap_done
