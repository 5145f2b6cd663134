#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion in bash, zsh and fish: all from the program's own table, so the three
# offer the same. What each offers in all is asked without a terminal, where zsh
# does not complete, so its functions that add words print them; some of it is
# then typed on a terminal.

cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
ln -s "$PWD/build/tests/staticdax-fake" "$bin/staticdax"
PATH=$bin:$PATH

in_bash() {
	bash -c '. loader/staticdax.bash
		compopt() { :; }
		read -ra COMP_WORDS <<<"$1"
		[[ $1 != *" " ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_staticdax
		printf "%s\n" "${COMPREPLY[@]}"' bash "$1"
}

in_fish() {
	fish --no-config -c "source loader/staticdax.fish; complete -C '$1'" | cut -f 1
}

in_zsh() {
	zsh -f -c 'compadd() { print -rl -- "${(P@)@[-1]}" }
		_describe() { print -rl -- "${(P@)4%%:*}" }
		_files() { print -rl -- ${words[CURRENT]}*(N) }
		words=(${(z)1})
		[[ $1 != *" " ]] || words+=("")
		CURRENT=$#words
		. loader/staticdax.zsh' zsh "$1" | grep -- "^${1##* }"
}

# offers LINE WORD...: these and no others, whatever the shell
offers() {
	local line=$1 shell got wanted
	shift
	wanted=$([ $# -eq 0 ] || printf '%s\n' "$@" | LC_ALL=C sort)
	for shell in bash fish zsh; do
		got=$("in_$shell" "$line" 2>&1 | sed '/^$/d' | LC_ALL=C sort)
		if [ "$got" = "$wanted" ]; then
			tap_ok "$shell: $line"
		else
			tap_not_ok "$shell: $line" "offers $got" "not $wanted"
		fi
	done
}

words() {
	staticdax __complete "$@"
}

mapfile -t all < <(words verbs)
offers 'staticdax ' "${all[@]}"
offers 'staticdax unse' unseal
for verb in "${all[@]}"; do
	mapfile -t all < <(words options "$verb")
	offers "staticdax $verb --" "${all[@]}"
done
mapfile -t all < <(words values -- --mode)
offers 'staticdax seal --mode ' "${all[@]}"
offers 'staticdax seal --mode sw' swapfile
offers 'staticdax seal --align '
offers 'staticdax map --svg loader/size' loader/size.c loader/size.h
offers 'staticdax seal loader/size' loader/size.c loader/size.h
mapfile -t all < <(words sealed /pmem/)
offers 'staticdax unseal /pmem/' "${all[@]}"
offers 'staticdax unseal loader/size' loader/size.c loader/size.h
offers 'staticdax list '
offers 'staticdax --versi' --version

typed=0
while IFS= read -r line; do
	case $line in
	'ok '*) tap_ok "${line#* - }" ;;
	'not ok '*) tap_not_ok "${line#* - }" ;;
	'# '*) echo "$line" ;;
	1..*) typed=${line#1..} ;;
	esac
done < <(FAKE_SEALS=1 python3 tests/promises/completion_tty.py build/tests/staticdax-fake)
if [ "$typed" -ge 15 ]; then tap_ok "typed_on_a_terminal"; else
	tap_not_ok "typed_on_a_terminal" "its plan is missing"
fi
tap_done
