#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What the command prints and exits with, verb by verb, without a kernel:
# STATICDAX_FAKE is the command linked with tests/unit/fake_lib.c.
# No root, no files but a temporary directory.

cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/tap.sh
. ../tap.sh

fake=${STATICDAX_FAKE:?the command linked with tests/unit/fake_lib.c}
case $fake in
/*) ;;
*) fake=$OLDPWD/$fake ;;
esac
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
unset FAKE_SEALS FAKE_LIST FAKE_STATUS FAKE_DOCTOR FAKE_EVENTS
unset POSIXLY_CORRECT JOURNAL_STREAM
TZ=UTC
export TZ

# run_with VARIABLE=VALUE ARGUMENT...: leaves $status, $dir/out and $dir/err
run_with() {
	setting=$1
	shift
	env "$setting" "$fake" "$@" >"$dir/out" 2>"$dir/err" </dev/null
	status=$?
}

# run ARGUMENT...
run() {
	run_with LC_ALL=C "$@"
}

# expect NAME STATUS OUT-LINES ERR-LINES, of the last run
expect() {
	lines="$(wc -l <"$dir/out") $(wc -l <"$dir/err")"
	if [ "$status" -eq "$2" ] && [ "$lines" = "$3 $4" ]; then
		tap_ok "$1"
	else
		tap_not_ok "$1" "status $status, lines $lines; wanted $2, $3 $4" \
			"$(cat "$dir/out" "$dir/err")"
	fi
}

# says NAME out|err TEXT: a whole line of the last run
says() {
	if grep -qxF -e "$3" "$dir/$2"; then
		tap_ok "$1"
	else
		tap_not_ok "$1" "wanted: $3" "$(cat "$dir/$2")"
	fi
}

# json NAME FILTER: true of the last run's document, which is one and UTF-8
json() {
	if ! command -v jq >/dev/null; then
		tap_skip "$1" "there is no jq"
	elif iconv -f UTF-8 -t UTF-8 "$dir/out" >/dev/null 2>&1 &&
	     jq -es "length == 1 and (.[0] | $2)" "$dir/out" >/dev/null 2>&1; then
		tap_ok "$1"
	else
		tap_not_ok "$1" "$2" "$(cat "$dir/out")"
	fi
}

# usage NAME ARGUMENT...: one line, and nothing done
usage() {
	name=$1
	shift
	run "$@"
	expect "usage: $name" 2 0 1
}

# What the manual gives each kind of JSON object, see members.py; and which kinds have
# been compared with what is printed.
members=$dir/members
mandoc -Tutf8 -O width=1000 ../../man/staticdax.8 2>/dev/null | ./members.py >"$members"
: >"$dir/compared"

# keys NAME FILTER KIND...: each object there, of the last run, has the members that the
# manual gives these kinds together, and =MEMBER; bytes of names come as they must
keys() {
	name=$1 filter=$2
	shift 2
	for kind; do
		case $kind in
		=*) echo "${kind#=}" ;;
		*)
			awk -F '\t' -v kind="$kind" '$1 == kind { print $2 }' "$members"
			echo "$kind" >>"$dir/compared"
			;;
		esac
	done | sort -u >"$dir/wanted"
	if ! command -v jq >/dev/null || ! command -v mandoc >/dev/null; then
		tap_skip "$name" "there is no jq, or no mandoc"
		return
	fi
	jq -r "$filter | select(type == \"object\") | [keys[] | select(endswith(\"_hex\") | not)] |
		join(\" \")" "$dir/out" | sort -u >"$dir/got"
	if [ -s "$dir/wanted" ] && [ "$(cat "$dir/got")" = "$(paste -sd ' ' "$dir/wanted")" ]; then
		tap_ok "$name"
	else
		tap_not_ok "$name" "manual: $(paste -sd ' ' "$dir/wanted")" "printed: $(cat "$dir/got")"
	fi
}
every='every document'
answered='In every document, file, element of get, and in status'
file='Elements of files of seal, unseal, create, prepare and check'
seal='Elements of files of get, and of seals'

verbs=$("$fake" __complete verbs)

# --- before the verb ---

usage "no verb"
usage "unknown verb" zzzzzz
usage "unknown option" -x list
usage "nearest verb" unsael x
says "suggests the nearest verb" err \
	"staticdax: there is no verb 'unsael' (did you mean unseal?); see staticdax --help"
usage "hostile verb" "$(printf 'a\033[2J\nb')"
says "a hostile verb is shown safely" err \
	"staticdax: there is no verb 'a\\x1b[2J\\x0ab'; see staticdax --help"
run --version
expect "version" 0 3 0
says "version of the build" out "$(printf 'built by compiler %s for registries of version %d' \
	"$(echo __VERSION__ | gcc -E -P - | tr -d '"')" \
	"$(sed -n 's/^#define SDAX_ABI_VERSION //p' ../../include/staticdax_abi.h)")"
says "version knows a kernel that can" out "Linux $(uname -r) can seal files"
run_with FAKE_DOCTOR=cannot --version
expect "version where the kernel cannot" 0 3 0
says "version knows what is missing" out "Linux $(uname -r) cannot seal files for want of: bpf-lsm; see staticdax doctor"
run_with FAKE_DOCTOR=eperm --version
says "version without privilege" out "Linux $(uname -r): whether it can seal files, only root can ask (Operation not permitted)"
run --help
for verb in $verbs; do
	if grep -q "^  $verb " "$dir/out"; then
		tap_ok "--help names $verb"
	else
		tap_not_ok "--help names $verb"
	fi
done
if grep -q __complete "$dir/out"; then
	tap_not_ok "--help hides what is for the shell"
else
	tap_ok "--help hides what is for the shell"
fi

# --- help and completion come from one table ---

for verb in $verbs; do
	run "$verb" --help
	cp "$dir/out" "$dir/help"
	missing=
	for option in $("$fake" __complete options "$verb"); do
		grep -q -e "$option" "$dir/help" || missing="$missing $option"
	done
	if [ "$status" -eq 0 ] && [ -z "$missing" ]; then
		tap_ok "$verb --help has every option"
	else
		tap_not_ok "$verb --help has every option" "$missing"
	fi
done
run __complete values -- --mode
expect "values of --mode" 0 3 0
run __complete values -- --align
expect "a size has no values to choose from" 0 0 0
run_with FAKE_SEALS=2000 __complete sealed /pmem/file
expect "sealed files: not more than one can choose from" 0 1000 0
run __complete sealed /pmem/
expect "sealed files: only names that are one line" 0 5 0
run __complete operands unseal
says "what is unsealed is sealed" out "sealed"
run __complete operands seal
says "what is sealed is a file" out "files"
run __complete operands list
expect "list has no operands" 0 0 0
run __complete nonsense
expect "unknown question for the shell" 2 0 0

# --- options ---

for verb in seal unseal get check map; do
	usage "$verb without a file" "$verb"
done
for verb in list status doctor monitor metrics; do
	usage "$verb with a file" "$verb" x
done
usage "twice" seal --align 2M --align 2M x
usage "flag twice" seal --json --json x
usage "no value" seal --align
usage "a value too many" seal --json=1 x
usage "unknown long option" seal --nonsense x
usage "unknown letter" seal -vx x
usage "option of another verb" get --force x
usage "prepare without a file" prepare
usage "create without a file" create --size 1M
usage "create of two files" create --size 1M x y
usage "create without a size" create x
usage "bad size" seal --align 3X x
usage "bad size to create" create --size 3X x
usage "huge size" seal --align 99999999T x
usage "negative size" seal --align -1 x
usage "bad mode" seal --mode nonsense x
usage "bad wait" seal --wait 1m x
usage "huge wait" seal --wait 4294968 x
usage "bad interval" monitor --interval 0
usage "huge interval" monitor --interval 86401
usage "usage is found before anything is done" seal x --nonsense
usage "one mount point" unseal --all /a /b
run seal -- --json
says "-- ends the options" out \
	"--json: sealed (1073741824 bytes, 2 runs, align 4K, map digest 0000000000abcdef)"
run seal x --align 2M
says "options may follow files" out \
	"x: sealed (1073741824 bytes, 2 runs, align 2M, map digest 0000000000abcdef)"
run -v seal x
expect "verbose once, before the verb" 0 1 1
run seal -v x --verbose
expect "verbose twice, after it" 0 1 3

# --- seal ---

run seal new sealed.1
expect "seal" 0 2 0
says "already sealed" out \
	"sealed.1: already sealed (1073741824 bytes, 2 runs, align 4K, map digest 0000000000abcdef)"
run seal --audit x
says "audit does not look like a seal" out \
	"x: sealed, audit only: nothing is refused (1073741824 bytes, 2 runs, align 4K, map digest 0000000000abcdef)"
run seal hole x
expect "one line for a failure, and the next file" 1 1 1
says "why and what to do" err \
	"staticdax: 'hole': at offset 4096 (0x1000): has a hole; write it out with staticdax prepare"
run seal held x
expect "holders stand below" 5 1 10
says "a descriptor" err "    pid 100 'editor': fd 3, write"
says "a mapping, and a hostile comm" err \
	"    pid 101 '\\x1b[31mred': mapping at 0x7f0000001000, write"
says "the rest is counted" err "    ... and 3 more"
run seal system
says "what the system says" err \
	"staticdax: 'system': open: No such file or directory"

# worst ANSWER FILE...: 3 before 4 before 5 before 1 before 0
worst() {
	wanted=$1
	shift
	run seal "$@"
	if [ "$status" -eq "$wanted" ]; then
		tap_ok "exit $wanted for $*"
	else
		tap_not_ok "exit $wanted for $*" "exit $status"
	fi
}
worst 0 a b
worst 1 a hole b
worst 5 hole held a
worst 4 held lsm_off hole
worst 3 canary lsm_off held hole a
worst 3 a hole held lsm_off canary
worst 2 a bad_align
worst 3 no_privilege
worst 3 no_leases
worst 5 swapfile
worst 5 leased

# --- unseal ---

run unseal x unsealed.1 held
expect "unseal" 5 2 10
says "was not sealed" out "unsealed.1: was not sealed"
run unseal --force held
expect "unseal --force" 0 1 0
run unseal --all
expect "unseal --all" 5 7 10
run_with FAKE_SEALS=0 unseal --all /mnt
expect "unseal --all of nothing" 0 0 0
run unseal --all /missing
expect "unseal --all of no mount point" 3 0 1
run unseal --all /no_privilege
expect "unseal --all that fails as a whole" 3 0 1

# --- get ---

run get sealed.1 sealed.2
expect "get, all sealed" 0 2 0
run get sealed.1 x
expect "get, one is not" 1 2 0
says "not sealed" out "x: not sealed"
run get --denials audit.1 sealed.1 x
expect "get --denials" 1 5 0
says "the last denial" out \
	"    3 denials, the last 2031-05-07 11:33:17: truncate to 5 by tru\\xffncate[4711], uid 1000"
says "a denial that is not remembered" out \
	"    3 denials, the last no longer remembered"
run get lapsed pending
expect "neither lapsed nor pending is sealed" 1 2 0
says "lapsed, and why" out "lapsed: lapsed (unmounted, 2031-05-07 11:33:18)"
run get eacces sealed.1
expect "get of what may not be read" 3 1 1
run get eproto
expect "get with pins of another version" 3 0 1

# --- verify ---

run verify sealed.1
expect "verify, as it was" 0 1 0
says "as it was" out \
	"sealed.1: as it was sealed (1073741824 bytes, 2 runs, align 2M, map digest 0000000000abcdef)"
run verify moved sealed.1
expect "drift is an answer" 1 2 0
says "drift, and where" out \
	"moved: NOT as it was sealed: at offset 8192 (0x2000): does not lie where it did when it was sealed; see to what relies on it, then unseal it and seal it again"
run verify not_sealed.1
expect "verify of what is not sealed" 1 1 0
run verify held.1
expect "verify does not care who has it open" 1 1 0
run verify no_privilege
expect "verify that failed" 3 0 1
run verify canary sealed.1
expect "verify goes on after a failure" 3 1 1
run verify
expect "verify of all" 1 8 0
run_with FAKE_STATUS=canary verify
expect "verify of all, and the canary" 3 8 1
run_with FAKE_SEALS=0 verify
expect "verify of nothing" 0 0 0

# --- check ---

run check x
expect "check, fit" 0 1 0
run check --align 2M hole x
expect "not fit is an answer" 1 2 0
says "not fit, and why" out \
	"hole: not fit: at offset 4096 (0x1000): has a hole; write it out with staticdax prepare"
run check swapfile
expect "a swapfile is not fit" 1 1 0
run check no_privilege
expect "check that failed" 3 0 1

# --- list ---

run list
expect "list" 0 9 0
says "a name with a newline stays one line" out \
	"/pmem/audit\\x0aline  static+audit    1073741824     2M     1           3  2031-05-07 11:33:17  sealed (audit only)"
run list --denials
expect "list --denials" 0 17 0
run_with FAKE_SEALS=0 list
expect "list of nothing" 0 1 0
run_with FAKE_LIST=pins_version list
expect "list with pins of another version" 3 0 1

# --- status, doctor ---

run status
expect "status" 0 13 0
says "what has lapsed, why and when" out \
	"  /pmem/lapsed-one: lapsed (unmounted, 2031-05-07 11:33:18)"
run_with FAKE_STATUS=nothing status
expect "status of nothing" 0 5 0
says "nothing is sealed" out "enforcing: no (nothing is sealed)"
run_with FAKE_STATUS=canary status
expect "status that does not enforce" 3 13 1
run_with FAKE_STATUS=lsm_off status
expect "status where the kernel cannot" 4 13 1
run_with FAKE_STATUS=no_privilege status
expect "status without privilege" 3 1 1
run lock
expect "lock" 0 1 0
says "locked" out "locked until reboot"
run lock --json
json "lock --json" '.locked and .changed and .reason == "ok"'
keys "members of lock" . "$every" "$answered" lock
run_with FAKE_LOCK=guard_held lock
expect "lock while somebody could still write" 5 0 1
run doctor
expect "doctor" 0 4 0
run_with FAKE_DOCTOR=cannot doctor
expect "doctor: cannot" 4 5 0
says "doctor: the remedy" out "      boot with lsm=landlock,yama,bpf"
run_with FAKE_DOCTOR=eperm doctor
expect "doctor without privilege" 3 0 1

# --- monitor ---

# lines NAME FILTER: true of the last run's lines, each a document and UTF-8
lines() {
	if ! command -v jq >/dev/null; then
		tap_skip "$1" "there is no jq"
	elif iconv -f UTF-8 -t UTF-8 "$dir/out" >/dev/null 2>&1 &&
	     jq -R fromjson "$dir/out" 2>/dev/null | jq -es "$2" >/dev/null 2>&1; then
		tap_ok "$1"
	else
		tap_not_ok "$1" "$2" "$(cat "$dir/out")"
	fi
}

run monitor
expect "monitor, until SIGTERM" 0 5 0
says "a denial, its hostile names made safe" out \
	"2031-05-07 11:33:17 denied: shrink of /pmem/line\\x0abreak\\xff to 5 by \\x1b[31mred\\xff[4711], uid 1000: ETXTBSY"
says "an audited operation on a filesystem" out \
	"2031-05-07 11:33:17 audited: umount of the filesystem on 259:1 at 4096+512 by umount[0], uid 0: EBUSY"
says "a lapse" out \
	"2031-05-07 11:33:17 lapsed: the seal of /pmem/lapsed-one (unmounted)"
run_with FAKE_EVENTS=1000 monitor
expect "a flood of one kind is not printed" 0 15 0
if grep -q 'suppressed: 990 more denials: shrink of' "$dir/out"; then
	tap_ok "what was not printed is counted"
else
	tap_not_ok "what was not printed is counted" "$(cat "$dir/out")"
fi
if grep -q 'lost: 7 denials were' "$dir/out"; then
	tap_ok "what was lost is counted"
else
	tap_not_ok "what was lost is counted" "$(cat "$dir/out")"
fi
run monitor --json
lines "monitor --json" '[.[].event] ==
	["denied", "audited", "lapsed", "lost", "enforcement"] and
	all(.version == 1 and .time_ns > 0 and (.time | endswith("Z"))) and
	.[0].path_hex == "2f706d656d2f6c696e650a627265616bff" and
	.[0].offset == 5 and .[0].length == null and .[0].errno == "ETXTBSY" and
	.[0].time == "2031-05-07T11:33:17.123456Z" and .[0].cgroup_id == 1 and
	.[1].path == null and .[1].ino == null and .[1].dev == "259:1" and
	.[2].lapse == "unmounted" and .[3].count == 7 and
	.[4].enforcing == true and .[4].error == null'
keys "members of a denial" 'select(.event == "denied", .event == "audited")' \
	monitor "monitor denied and audited"
keys "members of a lapse" 'select(.event == "lapsed")' monitor "monitor lapsed"
keys "members of a loss" 'select(.event == "lost")' monitor "monitor lost"
keys "members of enforcement" 'select(.event == "enforcement")' \
	monitor "monitor enforcement" "$answered"
run_with FAKE_EVENTS=100 monitor --json
lines "monitor --json, suppressed" '.[-1].event == "suppressed" and
	.[-1].count == 90 and .[-1].op == "shrink" and .[-1].uid == 1000'
keys "members of what was suppressed" 'select(.event == "suppressed")' \
	monitor "monitor suppressed"
run_with FAKE_STATUS=canary monitor --json
lines "monitor --json, not enforcing" '.[-1].event == "enforcement" and
	.[-1].enforcing == false and .[-1].reason == "canary"'
run_with FAKE_STATUS=no_privilege monitor --json
lines "monitor --json without privilege" '.[-1].enforcing == null and
	.[-1].reason == "no_privilege"'
keys "members of enforcement that is not known" 'select(.event == "enforcement")' \
	monitor "monitor enforcement" "$answered"
run_with FAKE_STATUS=nothing monitor
expect "monitor while nothing is sealed" 0 5 0

# --- map ---

usage "map of two files" map x y
usage "map without a file to draw into" map x --svg
touch "$dir/a<b>&"
run map "$dir/a<b>&" --svg "$dir/svg"
expect "map" 0 13 0
says "the device of its addresses" out "on 259:0:"
says "a picture of it" out \
	"[################################........------------------------]"
says "what cannot be told" out \
	"The address of the device itself is not known: run it as root with /sys mounted."
says "the option of QEMU" out \
	"-object memory-backend-file,id=mem0,share=on,mem-path=$dir/a<b>&,size=8388608,align=2M,pmem=on"
# machine OPTION...: QEMU with these makes a machine, and ends
machine() {
	echo quit | timeout 300 qemu-system-x86_64 -S -machine none -nodefaults \
		-display none -monitor stdio "$@" >"$dir/qemu" 2>&1
}
if ! command -v qemu-system-x86_64 >/dev/null; then
	tap_skip "QEMU takes the option" "there is no qemu-system-x86_64"
else
	truncate -s 8M "$dir/a<b>&"
	option=$(sed -n 's/^-object //p' "$dir/out")
	if machine -object "$option"; then tap_ok "QEMU takes the option"; else
		tap_not_ok "QEMU takes the option" "$(cat "$dir/qemu")"
	fi
	if machine -object "$(echo "$option" | sed 's/size=[0-9]*/&0/')"; then
		tap_not_ok "and not another one" "$(cat "$dir/qemu")"
	else
		tap_ok "and not another one"
	fi
