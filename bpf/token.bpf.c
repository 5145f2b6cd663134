// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tokens: the proof that an access which reaches security_file_permission() is
 * a plain read or write, and where in the file.
 *
 * That hook serves rw_verify_area, vfs_fallocate, remap_verify_area and
 * iterate_dir, and knows neither offset nor caller. So rw_verify_area leaves a
 * token for the task on the way in, and the hook spends it. An access without
 * a token is a fallocate, clone, dedupe or exchange.
 *
 * fentry and fexit programs can be skipped: a per-CPU counter keeps one from
 * interrupting itself, and a preempted one holds it for whoever runs next on
 * that CPU (kernel/bpf/trampoline.c, __bpf_prog_enter_recur). Therefore they
 * only ever grant, and where the kernel preempts itself there are two of them: a
 * write is refused in error only if both are caught, and never passed in error.
 *
 * An access that an earlier LSM refuses leaves its token unspent: bound to one
 * task, file and direction, overwritten by the task's next access, and taken
 * back where one begins that has none. Where the kernel preempts itself it is
 * taken back at the exit of rw_verify_area too.
 *
 * Storage is per task: it is freed with the task, has no size limit and no
 * key, and a lookup of an existing one takes no lock.
 */
#include "vmlinux.h"
#include <linux/bpf.h>
#include <asm-generic/errno.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "compat.bpf.h"
#include "decide.bpf.h"
#include "identity.bpf.h"
#include "task.bpf.h"

#define READ 0
#define WRITE 1

struct token {
	u64 file;	/* address of the struct file, 0: spent */
	u64 ppos;	/* address of the position, see sdax_on_stack() */
	u64 pos;
	u64 count;
	u32 rw;
	u16 copying;	/* a kernel thread, from vfs_copy_file_range() */
	u16 opening;	/* inside io_openat2() */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct token);
} tokens SEC(".maps");

static __always_inline struct token *token_of(struct task_struct *task,
					      u64 flags)
{
	return bpf_task_storage_get(&tokens, task, NULL, flags);
}

static __always_inline bool can_remap(struct file *file)
{
	return file->f_op->remap_file_range;
}

/* Reads matter only where a read can be the source of a clone. */
static __always_inline bool matters(int rw, struct file *file)
{
	if (rw == WRITE)
		return true;
	return (control.xfs_seals || control.xfs_audits) && can_remap(file);
}

/* A near call of x86. */
struct call {
	u8 opcode;
	s32 offset;	/* of its target from the instruction behind it */
} __attribute__((packed));

#define OPCODE_CALL 0xe8

/* Is it an address that rw_verify_area(), which begins at entry, returns to? */
static __always_inline int returns_from(u64 entry, u64 address)
{
	struct call call;

	if (bpf_probe_read_kernel(&call, sizeof(call),
				  (void *)(address - sizeof(call))))
		return 0;
	return call.opcode == OPCODE_CALL &&
	       address + call.offset - entry + 32 < 48;
}

static __noinline int names_copy(u64 caller)
{
	static const char copy[] = "vfs_copy_file_range";
	char name[32] = {};

	if (bpf_snprintf(name, sizeof(name), "%ps", &caller, sizeof(caller)) < 0)
		return 1;
	return name[0] < 'A' || !bpf_strncmp(name, sizeof(copy) - 1, copy);
}

/*
 * Is this an access of vfs_copy_file_range(), which may reflink? Asked of
 * kernel threads, which copy for a client (nfsd, ksmbd); a user's copy is told
 * by its system call.
 *
 * The address that rw_verify_area() returns to lies just above the saved
 * arguments; how many words above depends on whether the kernel calls the BPF
 * trampoline or jumps to it (arch/x86/net/bpf_jit_comp.c,
 * arch_prepare_bpf_trampoline). So it is known by what it is: it follows a call
 * of rw_verify_area(), or of the padding before it. A word there that nothing
 * has written yet may look like one as well, left by another call; so one that
 * names a copy is enough. Yes also where it cannot be known: no such address is
 * there, because a tracer has put its own in place, or it has no name.
 */
static __noinline int is_copy(void *ctx)
{
	u64 words[6], entry = bpf_get_func_ip(ctx);
	int found = 0, i;

	if (bpf_probe_read_kernel(words, sizeof(words), ctx + 4 * sizeof(u64)))
		return 1;
	for (i = 0; i < 6; i++) {
		if (!returns_from(entry, words[i]))
			continue;
		if (names_copy(words[i]))
			return 1;
		found = 1;
	}
	return !found;
}

/* Since 6.2: reads like a helper and costs like an instruction (a35b9af4ec2c). */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

#define UNTRUSTED(type, ptr)						\
	(bpf_rdonly_cast ?						\
		 (type *)bpf_rdonly_cast(ptr,				\
					 bpf_core_type_id_kernel(type)) : \
		 (ptr))

__hidden struct file *sdax_untrusted_file(struct file *file)
{
	return UNTRUSTED(struct file, file);
}

