#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Prints the path of promtool: the system's, or that of Debian's package, only
# unpacked, into the cache: installing it would start a server.

set -euo pipefail
cache=${STATICDAX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/staticdax}
tool=$cache/promtool

if type -P promtool; then
	exit
fi
if [ ! -x "$tool" ]; then
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/work.XXXXXX")
	# shellcheck disable=SC2064 # the name is known now
	trap "rm -rf '$work'" EXIT
	cd "$work"
	apt-get -qq -o APT::Sandbox::User=root download prometheus >&2
	dpkg-deb --fsys-tarfile prometheus_*.deb |
		tar -x --strip-components=3 ./usr/bin/promtool
	mv promtool "$tool"
fi
printf '%s\n' "$tool"