fi
if ! command -v xmllint >/dev/null; then
	tap_skip "the drawing is XML" "there is no xmllint"
elif xmllint --noout "$dir/svg" && grep -q '/a&lt;b&gt;&amp;: 8388608' "$dir/svg"; then
	tap_ok "the drawing is XML"
else
	tap_not_ok "the drawing is XML" "$(cat "$dir/svg")"
fi
run map stacked --svg "$dir/svg"
says "a device that is not the filesystem's" out "on 259:2:"
says "a device that has the bytes elsewhere" out \
	"on 9:0 (md), which has the bytes elsewhere; where, and how aligned, is not known:"
says "and no huge page on it" out "pages of 2 MiB: 3 of 4; of 1 GiB: 0 of 0"
expect "the filesystem's device goes without saying" 0 12 0
says "and is seen in the picture" out \
	"[################################################================]"
if [ "$(grep -cE '^<text y="[0-9]+">device (259:1 0x1000000 to 0x1400000|259:2 0x1400000 to 0x1600000|9:0 0x200000 to 0x400000 \(md: where it has the bytes is not known\))</text>$' "$dir/svg")" = 3 ]; then
	tap_ok "each device in the drawing"
else
	tap_not_ok "each device in the drawing" "$(cat "$dir/svg")"
fi
run map anonymous
says "no device at all" out \
	"Addresses are not known: this filesystem has devices of its own and does not say which; neither is resume_offset."
