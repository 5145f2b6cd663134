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
static __always_inline bool sdax_has_bit(const struct sdax_filter *in,
					 struct inode *inode)
{
	__u64 bit = sdax_filter_bit(inode->i_ino);

	return in->words[(bit >> 6) & (SDAX_FILTER_WORDS - 1)] >> (bit & 63) &
	       1;
}

static __always_inline bool sdax_maybe_sealed(struct inode *inode)
{
	return sdax_maybe_hot(inode) && sdax_has_bit(&filter, inode);
}

/*
 * Goes to the label unless a and b have a bit in common: all that can be asked about
 * the bits of a pointer, which the verifier lets be compared and no more. Compilers
 * would do arithmetic with it; and the assembler of LLVM 14 does not know the
 * instruction, which therefore is in bytes (BPF_JMP | BPF_JSET | BPF_X of r4 and r5,
 * over the next one).
 */
#define SDAX_UNLESS_ANY(in_r4, in_r5, label)				\
	asm goto(".byte 0x4d, 0x54, 1, 0, 0, 0, 0, 0; goto %l[" #label "]" \
		 : : "r"(in_r4), "r"(in_r5) : : label)

/* From now on every superblock may hold a seal. */
static __always_inline void sdax_all_are_hot(void)
{
	__sync_fetch_and_or(&filter.beyond, SDAX_BEYOND_UNKNOWN);
	filter.cold_bits = 0;
	filter.cold_ops = 0;
	filter.hot_from = 0;
}

/* One load of its address, which compilers would repeat behind each asm goto. */
static __always_inline struct sdax_filter *sdax_the_filter(void)
{
	struct sdax_filter *ret = &filter;

	asm("" : "+r"(ret));
	return ret;
}

/*
 * Each pointer that is loaded from one that the verifier does not trust is compared
 * with the kernel's range first, which costs as much as all else. An LSM program's
 * arguments are trusted where there is such a thing, since 6.2, others' are not.
 */
static __always_inline bool sdax_lsm_is_trusted(void)
{
	return bpf_core_enum_value_exists(enum bpf_type_flag___trust,
					  PTR_TRUSTED___trust);
}

/*
 * One load away: the operations of no sealed file are those of all pipes and sockets,
 * and of other types of filesystems.
 */
static __always_inline bool sdax_has_cold_ops(const struct sdax_filter *in,
					      struct file *file)
{
	register __u64 ops asm("r4") = (__u64)file->f_op;
	register __u64 cold asm("r5") = in->cold_ops;

	SDAX_UNLESS_ANY(ops, cold, perhaps);
	return true;
perhaps:
	return false;
}

/* A bit that no hot superblock has. */
static __always_inline bool sdax_has_cold_bits(const struct sdax_filter *in,
					       struct inode *inode)
{
	register __u64 super asm("r4") = (__u64)inode->i_sb;
	register __u64 cold asm("r5") = in->cold_bits;

	SDAX_UNLESS_ANY(super, cold, perhaps);
	return true;
perhaps:
	return super < in->hot_from;
}

/*
 * The same, for what every read and write of the system is asked: addresses first.
 * A bit that no hot one has is the end for nearly all files, wherever they lie. Who
 * calls these does all else in a function of its own: then a program keeps nothing
 * across calls, and the kernel saves no register for it.
 */
static __always_inline bool sdax_is_certainly_not(struct file *file)
{
	const struct sdax_filter *in = sdax_the_filter();
	struct inode *inode;

	if (!sdax_lsm_is_trusted() && sdax_has_cold_ops(in, file))
		return true;
	inode = file->f_inode;
	return sdax_has_cold_bits(in, inode) || !sdax_has_bit(in, inode);
}

/* For other programs than the LSM's. */
static __always_inline bool sdax_is_certainly_not_here(struct file *file)
{
	const struct sdax_filter *in = sdax_the_filter();
	struct inode *inode;

	if (sdax_has_cold_ops(in, file))
		return true;
	inode = file->f_inode;
	return (sdax_lsm_is_trusted() && sdax_has_cold_bits(in, inode)) ||
	       !sdax_has_bit(in, inode);
}

#endif
