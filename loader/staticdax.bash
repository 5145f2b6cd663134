# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of staticdax for bash: every word comes from the program itself.

_staticdax_words() {
	staticdax __complete -- "$@" 2>/dev/null
}

# Words read from stdin that begin with $1
_staticdax_match() {
	local word
	while IFS= read -r word; do
		[[ $word == "$1"* ]] && COMPREPLY+=("$word")
	done
}

# The verb before the word to complete; a verb is the first word without a dash
_staticdax_verb() {
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} != -* ]]; then
			printf '%s' "${COMP_WORDS[i]}"
			return
		fi
	done
}

# What option $2 of verb $1 takes: SIZE, OUT, static|swapfile, or nothing
_staticdax_value() {
	local option value
	[[ $2 == --* ]] || return
	while IFS=$'\t' read -r option _ value; do
		[[ $option == "$2" ]] && printf '%s' "$value"
	done < <(_staticdax_words options-about "$1")
}

_staticdax() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local verb value
	COMPREPLY=()
	verb=$(_staticdax_verb)

	value=$(_staticdax_value "$verb" "$prev")
	case $value in
	'') ;;
	OUT)
		compopt -o filenames 2>/dev/null
		_staticdax_match "" < <(compgen -f -- "$cur")
		return ;;
	*)
		_staticdax_match "$cur" < <(_staticdax_words values "$prev")
		return ;;
	esac
	if [[ $cur == -* ]]; then
		_staticdax_match "$cur" < <(_staticdax_words options "$verb")
		return
	fi
	if [[ -z $verb ]]; then
		_staticdax_match "$cur" < <(_staticdax_words verbs)
		return
	fi
	case $(_staticdax_words operands "$verb") in
	sealed)
		compopt -o filenames 2>/dev/null
		cur=${cur//\\/}
		_staticdax_match "$cur" < <(_staticdax_words sealed "$cur")
		[[ ${#COMPREPLY[@]} -gt 0 ]] || _staticdax_match "" < <(compgen -f -- "$cur") ;;
	files)
		compopt -o filenames 2>/dev/null
		_staticdax_match "" < <(compgen -f -- "$cur") ;;
	esac
}

complete -F _staticdax staticdax