expect "and no resume_offset" 0 9 0
ln -sf svg "$dir/link"
drawn=$(sha256sum <"$dir/svg")
run map "$dir/svg" --svg "$dir/link"
expect "map does not draw over the file" 2 0 1
says "and says so" err \
	"staticdax: $dir/link: is the file itself, and would be overwritten; draw into another file"
if [ "$drawn" = "$(sha256sum <"$dir/svg")" ]; then
	tap_ok "what is drawn over stays"
else
	tap_not_ok "what is drawn over stays" "it has changed"
fi
run map x --svg /nonexistent/svg
expect "a drawing that cannot be written" 3 12 1
run map hole
expect "map that failed" 1 0 1

# --- create ---

run create --size 8M --align 2M x
says "create" out "x: created (8388608 bytes, 2 runs, align 2M, map digest 0000000000abcdef)"
run create --size 8M --seal x
says "create and seal" out "x: created and sealed (8388608 bytes, 2 runs, align 4K, map digest 0000000000abcdef)"
run create --size 8M geometry
expect "create that is impossible" 3 0 1
run create --size 8M --json exists
json "create --json that failed" '.files[0].reason == "exists" and .files[0].answer == "failed"'
keys "members of a created file" '.files[]' "$answered" "$file"
run create --size 8M x
expect "no bar where nobody looks" 0 1 0
script -qec "$fake create --size 8M x" /dev/null >"$dir/out" 2>&1
if grep -q 'x: \[##########..............................\]  25 %' "$dir/out" &&
	grep -q "$(printf '\r\033\[Kx: created')" "$dir/out"; then
	tap_ok "a bar on a terminal, gone in the end"
