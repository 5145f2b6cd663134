#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs that nobody here wrote, on sealed files: what would change the map is
# refused with an error, everything else works at full function.
#
# Usage: programs.sh DIRECTORY [coreutils|rsync|tar|git|vim|sqlite|fio|pmdk]...

. tests/programs/pairs.sh

dir=$1
shift
[ $# -gt 0 ] || set -- coreutils rsync tar git vim sqlite fio pmdk
fs=$(stat -f -c %T "$dir" | sed 's/ext2.ext3/ext4/')
export HOME=/root GIT_CONFIG_GLOBAL=/tmp/gitconfig GIT_TEMPLATE_DIR=
printf '[user]\n name = t\n email = t\n[safe]\n directory = *\n' >/tmp/gitconfig

# The file of this kind, sealed and unsealed.
use() {
	SEALED=$dir/$1.sealed PLAIN=$dir/$1.plain REAL=$SEALED
}

make_files() {
	local state
	for state in sealed plain; do
		fit "$dir/data.$state"
		fit "$dir/io.$state" 1048576
		seq 2000 >"$dir/text.$state"
		cp "$dir/data.$state" "$dir/repo/data.$state"
		sqlite3 "$dir/base.$state" "CREATE TABLE t(k INTEGER PRIMARY KEY, v BLOB);
			WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM c WHERE x<100)
			INSERT INTO t SELECT x, randomblob(1000) FROM c;"
		cp --sparse=never /tmp/pool "$dir/pool.$state"
	done
}

commit_files() {
	git -C "$dir/repo" init -q 2>/dev/null && git -C "$dir/repo" add . &&
		git -C "$dir/repo" commit -q -m first || return
	# the same length, other bytes: something for a checkout to restore
	fit "$dir/repo/data.sealed"
	fit "$dir/repo/data.plain"
}

prepare() {
	mkdir -p "$dir/repo"
	rm -f /tmp/pool
	pmempool create obj --layout staticdax --size 9M /tmp/pool || return
	make_files && commit_files || return
	fit "$dir/other"
	fit "$dir/more" 131072
	tar -C "$dir" -cf /tmp/old.tar data.sealed data.plain && sync -f "$dir" &&
		"$S" seal --no-dax "$dir"/{data,io,text,base,pool}.sealed "$dir/repo/data.sealed"
}

restore() {
	fit "$dir/data.plain"
}

try_coreutils() {
	use data
	refused truncate 'Text file busy' truncate -s 4096 @
	restore
	refused truncate_up 'Text file busy' truncate -s 1M @
	restore
	refused fallocate 'Text file busy' fallocate -l 1M @
	refused fallocate_punch 'Text file busy' fallocate -p -o 0 -l 8192 @
	refused fallocate_zero 'Text file busy' fallocate -z -o 0 -l 8192 @
	restore
	refused fallocate_collapse 'Text file busy' fallocate -c -o 0 -l 8192 @
	restore
	refused dd_over 'Text file busy' dd if="$dir/other" of=@ bs=64K status=none
	refused dd_append 'Text file busy' dd if="$dir/other" of=@ bs=64K oflag=append conv=notrunc status=none
	restore
	refused dd_past_end 'Text file busy' dd if="$dir/other" of=@ bs=4096 seek=15 count=2 conv=notrunc status=none
	restore
	free dd_in_place dd if="$dir/other" of=@ bs=64K conv=notrunc,fsync status=none
	free dd_in_place_direct dd if="$dir/other" of=@ bs=4096 seek=3 count=9 \
		oflag=direct conv=notrunc status=none
	free shred shred -n 1 @
	refused cp_over 'Text file busy' cp --reflink=auto "$dir/other" @
	refused cp_over_removing 'not permitted' cp --remove-destination "$dir/other" @
	free cp_from cp --reflink=auto @ @.copy
	holds cp_from_copied_everything cmp "$SEALED" "$SEALED.copy"
	if [ "$fs" = xfs ]; then
		refused cp_reflink_from 'Text file busy' cp --reflink=always @ @.clone
		refused cp_reflink_over 'Text file busy' cp --reflink=always "$dir/other" @
		restore
	fi
	refused mv_away 'not permitted' mv @ @.away
	restore
	fit "$dir/data.sealed.over" && fit "$dir/data.plain.over"
	refused mv_over 'not permitted' mv -f @.over @
	refused rm 'not permitted' rm -f @
	restore
	refused sed_in_place 'not permitted' sed -i s/a/b/ @
	restore
	free cat_into_place dd_stream @
	free chmod chmod 600 @
	free ln ln @ @.link
	free cmp cmp -n 10 @ @
}

dd_stream() {
	head -c 65536 /dev/zero | dd of="$1" conv=notrunc status=none
}

