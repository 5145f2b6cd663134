/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one decision, as the hooks see it. Each call returns 0 or the negative
 * errno that the hook must return as it is.
 */
#ifndef SDAX_DECIDE_BPF_H
#define SDAX_DECIDE_BPF_H

#include "vmlinux.h"
#include "staticdax_abi.h"
#include <bpf/bpf_helpers.h>

/*
 * An operation that goes by its own name in the report, and by another class in
 * the mask of the mode. For all classes below both are the same.
 */
#define SDAX_OP_BY(op, by) ((op) | ((by) + 1) << 8)
#define SDAX_OP_NAME(op) ((op) & 0xff)

static __always_inline u32 sdax_op_class(u32 op)
{
	return op >> 8 ? (op >> 8) - 1 : op;
}

/* offset and length, in bytes or SDAX_NONE, are for the report only. */
__hidden int sdax_decide(struct inode *inode, u32 op, u32 hook, u64 offset,
			 u64 length);

/* The same for a file that was found by reading memory. */
__hidden int sdax_decide_unsafe_file(struct file *file, u32 op, u32 hook);

/*
 * What reached security_file_permission(), as the arguments of its program; the
 * second asks the first but for what certainly passes, in token.bpf.c.
 */
__hidden int sdax_decide_access(__u64 *args);
__hidden int sdax_token_access(__u64 *args);

/*
 * A sealed file is met on a superblock that is not among the hot ones: the filesystem
 * was unmounted while the programs were off, and mounted again.
 */
__hidden int sdax_heat(struct inode *inode);

/* Something done to, or by way of, a filesystem that holds a seal. */
__hidden int sdax_decide_dev(u32 dev, u32 op, u32 hook);

/* Is there a record of a seal on it? Proves the hook that asks on the canary. */
__hidden int sdax_dev_holds(u32 dev, u32 hook);

/* Something that can reach any XFS file: refused while one is sealed. */
__hidden int sdax_decide_any_xfs(struct super_block *sb, u32 op, u32 hook);

/* Something that can reach any file at all: refused while one is sealed. */
__hidden int sdax_decide_any(u32 op, u32 hook);

/* Keep the record, stop enforcing. */
__hidden int sdax_lapse_inode(struct inode *inode);
__hidden int sdax_lapse_filesystem(struct super_block *sb);

/* What an access is, as far as a token tells; in token.bpf.c. */
struct sdax_access {
	u64 offset;
	u64 length;
	u32 op;
	u32 known;	/* 0: nothing vouches for it, refuse whatever the mode,
			   but for a read that may be a clone's source too */
	s32 error;	/* what to answer if it is refused, 0: what op says */
};

__hidden int sdax_token_spend(struct file *file, int mask,
			      struct sdax_access *ret);
__hidden int sdax_token_opening(void);
__hidden int sdax_count(u32 counter);

#endif
