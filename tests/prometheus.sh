#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Prints the path of a program of Prometheus': the system's, or that of Debian's
# package, only unpacked, into the cache: installing it would start a server.
#
# Usage: tests/prometheus.sh promtool|prometheus-node-exporter

set -euo pipefail
cache=${STATICDAX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/staticdax}
name=$1
package=$name
[ "$name" != promtool ] || package=prometheus
tool=$cache/$name

if type -P "$name"; then
	exit
fi
if [ ! -x "$tool" ]; then
	mkdir -p "$cache"
	work=$(mktemp -d -p "$cache")
	# shellcheck disable=SC2064 # the name is known now
	trap "rm -rf '$work'" EXIT
	cd "$work"
	apt-get -qq -o APT::Sandbox::User=root download "$package" >&2
	dpkg-deb --fsys-tarfile "${package}"_*.deb |
		tar -x --strip-components=3 "./usr/bin/$name"
	mv "$name" "$tool"
fi
printf '%s\n' "$tool"
