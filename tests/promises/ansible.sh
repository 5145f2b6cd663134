#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Ansible role, judged by Ansible, and run: what a machine gets, what it does
# not, and that a second run changes nothing. The command has no kernel below it.

cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export FAKE_SEALS=0 ANSIBLE_LOCALHOST_WARNING=False ANSIBLE_NOCOLOR=1 ANSIBLE_HOME=$work \
	ANSIBLE_LOCAL_TEMP=$work ANSIBLE_REMOTE_TEMP=$work \
	ANSIBLE_ROLES_PATH=share/ansible/roles LC_ALL=C.UTF-8
mkdir "$work/etc" "$work/policies" "$work/bad"
head -c 65536 /dev/zero >"$work/pool"
printf '%s:\n  dax: no\n' "$work/pool" >"$work/policies/pool.conf"
printf 'nonsense\n' >"$work/bad/bad.conf"
printf '%s:\n  dax: no\n' "$work/pool" >"$work/etc/other.conf"
cat >"$work/site.yml" <<EOF2
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    staticdax_directory: $work/etc
    staticdax_command: $PWD/build/tests/staticdax-fake
    staticdax_policies: "{{ query('ansible.builtin.fileglob', '$work/' ~ from ~ '/*.conf') }}"
  roles: [staticdax]
EOF2

# plays NAME STATUS PATTERN ARGUMENT...: the role with these policies, and what it says
plays() {
	local name=$1 want=$2 pattern=$3 said got=0
	shift 3
	said=$(ansible-playbook -i localhost, --tags policy "$work/site.yml" "$@" 2>&1) || got=$?
	if [ $got -eq "$want" ] && grep -qE -- "$pattern" <<<"$said"; then tap_ok "$name"; else
		tap_not_ok "$name" "exit status $got" "$said"
	fi
}

has() {
	local name=$1
	shift
	if "$@"; then tap_ok "$name"; else tap_not_ok "$name" "$*"; fi
}

if said=$(cd share/ansible && ansible-playbook -i pmem, --syntax-check site.yml 2>&1); then
	tap_ok "playbook"
else
	tap_not_ok "playbook" "$said"
fi
# It looks nothing up in the network.
lint() {
	ANSIBLE_ROLES_PATH='' ansible-lint --offline -q "$@" 2>&1
}
if said=$(cd share/ansible && lint site.yml); then tap_ok "lint"; else
	tap_not_ok "lint" "$said"
fi
printf -- '- hosts: localhost\n  tasks:\n    - shell: echo\n' >"$work/careless.yml"
if said=$(cd "$work" && lint careless.yml); then
	tap_not_ok "lint_finds_what_is_careless" "$said"
else
	tap_ok "lint_finds_what_is_careless"
fi
plays "policies_are_installed_and_applied" 0 'changed=2 .*failed=0' -e from=policies
has "policy_is_there" cmp "$work/policies/pool.conf" "$work/etc/pool.conf"
has "other_policy_stays" test -f "$work/etc/other.conf"
plays "a_second_run_changes_nothing" 0 'changed=0 .*failed=0' -e from=policies
plays "a_bad_policy_fails" 2 'bad.*:1:1: a policy is a list|failed to validate' -e from=bad
has "a_bad_policy_is_not_installed" test ! -e "$work/etc/bad.conf"
plays "exclusive" 0 'changed=2 .*failed=0' -e from=policies -e staticdax_exclusive=true
has "exclusive_removes_the_other_policy" test ! -e "$work/etc/other.conf"
has "exclusive_keeps_the_named_one" test -f "$work/etc/pool.conf"

# Two machines, of which only one has the file
for machine in one two; do
	mkdir -p "$work/$machine/etc" "$work/$machine/files"
	cat >"$work/$machine/staticdax" <<EOF2
#!/bin/bash
exec unshare --map-root-user --mount --propagation private sh -c \
	'mount --bind "$work/$machine/files" "$work/files" && exec "$PWD/build/tests/staticdax-fake" "\$@"' \
	"$work/$machine/staticdax" "\$@"
EOF2
	chmod +x "$work/$machine/staticdax"
done
mkdir "$work/files" "$work/carried"
printf '%s:\n  dax: no\n' "$work/files/pool" >"$work/carried/pool.conf"
head -c 65536 /dev/zero >"$work/one/files/pool"
sed -e 's/^- hosts: .*/- hosts: all/' -e "s|$work/etc|$work/{{ inventory_hostname }}/etc|" \
	-e "s|staticdax_command: .*|staticdax_command: $work/{{ inventory_hostname }}/staticdax|" \
	"$work/site.yml" >"$work/fleet.yml"

# fleet NAME STATUS ONE TWO: what becomes of the machines
fleet() {
	local name=$1 want=$2 said got=0
	said=$(ansible-playbook -i one,two, --tags policy -e from=carried "$work/fleet.yml" 2>&1) || got=$?
	if [ $got -eq "$want" ] && grep -qE "^one .*$3" <<<"$said" &&
	   grep -qE "^two .*$4" <<<"$said"; then tap_ok "$name"; else
		tap_not_ok "$name" "exit status $got" "$said"
	fi
}
fleet "a_machine_that_has_not_the_file_fails" 2 'changed=2 .*failed=0' 'changed=0 .*failed=1'
has "the_other_gets_its_policy" cmp "$work/carried/pool.conf" "$work/one/etc/pool.conf"
has "and_it_does_not" test ! -e "$work/two/etc/pool.conf"
head -c 65536 /dev/zero >"$work/two/files/pool"
fleet "only_what_is_missing_is_done" 0 'changed=0 .*failed=0' 'changed=2 .*failed=0'
has "both_have_the_policy" cmp "$work/one/etc/pool.conf" "$work/two/etc/pool.conf"
tap_done
