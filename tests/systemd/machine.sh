# SPDX-License-Identifier: GPL-2.0-or-later
# A Debian system with systemd in a virtual machine, for the host's tests. To be
# sourced from the tree's top, after tests/tap.sh, with $kernel set.

# shellcheck shell=bash disable=SC2034,SC2154
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d "${TMPDIR:-/tmp}/staticdax-boot.XXXXXX")
trap 'rm -rf "$work"' EXIT
extra=$work/extra
overlay=$extra/overlay
etc=$overlay/etc

# take_system: a disk of its own with it
take_system() {
	local image

	image=$(tests/systemd/image.sh) || {
		tap_not_ok "image" "tests/systemd/image.sh failed"
		tap_done
	}
	cp --sparse=always "$image" "$work/root"
	mkdir -p "$etc/systemd/system/multi-user.target.wants"
	ln -s /usr/lib/systemd/system/multi-user.target "$etc/systemd/system/default.target"
}

# start_with UNIT: as multi-user.target's
start_with() {
	ln -s "../$1" "$etc/systemd/system/multi-user.target.wants/"
}

# What run.sh is asked to run is a service of that system, after other UNITs.
write_test_unit() {
	cat >"$etc/systemd/system/test.service" <<-EOF2
		[Unit]
		After=$*
		[Service]
		Type=idle
		WorkingDirectory=/staticdax
		ExecStart=/bin/bash /vm/command
		StandardOutput=file:/dev/ttyS1
		StandardError=file:/dev/ttyS1
	EOF2
	start_with test.service
}

# The guest's lines, numbered as ours.
relay() {
	local line

	while IFS= read -r line; do
		case $line in
		ok\ *) tap_ok "${line#ok * - }" ;;
		not\ ok\ *) tap_not_ok "${line#not ok * - }" ;;
		1..*) plan=seen ;;
		'#'*) echo "$line" ;;
		esac
	done <"$work/out"
}

# boot NAME [OPTION...] -- COMMAND...: options of tests/vm/run.sh
boot() {
	local name=$1 status=0

	shift
	plan=
	tests/vm/run.sh -k "$kernel" -t 600 -m 2G -i "$extra" -r "$work/root" "$@" \
		>"$work/out" 2>&1 || status=$?
	relay
	if [ "$status" -eq 0 ] && [ "$plan" = seen ]; then
		tap_ok "${name}_boot_ends"
	else
		tap_not_ok "${name}_boot_ends" "status $status" \
			"$(grep -vE '^(not )?ok |^#' "$work/out" | tail -n 30)"
	fi
}
