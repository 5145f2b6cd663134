#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sealed files served by the kernel's NFS server to a client on the same
# machine: what is refused to a local user is refused to the server's threads,
# what is free is free to the client.
#
# Usage: nfs.sh DIRECTORY VERSION...
#   VERSION  3 or 4.2: of the protocol through which all is tried that both have

. tests/programs/pairs.sh

dir=
n4=/mnt/nfs4
n3=/mnt/nfs3
mkdir -p $n4 $n3 /run/rpcbind /var/lib/nfs/rpc_pipefs /var/lib/nfs/v4recovery
touch /etc/exports /var/lib/nfs/{etab,rmtab}
# It gives up root, and its user must exist.
echo "_rpc:x:103:65534::/run/rpcbind:/bin/false" >>/etc/passwd

# What names the callers of the kernel's functions must not depend on who may
# read their addresses.
echo 2 >/proc/sys/kernel/kptr_restrict

# Clients wait while a server that has just started lets those of its last life
# come back. There are none: it is told so, or where it takes no word for it, to
# let them have the shortest time there is.
start_server() {
	local server=/proc/fs/nfsd
	modprobe -a nfsd nfs nfsv3 nfsv4 && mount -t nfsd nfsd $server &&
		echo 10 >$server/nfsv4leasetime && echo 10 >$server/nfsv4gracetime &&
		rpcbind -w && rpc.mountd && rpc.nfsd 2 || return
	echo Y 2>/dev/null >$server/v4_end_grace || :
}

serve() {
	exportfs -o rw,no_root_squash,insecure,fsid=0,sync,no_subtree_check "127.0.0.1:$dir" &&
		mount -t nfs4 -o vers=4.2,nosharecache 127.0.0.1:/ $n4 &&
		mount -t nfs -o vers=3,nosharecache,nolock,noacl "127.0.0.1:$dir" $n3
}

stop_serving() {
	umount $n4 && umount $n3 && exportfs -u "127.0.0.1:$dir" && exportfs -f
}

# The client writes later, and says so at fsync.
write_at() {
	dd if=/dev/urandom of="$1" bs=4096 seek="$2" count=1 conv=notrunc,fsync status=none
}