else
	tap_not_ok "a bar on a terminal, gone in the end" "$(cat -v "$dir/out")"
fi

# --- prepare ---

run prepare x fit
says "prepare" out "x: prepared: 8192 bytes of holes written out, 1 byte unwritten written out, 4096 bytes beyond the end freed (1073741824 bytes, 2 runs, align 2M, map digest 0000000000abcdef)"
says "prepare of what is fit" out "fit: nothing to do (1073741824 bytes, 2 runs, align 2M, map digest 0000000000abcdef)"
run prepare --dry-run x
says "prepare --dry-run" out "x: would be prepared: 8192 bytes of holes written out, 1 byte unwritten written out, 4096 bytes beyond the end freed"
run prepare --relocate --dry-run x
says "prepare --relocate" out "x: would be prepared: moved to other blocks"
run prepare linked held x
expect "prepare: the worst outcome counts" 5 1 11
run prepare --json leftover
json "prepare --json" '.files[0].reason == "leftover" and .files[0].trimmed == 4096 and .files[0].relocated == false'
keys "members of a prepared file" '.files[]' "$answered" "$file" \
	"Elements of files of prepare, besides"

# --- metrics ---

run metrics
expect "metrics" 0 60 0
says "sealed by mode" out 'staticdax_sealed_by_mode{mode="noshrink"} 0'
says "counts by state" out 'staticdax_seals{state="lapsed"} 1'
says "all 64 bits of a count" out 'staticdax_denials_total{op="shrink"} 18446744073709551615'
run_with FAKE_STATUS=pins_version metrics
expect "metrics of another version tell that nothing is known to protect" 3 6 1
says "not enforcing" out 'staticdax_enforcing 0'

