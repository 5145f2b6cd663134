/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Would the filesystem outlive this umount?
 *
 * A mount is taken away by umount(2), which a hook is asked about; by a lazy
 * umount of a mount that it lies on; and by the removal of a name that it, or a
 * mount that it lies on, is mounted on, in a namespace where nothing is mounted
 * there (fs/namespace.c, __detach_mounts()): in all namespaces at once.
 *
 * What goes must be outlived by a mount that is no easier to lose. Two kinds are:
 * a mount in another namespace than the first, which ends with its last process;
 * and one on a name that its filesystem can declare invalid, as procfs does with
 * a process that ended, FUSE and network filesystems with whatever the server says.
 * No hook is asked about either. A mount that is in no namespace is none: it has
 * been unmounted already, or is the kernel's own.
 *
 * Where the parent mount is shared, as everything is under systemd, a umount
 * takes the propagated copies along: they sit on the same mountpoint in other
 * namespaces. So another mount is a survivor only if the umount stays where it
 * is, or if it sits elsewhere. A copy in a namespace that is no longer a peer
 * would survive as well and is not counted: that umount is refused in error.
 *
 * What cannot be found out within the bounds is refused: where more mounts lie on
 * each other, or below one that is unmounted lazily, as if a seal were among them.
 *
 * Read without mount_lock. What a concurrent umount can make of that is a
 * filesystem that goes away with its seals lapsed, which is reported.
 */
#ifndef SDAX_MOUNTS_BPF_H
#define SDAX_MOUNTS_BPF_H

#include "climb.bpf.h"
#include "compat.bpf.h"
#include "decide.bpf.h"
#include "identity.bpf.h"
#include <asm-generic/errno.h>
#include <bpf/bpf_helpers.h>

#define SDAX_MOUNTS_MAX 100000	/* more than fs.mount-max lets a namespace have */
#define SDAX_PARENTS_MAX 4096	/* processes between the current one and the first */

/* How hard a mount is to lose. */
enum sdax_hold {
	SDAX_HOLD_NONE = 0,	/* it is in no namespace */
	SDAX_HOLD_LOOSE,	/* it may go without a hook */
	SDAX_HOLD_FIRM,
};

struct sdax_mount_search {
	struct super_block *sb;
	struct mount *leaving;	/* with all that is below it, or NULL */
	struct dentry *removed;	/* with all that is mounted on it, or NULL */
	struct mnt_namespace *home;	/* the first one; NULL: not found */
	struct mount *at;
	struct dentry *mountpoint;
	u32 propagates;
	u32 goes;	/* enum sdax_hold: the firmest that goes */
	u32 stays;	/* and the firmest that stays */
	u32 over;	/* all that matter have been looked at */
};

static long sdax_go_to_first(u32 i, struct task_struct **task)
{
	if (BPF_CORE_READ(*task, tgid) <= 1)
		return 1;
	*task = BPF_CORE_READ(*task, real_parent);
	return 0;
}

/* The mount namespace of process 1, or of the kernel's own threads. */
static __always_inline struct mnt_namespace *sdax_home(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	bpf_loop(SDAX_PARENTS_MAX, sdax_go_to_first, &task, 0);
	if (BPF_CORE_READ(task, tgid) > 1)
		return NULL;
	return BPF_CORE_READ(task, nsproxy, mnt_ns);
}

/* Its own mounts have an error in place of the namespace. */
static __always_inline bool sdax_is_in_none(struct mnt_namespace *ns)
{
	return !ns || (u64)ns >= -4095ULL;
}

/* One mount of the filesystem: on which side, and how firm. */
static __always_inline void sdax_weigh(struct sdax_mount_search *s,
				       struct mount *mount)
{
	struct mnt_namespace *ns = BPF_CORE_READ(mount, mnt_ns);
	struct sdax_climb climb = {
		.at = mount,
		.leaving = s->leaving,
		.removed = s->removed,
	};
	u32 hold = SDAX_HOLD_LOOSE;

	if (sdax_is_in_none(ns))
		return;
	sdax_climb(&climb);
	if (!climb.may_vanish && (s->home ? ns == s->home : climb.goes))
		hold = SDAX_HOLD_FIRM;
	if (climb.goes) {
		if (hold > s->goes)
			s->goes = hold;
		return;
	}
	if (s->propagates &&
	    BPF_CORE_READ(mount, mnt_mountpoint) == s->mountpoint)
		return;
	if (hold > s->stays)
		s->stays = hold;
}

static long sdax_weigh_next(u32 i, struct sdax_mount_search *s)
{
	struct mount *at = s->at;

	s->over = !at || s->stays == SDAX_HOLD_FIRM;
	if (s->over)
		return 1;
	sdax_weigh(s, at);
	s->at = sdax_next_mount(s->sb, at);
	return 0;
}

/* Does what goes leave nothing as firm behind? */
static __always_inline bool sdax_is_lost(struct sdax_mount_search *s)
{
	s->at = sdax_first_mount(s->sb);
	bpf_loop(SDAX_MOUNTS_MAX, sdax_weigh_next, s, 0);
	return !s->over || s->goes > s->stays;
}

