#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# File names by people who mean no good: every verb prints each on one line,
# without a byte that a terminal would act on, and as JSON. And whatever a name
# is made to lead to while the loader stands still between two of its steps, what
# is registered is one whole file, under a name that leads to it.
#
# With BRIEF=yes only the verbs that everybody needs, and one step.

. tests/cli/guest.sh

brief() {
	[ "${BRIEF:-no}" = yes ]
}

export LC_ALL=C
d=/mnt/ext4/names
mkdir $d $d/more

printf -v newlines '%255s' ''
names=(
	$'new\nline' $'\e[31mred\e[0m\e]0;title\a' $'carriage\rreturn\ttab'
	$'latin \351 and \377\376' $'c1 \302\233 bidi \342\200\256 bom \357\273\277'
	$'overlong \300\257 surrogate \355\240\200' "it's \"quoted\" \\n %s" '{"a":1},' ' '
	'-n' '--force' "$(printf '%0255d' 0)" "${newlines// /$'\n'}"
)
count=${#names[@]}
files=("${names[@]/#/$d/}")

# clean NAME: the last output is lines of printable bytes, and there is some
clean() {
	if [ ! -s "$OUT" ] || grep -qa '[^[:print:]]' "$OUT"; then
		tap_not_ok "$1" "$(od -c "$OUT" | head -20)"
	else
		tap_ok "$1"
	fi
}

# says LINES NAME COMMAND...: so many lines, clean ones; '' is any number
says() {
	local lines=$1 name=$2 n
	shift 2
	"$@" >"$OUT" 2>&1
	n=$(wc -l <"$OUT")
	if [ -n "$lines" ] && [ "$n" -ne "$lines" ]; then
		tap_not_ok "${name}_has_a_line_for_each" "$n, expected $lines" "$(cat -v "$OUT")"
	fi
	clean "$name"
}

# each COMMAND...: for each file, where it takes one only
each() {
	local f
	for f in "${files[@]}"; do
		"$@" -- "$f"
	done
}

# json NAME FILTER COMMAND...: one clean document, or some, of which this is true
json() {
	local name=$1 filter=$2
	shift 2
	"$@" >"$OUT" 2>/dev/null
	if jq -es "$filter" "$OUT" >/dev/null 2>"$OUT.err"; then
		clean "$name"
	else
		tap_not_ok "$name" "not $filter" "$(cat "$OUT.err" "$OUT")"
	fi
}

fit /mnt/ext4/anchor
"$S" seal --no-dax /mnt/ext4/anchor >/dev/null
for f in "${files[@]}"; do
	fit "$f"
done
# What each verb says, in the order of a file's life
unsealed_names() {
	says "$count" "check_unfit" "$S" check -- "${files[@]}"
	says "$count" "get_unsealed" "$S" get -- "${files[@]}"
	says "$count" "get_missing" "$S" get -- "${files[@]/%/\/x}"
	says "$count" "seal_unfit" "$S" seal -- "${files[@]}"
	says "$count" "create_what_exists" each "$S" create --size 64K
	says '' "map" each "$S" map
	json "map_json" "length == $count" each "$S" map --json
	json "check_json" ".[0].files | length == $count" "$S" check --no-dax --json -- "${files[@]}"
	holds "json_has_the_bytes_of_what_is_no_text" \
		jq -e '.files[3].path_hex == "2f6d6e742f657874342f6e616d65732f6c6174696e20e920616e6420fffe"' "$OUT"
	says "$count" "prepare" "$S" prepare --no-dax -- "${files[@]}"
}
sealed_names() {
	says "$count" "verify" "$S" verify -- "${files[@]}"
	says $((count + 1)) "verify_all" "$S" verify
	json "verify_json" ".[0].files | length == $count + 1" "$S" verify --json
	says '' "completion" "$S" __complete sealed $d/
	holds "completion_offers_only_plain_names" test "$(wc -l <"$OUT")" -lt "$count"
	says '' "metrics" "$S" metrics

	# Who is refused, and who holds a file, has a name as well
	"$S" monitor >/tmp/lines 2>&1 &
	monitors=$!
	"$S" monitor --json >/tmp/documents 2>&1 &
	monitors+=" $!"
	until [ -s /tmp/lines ] && [ -s /tmp/documents ]; do :; done
	comm=$'/tmp/\e[31m\nx'
	cp /usr/bin/truncate "$comm"
	for f in "${files[@]}"; do
		"$comm" -s 0 -- "$f" 2>/dev/null
	done
	until [ "$(grep -c shrink /tmp/lines)" -ge "$count" ] &&
		[ "$(grep -c shrink /tmp/documents)" -ge "$count" ]; do :; done
	says '' "monitor" cat /tmp/lines
	json "monitor_json" "map(select(.op == \"shrink\" and .comm == \"\\u001b[31m\\nx\")) | length == $count" \
		cat /tmp/documents
	says $((2 * count)) "get_denials" "$S" get --denials -- "${files[@]}"
	comm=$'/tmp/\e[7m\nh'
	cp /usr/bin/tail "$comm"
	"$comm" -f /dev/null <"${files[1]}" &
	holder=$!
	until grep -q h /proc/$holder/comm && [ -e /proc/$holder/fd/0 ]; do :; done
	says 2 "unseal_held" "$S" unseal -- "${files[1]}"
	json "unseal_held_json" '.[0].files[0].holders[0].comm == "\u001b[7m\nh"' \
		"$S" unseal --json -- "${files[1]}"
	# shellcheck disable=SC2086
	kill $holder $monitors
	# shellcheck disable=SC2086
	wait $holder $monitors 2>/dev/null
}
names_again() {
	mkdir -p /etc/staticdax.d
	printf '"%s/*":\n  dax: no\n' $d >/etc/staticdax.d/names.conf
	says "$count" "apply_dry_run" "$S" apply --dry-run
	json "apply_json" ".[0].files | length == $count and all(.changed)" "$S" apply --json
	says $((count + 1)) "apply_prune" sh -c ": >/etc/staticdax.d/names.conf; exec '$S' apply --prune"
	printf 'x:\n' >"/etc/staticdax.d/"$'\e[31m\n.conf'
	says '' "apply_of_a_policy_of_such_a_name" "$S" apply
	rm -r /etc/staticdax.d
	"$S" seal --no-dax -- /mnt/ext4/anchor "${files[@]}" >/dev/null
	says $((count + 1)) "unseal_all" "$S" unseal --all
	rm -- "${files[@]}"
	says "$count" "create" each "$S" create --no-dax --size 64K
	rm -- "${files[@]}"
}
brief || unsealed_names
says "$count" "seal" "$S" seal --no-dax -- "${files[@]}"
says "$count" "get" "$S" get -- "${files[@]}"
json "get_json" ".[0].files | length == $count and all(.sealed)" "$S" get --json -- "${files[@]}"
says $((count + 2)) "list" "$S" list
json "list_json" ".[0].seals | length == $count + 1" "$S" list --json
brief || sealed_names
json "unseal_json" ".[0].files | length == $count and all(.changed)" \
	"$S" unseal --json -- "${files[@]}"
if brief; then
	rm -- "${files[@]}"
else
	names_again
	"$S" seal --no-dax /mnt/ext4/anchor >/dev/null
fi

# Which file a name leads to may change between any two steps
a=$d/one/a
b=$d/two/a
link=$d/link
mkdir $d/one $d/two
mkfifo /tmp/trace

digest() {
	"$S" check --no-dax --json "$1" | jq -r '.files[0].digest'
}

# stops: the loader stands still; fails if it is done
stops() {
	local line
	while IFS= read -r line <&3; do
		trace+=$line$'\n'
		[[ $line != *'stopped by SIGSTOP'* ]] || return 0
	done
	return 1
}

go_on() {
	kill -CONT "$(cat /proc/$tracer/task/$tracer/children)"
}

# What is done to the names
to_other() {
	ln -sfn $b $link
}
to_first() {
	ln -sfn $a $link
}
names_swapped() {
	mv $a $d/more/a && mv $b $a && mv $d/more/a $b
}
directories_swapped() {
	mv $d/one $d/more && mv $d/two $d/one && mv $d/more/one $d/two
}

# whole: what is registered, if anything, is one of them, with its own size and
# map and a name that leads to it; it is refused to be changed, the other is not
whole() {
	local seal ino path f
	seal=$("$S" list --json | jq -c '.seals[] | select(.path != "/mnt/ext4/anchor")')
	case $(grep -c . <<<"$seal") in
	0) grep -q '^staticdax: ' /tmp/said || { echo "silent: $(cat /tmp/said)"; return 1; } ;;
	1)
		ino=$(jq .ino <<<"$seal")
		path=$(jq -r .path <<<"$seal")
		[ "$(jq -r '"\(.size) \(.digest)"' <<<"$seal")" = "${map[$ino]}" ] ||
			{ echo "registered: $seal, not ${map[*]}"; return 1; }
		[ "$(stat -c %i "$path")" = "$ino" ] || { echo "$path is another file: $seal"; return 1; }
		;;
	*) echo "two: $seal"; return 1 ;;
	esac
	for f in $a $b; do
		if truncate -s "$(stat -c %s $f)" $f 2>/dev/null; then
			[ "$(stat -c %i $f)" != "${ino:-}" ] || { echo "$f is not protected"; return 1; }
		else
			[ "$(stat -c %i $f)" = "${ino:-}" ] || { echo "$f is refused"; return 1; }
		fi
	done
}

