#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Debian packages, installed, used, upgraded, removed and purged by dpkg in a
# running system.
#
# Usage: tests/packaging/install.sh KERNEL

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
kernel=$1
. tests/systemd/machine.sh

# Those of the host's tests, if nothing has changed since.
debs=build/deb
if ! compgen -G "$debs/staticdax_*.changes" >/dev/null ||
	[ -n "$(git ls-files -z | find -files0-from - -newer $debs/staticdax_*.changes)" ]; then
	make -s deb >"$work/log" 2>&1 || {
		tap_not_ok "packages_are_built" "$(tail -n 20 "$work/log")"
		tap_done
	}
fi
mkdir -p "$overlay/debs"
cp $debs/{staticdax,libstaticdax1,libstaticdax-dev}_*.deb "$overlay/debs/"
take_system
write_test_unit multi-user.target
boot packages -- tests/packaging/guest.sh
tap_done
