/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The subvolume of a btrfs inode: all of them have one superblock, and each
 * numbers its inodes from the same number on.
 *
 * By offsets that user space has looked up, and not by CO-RE, which knows a
 * module's types only if the module was there when the programs were loaded.
 */
#ifndef SDAX_SUBVOLUME_BPF_H
#define SDAX_SUBVOLUME_BPF_H

#include "compat.bpf.h"
#include "staticdax_abi.h"
#include <bpf/bpf_helpers.h>

/*
 * sdax_key.part of an inode on btrfs. 0 where it cannot be read, which is no
 * subvolume's: without offsets nothing is sealed there, and an inode that is in
 * use has a root. The address is passed through memory, since the verifier
 * allows no arithmetic with a pointer to an inode.
 */
static __noinline u32 sdax_subvolume(struct inode *inode,
				     const struct sdax_subvolume_at *at)
{
	u64 address = 0, root = 0, id = 0;

	if (!at || !at->root ||
	    bpf_probe_read_kernel(&address, sizeof(address), &inode) ||
	    bpf_probe_read_kernel(&root, sizeof(root),
				  (void *)(address + at->root)) ||
	    bpf_probe_read_kernel(&id, sizeof(id), (void *)(root + at->id)))
		return 0;
	return id * SDAX_PART_PIECES;
}

#endif