# --- JSON ---

run seal --json x hole held
json "seal --json" '.version == 1 and .error == null and
	[.files[].answer] == ["yes", "no", "held"] and
	.files[1].error == "EINVAL" and .files[1].offset == 4096 and
	(.files[2].holders | length) == 8 and .files[2].holders_count == 11'
keys "members of seal" . "$every" "$answered" =files
keys "members of a file" '.files[]' "$answered" "$file"
keys "members of a holder" '.files[].holders[]' "$file/holders"
expect "failures are on stderr too" 5 5 11
run unseal --json --all
json "unseal --json --all" '(.files | length) == 8 and
	.files[7].reason == "held" and
	.files[3].path_hex == "2f706d656d2f70656e64696e67ff"'
run unseal --json --all /missing
json "unseal --json --all of no mount point" \
	'.files == [] and .error == "ENOENT"'
keys "members of unseal" . "$every" "$answered" =files
run unseal --json --all /no_privilege
json "unseal --json --all that fails as a whole" \
	'.files == [] and .reason == "no_privilege"'
run check --json hole x
json "check --json" '[.files[].reason] == ["hole", "ok"]'
keys "members of a checked file" '.files[]' "$answered" "$file"
run get --json sealed.1 x eacces
json "get --json" '[.files[].sealed] == [true, false, null] and
	.files[2].error == "EACCES"'
