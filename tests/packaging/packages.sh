#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is handed to others: hardened, the same wherever it is built, and packages
# that their own checkers have nothing to say about.

cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

work=$(mktemp -d "${TMPDIR:-/tmp}/staticdax-packages.XXXXXX")
trap 'rm -rf "$work"' EXIT
version=$(sed -n 's/^VERSION := //p' Makefile)
debs=build/deb
. tests/packaging/rpm.sh
export DEB_BUILD_OPTIONS=noautodbgsym

check() {
	if [ -z "$2" ]; then tap_ok "$1"; else tap_not_ok "$1" "$2"; fi
}

# succeeds NAME COMMAND...
succeeds() {
	local name=$1
	shift
	if "$@" >"$work/log" 2>&1; then tap_ok "$name"; else
		tap_not_ok "$name" "$(tail -n 20 "$work/log")"
	fi
}

# has PATTERN TEXT NAME: a line of its own where the name is missing
has() {
	grep -qE "$1" <<<"$2" || echo "no $3"
}

# What is missing in FILE of what makes mistakes harder to use.
missing_in() {
	local file=$1 header dynamic segments symbols

	header=$(readelf -hW "$file")
	dynamic=$(readelf -dW "$file")
	segments=$(readelf -lW "$file")
	symbols=$(readelf -sW "$file")
	has 'Type: +DYN' "$header" "position independence"
	has 'GNU_RELRO' "$segments" "RELRO"
	has 'BIND_NOW|Flags:.* NOW' "$dynamic" "immediate binding"
	has 'GNU_STACK .* RW ' "$segments" "unexecutable stack"
	# a static program without its names does not tell; that of the build has them
	grep -q ' FUNC ' <<<"$symbols" || return
	has '__stack_chk_fail' "$symbols" "stack protector"
	has '__(snprintf|strcpy|fprintf)_chk' "$symbols" "_FORTIFY_SOURCE"
}

# missing_in_tree DIRECTORY: in each program and library below it, of which there are some
missing_in_tree() {
	local file found=
	while IFS= read -r file; do
		readelf -h "$file" >/dev/null 2>&1 || continue
		found=yes
		missing_in "$file" | sed "s,^,${file#"$1"/}: ,"
	done < <(find "$1" -type f)
	[ -n "$found" ] || echo "no program is in it"
}

files_as_they_are() {
	git ls-files -z | tar -c --null -T -
}

# differences DIRECTORY DIRECTORY FILE...
differences() {
	local one=$1 other=$2 file
	shift 2
	for file; do
		cmp "$one/$file" "$other/$file" 2>&1
	done
}

# elsewhere COMMAND...: on another host, as another user, who lives in another zone
elsewhere() {
	env TZ=Asia/Tokyo USER=builder LOGNAME=builder HOME="$work/home" \
		unshare --map-root-user --uts \
		bash -c 'hostname elsewhere && umask 027 && exec "$@"' elsewhere "$@"
}

files_in_debs() {
	local deb

	for deb in $debs/*_"${version}"_amd64.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -t | grep -v '/$'
	done
}

# Each distribution has its own places for libraries, units and completions, and
# its own customs for documents.
common() {
	sed -E 's,^\.?/,,; s,^usr/lib(64|/[^/]*-linux-gnu)/,lib/,; s,^(usr/)?lib/systemd/,systemd/,
		s,/vendor-completions/,/site-functions/,; s,\.gz$,,' |
		grep -vE '^usr/share/(doc|licenses|lintian)/|/\.build-id|^etc/staticdax\.d$|^usr/share/staticdax$' |
		LC_ALL=C sort
}

# The first words of what a shell is given on standard input, but for what it has
# itself, all as of /usr/bin.
commands_in() {
	sed -E '/^[[:space:]]*#/d' | sed -zE 's/\\\n/ /g; s/"[^"]*"//g' |
		sed -E "s/\|\||&&|[|;{(']|\b(if|then|else|while|do)\b/\n/g" |
		awk 'NF && $1 !~ /=/ { print $1 }' |
		grep -vxFf <(compgen -b; compgen -k; echo '}') | in_one_place
}

in_one_place() {
	sed -E 's,^(/(usr/)?s?bin/)?([^/()]+)$,/usr/bin/\3,'
}

# needs_of RPM: the libraries that its programs are linked with, and the commands that
# its units and scriptlets call
needs_of() {
	local tree=$work/unpacked file

	rm -rf "$tree" && mkdir "$tree"
	rpm2cpio "$1" | cpio -id --quiet -D "$tree"
	find "$tree" -type f | while IFS= read -r file; do
		readelf -dW "$file" 2>/dev/null |
			sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1()(64bit)/p'
	done
	find "$tree" -name '*.service' -exec sed -nE \
		'/^Exec/,/[^\\]$/s/^(Exec[A-Za-z]+=[-@:+!]*)?//p' {} + | commands_in
	rpm -qp --scripts "$1" | sed '/ scriptlet (using /d' | commands_in
}

# not_named RPM: which of them are neither its own nor on standard input, the
# names of what it requires
not_named() {
	{ cat && rpm -qpP "$1" && rpm -qpl "$1"; } | sed 's/ [<=>].*//' | in_one_place |
		LC_ALL=C sort -u >"$work/named"
	needs_of "$1" | LC_ALL=C sort -u | LC_ALL=C comm -23 - "$work/named"
}

