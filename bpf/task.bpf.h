/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the current task is doing: which system call it is in, and whether it
 * is in one at all.
 *
 * The registers saved at entry cannot change under a program: ptrace needs the
 * task stopped. They speak for an operation only when that operation runs
 * synchronously in the system call, see sdax_on_stack().
 */
#ifndef SDAX_TASK_BPF_H
#define SDAX_TASK_BPF_H

#include "compat.bpf.h"
#include "staticdax_abi.h"
#include <bpf/bpf_helpers.h>

/*
 * System call numbers, i386 ones shifted out of the native range so that one
 * switch serves both. arch/x86/entry/syscalls/syscall_{64,32}.tbl
 */
#define SDAX_NR32(nr) ((nr) + 0x1000)
/* An x32 number, or any other this file does not know how to read. */
#define SDAX_NR_UNKNOWN 0x4000

#define X32_SYSCALL_BIT 0x40000000

static __always_inline bool sdax_is_kernel_worker(struct task_struct *task)
{
	return task->flags & (PF_KTHREAD | PF_IO_WORKER);
}

static __always_inline u32 sdax_syscall_nr(struct task_struct *task,
					   struct pt_regs *regs)
{
	u64 nr = regs->orig_ax;

	if (nr & X32_SYSCALL_BIT)
		return SDAX_NR_UNKNOWN;
	nr &= 0xfff;
	return task->thread_info.status & TS_COMPAT ? SDAX_NR32(nr) : nr;
}

/*
 * A position that lives on the current kernel stack belongs to the system
 * call being executed. One that lives elsewhere is a kiocb's: io_uring and aio
 * keep them on the heap, and may issue them from task work that runs at the
 * end of an unrelated system call.
 */
static __always_inline bool sdax_on_stack(struct task_struct *task,
					  const void *addr)
{
	return (u64)addr - (u64)task->stack < THREAD_SIZE;
}

/*
 * Is the system call none that copies or has flags for a write? The first of
 * those, of whatever ABI, is copy_file_range(2).
 */
static __always_inline bool sdax_is_plain(struct pt_regs *regs)
{
	return regs->orig_ax < 326;
}

static __always_inline bool sdax_nr_is_copy_file_range(u32 nr)
{
	return nr == 326 || nr == SDAX_NR32(377) || nr == SDAX_NR_UNKNOWN;
}

/*
 * System calls in which the kernel reads a whole file for itself. On 6.1
 * kernel_read() has rw_verify_area inlined, so that no token is left; none of
 * these can clone anything.
 */
static __always_inline bool sdax_nr_is_kernel_read(u32 nr)
{
	switch (nr) {
	case 59:		/* execve */
	case 322:		/* execveat */
	case 313:		/* finit_module */
	case 320:		/* kexec_file_load */
	case SDAX_NR32(11):
	case SDAX_NR32(358):
	case SDAX_NR32(350):
		return true;
	}
	return false;
}

static __always_inline bool sdax_nr_is_ioctl(u32 nr)
{
	return nr == 16 || nr == SDAX_NR32(54);
}

/* The native one only: who asks roots.bpf.c is our loader. */
static __always_inline bool sdax_nr_is_ustat(u32 nr)
{
	return nr == 136;
}

/* fallocate, and madvise and process_madvise with MADV_REMOVE. */
static __always_inline bool sdax_nr_is_allocate(u32 nr)
{
	switch (nr) {
	case 285:
	case 28:
	case 440:
	case SDAX_NR32(324):
	case SDAX_NR32(219):
	case SDAX_NR32(440):
		return true;
	}
	return false;
}

/* Bytes, for the report; SDAX_NONE for what the system call does not tell. */
static __always_inline void sdax_fallocate_range(u32 nr, struct pt_regs *regs,
						 u64 *ret_offset,
						 u64 *ret_length)
{
	if (nr == 285) {
		*ret_offset = regs->dx;
		*ret_length = regs->r10;
	} else if (nr == SDAX_NR32(324)) {
		*ret_offset = (u32)regs->dx | regs->si << 32;
		*ret_length = (u32)regs->di | regs->bp << 32;
	} else {
		*ret_offset = SDAX_NONE;
		*ret_length = SDAX_NONE;
	}
}

/*
 * Does fallocate(2) only add blocks, or make them the file's own, and lose none?
 * Other system calls that reach vfs_fallocate() punch, as MADV_REMOVE, or do not
 * say it, as those of a kernel worker.
 */
static __always_inline bool sdax_fallocate_adds(u32 nr, struct pt_regs *regs)
{
	u32 mode;

	if (nr == 285)
		mode = regs->si;
	else if (nr == SDAX_NR32(324))
		mode = regs->cx;
	else
		return false;
	return !(mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_UNSHARE_RANGE));
}

/*
 * System calls by which a user opens a file for itself. Everything else that
 * opens one (a configfs write, acct, swapon, a core dump) hands it to a part
 * of the kernel that writes or punches it with no further hook. io_uring is not
 * among them: it can carry a configfs write as well as an open, see
 * sdax_token_opening().
 */
static __always_inline bool sdax_nr_is_open(u32 nr)
{
	switch (nr) {
	case 2:			/* open */
	case 85:		/* creat */
	case 257:		/* openat */
	case 304:		/* open_by_handle_at */
	case 437:		/* openat2 */
	case SDAX_NR32(5):
	case SDAX_NR32(8):
	case SDAX_NR32(295):
	case SDAX_NR32(342):
	case SDAX_NR32(437):
		return true;
	}
	return false;
}

/* The size a truncate or O_TRUNC is to leave, or SDAX_NONE. */
static __always_inline u64 sdax_truncate_size(u32 nr, struct pt_regs *regs)
{
	switch (nr) {
	case 76:		/* truncate */
	case 77:		/* ftruncate */
		return regs->si;
	case SDAX_NR32(92):
	case SDAX_NR32(93):
		return (u32)regs->cx;
	case SDAX_NR32(193):
	case SDAX_NR32(194):
		return (u32)regs->cx | regs->dx << 32;
	}
	return sdax_nr_is_open(nr) ? 0 : SDAX_NONE;
}

/* Does a rename swap two names, so that it removes neither? */
static __always_inline bool sdax_rename_swaps(u32 nr, struct pt_regs *regs)
{
	if (nr == 316)
		return regs->r8 & RENAME_EXCHANGE;
	return nr == SDAX_NR32(353) && regs->di & RENAME_EXCHANGE;
}

/* The flags of a pwritev2, or 0 for any other system call. */
static __always_inline u32 sdax_pwritev2_flags(u32 nr, struct pt_regs *regs)
{
	if (nr == 328)
		return regs->r9;
	if (nr == SDAX_NR32(379))
		return regs->bp;
	return nr == SDAX_NR_UNKNOWN ? RWF_APPEND : 0;
}

#endif
