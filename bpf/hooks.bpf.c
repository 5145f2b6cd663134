// SPDX-License-Identifier: GPL-2.0-only
/*
 * The doors. Each program picks the inode and names the operation; whether it
 * may pass is decided in decide.bpf.c.
 *
 * size    inode_setattr      every truncate in the kernel, under the inode lock
 *         path_truncate,     the same answer earlier; where they exist
 *         file_truncate
 * data    file_permission    write, fallocate, clone, dedupe, exchange, copy
 *         file_open          opened to be appended to or to be handed on
 *         file_fcntl         O_APPEND set later
 * layout  file_ioctl,        everything but a list of harmless ones; extent
 *         file_ioctl_compat  swappers that name their victim in the argument
 *         inode_file_setattr file_setattr(2) and all its ioctls
 *         quota_on           the kernel would write quota records into it
 * names   inode_unlink, inode_rename   of the file; and with
 *         inode_rmdir        the names that its filesystem is mounted on
 * life    sb_umount          of the last mount
 *         inode_free_security, sb_delete   the record lapses with its file
 *
 * LSM programs have no recursion guard and are never skipped, which is why all
 * decisions are here. A hook that some kernels lack is "?": the loader turns it
 * on where BTF has it. The first failure wins, so every program passes on the
 * answer of those before it.
 */
#include "vmlinux.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "compat.bpf.h"
#include "decide.bpf.h"
#include "identity.bpf.h"
#include "ioctls.bpf.h"
#include "mounts.bpf.h"
#include "task.bpf.h"

static __always_inline struct inode *inode_of(struct dentry *dentry)
{
	return sdax_untrusted_dentry(dentry)->d_inode;
}

static __always_inline int decide(struct inode *inode, u32 op, u32 hook)
{
	if (!inode || !sdax_maybe_sealed(inode))
		return 0;
	return sdax_decide(inode, op, hook, SDAX_NONE, SDAX_NONE);
}

/* Size */

/*
 * What is no shrinking now may become one. XFS lets a direct write past the end
 * go on without the inode lock, and waits for it only behind inode_setattr: the
 * file is then longer than it was here. While one is under way (they begin under
 * the lock, so none is added) every truncate counts as one that shrinks; the
 * count is read before the size, which is written before the count.
 */
static __always_inline bool may_grow_meanwhile(struct inode *inode)
{
	bool busy = *(volatile int *)&inode->i_dio_count.counter;

	barrier();
	return busy && inode->i_sb->s_magic == XFS_SUPER_MAGIC;
}

static __always_inline int resize(struct inode *inode, u64 size, u32 hook)
{
	bool busy = may_grow_meanwhile(inode);
	u32 op = SDAX_OP_SAME_SIZE;

	if (size != SDAX_NONE && size != (u64)inode->i_size)
		op = size < (u64)inode->i_size ? SDAX_OP_SHRINK : SDAX_OP_GROW;
	if (busy && hook == SDAX_HOOK_INODE_SETATTR)
		op = SDAX_OP_BY(op, SDAX_OP_SHRINK);
	return sdax_decide(inode, op, hook, size, SDAX_NONE);
}

static __always_inline int setattr(struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode;

	if (!(attr->ia_valid & ATTR_SIZE))
		return 0;
	inode = inode_of(dentry);
	if (!inode || !sdax_maybe_sealed(inode))
		return 0;
	return resize(inode, attr->ia_size, SDAX_HOOK_INODE_SETATTR);
}

/* The hook has gained the id-mapping; the loader counts its arguments in BTF. */
SEC("?lsm/inode_setattr")
int BPF_PROG(sdax_setattr_2, struct dentry *dentry, struct iattr *attr, int ret)
{
	return ret ?: setattr(dentry, attr);
}

SEC("?lsm/inode_setattr")
int BPF_PROG(sdax_setattr_3, void *idmap, struct dentry *dentry,
	     struct iattr *attr, int ret)
{
	return ret ?: setattr(dentry, attr);
}

