#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs as a service of the booted system, which has the packages in /debs and
# /rpms.

. tests/cli/guest.sh
S=/usr/sbin/staticdax
file=/var/lib/pool

# Every path of the system, but for what dpkg, rpm, the linker and the journal keep.
# everything TEST...: those for which find's test holds
everything() {
	find / -xdev \( -path /staticdax -o -path /debs -o -path /rpms -o -path /tmp \
		-o -path /var/tmp -o -path /var/log -o -path /var/lib/dpkg \
		-o -path /var/lib/rpm -o -path /var/lib/systemd \
		-o -path /var/cache/ldconfig -o -path /etc/ld.so.cache \) -prune -o "$@" -print |
		LC_ALL=C sort
}

enabled() {
	[ "$(systemctl is-enabled "$1" 2>&1)" = "$2" ]
}

# What libstaticdax-dev needs to link with is no part of this system.
install_packages() {
	dpkg -i /debs/staticdax_*.deb /debs/libstaticdax1_*.deb &&
		dpkg -i --force-depends /debs/libstaticdax-dev_*.deb
}

after_installation() {
	local unit

	for unit in staticdax staticdax-release; do
		holds "$unit.service_is_enabled" enabled "$unit.service" enabled
		holds "$unit.service_is_not_failed" test \
			"$(systemctl is-failed "$unit.service")" != failed
	done
	holds "monitor_waits_to_be_enabled" enabled staticdax-monitor.service disabled
	holds "metrics_wait_to_be_enabled" enabled staticdax-metrics.timer disabled
	answers 0 'ok' "doctor" "$S" doctor
	answers 0 'nothing is sealed' "status_with_nothing_sealed" "$S" status
	answers 0 '^staticdax 1\.' "static_command" /usr/sbin/staticdax-static --version
	holds "removal_without_privilege_when_nothing_is_sealed" setpriv --inh-caps -sys_admin \
		--bounding-set -sys_admin dpkg -r staticdax
	holds "installation_again" dpkg -i /debs/staticdax_*.deb
	holds "library_is_found" sh -c 'ldconfig -p | grep -q "libstaticdax\.so\.1 "'
}

# What a new user tries first.
walk() {
	local dir=/var/lib/walk shared=/dev/shm/shared

	mkdir $dir
	answers 0 'created and sealed' "create" "$S" create --no-dax --size 1M --seal $dir/made
	fails "deny_truncate_of_what_was_created" truncate -s 0 $dir/made
	answers 0 'resume_offset' "map" "$S" map $dir/made
	answers 0 'as it was sealed' "verify" "$S" verify $dir/made
	answers 0 '^staticdax_seals\{.*state="sealed".*\} 1$' "metrics" "$S" metrics
	holds "unseal" "$S" unseal $dir/made
	holds "allow_truncate_of_what_was_created" truncate -s 0 $dir/made
	truncate -s 1M $dir/hole
	answers 1 'hole' "check_before" "$S" check --no-dax $dir/hole
	answers 0 '1048576 bytes of holes written out' "prepare" "$S" prepare --no-dax $dir/hole
	answers 0 'fit' "check" "$S" check --no-dax $dir/hole
	fit $shared
	holds "noshrink" "$S" seal --mode noshrink $shared
	fails "deny_truncate_of_shared" truncate -s 0 $shared
	holds "allow_append_to_shared" truncate -s +4096 $shared
	holds "unseal_shared" "$S" unseal $shared
	rm -r $dir $shared
}

in_use() {
	printf '%s:\n  dax: no\n' $file >/etc/staticdax.d/pool.conf
	holds "first_policy_is_applied" systemctl reload staticdax
	fails "deny_truncate" truncate -s 0 $file
	holds "reinstallation" dpkg -i /debs/staticdax_*.deb
	holds "sealed_after_reinstallation" "$S" get $file
	fails "deny_truncate_after_reinstallation" truncate -s 0 $file
	exec 7<$file
	answers 1 'sealed and in use' "removal_while_somebody_relies_on_a_seal" dpkg -r staticdax
	exec 7<&-
	fails "deny_truncate_after_removal_was_refused" truncate -s 0 $file
	holds "still_installed" dpkg -s staticdax
}

# The example of the package, with the installed library. daxctl() means DAX.
from_python() {
	local asked=/mnt/asked

	mkfs.ext4 -q -b 4096 /dev/pmem0 && mount -o dax /dev/pmem0 /mnt
	fit $asked
	answers 0 '^not sealed$' "python_asks" python3 /examples/daxctl.py $asked
	answers 0 '^sealed$' "python_seals" python3 /examples/daxctl.py $asked seal
	fails "deny_truncate_after_python" truncate -s 0 $asked
	answers 0 '^not sealed$' "python_unseals" python3 /examples/daxctl.py $asked unseal
	holds "allow_truncate_after_python" truncate -s 0 $asked
	umount /mnt
}

