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
tap_done