# meanwhile NAME PATH CALL:N[,CALL:N] ACT...: at each of the steps the next act
meanwhile() {
	local name=$1 path=$2 n=0 step calls bad='' trace='' tracer
	local -a steps inject=()
	local -A map=()
	IFS=, read -ra steps <<<"$3"
	shift 3
	rm -rf $a $b
	fit $a 8192
	fit $b 16384
	to_first
	map[$(stat -c %i $a)]="8192 $(digest $a)"
	map[$(stat -c %i $b)]="16384 $(digest $b)"
	for step in "${steps[@]}"; do
		inject+=(-e inject="${step%:*}:signal=SIGSTOP:when=${step#*:}")
	done
	calls=$(printf '%s\n' "${steps[@]%:*}" | sort -u | paste -sd ,)
	strace -qq -o /tmp/trace -e trace="$calls" "${inject[@]}" \
		"$S" seal --no-dax "$path" >/tmp/said 2>&1 &
	tracer=$!
	exec 3</tmp/trace
	for act; do
		n=$((n + 1))
		stops || { bad="step $n is not reached"; break; }
		"$act" 2>/dev/null
		go_on
	done
	trace+=$(cat <&3)
	exec 3<&-
	wait $tracer
	bad+=$(whole)
	"$S" unseal --force $a $b >/dev/null 2>&1
	if [ -n "$bad" ]; then
		tap_not_ok "$name" "$bad" "$(cat /tmp/said)" "$trace"
	else
		tap_ok "$name ($(grep -q ': sealed' /tmp/said && echo sealed || echo refused))"
	fi
}

at=(fcntl:1 flock:1 fremovexattr:1 fsync:1)
! brief || at=(fremovexattr:1)
for step in "${at[@]}"; do
	meanwhile "link_changed_at_$step" $link $step to_other
	meanwhile "names_swapped_at_$step" $a $step names_swapped
	brief || meanwhile "directories_swapped_at_$step" $a $step directories_swapped
done
brief || meanwhile "link_changed_and_back" $link flock:1,fremovexattr:1 to_other to_first
meanwhile "directories_swapped_and_back" $a flock:1,fremovexattr:1 directories_swapped directories_swapped
meanwhile "nothing_changed" $a fsync:1 true
holds "unseal_anchor" "$S" unseal --all
holds "nothing_left" nothing_left
tap_done
