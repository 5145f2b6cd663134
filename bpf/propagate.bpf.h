/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does a mount go because the umount of another propagates to it?
 *
 * As fs/pnode.c, propagate_umount() has it: with each mount that leaves go those on
 * the same name of the peers and slaves, by whatever steps, of the mount that it lies
 * on; each by itself, unless something is mounted on it that does not go. What is
 * mounted on its root does not count, the kernel moves that to where it was.
 *
 * A search that a bound ends counts as if it had found something. So an umount may be
 * refused that would leave a mount behind; as it is for a copy that is locked, and,
 * where more than one mount leaves, for one that something is mounted on.
 */
#ifndef SDAX_PROPAGATE_BPF_H
#define SDAX_PROPAGATE_BPF_H

#include "climb.bpf.h"
#include "compat.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define SDAX_MASTERS_MAX 64	/* slaves of slaves */
#define SDAX_COPIES_MAX 100000	/* on one name, in all namespaces */
#define SDAX_HOLDERS_MAX 100000

struct sdax_ascent {
	struct mount *at;	/* NULL: there is none */
	struct mount *leaving;
	int group;
};

static long sdax_go_to_master(u32 i, struct sdax_ascent *ascent)
{
	struct mount *at = ascent->at;

	if (!at || BPF_CORE_READ(at, mnt_group_id) == ascent->group)
		return 1;
	ascent->at = BPF_CORE_READ(at, mnt_master);
	return 0;
}

/* Is it a peer of the other, or its slave by whatever steps? */
static __always_inline bool sdax_receives(struct mount *mount,
					  struct mount *other)
{
	struct sdax_ascent ascent = {
		.at = mount,
		.group = BPF_CORE_READ(other, mnt_group_id),
	};

	if (!ascent.group)
		return false;
	bpf_loop(SDAX_MASTERS_MAX, sdax_go_to_master, &ascent, 0);
	return ascent.at;
}

static long sdax_go_to_leaving(u32 i, struct sdax_ascent *ascent)
{
	struct mount *at = ascent->at, *parent;

	if (at == ascent->leaving)
		return 1;
	parent = BPF_CORE_READ(at, mnt_parent);
	ascent->at = parent;
	return parent == at;
}

static __always_inline bool sdax_lies_on(struct mount *mount,
					 struct mount *leaving)
{
	struct sdax_ascent ascent = {
		.at = mount,
		.leaving = leaving,
	};

	if (bpf_loop(SDAX_MOUNTS_DEEP, sdax_go_to_leaving, &ascent, 0) ==
	    SDAX_MOUNTS_DEEP)
		return true;
	return ascent.at == leaving;
}

struct sdax_original {
	struct hlist_node *at;	/* NULL: there is none */
	struct mount *leaving;
	struct mount *parent;	/* of the copy */
};

static long sdax_go_to_original(u32 i, struct sdax_original *original)
{
	struct hlist_node *at = original->at;
	struct mount *mount = sdax_mount_on_name(at);

	if (!at)
		return 1;
	if (sdax_receives(original->parent, BPF_CORE_READ(mount, mnt_parent)) &&
	    sdax_lies_on(mount, original->leaving))
		return 1;
	original->at = BPF_CORE_READ(at, next);
	return 0;
}

/*
 * Does something that leaves propagate to it? What nothing is mounted on leaves alone.
 * Otherwise it is searched for, and each step counted.
 */
static __always_inline bool sdax_has_original(struct mount *mount,
					      struct mount *leaving, u32 *spent)
{
	struct mount *parent = BPF_CORE_READ(mount, mnt_parent);
	struct sdax_original original = {
		.leaving = leaving,
		.parent = parent,
	};

	if (BPF_CORE_READ(leaving, mnt_mounts.next) == sdax_children_of(leaving))
		return BPF_CORE_READ(mount, mnt_mp) ==
			       BPF_CORE_READ(leaving, mnt_mp) &&
		       sdax_receives(parent, BPF_CORE_READ(leaving, mnt_parent));
	original.at = sdax_first_on_name(mount);
	*spent += bpf_loop(SDAX_COPIES_MAX, sdax_go_to_original, &original, 0);
	return original.at;
}

struct sdax_holders {
	struct list_head *at, *end;	/* the same: none holds */
	struct dentry *root;
	struct dentry *name;
};

static long sdax_look_at_holder(u32 i, struct sdax_holders *holders)
{
	struct list_head *at = holders->at;
	struct dentry *name;

	if (at == holders->end)
		return 1;
	name = BPF_CORE_READ(sdax_mount_of_child(at), mnt_mountpoint);
	if (name != holders->root && name != holders->name)
		return 1;
	holders->at = BPF_CORE_READ(at, next);
	return 0;
}

/* Is something mounted on it that does not go? */
static __always_inline bool sdax_is_held(struct mount *mount,
					 struct mount *leaving, u32 *spent)
{
	struct sdax_holders holders = {
		.at = BPF_CORE_READ(mount, mnt_mounts.next),
		.end = sdax_children_of(mount),
		.root = BPF_CORE_READ(mount, mnt.mnt_root),
		.name = BPF_CORE_READ(leaving, mnt_mountpoint),
	};

	if (BPF_CORE_READ(leaving, mnt_mounts.next) !=
	    sdax_children_of(leaving))
		return false;
	*spent += bpf_loop(SDAX_HOLDERS_MAX, sdax_look_at_holder, &holders, 0);
	return holders.at != holders.end;
}

static __always_inline bool sdax_propagates_to(struct mount *mount,
					       struct mount *leaving, u32 *spent)
{
	return sdax_has_original(mount, leaving, spent) &&
	       !sdax_is_held(mount, leaving, spent);
}

#endif
