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
 * A lazy umount takes what is mounted below along, and asks nobody about it.
 * Then the mounts below are gone through, and none of them is a survivor.
 *
 * Read without mount_lock. What a concurrent umount can make of that is a
 * filesystem that goes away with its seals lapsed, which is reported.
 */
#ifndef SDAX_MOUNTS_BPF_H
#define SDAX_MOUNTS_BPF_H

#include "compat.bpf.h"
#include "decide.bpf.h"
#include <bpf/bpf_helpers.h>

#define SDAX_MOUNTS_MAX 100000	/* more than fs.mount-max lets a namespace have */
#define SDAX_MOUNTS_DEEP 40	/* mounts on each other; deeper: no survivor */

struct sdax_mount_search {
	struct super_block *sb;
	struct mount *leaving;	/* with all that is below it */
	struct mount *at;
	struct dentry *mountpoint;
	u32 propagates;
	u32 survivor;
};

static __always_inline bool sdax_is_below(struct mount *at,
					  struct mount *above)
{
	for (int i = 0; i < SDAX_MOUNTS_DEEP; i++) {
		struct mount *parent;

		if (at == above)
			return true;
		parent = BPF_CORE_READ(at, mnt_parent);
		if (!parent || parent == at)
			return false;
		at = parent;
	}
	return true;
}

static long sdax_is_survivor(u32 i, struct sdax_mount_search *s)
{
	struct super_block *sb = s->sb;
	struct mount *at = s->at;

	if (!at)
		return 1;
	if (!sdax_is_below(at, s->leaving) &&
	    !(s->propagates &&
	      BPF_CORE_READ(at, mnt_mountpoint) == s->mountpoint)) {
		s->survivor = 1;
		return 1;
	}
	s->at = sdax_next_mount(sb, at);
	return 0;
}

/* Is mount the last of its filesystem that goes when leaving does? */
static __always_inline bool sdax_goes_with(struct mount *mount,
					   struct mount *leaving)
{
	struct super_block *sb = BPF_CORE_READ(mount, mnt.mnt_sb);
	struct sdax_mount_search s = {
		.sb = sb,
		.leaving = leaving,
		.at = sdax_first_mount(sb),
		.mountpoint = BPF_CORE_READ(mount, mnt_mountpoint),
		.propagates = BPF_CORE_READ(mount, mnt_parent, mnt_group_id) |
			      BPF_CORE_READ(leaving, mnt_parent, mnt_group_id),
	};

	bpf_loop(SDAX_MOUNTS_MAX, sdax_is_survivor, &s, 0);
	return !s.survivor;
}

static __always_inline bool sdax_last_umount(struct vfsmount *mnt)
{
	struct mount *mount = sdax_mount_of(mnt);

	return sdax_goes_with(mount, mount);
}

struct sdax_mount_walk {
	struct mount *top;
	struct mount *at;
	u32 dev;	/* of what was found, 0: nothing */
};

static __always_inline struct mount *sdax_mount_of_child(struct list_head *at)
{
	return (void *)at - bpf_core_field_offset(struct mount, mnt_child);
}

/* The next of a walk through all that is mounted below top; NULL at the end. */
static __always_inline struct mount *sdax_next_below(struct mount *at,
						     struct mount *top)
{
	struct list_head *next = BPF_CORE_READ(at, mnt_mounts.next);
	struct mount *parent;

	if (next != (void *)at + bpf_core_field_offset(struct mount, mnt_mounts))
		return next ? sdax_mount_of_child(next) : NULL;
	for (int i = 0; i < SDAX_MOUNTS_DEEP; i++) {
		if (at == top)
			return NULL;
		next = BPF_CORE_READ(at, mnt_child.next);
		parent = BPF_CORE_READ(at, mnt_parent);
		if (next != (void *)parent +
				    bpf_core_field_offset(struct mount,
							  mnt_mounts))
			return next ? sdax_mount_of_child(next) : NULL;
		at = parent;
	}
	return NULL;
}

static long sdax_look_below(u32 i, struct sdax_mount_walk *walk)
{
	struct mount *at = sdax_next_below(walk->at, walk->top);
	u32 dev;

	walk->at = at;
	if (!at)
		return 1;
	dev = BPF_CORE_READ(at, mnt.mnt_sb, s_dev);
	if (!sdax_dev_holds(dev) || !sdax_goes_with(at, walk->top))
		return 0;
	walk->dev = dev;
	return 1;
}

/* s_dev of a filesystem with seals that goes with a lazy umount of mnt, or 0. */
static __always_inline u32 sdax_taken_along(struct vfsmount *mnt)
{
	struct mount *mount = sdax_mount_of(mnt);
	struct sdax_mount_walk walk = { .top = mount, .at = mount };

	bpf_loop(SDAX_MOUNTS_MAX, sdax_look_below, &walk, 0);
	return walk.dev;
}

#endif
