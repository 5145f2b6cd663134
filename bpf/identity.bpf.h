/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a struct inode to the key of the pinned maps, and the filter in front
 * of them: the only place on the kernel's side where either is computed.
 */
#ifndef SDAX_IDENTITY_BPF_H
#define SDAX_IDENTITY_BPF_H

#include "vmlinux.h"
#include "compat.bpf.h"
#include "staticdax_abi.h"
#include "subvolume.bpf.h"

extern struct sdax_control control;
extern struct sdax_filter filter;

static __always_inline void sdax_key_of(struct inode *inode,
					struct sdax_key *ret)
{
	ret->ino = inode->i_ino;
	ret->dev = inode->i_sb->s_dev;
	ret->part = 0;
	if (inode->i_sb->s_magic == BTRFS_SUPER_MAGIC)
		ret->part = sdax_subvolume(inode, &control.subvolume_at);
}

/* The same for an inode that was found by reading memory. */
static __always_inline void sdax_key_of_unsafe(struct inode *inode,
					       struct sdax_key *ret)
{
	ret->ino = BPF_CORE_READ(inode, i_ino);
	ret->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	ret->part = 0;
	if (BPF_CORE_READ(inode, i_sb, s_magic) == BTRFS_SUPER_MAGIC)
		ret->part = sdax_subvolume(inode, &control.subvolume_at);
}

/* Does the filesystem hold a seal? May say yes for one that does not. */
static __always_inline bool sdax_maybe_hot(struct inode *inode)
{
	return control.hot_devs >> sdax_dev_bit(inode->i_sb->s_dev) & 1;
}

/*
 * False is certain: the loader sets the bits before the entry exists, and
 * clears them after it is gone. True costs the caller a lookup.
 */
static __always_inline bool sdax_in_filter(struct inode *inode)
{
	__u64 bit = sdax_filter_bit(inode->i_ino);

	return filter.words[(bit >> 6) & (SDAX_FILTER_WORDS - 1)] >>
		       (bit & 63) & 1;
}

static __always_inline bool sdax_maybe_sealed(struct inode *inode)
{
	return sdax_maybe_hot(inode) && sdax_in_filter(inode);
}

/*
 * The same, for what every read and write of the system is asked: the address
 * of the superblock first, which is compared, since the verifier allows no
 * arithmetic with it. Who calls this does all else in a function of its own: then
 * a program keeps nothing across calls, and the kernel saves no register for it.
 */
static __always_inline bool sdax_is_certainly_not(struct file *file)
{
	struct inode *inode = file->f_inode;
	__u64 super = (__u64)inode->i_sb;

	return super < filter.hot_from || super > filter.hot_to ||
	       !sdax_in_filter(inode);
}

#endif