try_rsync() {
	use data
	# It ends by setting the size, be it the same.
	refused rsync_inplace 'Text file busy' rsync --inplace --no-whole-file "$dir/other" @
	holds rsync_inplace_has_written cmp "$dir/other" "$SEALED"
	refused rsync_inplace_growing 'Text file busy' rsync --inplace "$dir/more" @
	restore
	refused rsync_renaming 'not permitted' rsync --ignore-times "$dir/more" @
	restore
	free rsync_from rsync @ @.copy
	rm -f "$dir"/data.*.copy
}

try_tar() {
	use data
	refused tar_extract 'Cannot|not permitted' tar_extract @
	refused tar_extract_overwrite 'Text file busy' tar_extract @ --overwrite
	free tar_create tar -cf /tmp/new.tar @
}

tar_extract() {
	local name=${1##*/}
	shift
	tar -C "$dir" -xf /tmp/old.tar "$@" "$name"
}

try_git() {
	use repo/data
	free git_status git -C "$dir/repo" status -s
	refused git_checkout 'not permitted' git -C "$dir/repo" checkout -f HEAD -- @
	refused git_rm 'not permitted' git -C "$dir/repo" rm -q -f @
}

try_vim() {
	use text
	refused vim_save_longer 'E[0-9]+:' \
		vim.tiny -u NONE -i NONE -N -n -V1 -es -c 'normal ggyyP' -c wq @
	# Of a size that it cannot set it takes no notice.
	free vim_save_shorter vim.tiny -u NONE -i NONE -N -n -es -c 'normal ggdd' -c wq @
	free vim_read vim.tiny -u NONE -i NONE -N -n -es -c q @
}

sql() {
	sqlite3 -bail "$1" "$2" >/tmp/sql 2>&1 || { cat /tmp/sql; return 1; }
}

# Rewrites every row with as many bytes; the file neither grows nor shrinks.
sql_update() {
	sql "$1" "PRAGMA journal_mode=$2; UPDATE t SET v=randomblob(1000);
		PRAGMA integrity_check;" && tail -1 /tmp/sql | grep -qx ok
}

try_sqlite() {
	local mode
	use base
	for mode in delete truncate persist memory off; do
		free "sqlite_update_journal_$mode" sql_update @ $mode
	done
	free sqlite_rollback sql @ "BEGIN; UPDATE t SET v=zeroblob(1000); ROLLBACK;"
	refused sqlite_growing 'disk I/O error|full' sql @ "INSERT INTO t SELECT NULL, zeroblob(1000) FROM t;"
	free sqlite_is_whole_after_that sql_update @ delete
	refused sqlite_vacuum 'disk I/O error|full' sql @ "DELETE FROM t WHERE k > 10; VACUUM;"
	free sqlite_reads sql @ "SELECT count(*) FROM t;"
	# Its last step is to set the size, be it the same.
	refused sqlite_wal_checkpoint 'disk I/O error' sql @ "PRAGMA journal_mode=wal;
		UPDATE t SET v=randomblob(1000); PRAGMA wal_checkpoint(TRUNCATE);"
	free sqlite_wal_is_whole_after_that sql_update @ wal
}

# One process for all, since it takes long to start.
fio_engines() {
	local engine
	local -a jobs=()
	for engine in psync mmap libaio io_uring; do
		jobs+=(--name="$engine" --stonewall --ioengine="$engine" --filename="$1")
	done
	fio --rw=randwrite --bs=4k --size=1M --verify=crc32c --fallocate=none --minimal \
		--verify_state_save=0 --output=/tmp/fio "${jobs[@]}" || { cat /tmp/fio; return 1; }
}

try_fio() {
	use io
	free fio_psync_mmap_libaio_io_uring fio_engines @
	refused fio_growing 'not permitted' fio --name=grow --rw=write --bs=64k --size=2M \
		--fallocate=none --filename=@
	case $dir in
	*-dax) ;;
	*) return ;;
	esac
	# This engine allocates what it maps, also where nothing is missing.
	refused fio_libpmem 'Text file busy|err=26' fio --name=pmem --ioengine=libpmem \
		--rw=randwrite --bs=4k --size=1M --filename=@
}

try_pmdk() {
	use pool
	free pmempool_info pmempool info @
	free pmempool_check pmempool check @
	free libpmemobj build/tests/objects @
	free libpmemobj_again build/tests/objects @
	refused pmempool_rm 'cannot remove' pmempool rm @
}

holds programs_prepare prepare
[ "$tap_failed" -eq 0 ] || tap_done
for family; do
	start=$SECONDS
	try_"$family"
	tap_diag "$family: $((SECONDS - start)) s"
done
answers 0 'without a token 0,' programs_nothing_refused_in_error "$S" status
holds programs_unseal "$S" unseal --all
holds programs_leave_nothing nothing_left
tap_done