# plays [ARGUMENT...]: the playbook as it is shipped, on this machine
plays() {
	(cd /ansible && ansible-playbook -i machines site.yml "$@")
}

# The machine has the package already, and another policy with its seal. What the
# role does besides is shown on the host, where Python is not emulated.
by_ansible() {
	local carried=/var/lib/carried

	export ANSIBLE_HOME=/tmp/ansible ANSIBLE_LOCAL_TEMP=/tmp/ansible \
		ANSIBLE_REMOTE_TEMP=/tmp/ansible ANSIBLE_NOCOLOR=1 ANSIBLE_PIPELINING=1 \
		PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
	printf '[pmem]\nlocalhost ansible_connection=local ansible_become=false\n' \
		>/ansible/machines
	mkdir /ansible/policies
	fit $carried
	printf '%s:\n  dax: no\n' $carried >/ansible/policies/carried.conf
	answers 0 'changed=[1-9].* failed=0 ' "ansible_carries_the_policy" plays
	fails "deny_truncate_of_what_ansible_names" truncate -s 0 $carried
	holds "the_other_policy_stays" "$S" get $file
	holds "ansible_enables_the_monitor" enabled staticdax-monitor.service enabled
	rm /ansible/policies/*
	answers 0 'changed=[1-9].* failed=0 ' "ansible_takes_policies_away" \
		plays --tags policy -e '{"staticdax_exclusive": true}'
	holds "allow_truncate_of_what_ansible_named" truncate -s 0 $carried
	answers 1 'not sealed' "the_other_seal_went_as_well" "$S" get $file
	systemctl -q disable --now staticdax-monitor.service
	# the last two are what it asks rpm and apt
	rm -rf /tmp/ansible $carried /ansible/policies /ansible/machines \
		~root/.rpmdb /var/cache/apt/*.bin
	printf '%s:\n  dax: no\n' $file >/etc/staticdax.d/pool.conf
	holds "policy_is_applied_again" systemctl restart staticdax
}

after_removal() {
	holds "purge" dpkg --purge staticdax libstaticdax-dev libstaticdax1
	holds "allow_truncate" truncate -s 0 $file
	holds "no_registry_is_left" test ! -e /run/staticdax
	rm -f $file /etc/staticdax.d/pool.conf
	rmdir /etc/staticdax.d 2>/dev/null
	everything -true >/tmp/after
	answers 0 '' "purge_leaves_nothing" diff /tmp/before /tmp/after
}

# On Debian what they require has other names, and rpm wants to be asked twice and
# keeps its records in the home directory.
rpms() {
	rpm --force-debian --dbpath /var/lib/rpm "$@"
}

install_rpms() {
	rpms -i --nodeps /rpms/*.rpm
}

# Directories that rpm expects to be there already stay.
with_rpm() {
	everything ! -type d >/tmp/before
	fit $file
	holds "rpm_installation" install_rpms
	holds "rpm_service_is_enabled" enabled staticdax.service enabled
	holds "rpm_release_is_enabled" enabled staticdax-release.service enabled
	answers 0 '^staticdax 1\.' "rpm_static_command" /usr/sbin/staticdax-static --version
	printf '%s:\n  dax: no\n' $file >/etc/staticdax.d/pool.conf
	holds "rpm_policy_is_applied" systemctl reload-or-restart staticdax
	fails "rpm_deny_truncate" truncate -s 0 $file
	holds "rpm_reinstallation" rpms -U --nodeps --replacepkgs /rpms/*.rpm
	fails "rpm_deny_truncate_after_reinstallation" truncate -s 0 $file
	exec 7<$file
	answers '[1-9]*' 'sealed and in use' "rpm_removal_while_somebody_relies_on_a_seal" \
		rpms -e staticdax
	exec 7<&-
	fails "rpm_deny_truncate_after_removal_was_refused" truncate -s 0 $file
	holds "rpm_still_installed" rpms -q staticdax
	holds "rpm_removal" rpms -e staticdax staticdax-static staticdax-libs staticdax-devel
	holds "rpm_allow_truncate" truncate -s 0 $file
	holds "rpm_no_registry_is_left" test ! -e /run/staticdax
	rm -f $file /etc/staticdax.d/pool.conf
	rmdir /etc/staticdax.d
	everything ! -type d >/tmp/after
	answers 0 '' "rpm_removal_leaves_nothing" diff /tmp/before /tmp/after
}

# It keeps services from being started while a system is made.
rm -f /usr/sbin/policy-rc.d
(
	everything -true >/tmp/before
	fit $file
	holds "installation" install_packages
	after_installation
	walk
	in_use
	from_python
	[ "$FLEET" = no ] || by_ansible
	holds "removal" dpkg -r staticdax
	after_removal
	with_rpm
	tap_done
)
echo $? >/dev/ttyS2
systemctl start --no-block poweroff.target
