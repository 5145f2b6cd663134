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
 * Where the parent mount is shared, as everything is under systemd, a umount takes
 * copies along, and what else is mounted on the same name (propagate.bpf.h). So
 * whatever leaves, also what is on its name elsewhere is judged.
 *
 * What cannot be found out within the bounds is refused: a mount that lies on more
 * others than that goes, and a umount that would take more along counts as if a seal
 * were among them.
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
#include "propagate.bpf.h"
#include <asm-generic/errno.h>
#include <bpf/bpf_helpers.h>

#define SDAX_MOUNTS_MAX 100000	/* more than fs.mount-max lets a namespace have */
#define SDAX_UMOUNT_MAX (1 << 22)	/* steps through what it may take along */
/*
 * Mounts that are weighed by a umount, and steps to those that propagate to them, all
 * together: anybody can make a lot of both in a namespace of their own, each with each
 * is more than a processor may be kept from all else.
 */
#define SDAX_STEPS_MAX (1 << 17)
#define SDAX_PARENTS_MAX 4096	/* processes between the current one and the first */

/* How hard a mount is to lose. */
enum sdax_hold {
	SDAX_HOLD_NONE = 0,	/* it is in no namespace */
	SDAX_HOLD_LOOSE,	/* it may go without a hook */
	SDAX_HOLD_FIRM,
};

/*
 * The verifier goes again through what follows for each value of a number that it
 * knows, and of eight bytes of stack it knows the lower four.
 */
struct sdax_mount_search {
	struct super_block *sb;
	struct mount *leaving;	/* with all that is below it, or NULL */
	struct dentry *removed;	/* with all that is mounted on it, or NULL */
	struct mnt_namespace *home;	/* the first one; NULL: not found */
	struct mount *at;
	u32 spent;	/* of SDAX_STEPS_MAX, by a umount */
	u8 goes;	/* enum sdax_hold: the firmest that goes */
	u8 stays;	/* and the firmest that stays */
	u8 over;	/* all that matter have been looked at */
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

/*
 * One mount of the filesystem: on which side, and how firm. Where the first namespace
 * is not known, what goes is taken for one of it, and what stays is not.
 */
static __always_inline void sdax_weigh(struct sdax_mount_search *s,
				       struct mount *mount, bool propagates)
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
	/* no firm one, and no other would change what comes out */
	if (s->home && ns != s->home && (s->goes == SDAX_HOLD_FIRM || s->stays))
		return;
	sdax_climb(&climb);
	if (propagates && !climb.goes)
		climb.goes = sdax_propagates_to(mount, s->leaving, &s->spent);
	if (!climb.may_vanish && (s->home ? ns == s->home : climb.goes))
		hold = SDAX_HOLD_FIRM;
	if (climb.goes) {
		if (hold > s->goes)
			s->goes = hold;
		return;
	}
	if (hold > s->stays)
		s->stays = hold;
}

static __always_inline long sdax_weigh_next(struct sdax_mount_search *s,
					    bool propagates)
{
	struct mount *at = s->at;

	s->over = !at || s->stays == SDAX_HOLD_FIRM;
	if (s->over || (propagates && s->spent++ >= SDAX_STEPS_MAX))
		return 1;
	sdax_weigh(s, at, propagates);
	s->at = sdax_next_mount(s->sb, at);
	return 0;
}

static long sdax_weigh_at_removal(u32 i, struct sdax_mount_search *s)
{
	return sdax_weigh_next(s, false);
}

static long sdax_weigh_at_umount(u32 i, struct sdax_mount_search *s)
{
	return sdax_weigh_next(s, true);
}

/* Does what goes leave nothing as firm behind? */
static __always_inline bool sdax_is_lost(struct sdax_mount_search *s,
					 void *weigh)
{
	s->at = sdax_first_mount(s->sb);
	bpf_loop(SDAX_MOUNTS_MAX, weigh, s, 0);
	return !s->over || s->goes > s->stays;
}

struct sdax_umount {
	struct mount *leaving;
	struct hlist_node *at;	/* that, one below it, or one on the same name */
	struct hlist_node *next;	/* on that name; NULL: the last */
	struct mount *above;	/* what the next one below lies on */
	struct list_head *below;	/* among all that does */
	struct mnt_namespace *home;
	struct super_block *judged;	/* passed already */
	u32 spent;
	u8 refused;
	u8 over;	/* all of them have been looked at */
};

/* One that goes or, if it is a copy, may go: is it the last of its filesystem? */
static __always_inline void sdax_judge(struct sdax_umount *umount)
{
	struct mount *at = sdax_mount_on_name(umount->at);
	struct super_block *sb = BPF_CORE_READ(at, mnt.mnt_sb);
	struct sdax_mount_search s = {
		.sb = sb,
		.leaving = umount->leaving,
		.home = umount->home,
		.spent = umount->spent,
	};
	u32 dev = BPF_CORE_READ(sb, s_dev);

	if (sb == umount->judged || !sdax_dev_holds(dev, SDAX_HOOK_SB_UMOUNT))
		return;
	umount->judged = sb;
	if (sdax_is_lost(&s, sdax_weigh_at_umount))
		umount->refused = !!sdax_decide_dev(dev, SDAX_OP_UMOUNT,
						    SDAX_HOOK_SB_UMOUNT);
	umount->spent = s.spent;
}

/* One step through all that leaves, and after each what is on the same name. */
static long sdax_judge_next(u32 i, struct sdax_umount *umount)
{
	struct mount *above = umount->above;
	struct list_head *below = umount->below;

	if (umount->at) {
		struct hlist_node *next = umount->next;

		sdax_judge(umount);
		umount->at = next;
		umount->next = BPF_CORE_READ(next, next);
		return umount->refused != 0;
	}
	if (!below)
		return 1;
	if (below != sdax_children_of(above)) {
		above = sdax_mount_of_child(below);
		umount->at = sdax_on_name(above);
		umount->next = sdax_first_on_name(above);
		umount->above = above;
		umount->below = BPF_CORE_READ(above, mnt_mounts.next);
		return 0;
	}
	if (above == umount->leaving) {
		umount->over = 1;
		return 1;
	}
	/* one that has just been unmounted leads to itself */
	below = BPF_CORE_READ(above, mnt_child.next);
	if (sdax_mount_of_child(below) == above)
		return 1;
	umount->below = below;
	umount->above = BPF_CORE_READ(above, mnt_parent);
	return 0;
}

/* A lazy one takes along what is mounted below. */
static __always_inline int sdax_judge_umount(struct vfsmount *mnt, bool lazy)
{
	struct mount *mount = sdax_mount_of(mnt);
	struct list_head *none = sdax_children_of(mount);
	struct sdax_umount umount = {
		.leaving = mount,
		.at = sdax_on_name(mount),
		.next = sdax_first_on_name(mount),
		.above = mount,
		.below = lazy ? BPF_CORE_READ(mount, mnt_mounts.next) : none,
		.home = sdax_home(),
	};
	u32 nothing = 0;

	/* a number that the verifier knows would be another in each round */
	bpf_probe_read_kernel(&umount.spent, sizeof(umount.spent), &nothing);
	bpf_loop(SDAX_UMOUNT_MAX, sdax_judge_next, &umount, 0);
	if (umount.refused)
		return -EBUSY;
	return umount.over ? 0 : sdax_decide_any(SDAX_OP_UMOUNT,
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

	if (s.sb && sdax_dev_holds(dev, removal->hook) &&
	    sdax_is_lost(&s, sdax_weigh_at_removal))
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