/*
 * The early ones learn the new size from the system call. Where that does not
 * say it (io_uring), it counts as same-size: a mode that allows that leaves it to
 * inode_setattr. So it does where the file grows before it is locked.
 */
static __always_inline int truncate(struct inode *inode, u32 hook)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);

	if (!inode || !sdax_maybe_sealed(inode))
		return 0;
	return resize(inode,
		      sdax_is_kernel_worker(task) ? SDAX_NONE :
		      sdax_truncate_size(sdax_syscall_nr(task, regs), regs),
		      hook);
}

SEC("?lsm/path_truncate")
int BPF_PROG(sdax_path_trunc, const struct path *path, int ret)
{
	return ret ?: truncate(path->dentry->d_inode,
			       SDAX_HOOK_PATH_TRUNCATE);
}

SEC("?lsm/file_truncate")
int BPF_PROG(sdax_file_trunc, struct file *file, int ret)
{
	return ret ?: truncate(sdax_untrusted_file(file)->f_inode,
			       SDAX_HOOK_FILE_TRUNCATE);
}

/* Data */

SEC("lsm/file_permission")
int sdax_permission(__u64 *args)
{
	if (!sdax_is_certainly_not((void *)args[0]))
		return sdax_token_access(args);
	return args[2];
}

/*
 * Overlayfs and FUSE passthrough splice into the file below with no hook on
 * it, so they may not have it open for writing where a write past the end is
 * refused. Before 6.5 such an open shows by a path that is not the file's own.
 */
static __always_inline bool is_backing(struct file *file)
{
	return file->f_mode & FMODE_BACKING ||
	       file->f_path.dentry->d_inode != file->f_inode;
}

/*
 * Does somebody open it for itself? An io_uring worker is no kernel thread of
 * its own: it does what a user asked for. An ioctl opens by XFS_IOC_OPEN_BY_HANDLE.
 */
static __always_inline bool opened_by_user(struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 nr;

	if (task->flags & PF_KTHREAD || sdax_token_opening())
		return true;
	if (task->flags & PF_IO_WORKER)
		return false;
	nr = sdax_syscall_nr(task, (void *)bpf_task_pt_regs(task));
	if (sdax_nr_is_ioctl(nr))
		return file->f_inode->i_sb->s_magic == XFS_SUPER_MAGIC;
	return sdax_nr_is_open(nr);
}

SEC("lsm/file_open")
int BPF_PROG(sdax_open, struct file *file, int ret)
{
	bool backing;
	u32 op;

	if (ret || !(file->f_mode & FMODE_WRITE))
		return ret;
	file = sdax_untrusted_file(file);
	if (!sdax_maybe_sealed(file->f_inode))
		return 0;
	sdax_heat(file->f_inode);
	backing = is_backing(file);
	if (!backing && !opened_by_user(file))
		op = SDAX_OP_ATTACH;
	else if (file->f_flags & O_APPEND)
		op = SDAX_OP_APPEND;
	else if (backing)
		op = SDAX_OP_BY(SDAX_OP_ATTACH, SDAX_OP_EXTEND);
	else
		return 0;
	return sdax_decide(file->f_inode, op, SDAX_HOOK_FILE_OPEN,
			   SDAX_NONE, SDAX_NONE);
}

/* A write reads the flag after it was checked, so it may not be set at all. */
SEC("lsm/file_fcntl")
int BPF_PROG(sdax_fcntl, struct file *file, unsigned int cmd,
	     unsigned long arg, int ret)
{
	if (ret || cmd != F_SETFL || !(arg & O_APPEND) ||
	    !(file->f_mode & FMODE_WRITE))
		return ret;
	return decide(sdax_untrusted_file(file)->f_inode, SDAX_OP_APPEND,
		      SDAX_HOOK_FILE_FCNTL);
}

/* Layout */

struct fd_search {
	struct file **table;
	int verdict;
};

static long refuse_if_sealed(u32 fd, struct fd_search *search)
{
	struct file *file = NULL;

	bpf_probe_read_kernel(&file, sizeof(file), search->table + fd);
	if (file)
		search->verdict = sdax_decide_unsafe_file(file, SDAX_OP_ATTACH,
							  SDAX_HOOK_FILE_IOCTL);
	return search->verdict != 0;
}