keys "members of what is got" '.files[]' "$answered" "$seal"
run verify --json moved sealed.1 not_sealed
json "verify --json" '[.files[].reason] == ["moved", "ok", "not_sealed"] and
	.files[0].offset == 8192 and .files[1].seal.digest == "fedcba9876543210" and
	.files[1].digest == "0000000000abcdef" and .files[2].seal == null and
	.files[0].seal == null'
keys "members of a verified file" '.files[]' "$answered" "$file" "Elements of files of verify"
keys "members of what it was" '.files[].seal' "$seal"
run_with FAKE_STATUS=canary verify --json
json "verify --json and the canary" '(.files | length) == 8 and .reason == "canary"'
run map --json x
json "map --json" '.pages_2m == 2 and .pages_1g == 0 and .qemu == null and
	.resume_offset == null and (.runs | length) == 3 and
	.runs[0].address == 16777216 and .runs[0].align == 16777216 and .runs[1].physical == null and
	.runs[2].state == "unwritten" and .runs[2].align == null and
	.runs[0].address_dev == "259:0" and .runs[0].opaque == null and
	.runs[1].address_dev == null'
keys "members of map" . "$every" "$answered" map
keys "members of a run" '.runs[]' map/runs
run map --json stacked
json "map --json of what cannot be seen through" '.dev == "259:1" and
	[.runs[].address_dev] == ["259:1", "259:2", "9:0"] and
	[.runs[].opaque] == [null, null, "md"] and .runs[2].pages_2m == 0'
