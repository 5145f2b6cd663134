/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Would the filesystem outlive this umount?
 *
 * Where the parent mount is shared, as everything is under systemd, a umount
 * takes the propagated copies along: they sit on the same mountpoint in other
 * namespaces. So another mount is a survivor only if the umount stays where it
 * is, or if it sits elsewhere. A copy in a namespace that is no longer a peer
 * would survive as well and is not counted: that umount is refused in error.
 *
 * Read without mount_lock. What a concurrent umount can make of that is a
 * filesystem that goes away with its seals lapsed, which is reported.
 */
#ifndef SDAX_MOUNTS_BPF_H
#define SDAX_MOUNTS_BPF_H

#include "compat.bpf.h"
#include <bpf/bpf_helpers.h>

#define SDAX_MOUNTS_MAX 100000	/* more than fs.mount-max lets a namespace have */

struct sdax_mount_search {
	struct super_block *sb;
	struct mount *leaving;
	struct mount *at;
	struct dentry *mountpoint;
	u32 propagates;
	u32 survivor;
};

static long sdax_is_survivor(u32 i, struct sdax_mount_search *s)
{
	struct super_block *sb = s->sb;
	struct mount *at = s->at;

	if (!at)
		return 1;
	if (at != s->leaving &&
	    !(s->propagates &&
	      BPF_CORE_READ(at, mnt_mountpoint) == s->mountpoint)) {
		s->survivor = 1;
		return 1;
	}
	s->at = sdax_next_mount(sb, at);
	return 0;
}

static __always_inline bool sdax_last_umount(struct vfsmount *mnt)
{
	struct mount *mount = (void *)mnt -
			      bpf_core_field_offset(struct mount, mnt);
	struct sdax_mount_search s = {
		.sb = mnt->mnt_sb,
		.leaving = mount,
		.at = sdax_first_mount(mnt->mnt_sb),
		.mountpoint = BPF_CORE_READ(mount, mnt_mountpoint),
		.propagates = BPF_CORE_READ(mount, mnt_parent, mnt_group_id),
	};

	bpf_loop(SDAX_MOUNTS_MAX, sdax_is_survivor, &s, 0);
	return !s.survivor;
}

#endif