/*
 * A loop device takes its file by number, writes and punches it with no hook
 * on it, and there is none between the number and the file. So no descriptor
 * of the caller may be a sealed file: its table cannot change while it is in
 * this call, unless it is shared, and then any seal at all refuses. So it does
 * where the table is longer than a program can walk, 2^23 descriptors. The number
 * itself is not looked at: in LOOP_CONFIGURE it lies in memory that another
 * process can share. Asked of every block device, since a partition of a loop
 * device and a device-mapper target on it pass the ioctl on.
 */
static __always_inline int loop_attach(struct file *device)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fd_search search = {};

	if ((device->f_inode->i_mode & S_IFMT) != S_IFBLK)
		return 0;
	if (BPF_CORE_READ(task, files, count.counter) != 1)
		return sdax_decide_any(SDAX_OP_ATTACH, SDAX_HOOK_FILE_IOCTL);
	search.table = BPF_CORE_READ(task, files, fdt, fd);
	/* an error has only 32 bits where the verifier has put the loop in place */
	if ((s32)bpf_loop(BPF_CORE_READ(task, files, fdt, max_fds),
			  refuse_if_sealed, &search, 0) <= 0)
		return sdax_decide_any(SDAX_OP_ATTACH, SDAX_HOOK_FILE_IOCTL);
	return search.verdict;
}

/*
 * Ioctls that reach a file other than the one they are called on, named in
 * user memory that cannot be trusted twice. They are refused by what they
 * could reach: the filesystem for MOVE_EXT (both files are on it) and for
 * repair, every XFS for SWAPEXT (it takes both files by number, from any XFS).
 */
static __always_inline int ioctl_elsewhere(struct file *file, u32 cmd)
{
	struct super_block *sb = file->f_inode->i_sb;

	switch (SDAX_IOC_OF(cmd)) {
	case SDAX_EXT4_MOVE_EXT:
		if (sb->s_magic != EXT4_SUPER_MAGIC)
			return 0;
		return sdax_decide_dev(sb->s_dev, SDAX_OP_SWAP_EXTENTS,
				       SDAX_HOOK_FILE_IOCTL);
	case SDAX_XFS_SWAPEXT:
		if (sb->s_magic != XFS_SUPER_MAGIC)
			return 0;
		return sdax_decide_any_xfs(sb, SDAX_OP_SWAP_EXTENTS,
					   SDAX_HOOK_FILE_IOCTL);
	case SDAX_XFS_SCRUB:
	case SDAX_XFS_SCRUBV:
		if (sb->s_magic != XFS_SUPER_MAGIC)
			return 0;
		return sdax_decide_dev(sb->s_dev, SDAX_OP_SWAP_EXTENTS,
				       SDAX_HOOK_FILE_IOCTL);
	case SDAX_LOOP_SET_FD:
	case SDAX_LOOP_CHANGE_FD:
	case SDAX_LOOP_CONFIGURE:
		return loop_attach(file);
	}
	return 0;
}

static __always_inline bool is_harmless(struct file *file, u32 cmd)
{
	return sdax_ioctl_is_harmless(cmd) ||
	       (file->f_inode->i_sb->s_magic == BTRFS_SUPER_MAGIC &&
		sdax_ioctl_is_harmless_on_btrfs(cmd));
}

static __always_inline int ioctl(struct file *file, u32 cmd, u32 hook)
{
	int ret = 0;

	if (sdax_maybe_sealed(file->f_inode) && !is_harmless(file, cmd))
		ret = sdax_decide(file->f_inode, sdax_ioctl_op(cmd), hook,
				  SDAX_NONE, SDAX_NONE);
	return ret ?: ioctl_elsewhere(file, cmd);
}

SEC("lsm/file_ioctl")
int BPF_PROG(sdax_ioctl, struct file *file, unsigned int cmd, unsigned long arg,
	     int ret)
{
	return ret ?: ioctl(sdax_untrusted_file(file), cmd,
			    SDAX_HOOK_FILE_IOCTL);
}

