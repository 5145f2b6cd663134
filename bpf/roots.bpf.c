// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is this the superblock on which files were sealed? Neither its number nor its
 * address tells: after an umount that nobody saw the next one may have both. But its
 * root directory stays in memory from mount to umount, and what a storage keeps for
 * an inode goes when the inode does. So the root of a filesystem with seals is marked.
 *
 * Asked by ustat(2), which finds the superblock with a number wherever it is mounted,
 * waits for one that is being mounted or unmounted, and calls security_sb_statfs()
 * with its root. The second argument is no address that ustat() could write to, but
 * says what is asked: SDAX_ROOT_ASK, which anybody may, or SDAX_ROOT_MARK. All other
 * statfs() and ustat() pass.
 *
 * Returns to who asked: EEXIST, it is marked (now); ENODATA, it is not, or the number is
 * that of another device of the filesystem, its log say, by which 7.3 finds it as well,
 * and which is nobody else's then; EPERM, not everybody may mark; ENOMEM, it cannot be marked, and nothing is sealed on it. Where
 * no program answers ustat() itself says EFAULT, and EINVAL if there is no such
 * superblock. fs/statfs.c
 */
#include "vmlinux.h"
#include <linux/bpf.h>
#include <asm-generic/errno.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "compat.bpf.h"
#include "staticdax_abi.h"
#include "task.bpf.h"

/* include/uapi/linux/capability.h: as a bit of kernel_cap_t, in 64 bits or in two 32 */
#define CAP_LINUX_IMMUTABLE_BIT (1ULL << 9)

/* The marked ones. One that goes takes its element along; full: no memory is left. */
struct {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} roots SEC(".maps");

/* As loader/privilege.c asks of whoever seals: in the first user namespace. */
static __always_inline bool may_mark(struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	u64 effective = 0;

	return !BPF_CORE_READ(cred, user_ns, level) &&
	       !bpf_probe_read_kernel(&effective, sizeof(effective),
				      &cred->cap_effective) &&
	       effective & CAP_LINUX_IMMUTABLE_BIT;
}

/* As new_decode_dev() of include/linux/kdev_t.h. */
static __always_inline u32 dev_of(u32 number)
{
	return (number & 0xfff00) << 12 | (number & 0xff) |
	       (number >> 12 & 0xfff00);
}

static __always_inline long answer(struct inode *root, u64 flags)
{
	if (bpf_inode_storage_get(&roots, root, NULL, flags))
		return -EEXIST;
	return flags ? -ENOMEM : -ENODATA;
}

SEC("lsm/sb_statfs")
int BPF_PROG(sdax_statfs, struct dentry *dentry, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	struct inode *root;

	if (ret || sdax_is_kernel_worker(task) ||
	    !sdax_nr_is_ustat(sdax_syscall_nr(task, regs)))
		return ret;
	root = dentry->d_inode;
	if (!root)
		return 0;
	if (regs->si != SDAX_ROOT_ASK && regs->si != SDAX_ROOT_MARK)
		return 0;
	if (BPF_CORE_READ(root, i_sb, s_dev) != dev_of(regs->di))
		return -ENODATA;
	if (regs->si == SDAX_ROOT_ASK)
		return answer(root, 0);
	return may_mark(task) ? answer(root, BPF_LOCAL_STORAGE_GET_F_CREATE) :
				-EPERM;
}
