#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs as a service of the booted system, which has the packages in /debs and
# /rpms.
#
# Usage: guest.sh first   installs the Debian packages, and uses them
#        guest.sh second  after a reboot, when the policy is in force again, removes
#                         them; then the rpm packages

. tests/cli/guest.sh
S=/usr/sbin/staticdax
file=/var/lib/pool
units=/etc/systemd/system
prom=/var/lib/prometheus/node-exporter/staticdax.prom
# what outlives a reboot and is no part of the system
kept=/var/tmp

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
	holds "metrics_timer_runs_after_reinstallation" systemctl -q is-active staticdax-metrics.timer
	exec 7<$file
	answers 1 'sealed and in use' "removal_while_somebody_relies_on_a_seal" dpkg -r staticdax
	exec 7<&-
	fails "deny_truncate_after_removal_was_refused" truncate -s 0 $file
	holds "still_installed" dpkg -s staticdax
}

# Ordinary services come after it without naming it. This one is asked after the reboot.
write_application() {
	cat >$units/application.service <<-EOF2
		[Service]
		Type=oneshot
		ExecStart=/bin/sh -c 'staticdax get $file && s=sealed || s=free; echo "\$\$(cat /proc/sys/kernel/random/boot_id) \$\$s" >$kept/application'
		[Install]
		WantedBy=multi-user.target
	EOF2
	holds "application_is_enabled" systemctl -q enable application.service
}

# written_after TIME: waits until the metrics have been written at another
written_after() {
	# shellcheck disable=SC2016 # expanded there
	timeout 150 bash -c 'until now=$(stat -c %y "$1" 2>/dev/null) && [ "$now" != "$2" ]
		do :; done' - $prom "$1"
}