/* 32-bit callers: 6.1.74 and 6.8 on (f1bb47a31dff), and stable branches. */
SEC("?lsm/file_ioctl_compat")
int BPF_PROG(sdax_ioctl_32, struct file *file, unsigned int cmd,
	     unsigned long arg, int ret)
{
	return ret ?: ioctl(sdax_untrusted_file(file), cmd,
			    SDAX_HOOK_FILE_IOCTL_COMPAT);
}

/* With the system call file_setattr, 6.17 (be7efb2d20d6). */
SEC("?lsm/inode_file_setattr")
int BPF_PROG(sdax_fileattr, struct dentry *dentry, void *fa, int ret)
{
	return ret ?: decide(inode_of(dentry), SDAX_OP_FLAGS,
			     SDAX_HOOK_INODE_FILE_SETATTR);
}

SEC("lsm/quota_on")
int BPF_PROG(sdax_quota_on, struct dentry *dentry, int ret)
{
	return ret ?: decide(inode_of(dentry), SDAX_OP_ATTACH,
			     SDAX_HOOK_QUOTA_ON);
}

/* Names */

static __always_inline int remove_name(struct dentry *dentry, u32 hook)
{
	return sdax_is_mountpoint(dentry) ?
		       sdax_remove_mountpoint(dentry, hook) : 0;
}

SEC("lsm/inode_unlink")
int BPF_PROG(sdax_unlink, struct inode *dir, struct dentry *dentry, int ret)
{
	if (!ret)
		ret = decide(inode_of(dentry), SDAX_OP_UNLINK,
			     SDAX_HOOK_INODE_UNLINK);
	return ret ?: remove_name(dentry, SDAX_HOOK_INODE_UNLINK);
}

SEC("lsm/inode_rmdir")
int BPF_PROG(sdax_rmdir, struct inode *dir, struct dentry *dentry, int ret)
{
	return ret ?: remove_name(dentry, SDAX_HOOK_INODE_RMDIR);
}

/*
 * The hook does not say it. A rename of io_uring or a kernel thread, which no
 * system call speaks for, counts as one that replaces.
 */
static __always_inline bool rename_swaps(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);

	return !sdax_is_kernel_worker(task) &&
	       sdax_rename_swaps(sdax_syscall_nr(task, regs), regs);
}

SEC("lsm/inode_rename")
int BPF_PROG(sdax_rename, struct inode *old_dir, struct dentry *old_dentry,
	     struct inode *new_dir, struct dentry *new_dentry, int ret)
{
	if (!ret)
		ret = decide(inode_of(old_dentry), SDAX_OP_RENAME,
			     SDAX_HOOK_INODE_RENAME);
	if (!ret)
		ret = decide(inode_of(new_dentry), SDAX_OP_RENAME,
			     SDAX_HOOK_INODE_RENAME);
	if (!ret && sdax_is_mountpoint(new_dentry) && !rename_swaps())
		ret = sdax_remove_mountpoint(new_dentry,
					     SDAX_HOOK_INODE_RENAME);
	return ret;
}

/* Life */

SEC("lsm/sb_umount")
int BPF_PROG(sdax_umount, struct vfsmount *mnt, int flags, int ret)
{
	return ret ? ret : sdax_judge_umount(mnt, flags & MNT_DETACH);
}

/*
 * Runs at every eviction; only without links is it a deletion. Memory pressure
 * and drop_caches pass through here and leave the seal as it is.
 */
SEC("lsm/inode_free_security")
int BPF_PROG(sdax_inode_free, struct inode *inode)
{
	if (inode->i_nlink)
		return 0;
	inode = sdax_untrusted_inode(inode);
	return sdax_maybe_sealed(inode) ? sdax_lapse_inode(inode) : 0;
}

SEC("lsm/sb_delete")
int BPF_PROG(sdax_sb_delete, struct super_block *sb)
{
	return sdax_lapse_filesystem(sb);
}
