// SPDX-License-Identifier: GPL-2.0-only
/*
 * Questions to the kernel about open files: who is this file, and who else has
 * it. Iterators, loaded by each run of the loader, never attached or pinned.
 */
#include "vmlinux.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "compat.bpf.h"
#include "staticdax_abi.h"
#include "subvolume.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define XFS_DIFLAG2_REFLINK (1ULL << 1)	/* fs/xfs/libxfs/xfs_format.h */

/* Set by user space before each run. */
int wanted_fd;			/* identity: which descriptor of this process */
struct sdax_key wanted;		/* holders: whose holders */
struct sdax_subvolume_at subvolume_at;

static __always_inline u32 part_of(struct inode *inode)
{
	if (inode->i_sb->s_magic != BTRFS_SUPER_MAGIC)
		return 0;
	return sdax_subvolume(inode, &subvolume_at);
}

/*
 * The file's descriptor is not the whole truth on XFS: an inode with the
 * reflink flag may have staging extents that the next write uses, and FIEMAP
 * does not show them. The types are in the module's BTF; without them the
 * answer is "not known" and user space asks in another way.
 */
static __always_inline u32 xfs_of(struct inode *inode)
{
	struct xfs_inode *xfs;
	struct xfs_ifork *cow;
	u32 ret = SDAX_XFS_KNOWN;

	if (inode->i_sb->s_magic != XFS_SUPER_MAGIC ||
	    !bpf_core_field_exists(struct xfs_inode, i_diflags2) ||
	    !bpf_core_field_exists(struct xfs_ifork, if_bytes))
		return 0;
	xfs = (void *)inode - bpf_core_field_offset(struct xfs_inode, i_vnode);
	if (BPF_CORE_READ(xfs, i_diflags2) & XFS_DIFLAG2_REFLINK)
		ret |= SDAX_XFS_REFLINK;
	cow = BPF_CORE_READ(xfs, i_cowfp);
	if (cow && BPF_CORE_READ(cow, if_bytes))
		ret |= SDAX_XFS_COW_FORK;
	return ret;
}

SEC("iter/task_file")
int sdax_identify(struct bpf_iter__task_file *ctx)
{
	struct sdax_identity id = {};
	struct file *file = ctx->file;
	struct inode *inode;

	if (!file || (int)ctx->fd != wanted_fd)
		return 0;
	inode = file->f_inode;
	id.ino = inode->i_ino;
	id.size = inode->i_size;
	id.file = (u64)file;
	id.super = (u64)inode->i_sb;
	id.dev = inode->i_sb->s_dev;
	id.generation = inode->i_generation;
	id.i_flags = inode->i_flags;
	id.magic = inode->i_sb->s_magic;
	id.writecount = inode->i_writecount.counter;
	id.readcount = inode->i_readcount.counter;
	id.nlink = inode->i_nlink;
	id.mode = inode->i_mode;
	id.xfs = xfs_of(inode);
	id.part = part_of(inode);
	id.subvolume_at = subvolume_at;
	bpf_seq_write(ctx->meta->seq, &id, sizeof(id));
	return 0;
}

static __always_inline int holder(struct seq_file *seq,
				  struct task_struct *task, struct file *file,
				  int fd, u64 start)
{
	struct inode *inode = file->f_inode;
	struct sdax_holder h = {};

	if (inode->i_ino != wanted.ino || inode->i_sb->s_dev != wanted.dev ||
	    part_of(inode) != wanted.part)
		return 0;
	h.file = (u64)file;
	h.start = start;
	h.tgid = task->tgid;
	h.fd = fd;
	h.f_mode = file->f_mode;
	bpf_probe_read_kernel_str(h.comm, sizeof(h.comm), task->comm);
	bpf_seq_write(seq, &h, sizeof(h));
	return 0;
}

/* The verifier takes each read of the context for a new pointer. */
SEC("iter/task_file")
int sdax_holder_fds(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	if (!file || !task)
		return 0;
	return holder(ctx->meta->seq, task, file, ctx->fd, 0);
}

SEC("iter/task_vma")
int sdax_holder_maps(struct bpf_iter__task_vma *ctx)
{
	struct vm_area_struct *vma = ctx->vma;
	struct task_struct *task = ctx->task;
	struct file *file;

	if (!vma || !task)
		return 0;
	file = vma->vm_file;
	if (!file)
		return 0;
	return holder(ctx->meta->seq, task, file, -1, vma->vm_start);
}