# The collector's directory is there once the exporter is installed.
start_metrics() {
	install -d -o 65534 -m 755 ${prom%/*}
	holds "metrics_timer_is_enabled" systemctl -q enable --now staticdax-metrics.timer
	holds "metrics_are_written" written_after ''
	written=$(stat -c %y $prom)
}

# scraped PATTERN: a line of what the exporter said
scraped() {
	grep -qE -- "$1" $kept/scraped
}

# scrape: what Debian's exporter says, that runs as nobody and looks where it always does
scrape() {
	local exporter

	setpriv --reuid 65534 --regid 65534 --clear-groups /debs/exporter --log.level=error \
		--web.listen-address=127.0.0.1:9100 --collector.disable-defaults \
		--collector.textfile &
	exporter=$!
	timeout 60 bash -c 'until exec 3<>/dev/tcp/127.0.0.1/9100; do :; done 2>/dev/null
		printf "GET /metrics HTTP/1.0\r\n\r\n" >&3; cat <&3' >$kept/scraped
	kill $exporter
	wait $exporter
}

# By now the timer has had its minute.
read_metrics() {
	local name

	holds "metrics_are_written_again" written_after "$written"
	holds "metrics_are_those_of_now" systemctl start staticdax-metrics.service
	scrape
	holds "exporter_reads_the_file" scraped '^node_textfile_scrape_error 0'
	holds "exporter_says_that_it_is_enforced" scraped '^staticdax_enforcing 1'
	holds "exporter_counts_the_seal" scraped '^staticdax_seals\{.*state="sealed".*\} 1'
	holds "alert_rules_are_installed" cmp /usr/share/staticdax/staticdax.rules.yml \
		/debs/staticdax.rules.yml
	for name in $(sed -n 's/expr://p' /usr/share/staticdax/staticdax.rules.yml |
		grep -oE '\bstaticdax_\w+' | sort -u); do
		scraped "^$name\\b" || echo "$name"
	done >$kept/missing
	answers 0 '' "alerts_are_on_what_the_exporter_says" diff /dev/null $kept/missing
}

# Only what is enabled is there to write metrics after the reboot.
stop_metrics() {
	holds "metrics_timer_stops" systemctl stop staticdax-metrics.timer
	holds "metrics_service_stops" systemctl stop staticdax-metrics.service
	holds "metrics_are_gone" rm $prom
}

after_reboot() {
	holds "sealed_before_the_application_started" test "$(cat $kept/application)" = \
		"$(cat /proc/sys/kernel/random/boot_id) sealed"
	holds "unit_is_active" systemctl -q is-active staticdax.service
	holds "release_waits_for_shutdown" systemctl -q is-active staticdax-release.service
	holds "no_unit_has_failed" test -z "$(systemctl --failed --plain --no-legend)"
	answers 0 'sealed' "sealed_after_reboot" "$S" get $file
	fails "deny_truncate_after_reboot" truncate -s 0 $file
	holds "allow_write_in_place_after_reboot" dd if=/dev/zero of=$file bs=4k count=1 conv=notrunc
	holds "metrics_are_written_after_reboot" written_after ''
	answers 0 '^staticdax_enforcing 1$' "metrics_say_that_it_is_enforced" cat $prom
	answers 0 '^enforcing: yes' "status_after_reboot" "$S" status
	systemctl -q disable application.service
	rm $units/application.service
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

# plays [ARGUMENT...]: the playbook as it is shipped
plays() {
	(cd /ansible && ansible-playbook -i machines site.yml "$@")
}

# Another machine, as far as Ansible can see: with policies of its own, and other files
# by the same names.
make_another() {
	mkdir -p $another/files $another/policies $files
	cat >$another/staticdax <<-EOF2
		#!/bin/sh
		exec unshare -m sh -c 'mount --bind $another/files $files && exec $S "\$@"' - "\$@"
	EOF2
	chmod 755 $another/staticdax
}

# The machines have the package already, and one another policy with its seal. What the
# role does besides is shown on the host, where Python is not emulated.
by_ansible() {
	local another=/var/lib/another files=/var/lib/carried
	local carried=$files/pool

	export ANSIBLE_HOME=/tmp/ansible ANSIBLE_LOCAL_TEMP=/tmp/ansible \
		ANSIBLE_REMOTE_TEMP=/tmp/ansible ANSIBLE_NOCOLOR=1 ANSIBLE_PIPELINING=1 \
		PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
	make_another
	cat >/ansible/machines <<-EOF2
		[pmem]
		one
		two staticdax_directory=$another/policies staticdax_command=$another/staticdax
		[pmem:vars]
		ansible_connection=local
		ansible_become=false
	EOF2
	mkdir /ansible/policies
	fit $carried
	printf '%s:\n  dax: no\n' $carried >/ansible/policies/carried.conf
	answers 2 '^one .*changed=[1-9].* failed=0' "ansible_carries_the_policy" plays
	cp "$OUT" /tmp/said
	holds "a_machine_that_has_not_the_file_fails" grep -q '^two .* failed=1' /tmp/said
	holds "and_does_not_get_the_policy" test ! -e $another/policies/carried.conf
	fails "deny_truncate_of_what_ansible_names" truncate -s 0 $carried
	holds "the_other_policy_stays" "$S" get $file
	holds "ansible_enables_the_monitor" enabled staticdax-monitor.service enabled

	fit $another/files/pool
	answers 0 '^two .*changed=[1-9].* failed=0' "ansible_carries_it_to_both" plays
	cp "$OUT" /tmp/said
	holds "the_first_has_it_already" grep -q '^one .*changed=0 .* failed=0' /tmp/said
	fails "deny_truncate_on_the_first" truncate -s 0 $carried
	fails "deny_truncate_on_the_second" truncate -s 0 $another/files/pool
	holds "the_second_lets_go" $another/staticdax unseal $carried
	holds "allow_truncate_on_the_second" truncate -s 0 $another/files/pool
	fails "deny_truncate_on_the_first_still" truncate -s 0 $carried

	rm /ansible/policies/*
	answers 0 'changed=[1-9].* failed=0 ' "ansible_takes_policies_away" \
		plays --limit one --tags policy -e '{"staticdax_exclusive": true}'
	holds "allow_truncate_of_what_ansible_named" truncate -s 0 $carried
	answers 1 'not sealed' "the_other_seal_went_as_well" "$S" get $file
	systemctl -q disable --now staticdax-monitor.service
	# the last two are what it asks rpm and apt
	rm -rf /tmp/ansible $files $another /ansible/policies /ansible/machines \
		~root/.rpmdb /var/cache/apt/*.bin
	printf '%s:\n  dax: no\n' $file >/etc/staticdax.d/pool.conf
	holds "policy_is_applied_again" systemctl restart staticdax
}

after_removal() {
	holds "purge" dpkg --purge staticdax libstaticdax-dev libstaticdax1
	holds "allow_truncate" truncate -s 0 $file
	holds "no_registry_is_left" test ! -e /run/staticdax
	fails "no_timer_is_left" systemctl -q is-active staticdax-metrics.timer
	rm -rf $file /etc/staticdax.d/pool.conf /var/lib/prometheus
	rmdir /etc/staticdax.d 2>/dev/null
	everything -true >$kept/after
	answers 0 '' "purge_leaves_nothing" diff $kept/before $kept/after
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
	everything ! -type d >$kept/before
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
	everything ! -type d >$kept/after
	answers 0 '' "rpm_removal_leaves_nothing" diff $kept/before $kept/after
}

first() {
	# It keeps services from being started while a system is made.
	rm -f /usr/sbin/policy-rc.d
	everything -true >$kept/before
	fit $file
	holds "installation" install_packages
	after_installation
	start_metrics
	walk
	in_use
	from_python
	[ "$FLEET" = no ] || by_ansible
	read_metrics
	stop_metrics
	write_application
}

second() {
	after_reboot
	holds "removal" dpkg -r staticdax
	after_removal
	with_rpm
}

(
	"$1"
	tap_done
)
echo $? >/dev/ttyS2
systemctl start --no-block poweroff.target
