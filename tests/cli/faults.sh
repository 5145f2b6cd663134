#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The short forms of what takes minutes as a whole, in one machine: hostile names,
# what runs out, and a loader that is killed.

. tests/cli/guest.sh

export BRIEF=yes
for part in cli/names lifetime/limits cli/kill; do
	tap_relay 1 tests/$part.sh
done
holds "no_programs_left" no_programs
tap_done