run map --json anonymous
json "map --json without a device" '.dev == "0:38" and .resume_offset == null and
	.runs[0].physical == 4096 and .runs[0].address == null'
run map --json held
json "map --json that failed" '.runs == [] and .size == null and .reason == "held"'
run list --json
json "list --json" '(.seals | length) == 8 and
	.seals[1].path == "/pmem/audit\nline" and
	.seals[1].last_denial.comm_hex == "747275ff6e63617465" and
	.seals[1].last_denial.offset == 5 and
	.seals[1].last_denial.errno == "ETXTBSY" and
	.seals[0].digest == "fedcba9876543210"'
keys "members of list" . "$every" "$answered" =seals
keys "members of a seal" '.seals[]' "$seal"
keys "members of a last denial" '.seals[].last_denial' "$seal/last_denial"
run_with FAKE_SEALS=0 list --json
json "list --json of nothing" '.seals == []'
run_with FAKE_LIST=pins_version list --json
json "list --json that failed" '.seals == [] and .error == "EPROTO"'
run_with FAKE_STATUS=canary status --json
json "status --json" '.enforcing == false and .reason == "canary" and
	(.hooks | length) == 5'
keys "members of status" . "$every" "$answered" status
keys "members of a hook" '.hooks[]' status/hooks
keys "members of a lapsed seal" '.lapsed_seals[]' "$seal"
run_with FAKE_STATUS=no_privilege status --json
json "status --json without privilege" '.seals == null and .error == "EPERM"'
run_with FAKE_DOCTOR=cannot doctor --json
json "doctor --json" '(.answers | length) == 3 and .answers[1].yes == false and
	.error == "EOPNOTSUPP"'
keys "members of doctor" . "$every" "$answered" =answers
keys "members of an answer" '.answers[]' "Elements of answers"

# --- apply: what a policy asks for ---

mkdir "$dir/etc" "$dir/files"
touch "$dir/files/new" "$dir/files/sealed" "$dir/files/swap" "$dir/files/hole.1"
cat >"$dir/etc/a.conf" <<EOF
$dir/files/new:
  align: 2M
$dir/files/seal*:
$dir/files/swap:
  mode: swapfile
  dax: no
EOF
run apply "$dir/etc"
expect "apply" 0 3 0
says "apply seals what is not sealed" out \
	"$dir/files/new: sealed (1073741824 bytes, 2 runs, align 2M, map digest 0000000000abcdef)"
says "apply keeps what is" out \
	"$dir/files/sealed: already sealed (1073741824 bytes, 1 run, align 2M, map digest fedcba9876543210)"
run apply --json "$dir/etc"
json "apply --json" '[.files[].action] == ["seal", "keep", "keep"] and
	[.files[].policy[-8:]] == ["a.conf:1", "a.conf:3", "a.conf:4"] and
	.files[0].changed == true and .files[1].changed == false'
keys "members of apply" . "$every" "$answered" =files
keys "members of what is applied" '.files[]' "$answered" "$file" "Elements of files of apply"
run apply --dry-run "$dir/etc"
expect "apply --dry-run" 0 3 0
says "apply --dry-run seals nothing" out \
	"$dir/files/new: would be sealed (1073741824 bytes, 2 runs, align 2M, map digest 0000000000abcdef)"
run apply --dry-run --json "$dir/etc"
json "apply --dry-run --json" '[.files[].changed] == [false, false, false]'
printf '%s:\n' "$dir/files/mistyped*" >"$dir/etc/b.conf"
for how in "" --dry-run; do
	# shellcheck disable=SC2086 # no option, or one
	run apply $how "$dir/etc/b.conf"
	expect "apply ${how:+$how }of a pattern that matches nothing" 0 1 0
	says "apply ${how:+$how }names the pattern and its line" out \
		"$dir/files/mistyped*: matches no file, as $dir/etc/b.conf:1 has it"
done
run apply --json "$dir/etc/b.conf"
json "apply --json of a pattern that matches nothing" '.files[0].answer == "yes" and
	.files[0].action == "none" and (.files[0].path | endswith("/mistyped*")) and
	.files[0].policy[-8:] == "b.conf:1" and .files[0].changed == false'
mkdir "$dir/many"
touch "$dir/many/new"
long=$(printf '%0256d' 0)
printf '%s:\n%s:\n' "$dir/man?/$long" "$dir/many/n*" >"$dir/etc/b.conf"
run apply "$dir/etc/b.conf"
expect "apply with what cannot be read does the rest" 3 1 2
says "apply names what cannot be read" err \
	"    as $dir/etc/b.conf:1 asks"
