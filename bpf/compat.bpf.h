/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between kernels that the programs care about, and the
 * constants that BTF does not carry.
 *
 * Constants name the header they are copied from. All of them are user-visible
 * ABI or have kept their value since 5.12; the canary of loader/canary.c would
 * show a slip.
 */
#ifndef SDAX_COMPAT_BPF_H
#define SDAX_COMPAT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* include/linux/fs.h */
#define FMODE_WRITE	0x2
#define MAY_WRITE	0x2
#define MAY_READ	0x4
#define ATTR_SIZE	(1 << 3)
#define IOCB_APPEND	0x10
#define IOCB_ATOMIC	0x40
#define FMODE_BACKING	(1U << 24)	/* since 6.5 (62d53c4a1dfe) */
#define S_IFMT		00170000
#define S_IFBLK		0060000

/* include/uapi/asm-generic/fcntl.h */
#define O_APPEND	02000
#define F_SETFL		4

#define MNT_DETACH	2	/* include/linux/fs.h */

/*
 * include/linux/dcache.h. Where BTF does not name it, DCACHE_MOUNTED is the one
 * bit or the other; the one that it is not belongs to no dentry that a hook is
 * asked about, or to an automount point, and costs no more than a look.
 */
#define DCACHE_OP_REVALIDATE	0x4
#define DCACHE_MOUNTED_UNNAMED	(3U << 15)

#define RENAME_EXCHANGE	2	/* include/uapi/linux/fs.h */

/* include/uapi/linux/fs.h; also the bits of pwritev2's flags */
#define RWF_APPEND	0x10
#define RWF_ATOMIC	0x40

/* include/linux/sched.h; arch/x86/include/asm/thread_info.h, page_64_types.h */
#define PF_IO_WORKER	0x00000010
#define PF_KTHREAD	0x00200000
#define TS_COMPAT	0x0002
#define THREAD_SIZE	16384

/* include/uapi/linux/magic.h, fs/xfs/libxfs/xfs_format.h */
#define EXT4_SUPER_MAGIC	0xef53
#define BPF_FS_MAGIC		0xcafe4a11	/* include/uapi/linux/magic.h */
#define XFS_SUPER_MAGIC		0x58465342
#define BTRFS_SUPER_MAGIC	0x9123683e

/* include/uapi/linux/falloc.h */
#define FALLOC_FL_KEEP_SIZE	0x01
#define FALLOC_FL_UNSHARE_RANGE	0x40

/*
 * The same pointers, for loads alone. Of each pointer that is loaded from one that it
 * trusts, the verifier of 6.3 and later wants to know whether to trust it as well, and
 * up to 6.18 it goes through the names of all types of the kernel for that, up to four
 * times: millions of instructions for a load. Of others it asks nothing. In
 * token.bpf.c, since linkers up to libbpf 1.1 take a kernel function from one file only.
 */
__hidden struct file *sdax_untrusted_file(struct file *file);
__hidden struct dentry *sdax_untrusted_dentry(struct dentry *dentry);
__hidden struct inode *sdax_untrusted_inode(struct inode *inode);

/* Is something mounted on it, in whatever mount namespace? True may be wrong. */
static __always_inline bool sdax_is_mountpoint(struct dentry *dentry)
{
	if (bpf_core_enum_value_exists(enum dentry_flags___named,
				       DCACHE_MOUNTED___named))
		return dentry->d_flags &
		       bpf_core_enum_value(enum dentry_flags___named,
					   DCACHE_MOUNTED___named);
	return dentry->d_flags & DCACHE_MOUNTED_UNNAMED;
}

/*
 * The mounts of a superblock. 6.18 turned s_mounts from a list_head into a
 * chain through mount.mnt_next_for_sb. Delete the first form with the last
 * kernel that has mount.mnt_instance. NULL at the end.
 */
static __always_inline bool sdax_mounts_are_chained(void)
{
	return bpf_core_field_exists(struct mount___chained, mnt_next_for_sb);
}

static __always_inline struct mount *
sdax_mount_of_instance(struct super_block *sb, struct list_head *at)
{
	void *head = (void *)sb +
		     bpf_core_field_offset(struct super_block, s_mounts);

	if (at == head)
		return NULL;
	return (void *)at - bpf_core_field_offset(struct mount, mnt_instance);
}

static __always_inline struct mount *sdax_first_mount(struct super_block *sb)
{
	if (sdax_mounts_are_chained())
		return BPF_CORE_READ((struct super_block___chained *)sb,
				     s_mounts);
	return sdax_mount_of_instance(sb, BPF_CORE_READ(sb, s_mounts.next));
}

static __always_inline struct mount *sdax_next_mount(struct super_block *sb,
						     struct mount *mount)
{
	if (sdax_mounts_are_chained())
		return BPF_CORE_READ((struct mount___chained *)mount,
				     mnt_next_for_sb);
	return sdax_mount_of_instance(sb,
				      BPF_CORE_READ(mount, mnt_instance.next));
}

static __always_inline struct mount *sdax_mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

/* The list of what is mounted on it, directly: its head, and one that is on it. */
static __always_inline struct list_head *sdax_children_of(struct mount *mount)
{
	return (void *)mount + bpf_core_field_offset(struct mount, mnt_mounts);
}

static __always_inline struct mount *sdax_mount_of_child(struct list_head *at)
{
	return (void *)at - bpf_core_field_offset(struct mount, mnt_child);
}

/* The list of what is mounted on its name, in whatever namespace; NULL at the end. */
static __always_inline struct hlist_node *sdax_first_on_name(struct mount *mount)
{
	return BPF_CORE_READ(mount, mnt_mp, m_list.first);
}

static __always_inline struct hlist_node *sdax_on_name(struct mount *mount)
{
	return (void *)mount + bpf_core_field_offset(struct mount, mnt_mp_list);
}

static __always_inline struct mount *sdax_mount_on_name(struct hlist_node *at)
{
	return (void *)at - bpf_core_field_offset(struct mount, mnt_mp_list);
}

#endif
