#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The guided tour, as `make demo` runs it here and as HOST=1 runs it on a host:
# every answer in it is as announced.

. tests/cli/guest.sh

answers 0 'Text file busy' "tour_on_persistent_memory" tests/demo/tour.sh /mnt/ext4-dax
holds "tour_leaves_nothing" nothing_left
answers 0 'Text file busy' "tour_on_a_loop_filesystem" env HOST=1 tests/demo/run.sh
holds "tour_on_a_loop_filesystem_leaves_nothing" nothing_left
tap_done
