/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a mount to the one at the root of its tree: does it go when another does, or
 * when a name does? A mount is gone with any mount that it lies on, and a mount with
 * the name it is mounted on.
 */
#ifndef SDAX_CLIMB_BPF_H
#define SDAX_CLIMB_BPF_H

#include "compat.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define SDAX_MOUNTS_DEEP 40	/* mounts on each other; deeper: it goes */

struct sdax_climb {
	struct mount *at;
	struct mount *leaving;	/* or NULL */
	struct dentry *removed;	/* or NULL */
	u32 goes;
	u32 may_vanish;	/* some name on the way can be declared invalid */
	u32 rooted;	/* the root was reached */
};

static long sdax_climb_one(u32 i, struct sdax_climb *climb)
{
	struct mount *at = climb->at;
	struct mount *parent = BPF_CORE_READ(at, mnt_parent);
	struct dentry *on = BPF_CORE_READ(at, mnt_mountpoint);

	if (at == climb->leaving)
		climb->goes = 1;
	if (!parent || parent == at) {
		climb->rooted = 1;
		return 1;
	}
	if (on == climb->removed)
		climb->goes = 1;
	climb->may_vanish |= BPF_CORE_READ(on, d_flags) & DCACHE_OP_REVALIDATE;
	climb->at = parent;
	return 0;
}

/* What was not seen to the end goes. */
static __always_inline void sdax_climb(struct sdax_climb *climb)
{
	bpf_loop(SDAX_MOUNTS_DEEP, sdax_climb_one, climb, 0);
	climb->goes |= !climb->rooted;
}

#endif