/* Is mount the last of its filesystem that goes when leaving does? */
static __always_inline bool sdax_goes_with(struct mount *mount,
					   struct mount *leaving,
					   struct mnt_namespace *home)
{
	struct sdax_mount_search s = {
		.sb = BPF_CORE_READ(mount, mnt.mnt_sb),
		.leaving = leaving,
		.home = home,
		.mountpoint = BPF_CORE_READ(mount, mnt_mountpoint),
		.propagates = BPF_CORE_READ(mount, mnt_parent, mnt_group_id) |
			      BPF_CORE_READ(leaving, mnt_parent, mnt_group_id),
	};

	return sdax_is_lost(&s);
}

static __always_inline bool sdax_last_umount(struct vfsmount *mnt)
{
	struct mount *mount = sdax_mount_of(mnt);

	return sdax_goes_with(mount, mount, sdax_home());
}

struct sdax_mount_walk {
	struct mount *top;
	struct mount *at;
	struct mnt_namespace *home;
	int verdict;
	u32 over;	/* all of them have been looked at */
};

/* The next of all that is mounted below the top; NULL if none is found. */
static __always_inline struct mount *
sdax_next_below(struct sdax_mount_walk *walk)
{
	struct mount *at = walk->at, *parent;
	struct list_head *next = BPF_CORE_READ(at, mnt_mounts.next);

	if (next != sdax_children_of(at))
		return next ? sdax_mount_of_child(next) : NULL;
	for (int i = 0; i < SDAX_MOUNTS_DEEP; i++) {
		if (at == walk->top) {
			walk->over = 1;
			return NULL;
		}
		next = BPF_CORE_READ(at, mnt_child.next);
		parent = BPF_CORE_READ(at, mnt_parent);
		if (next != sdax_children_of(parent))
			return next ? sdax_mount_of_child(next) : NULL;
		at = parent;
	}
	return NULL;
}

static long sdax_look_below(u32 i, struct sdax_mount_walk *walk)
{
	struct mount *at = sdax_next_below(walk);
	u32 dev;

	walk->at = at;
	if (!at)
		return 1;
	dev = BPF_CORE_READ(at, mnt.mnt_sb, s_dev);
	if (sdax_dev_holds(dev, SDAX_HOOK_SB_UMOUNT) &&
	    sdax_goes_with(at, walk->top, walk->home))
		walk->verdict = sdax_decide_dev(dev, SDAX_OP_UMOUNT,
						SDAX_HOOK_SB_UMOUNT);
	return walk->verdict != 0;
}

/* A lazy umount, which takes along what is mounted below. */
static __always_inline int sdax_umount_below(struct vfsmount *mnt)
{
	struct mount *mount = sdax_mount_of(mnt);
	struct sdax_mount_walk walk = {
		.top = mount,
		.at = mount,
		.home = sdax_home(),
	};

	bpf_loop(SDAX_MOUNTS_MAX, sdax_look_below, &walk, 0);
	if (walk.verdict)
		return -EBUSY;
	return walk.over ? 0 : sdax_decide_any(SDAX_OP_UMOUNT,
					       SDAX_HOOK_SB_UMOUNT);
}

struct sdax_removal {
	struct dentry *name;
	struct mnt_namespace *home;
	u32 hook;
	int verdict;
};

static long sdax_look_at_hot(u32 i, struct sdax_removal *removal)
{
	struct sdax_hot *hot = filter.hot + (i & (SDAX_HOT_MAX - 1));
	struct sdax_mount_search s = {
		.sb = (void *)hot->super,
		.removed = removal->name,
		.home = removal->home,
	};
	u32 dev = hot->dev;

	if (s.sb && sdax_dev_holds(dev, removal->hook) && sdax_is_lost(&s))
		removal->verdict = sdax_decide_dev(dev, SDAX_OP_UMOUNT,
						   removal->hook);
	return removal->verdict != 0;
}

/*
 * A name goes that something is mounted on. More filesystems with seals than have
 * a slot cannot all be asked, and one that is sealed while the guard is active has
 * none: then none goes. The canary's lies among the pins, where nobody else has
 * a reason to mount anything; there is no seal to report for it.
 */
static __noinline int sdax_remove_mountpoint(struct dentry *name, u32 hook)
{
	struct sdax_removal removal = {
		.name = name,
		.home = sdax_home(),
		.hook = hook,
	};

	if (!filter.beyond) {
		bpf_loop(SDAX_HOT_MAX, sdax_look_at_hot, &removal, 0);
		return removal.verdict ? -EBUSY : 0;
	}
	if (BPF_CORE_READ(name, d_sb, s_magic) != BPF_FS_MAGIC)
		return sdax_decide_any(SDAX_OP_UMOUNT, hook);
	__sync_fetch_and_or(&control.proved, 1ULL << hook);
	return -EBUSY;
}

#endif
