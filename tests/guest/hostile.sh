#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Random threads against a sealed file, then what they do to files beside one:
# the same as if nothing were sealed.
#
# Usage: hostile.sh DIRECTORY...
#   SEED=N       what the random numbers come from, default another each time
#   STEPS=N      acts of each thread
#   MINUTES=N    on each filesystem, instead of STEPS

. tests/cli/guest.sh

export STATICDAX=$S
seed=${SEED:-$(od -An -N6 -tu8 /dev/urandom | tr -d ' ')}
steps=${STEPS:-150}
REPORT=$(mktemp)
echo "# SEED=$seed STEPS=$steps repeats this"

# hunt DIRECTORY...: the random threads on each
hunt() {
	local d
	for d; do
		build/tests/mutate -s "$seed" -n "$steps" ${MINUTES:+-m "$MINUTES"} "$d"
	done
}

# On XFS DAX of 6.1, with nothing sealed, a write through sendfile() that takes a
# copy of a shared block leaves around it what it finds: there only the answers of
# the file system are compared, not the content.
repeatable() {
	case $1 in
	/mnt/xfs-dax*) sed 's/ content .*//' ;;
	*) cat ;;
	esac
}

# alone DIRECTORY ARGUMENT...: one thread; its trace
alone() {
	local d=$1
	shift
	build/tests/mutate -t 1 -s "$seed" "$@" "$d" | grep -a ' trace ' |
		repeatable "$d"
}

# same NAME ONE OTHER: equal, and something at all
same() {
	if [ -n "$2" ] && [ "$2" = "$3" ]; then
		tap_ok "$1"
	else
		tap_not_ok "$1" "one:   $2" "other: $3"
	fi
}

# What an ordinary day does to files, and what is there afterwards
workload() {
	local d=$1/day
	rm -rf "$d"
	mkdir "$d"
	cp -r tests/hooks "$d/tree"
	(
		cd "$d" || exit 1
		mv tree/file.c tree/moved.c
		ln tree/moved.c tree/linked
		ln -s moved.c tree/symlink
		sed -i 's/static/STATIC/' tree/*.c
		truncate -s 100000 tree/tap
		fallocate -l 300000 tree/allocated
		fallocate -p -o 4096 -l 8192 tree/allocated
		cp --reflink=auto tree/moved.c tree/copy
		mkdir -p tree/a/b
		rsync -a tree/ mirror/
		rm tree/[l-m]*.h
		# it compares itself, and puts the time into what it writes
		fio --name=one --size=128k --rw=randwrite --bs=4k --randseed=7 \
			--ioengine=psync --verify=crc32c --fallocate=none --output=fio
		echo "fio $?"
		rm fio one.*
		find . -printf '%P %y %m %n %s %l\n' | grep -v ' d ' | sort
		find . -type f -print0 | sort -z | xargs -0 sha256sum
	) 2>&1
}

user() {
	setpriv --reuid 1000 --regid 1000 --clear-groups "$@"
}

user_alone() {
	user build/tests/mutate -t 1 -s "$seed" -n "$steps" --beside "$1" |
		grep -a ' trace ' | repeatable "$1"
}

# what is done where, before and after
everything() {
	for d; do
		echo "$d root $(alone "$d" -n "$steps" --beside)"
		echo "$d user $(user_alone "$d/user")"
		workload "$d"
	done
}

# The tripwires look into the registry, so there has to be one all the while.
fit "$1/bystander"
holds "seal_bystander" "$S" seal --no-dax "$1/bystander"
export seed steps
export -f hunt
tap_relay $# build/tests/tripwire "$REPORT" bash -c 'hunt "$@"' hunt "$@"
echo "# tripwires:"
sed 's/^/# /' "$REPORT"
answers 0 '^fired for sealed files: 0 times' \
	"no_change_of_a_map_is_begun_on_a_sealed_file" cat "$REPORT"
# each filesystem has more than these
answers 0 '^[0-9]+ wires, ([5-9]|[1-9][0-9]+) of them fired' \
	"tripwires_fire_for_files_that_are_not_sealed" cat "$REPORT"
# without its programs a seal is a record that nothing enforces
rm "$PINS"/sdax_*
build/tests/tripwire "$REPORT" fallocate -p -o 0 -l 4096 "$1/bystander"
answers 0 '^fired for sealed files: [1-9]' \
	"tripwire_fires_for_a_seal_that_is_not_enforced" cat "$REPORT"
holds "unseal_bystander" "$S" unseal "$1/bystander"

sealed=()
for d; do
	same "${d##*/}: one_thread_is_repeated_by_its_seed" \
		"$(alone "$d" -n 100)" "$(alone "$d" -n 100)"
	fit "$d/sealed"
	sealed+=("$d/sealed")
	mkdir -p "$d/user"
	chown 1000:1000 "$d/user"
done

# Neither sealed file nor seal on the last one, tmpfs.
mkdir -p /dev/shm/user
chown 1000:1000 /dev/shm/user
holds "nothing_sealed_before" nothing_left
before=$(everything "$@" /dev/shm)
holds "seal_beside" "$S" seal --no-dax "${sealed[@]}"
after=$(everything "$@" /dev/shm)
if [ "$(grep -c trace <<<"$before")" -ne $((2 * ($# + 1))) ]; then
	tap_not_ok "beside_a_seal_all_is_as_before" "not all has run" "$before"
elif [ "$before" = "$after" ]; then
	tap_ok "beside_a_seal_all_is_as_before ($(wc -l <<<"$before") lines)"
else
	tap_not_ok "beside_a_seal_all_is_as_before" \
		"$(diff <(echo "$before") <(echo "$after"))"
fi
holds "unseal_beside" "$S" unseal "${sealed[@]}"
holds "nothing_attached_when_nothing_is_sealed" nothing_left
fails "no_link_left" sh -c 'bpftool link list | grep -E "prog_type (lsm|tracing)"'
tap_done