run apply --prune "$dir/etc/b.conf"
expect "apply --prune with what cannot be read unseals nothing" 3 1 3
run apply --json "$dir/etc/b.conf"
json "apply --json with what cannot be read" '.files[0].action == "search" and
	.files[0].answer == "failed" and .files[0].error == "ENAMETOOLONG" and
	.files[1].action == "seal" and .files[1].answer == "yes"'
printf '%s:\n%s:\n' "$dir/files/hole.1" "$dir/files/gone" >"$dir/etc/b.conf"
run apply "$dir/etc"
expect "apply reports each file and the worst" 3 3 4
says "apply says which line asked" err "    as $dir/etc/b.conf:1 asks"
run apply --json "$dir/etc"
json "apply --json of failures" '[.files[].answer] ==
	["yes", "yes", "yes", "no", "failed"] and .files[4].error == "ENOENT"'
rm "$dir/etc/b.conf"
printf '%s:\n  align: 3M\n' "$dir/files/new" >"$dir/etc/c.conf"
run apply "$dir/etc"
expect "apply with an error in the policy does nothing" 2 0 1
says "apply names file, line and column" err \
	"staticdax: $dir/etc/c.conf:2:10: the alignment must be a power of two and at least the page size, e.g. 4K or 2M"
printf '%s:\n  mode: swapfile\n' "$dir/files/sealed" >"$dir/etc/c.conf"
run apply --dry-run "$dir/etc/c.conf"
expect "apply --dry-run foresees another mode" 0 1 0
says "apply --dry-run says from what to what" out \
	"$dir/files/sealed: would be changed from static to swapfile (1073741824 bytes, 2 runs, align 4K, map digest 0000000000abcdef)"
run apply --dry-run --json "$dir/etc/c.conf"
json "apply --dry-run --json of another mode" '.files[0].action == "change" and
	.files[0].was == {"mode": "static", "audit": false, "align": 2097152}'
keys "members of what was there before" '.files[].was' "Elements of files of apply/was"
chmod 666 "$dir/etc/c.conf"
usage "apply with a policy that others may write" apply "$dir/etc"
run apply "$dir/missing"
expect "apply without its policy" 3 0 1
printf '/pmem/sealed:\n' >"$dir/prune.conf"
run apply --prune --dry-run --json "$dir/prune.conf"
json "apply --prune spares what is named, present or not" \
	'[.files[] | select(.action == "unseal") | .path] ==
	["/pmem/audit\nline", "/pmem/swap\u001b[2J", "/pmem/caf\u00e9",
	 "/pmem/with space", "/pmem/held.1"]'
json "apply --prune unseals by no path that leads elsewhere" \
	'[.files[] | select(.action == "unseal") | .error] | unique == ["ENOENT"]'

# --- hostile names, as arguments ---

long=$(printf '%0255d' 0)
for name in "$(printf 'new\nline')" "$(printf 'bell\a\033]0;x\a')" \
	    "$(printf 'latin\351')" "$(printf '\377\376')" "it's" 'a"b' \
	    'back\slash' "$long" ' ' '%s%n' '{"a":1}'; do
	run seal --json "$name"
	json "one document whatever the name" '(.files | length) == 1'
	run seal "$name" "$(printf 'hole.%s' "$name")"
	expect "one line whatever the name" 1 1 1
	if LC_ALL=C grep -q '[[:cntrl:]]' "$dir/out" "$dir/err"; then
		tap_not_ok "no control bytes whatever the name"
	else
		tap_ok "no control bytes whatever the name"
	fi
done

# --- where stdout leads ---

for verb in "seal x" "list" "list --json" "status" "doctor" "monitor" "metrics" "--help"; do
	# shellcheck disable=SC2086 # words
	if [ -c /dev/full ]; then
		"$fake" $verb >/dev/full 2>"$dir/err"
		status=$?
		: >"$dir/out"
		expect "a full disk is a failure: $verb" 3 0 1
	else
		tap_skip "a full disk is a failure: $verb" "there is no /dev/full"
	fi
done
"$fake" list >&- 2>"$dir/err"
status=$?
: >"$dir/out"
expect "a closed stdout is a failure" 3 0 1
"$fake" seal hole 2>&- >"$dir/out"
status=$?
: >"$dir/err"
expect "a closed stderr gets into nobody's way" 1 0 0

# --- what the manual has and nothing above looks at ---

left=$(cut -f1 "$members" | sort -u | grep -vxFf "$dir/compared")
if [ -z "$left" ]; then
	tap_ok "every kind of object of the manual was compared"
else
	tap_not_ok "every kind of object of the manual was compared" "$left"
fi

tap_done
