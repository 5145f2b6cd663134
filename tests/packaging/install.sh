#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Debian packages, installed, used, also from Python, by Ansible and by a node
# exporter, upgraded, still in force after a reboot, removed and purged by dpkg in a
# running system; and the same with the rpm packages and rpm.
#
# Usage: tests/packaging/install.sh KERNEL
#   FLEET=no  without Ansible

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
kernel=$1
. tests/systemd/machine.sh
. tests/packaging/rpm.sh

# up_to_date FILE: nothing in the tree is newer
up_to_date() {
	[ -f "$1" ] && [ -z "$(git ls-files -z | find -files0-from - -newer "$1")" ]
}

build() {
	make -s "$@" >"$work/log" 2>&1 && return
	tap_not_ok "packages_are_built" "$(tail -n 20 "$work/log")"
	tap_done
}

# Those of the host's tests, if nothing has changed since.
debs=build/deb
rpms=build/rpm
up_to_date "$(compgen -G "$debs/staticdax_*.changes")" || build deb
up_to_date "$(compgen -G "$rpms/staticdax-static-*.rpm")" ||
	build rpm RPMBUILD_FLAGS="$rpmbuild_flags"
mkdir -p "$overlay/debs" "$overlay/rpms"
cp $debs/{staticdax,libstaticdax1,libstaticdax-dev}_*.deb "$overlay/debs/"
cp $rpms/*.rpm "$overlay/rpms/"
# The system has no /usr/share/doc, where the package puts these.
cp -r examples share/ansible "$overlay/"
cp share/staticdax.rules.yml "$overlay/debs/"
if exporter=$(tests/prometheus.sh prometheus-node-exporter 2>"$work/log"); then
	cp "$exporter" "$overlay/debs/exporter"
else
	tap_not_ok "node_exporter_is_there" "$(cat "$work/log")"
fi
take_system
write_test_unit multi-user.target
boot packages -t 1200 -a 'memmap=64M!768M' -e FLEET="${FLEET:-yes}" \
	-- tests/packaging/guest.sh first
# What they have been told is on the disk.
boot packages_again -t 900 -- tests/packaging/guest.sh second
tap_done
