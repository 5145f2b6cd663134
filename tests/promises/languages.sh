#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The library from C++, as each standard has it, and from Python.

cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LD_LIBRARY_PATH=build
head -c 65536 /dev/zero >"$work/file"

# answers STATUS PATTERN NAME COMMAND...
answers() {
	local want=$1 pattern=$2 name=$3 said got
	shift 3
	said=$("$@" 2>&1)
	got=$?
	if [ $got -eq "$want" ] && grep -qE -- "$pattern" <<<"$said"; then
		tap_ok "$name"
	else
		tap_not_ok "$name" "exit status $got" "$said"
	fi
}

for standard in c++11 c++20; do
	answers 0 '' "header_in_$standard" g++ -std=$standard -Wall -Wextra -pedantic \
		-Wold-style-cast -Werror -Iinclude examples/seal.cpp -o "$work/seal" \
		build/libstaticdax.so
done
answers 1 'file: ' "program_in_c++_says_why" "$work/seal" "$work/file"
answers 0 '^not sealed$' "python_asks" python3 examples/daxctl.py "$work/file"
answers 1 'OSError: \[Errno [0-9]+\] .*/file' "python_gets_the_errno" \
	python3 examples/daxctl.py "$work/file" seal
answers 1 'FileNotFoundError: .*nothing' "python_gets_the_errno_of_open" \
	python3 examples/daxctl.py "$work/nothing"
tap_done