__hidden struct dentry *sdax_untrusted_dentry(struct dentry *dentry)
{
	return UNTRUSTED(struct dentry, dentry);
}

__hidden struct inode *sdax_untrusted_inode(struct inode *inode)
{
	return UNTRUSTED(struct inode, inode);
}

/* The position as a kiocb's, wherever it lies: that is a type with a loff_t. */
static __always_inline int read_position(__u64 ppos, __s64 *ret)
{
	struct kiocb *kiocb;

	if (!bpf_rdonly_cast)
		return bpf_probe_read_kernel(ret, sizeof(*ret), (void *)ppos);
	if (!ppos)
		return -EFAULT;
	ppos -= bpf_core_field_offset(struct kiocb, ki_pos);
	kiocb = bpf_rdonly_cast((void *)ppos,
				bpf_core_type_id_kernel(struct kiocb));
	*ret = kiocb->ki_pos;
	return 0;
}

/*
 * rw_verify_area() refuses a negative count, position or sum before it asks the
 * LSM. A token for that would stay unspent, for the task's next fallocate.
 *
 * The arguments are read again wherever they are needed: keeping them across calls
 * takes registers that would have to be saved first.
 */
static __noinline int grant(volatile __u64 *args)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct token *token;
	__s64 pos, count;
	bool copying;

	if (!matters(args[0], (void *)args[1]))
		return 0;
	copying = task->flags & PF_KTHREAD && can_remap((void *)args[1]) &&
		  is_copy((void *)args);
	token = token_of(task, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!token) {
		sdax_count(SDAX_COUNT_TOKEN_LOST);
		return 0;
	}
	token->file = 0;
	count = args[3];
	if (read_position(args[2], &pos) || (pos | count | (pos + count)) < 0)
		return 0;
	token->ppos = args[2];
	token->pos = pos;
	token->count = count;
	token->rw = args[0];
	token->copying = copying;
	token->file = args[1];
	return 0;
}

SEC("fentry/rw_verify_area")
int sdax_token_1(__u64 *args)
{
	return sdax_is_certainly_not_here((void *)args[1]) ? 0 : grant(args);
}

SEC("fentry/rw_verify_area")
int sdax_token_2(__u64 *args)
{
	return sdax_is_certainly_not_here((void *)args[1]) ? 0 : grant(args);
}

/*
 * In whatever file: between a grant and its spending no task comes by here. A
 * function of its own for the registers it takes, which the exit of every read
 * and write would save.
 */
static __noinline int take_back(void)
{
	struct token *token = token_of(bpf_get_current_task_btf(), 0);

	if (token)
		token->file = 0;
	return 0;
}

/* Success means that every LSM was asked, ours too, which spent the token. */
SEC("fexit/rw_verify_area")
int BPF_PROG(sdax_token_end, int rw, struct file *file, const loff_t *ppos,
	     size_t count, int ret)
{
	return ret ? take_back() : 0;
}

#define TAKE_BACK_AT(function, name)					\
	SEC(function) int name##1(void *ctx) { return take_back(); }	\
	SEC(function) int name##2(void *ctx) { return take_back(); }

TAKE_BACK_AT("fentry/vfs_fallocate", sdax_token_alc)
TAKE_BACK_AT("fentry/vfs_clone_file_range", sdax_token_cln)
TAKE_BACK_AT("?fentry/do_clone_file_range", sdax_token_dcl)
TAKE_BACK_AT("fentry/vfs_dedupe_file_range_one", sdax_token_ddp)
TAKE_BACK_AT("?fentry/remap_verify_area", sdax_token_rmp)

/*
 * io_uring may open a file from a worker, or from task work at the end of
 * whatever system call the task has made; that it is an open, and not a write to
 * configfs that opens, shows only here.
 */