check "hardened_staticdax-static" "$(missing_in build/staticdax-static)"
check "a_program_without_it_is_found" "$(cd "$work" && echo 'int main(void) { return 0; }' >bare.c &&
	gcc -no-pie -Wl,-z,norelro -o bare bare.c && cd - >/dev/null &&
	[ "$(missing_in "$work/bare" | wc -l)" -ge 4 ] || echo "nothing is missing in it")"

mkdir -p "$work/elsewhere/below"
files_as_they_are | tar -x -C "$work/elsewhere/below"
succeeds "build_elsewhere" make -s -j2 -C "$work/elsewhere/below" all
check "the_same_binaries" "$(differences build "$work/elsewhere/below/build" \
	staticdax staticdax-static libstaticdax.a "libstaticdax.so.$version")"

succeeds "symbol_versions_are_those_of_debian/libstaticdax1.symbols" dpkg-gensymbols -c4 \
	-v"$version" -plibstaticdax1 -P"$work" -Idebian/libstaticdax1.symbols \
	-e"build/libstaticdax.so.$version"
succeeds "debian_packages" make -s deb
mkdir "$work/home"
succeeds "debian_packages_elsewhere" elsewhere make -s deb DEBS="$work/another-directory"
check "the_same_debian_packages" "$(differences $debs "$work/another-directory" \
	"staticdax_${version}_amd64.deb" "libstaticdax1_${version}_amd64.deb" \
	"libstaticdax-dev_${version}_amd64.deb")"
for deb in staticdax libstaticdax1; do
	dpkg-deb -x $debs/${deb}_"${version}"_amd64.deb "$work/$deb"
	check "hardened_in_debian_package_$deb" "$(missing_in_tree "$work/$deb")"
done
check "lintian" "$(lintian --allow-root --pedantic -I --tag-display-limit 0 $debs/*.changes 2>&1)"

succeeds "rpm_packages" make -s rpm RPMBUILD_FLAGS="$rpmbuild_flags"
check "rpm_packages_are_of_this_version" "$(for name in staticdax staticdax-static \
	staticdax-libs staticdax-devel; do
	ls build/rpm/"$name-$version-"*.rpm 2>&1 >/dev/null; done)"
succeeds "rpm_packages_elsewhere" elsewhere make -s rpm RPMS="$work/another-rpm" \
	RPMBUILD_FLAGS="$rpmbuild_flags"
check "the_same_rpm_packages" "$(cd build/rpm && differences . "$work/another-rpm" *.rpm)"
check "rpm_packages_have_the_files_of_the_debian_ones" \
	"$(diff <(rpm -qlp build/rpm/*.rpm | common) <(files_in_debs | common))"
for rpm in build/rpm/*.rpm; do
	name=$(rpm -qp --qf '%{NAME}' "$rpm")
	mkdir "$work/$name.rpm"
	rpm2cpio "$rpm" | cpio -id --quiet -D "$work/$name.rpm"
	[ "$name" = staticdax-devel ] ||
		check "hardened_in_rpm_$name" "$(missing_in_tree "$work/$name.rpm")"
	check "rpm_requires_what_${name}_needs" "$(rpm -qpR "$rpm" | not_named "$rpm")"
done
rpm=$(echo build/rpm/staticdax-"$version"-*.rpm)
check "a_forgotten_dependency_is_found" "$(diff <(printf '%s\n' /usr/bin/dd /usr/bin/systemctl \
	'libyaml-0.so.2()(64bit)') <(rpm -qpR "$rpm" |
	grep -vE '^libyaml|/dd$|/systemctl$' | not_named "$rpm"))"
# Both distributions: what an update finds running it has run on, in the new version.
scripts=$(rpm -qp --scripts "$rpm" | sed '1,/^postuninstall scriptlet/d')
check "rpm_update_restarts_what_watches" "$(has 'systemctl daemon-reload' "$scripts" "look at new units"
	has 'try-restart.* staticdax-monitor\.service' "$scripts" "restart of the monitor"
	has 'try-restart.* staticdax-metrics\.timer' "$scripts" "restart of the timer")"
check "debian_update_restarts_what_watches" "$(
	scripts=$(dpkg-deb -I $debs/staticdax_"${version}"_amd64.deb postinst)
	has 'systemctl --system daemon-reload' "$scripts" "look at new units"
	has "restart .*'staticdax-monitor\.service'" "$scripts" "restart of the monitor"
	has "restart .*'staticdax-metrics\.timer'" "$scripts" "restart of the timer")"
check "changelogs_name_this_version" "$(head -1 debian/changelog | grep -qF "($version)" ||
	echo debian/changelog
	grep -qx "Version:[[:space:]]*$version" rpm/staticdax.spec || echo rpm/staticdax.spec)"
tap_done
