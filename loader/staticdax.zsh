#compdef staticdax
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of staticdax for zsh: every word comes from the program itself.

_staticdax_words() {
	staticdax __complete -- "$@" 2>/dev/null
}

# Adds lines of "word<TAB>about", which _describe wants with a colon
_staticdax_describe() {
	local -a lines
	lines=(${(f)"$(_staticdax_words "${@:2}" | cut -f 1,2)"})
	lines=(${lines//:/\\:})
	lines=(${lines/$'\t'/:})
	_describe -t "$1" "$1" lines
}

_staticdax() {
	local verb value before=${words[CURRENT-1]} word=${words[CURRENT]}
	local -a found

	# a verb is the first word without a dash
	verb=${${words[2,CURRENT-1]:#-*}[1]}
	value=$(_staticdax_words options-about $verb |
		awk -F '\t' -v option=$before '$1 == option { print $3 }')
	if [[ -n $value ]]; then
		if [[ $value == OUT ]]; then
			_files
		else
			found=(${(f)"$(_staticdax_words values $before)"})
			compadd -a found
		fi
	elif [[ $word == -* ]]; then
		_staticdax_describe options options-about $verb
	elif [[ -z $verb ]]; then
		_staticdax_describe verbs verbs-about
	else
		case $(_staticdax_words operands $verb) in
		sealed)
			found=(${(f)"$(_staticdax_words sealed $word)"})
			if (( $#found )); then compadd -f -a found; else _files; fi ;;
		files) _files ;;
		esac
	fi
}

_staticdax "$@"