static __always_inline int mark_open(u32 opening)
{
	struct token *token;

	token = token_of(bpf_get_current_task_btf(),
			 opening ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	if (token)
		token->opening = opening;
	return 0;
}

SEC("?fentry/io_openat2")
int BPF_PROG(sdax_token_open)
{
	return mark_open(1);
}

SEC("?fexit/io_openat2")
int BPF_PROG(sdax_token_opend)
{
	return mark_open(0);
}

/* Returns 1 if the task is inside io_openat2(), once. */
__hidden int sdax_token_opening(void)
{
	struct token *token = token_of(bpf_get_current_task_btf(), 0);
	int opening;

	if (!token)
		return 0;
	opening = token->opening;
	token->opening = 0;
	return opening;
}

/*
 * What a server is told that wants to clone for its client: that it cannot, so
 * that one of the two copies the bytes. ETXTBSY would reach the client's user
 * as an I/O error.
 */
static __always_inline void answer_server(struct task_struct *task,
					  struct sdax_access *ret)
{
	if (task->flags & PF_KTHREAD)
		ret->error = -EXDEV;
}

/* Without a token: name it for the report, and say whether that is certain. */
static __always_inline int unvouched(struct task_struct *task, u32 nr,
				     struct pt_regs *regs, int mask,
				     struct sdax_access *ret)
{
	ret->offset = SDAX_NONE;
	ret->length = SDAX_NONE;
	ret->known = 1;
	if (!(mask & MAY_WRITE)) {
		ret->op = SDAX_OP_REMAP_FROM;
		answer_server(task, ret);
		if (sdax_is_kernel_worker(task))
			return 0;
		ret->known = sdax_nr_is_ioctl(nr);
		return sdax_nr_is_kernel_read(nr);
	}
	ret->op = SDAX_OP_ALLOCATE;
	if (sdax_is_kernel_worker(task))
		return 0;
	if (sdax_nr_is_allocate(nr)) {
		sdax_fallocate_range(nr, regs, &ret->offset, &ret->length);
		if (sdax_fallocate_adds(nr, regs))
			ret->op = SDAX_OP_BY(SDAX_OP_ALLOCATE, SDAX_OP_GROW);
		return 0;
	}
	ret->op = SDAX_OP_REMAP_INTO;
	if (sdax_nr_is_ioctl(nr))
		return 0;
	ret->op = SDAX_OP_EXTEND;
	ret->known = 0;
	return 0;
}

/*
 * RWF_APPEND and RWF_ATOMIC: a kiocb carries them in ki_flags. A synchronous
 * write gets its kiocb only after this hook, so there the registers tell. The
 * word in front of an on-stack position can look like a kiocb's file, which is
 * why the stack is asked first.
 */
static __always_inline u32 append_or_atomic(struct task_struct *task, u32 nr,
					    struct pt_regs *regs,
					    struct file *file, u64 ppos)
{
	struct kiocb *kiocb;
	u32 flags;

	if (sdax_on_stack(task, (void *)ppos)) {
		if (sdax_is_kernel_worker(task))
			return 0;
		flags = sdax_pwritev2_flags(nr, regs);
		return flags & (RWF_APPEND | RWF_ATOMIC);
	}
	kiocb = (void *)(ppos - bpf_core_field_offset(struct kiocb, ki_pos));
	if (BPF_CORE_READ(kiocb, ki_filp) != file)
		return RWF_APPEND;
	flags = BPF_CORE_READ(kiocb, ki_flags);
	return (flags & IOCB_APPEND ? RWF_APPEND : 0) |
	       (flags & IOCB_ATOMIC ? RWF_ATOMIC : 0);
}

/* Returns 1 if the access cannot change a map, 0 with *ret to be judged. */
__hidden int sdax_token_spend(struct file *file, int mask,
			      struct sdax_access *ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	u32 nr = sdax_syscall_nr(task, regs);
	u32 rw = mask & MAY_WRITE ? WRITE : READ;
	struct token *token;
	u64 ppos, flags;

	if (rw == READ && !can_remap(file))
		return 1;
	token = token_of(task, 0);
	if (!token || token->file != (u64)file || token->rw != rw)
		return unvouched(task, nr, regs, mask, ret);
	token->file = 0;
	ppos = token->ppos;
	ret->offset = token->pos;
	ret->length = token->count;
	ret->known = 1;
	if (token->copying ||
	    (sdax_nr_is_copy_file_range(nr) && !sdax_is_kernel_worker(task) &&
	     sdax_on_stack(task, (void *)ppos) &&
	     can_remap(UNTRUSTED(struct file, file)))) {
		ret->op = rw == WRITE ? SDAX_OP_REMAP_INTO : SDAX_OP_REMAP_FROM;
		answer_server(task, ret);
		return 0;
	}
	if (rw == READ)
		return 1;
	ret->op = SDAX_OP_WRITE;
	flags = append_or_atomic(task, nr, regs, file, ppos);
	if (flags & RWF_ATOMIC)
		ret->op = SDAX_OP_ATOMIC;
	if (flags & RWF_APPEND || file->f_flags & O_APPEND)
		ret->op = SDAX_OP_APPEND;
	return 0;
}

/*
 * Is it what nearly every write to a sealed file is: by a system call, in place,
 * and nobody wants to know of it? sdax_decide_access() judges all others, and
 * would let these pass too; this finds it out with less.
 */
static __always_inline bool passes_in_place(volatile __u64 *args)
{
	struct task_struct *task;
	struct token *token;
	struct file *file;

	if (args[2] || !(args[1] & MAY_WRITE))
		return false;
	task = bpf_get_current_task_btf();
	if (!sdax_is_plain((void *)bpf_task_pt_regs(task)))
		return false;
	token = token_of(task, 0);
	file = (void *)args[0];
	if (!token || token->file != (u64)file || token->rw != WRITE ||
	    token->copying || !sdax_on_stack(task, (void *)token->ppos) ||
	    file->f_flags & O_APPEND || control.writes_judged ||
	    token->pos + token->count > (u64)file->f_inode->i_size)
		return false;
	token->file = 0;
	return true;
}

__hidden int sdax_token_access(__u64 *args)
{
	return passes_in_place(args) ? 0 : sdax_decide_access(args);
}