try_client() {
	local n=$1 v=${fs}_v$2
	SEALED=$n/sealed PLAIN=$n/plain
	refused "${v}_setattr_shrink" 'Input/output' truncate -s 100 @
	refused "${v}_setattr_grow" 'Input/output' truncate -s 1M @
	truncate -s 65536 $PLAIN
	refused "${v}_write_past_end" 'Input/output' write_at @ 16
	refused "${v}_rename" 'not permitted' mv @ @.new
	mv $PLAIN.new $PLAIN
	refused "${v}_rename_over" 'not permitted' mv -f @.over @
	refused "${v}_unlink" 'not permitted' rm -f @
	fit "$dir/plain"
	free "${v}_write_in_place" write_at @ 3
	free "${v}_read" dd if=@ of=/tmp/read bs=64K status=none
	free "${v}_chmod" chmod 640 @
	free "${v}_link" ln @ @.link
	free "${v}_cp" cp @ @.copy
	holds "${v}_cp_copied_everything" cmp "$REAL" $SEALED.copy
	rm -f $n/*.copy $PLAIN.link
}

# What the server does by itself: allocate, clone, copy.
try_server() {
	local v=${fs}_server
	SEALED=$n4/sealed PLAIN=$n4/plain
	refused "${v}_allocate" 'Input/output' fallocate -l 1M @
	truncate -s 65536 $n4/plain
	refused "${v}_deallocate" 'Input/output' fallocate -p -o 0 -l 8192 @
	fit "$dir/plain"
	if [ "$fs" = xfs ]; then
		refused "${v}_clone_from" 'cross-device' xfs_io -c "reflink @" $n4/other
		refused "${v}_clone_into" 'Input/output|cross-device' \
			xfs_io -c "reflink $n4/other" @
	fi
	# Small copies are answered at once, large ones by a thread of their own.
	free "${v}_copy_from" xfs_io -f -c "copy_range -s 0 -d 0 -l 65536 @" @.copy
	holds "${v}_copied_the_bytes_from" cmp "$REAL" $SEALED.copy
	free "${v}_copy_into" xfs_io -c "copy_range -s 0 -d 0 -l 65536 $n4/other" -c fsync @
	holds "${v}_copied_the_bytes_into" cmp "$REAL" "$dir/other"
	refused "${v}_copy_past_end" '' \
		xfs_io -c "copy_range -s 0 -d 61440 -l 65536 $n4/other" -c fsync @
	truncate -s 65536 $n4/plain
	SEALED=$n4/big PLAIN=$n4/bigplain REAL=$dir/big
	free "${v}_copy_large_from" xfs_io -f -c "copy_range -s 0 -d 0 -l 9000000 @" @.copy
	holds "${v}_copied_all_bytes_from" cmp "$REAL" $SEALED.copy
	free "${v}_copy_large_into" \
		xfs_io -c "copy_range -s 0 -d 0 -l 9000000 $n4/bigother" -c fsync @
	holds "${v}_copied_all_bytes_into" cmp "$REAL" "$dir/bigother"
	rm -f $n4/*.copy
	REAL=$dir/sealed
}

# A tracer that puts its own return address in the way of the program that looks
# for the caller makes that program refuse.
try_tracer() {
	local tracing=/sys/kernel/tracing
	if ! grep -qw function_graph $tracing/available_tracers; then
		tap_skip "${fs}_copy_into_under_tracer" "this kernel has no function_graph tracer"
		return
	fi
	echo rw_verify_area >$tracing/set_ftrace_filter
	echo function_graph >$tracing/current_tracer
	SEALED=$n4/sealed
	at $n4/sealed xfs_io -c "copy_range -s 0 -d 0 -l 65536 $n4/other" -c fsync @ >"$OUT" 2>&1
	holds "${fs}_copy_into_under_tracer" test "$(map_kept)" = "$1"
	echo nop >$tracing/current_tracer
	echo >$tracing/set_ftrace_filter
}

# A file that the server holds open is not sealed; one that it merely keeps open
# in its cache is given up for the lease.
try_sealing() {
	fit "$dir/late"
	exec 7<>$n4/late
	answers 5 '.' "${fs}_seal_refuses_while_served_open" "$S" seal --no-dax "$dir/late"
	exec 7<&-
	cat $n3/late >/dev/null
	answers 0 'sealed' "${fs}_seal_takes_file_of_server_cache" \
		"$S" seal --no-dax --wait 60 "$dir/late"
	"$S" unseal --force "$dir/late" >"$OUT"
}

# A file that may grow, but lose nothing: preallocating is refused as well, since
# the server's threads do not show whether it would punch.
try_noshrink() {
	local v=${fs}_noshrink
	SEALED=$n4/growing PLAIN=$n4/plain REAL=$dir/growing
	fit "$REAL"
	fit "$dir/plain"
	holds "${v}_seal" "$S" seal --wait 60 --mode noshrink "$REAL"
	refused "${v}_shrink" 'Input/output' truncate -s 100 @
	fit "$dir/plain"
	refused "${v}_truncating_open" 'Input/output' dd if=/dev/null of=@ status=none
	fit "$dir/plain"
	refused "${v}_deallocate" 'Input/output' fallocate -p -o 0 -l 8192 @
	refused "${v}_allocate" 'Input/output' fallocate -l 1M @
	fit "$dir/plain"
	if [ "$fs" = xfs ]; then
		refused "${v}_clone_into" 'Input/output|cross-device' \
			xfs_io -c "reflink $n4/other" @
		holds "${v}_clone_from" xfs_io -f -c "reflink $SEALED" $n4/clone
		rm -f $n4/clone
	fi
	holds "${v}_write_past_end" write_at $SEALED 16
	holds "${v}_append" sh -c "echo more >>$SEALED"
	holds "${v}_grow" truncate -s 1M $SEALED
	holds "${v}_has_grown" test "$(stat -c %s "$REAL")" = 1048576
	SEALED=$n3/growing PLAIN=$n3/plain
	refused "${v}_shrink_by_v3" 'Input/output' truncate -s 65536 @
	"$S" unseal --force "$REAL" >"$OUT"
	holds "${v}_shrinks_when_unsealed" truncate -s 100 $SEALED
}

if ! start_server; then
	tap_not_ok "nfs_server_starts"
	tap_done
fi
while [ $# -ge 2 ]; do
	dir=$1
	fs=$(stat -f -c %T "$dir" | sed 's/ext2.ext3/ext4/')
	REAL=$dir/sealed
	for f in sealed plain other sealed.over plain.over; do fit "$dir/$f"; done
	for f in big bigplain bigother; do fit "$dir/$f" 9000000; done
	holds "${fs}_seal" "$S" seal --no-dax "$dir/sealed" "$dir/big"
	kept=$(map_kept)
	holds "${fs}_served" serve
	try_server
	case $2 in
	3) try_client $n3 3 ;;
	*) try_client $n4 4 ;;
	esac
	try_tracer "$kept"
	try_sealing
	try_noshrink
	answers 0 'without a token 0,' "${fs}_nothing_refused_in_error" "$S" status
	holds "${fs}_unserved" stop_serving
	holds "${fs}_unseal" "$S" unseal --all
	holds "${fs}_leaves_nothing" nothing_left
	shift 2
done
tap_done
