// SPDX-License-Identifier: GPL-2.0-only
/*
 * Questions to the kernel: who is this open file, who else has it, and who is in the
 * middle of something that could reach it. Programs that are run once for each question,
 * and iterators, loaded by each run of the loader, never attached or pinned.
 */
#include "vmlinux.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "compat.bpf.h"
#include "ioctls.bpf.h"
#include "staticdax_abi.h"
#include "subvolume.bpf.h"
#include "task.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define XFS_DIFLAG2_REFLINK (1ULL << 1)	/* fs/xfs/libxfs/xfs_format.h */

/* Set by user space before each run. */
struct sdax_key wanted;		/* holders: whose holders */
struct sdax_subvolume_at subvolume_at;
__u32 flights;			/* in flight: SDAX_FLIGHT_* that are asked for */

static __always_inline u32 part_of(struct inode *inode)
{
	if (BPF_CORE_READ(inode, i_sb, s_magic) != BTRFS_SUPER_MAGIC)
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

	if (BPF_CORE_READ(inode, i_sb, s_magic) != XFS_SUPER_MAGIC ||
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

/* By the caller's own table: nobody takes the file from there meanwhile. */
static __always_inline struct file *file_of(u32 fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = NULL;

	if (fd >= BPF_CORE_READ(table, max_fds) ||
	    bpf_probe_read_kernel(&file, sizeof(file), files + fd))
		return NULL;
	return file;
}

/*
 * Whoever has it open, in whatever mode and if only in a call that is not over, holds
 * the dentry that it was opened by; so do others, who do no harm.
 */
static __always_inline bool is_alone(struct file *file, struct inode *inode)
{
	struct hlist_node *alias = BPF_CORE_READ(inode, i_dentry.first);

	return alias && !BPF_CORE_READ(alias, next) &&
	       BPF_CORE_READ(file, f_path.dentry, d_lockref.count) == 1;
}

/*
 * A lock that nobody has or waits for counts 0, kernel/locking/rwsem.c. That of a
 * kernel with real time priorities is of another type.
 */
static __always_inline void ask_lock(struct inode *inode, struct sdax_identity *id)
{
	id->lock = SDAX_LOCK_UNKNOWN;
	if (!bpf_core_field_exists(inode->i_rwsem.count))
		return;
	id->lock = BPF_CORE_READ(inode, i_rwsem.count.counter);
	id->locked_by = BPF_CORE_READ(inode, i_rwsem.owner.counter);
}

static __always_inline bool is_outermost(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return !BPF_CORE_READ(task, thread_pid, level);
}

SEC("syscall")
int sdax_identify(struct sdax_question *question)
{
	struct file *file = file_of(question->fd);
	struct sdax_identity id = {};
	struct inode *inode;

	if (!file)
		return 0;
	inode = BPF_CORE_READ(file, f_inode);
	id.ino = BPF_CORE_READ(inode, i_ino);
	id.size = BPF_CORE_READ(inode, i_size);
	id.file = (u64)file;
	id.super = (u64)BPF_CORE_READ(inode, i_sb);
	id.ops = (u64)BPF_CORE_READ(inode, i_fop);
	id.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	id.generation = BPF_CORE_READ(inode, i_generation);
	id.i_flags = BPF_CORE_READ(inode, i_flags);
	id.magic = BPF_CORE_READ(inode, i_sb, s_magic);
	id.writecount = BPF_CORE_READ(inode, i_writecount.counter);
	id.readcount = BPF_CORE_READ(inode, i_readcount.counter);
	BPF_CORE_READ_INTO(&id.nlink, inode, i_nlink);
	id.mode = BPF_CORE_READ(inode, i_mode);
	id.xfs = xfs_of(inode);
	id.part = part_of(inode);
	id.subvolume_at = subvolume_at;
	id.alone = is_alone(file, inode);
	id.outermost = is_outermost();
	ask_lock(inode, &id);
	question->id = id;
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

/* The command of the ioctl that a task is in, or 0. */
static __always_inline u32 ioctl_of(struct task_struct *task,
				    struct pt_regs *regs)
{
	if (regs->orig_ax == (X32_SYSCALL_BIT | 514))
		return regs->si;
	switch (sdax_syscall_nr(task, regs)) {
	case 16:
		return regs->si;
	case SDAX_NR32(54):
		return regs->cx;
	}
	return 0;
}

#define Q_QUOTAON 0x800002	/* include/uapi/linux/quota.h */

/*
 * It asks its hook before it writes all dirty pages back, and makes the file one that
 * the kernel writes to only then. The path holds the name all the while.
 */
static __always_inline bool is_quotaon(struct task_struct *task,
				       struct pt_regs *regs)
{
	u32 cmd = 0;

	switch (sdax_syscall_nr(task, regs)) {
	case 179:		/* quotactl */
		cmd = regs->di;
		break;
	case SDAX_NR32(131):
		cmd = regs->bx;
		break;
	case 443:		/* quotactl_fd */
		cmd = regs->si;
		break;
	case SDAX_NR32(443):
		cmd = regs->cx;
		break;
	}
	return cmd >> 8 == Q_QUOTAON;
}

/*
 * By the registers that were saved when the task entered the kernel. Those of one that
 * has left it again are still there until the next interrupt or call: who asks asks
 * again. A tracer may change those of a task that is stopped, but none stops between
 * the hook of an ioctl and its end.
 */
SEC("iter/task")
int sdax_in_flight(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct sdax_flight flight = {};
	struct pt_regs *regs;
	u32 kinds;

	if (!task || sdax_is_kernel_worker(task))
		return 0;
	regs = (void *)bpf_task_pt_regs(task);
	flight.cmd = ioctl_of(task, regs);
	kinds = is_quotaon(task, regs) ? SDAX_FLIGHT_ITSELF :
					 sdax_ioctl_flight(flight.cmd);
	if (!(kinds & flights))
		return 0;
	flight.tgid = task->tgid;
	bpf_seq_write(ctx->meta->seq, &flight, sizeof(flight));
	return 0;
}
