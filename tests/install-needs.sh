#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs what building and testing need on a Debian machine, or says what is
# missing where it cannot.

set -u
cd "$(dirname "$0")/.." || exit 1

mapfile -t packages < <(sed -E 's/[[:space:]]*#.*//; /^$/d' \
	tests/packages tests/vm/packages tests/programs/packages | sort -u)

missing=()
if command -v dpkg-query >/dev/null; then
	for package in "${packages[@]}"; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null |
			grep -q 'install ok installed' || missing+=("$package")
	done
else
	echo "staticdax: this is not Debian; needed are the equivalents of:" >&2
	echo "    ${packages[*]}" >&2
	exit 0
fi

[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
	echo "staticdax: some packages are missing; as root run:" >&2
	echo "    apt-get install --no-install-recommends ${missing[*]}" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || exit 1
required=()
for package in "${missing[@]}"; do
	# what the guest has only if the host does is not worth failing for
	if ! grep -hE "^${package}[[:space:]]" tests/{vm,programs}/packages |
		grep -q 'optional'; then
		required+=("$package")
	else
		apt-get install -y -qq --no-install-recommends "$package" ||
			echo "staticdax: $package cannot be had; going on without it" >&2
	fi
done
[ ${#required[@]} -eq 0 ] ||
	apt-get install -y -qq --no-install-recommends "${required[@]}"
