#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The guided tour: in a virtual machine with persistent memory, or with HOST=1
# on a loop filesystem of this machine.

set -u
cd "$(dirname "$0")/../.." || exit 1

if [ "${HOST:-}" = 1 ]; then
	if ! build/staticdax doctor; then
		echo "demo: this machine cannot enforce, see above; without HOST=1" \
		     "the demo runs in a virtual machine" >&2
		exit 4
	fi
	exec tests/demo/on_loop.sh
fi
kernel=${KERNEL:-6.12}
tests/vm/fetch.sh "$kernel" >/dev/null || exit 1
exec tests/vm/run.sh -k "$kernel" -t 300 -- tests/demo/tour.sh /mnt/ext4-dax
