// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations that allocate and free blocks: fallocate, its old ioctls, MADV_REMOVE.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/types.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "contract.h"

/* linux/falloc.h, since 6.17 */
#ifndef FALLOC_FL_WRITE_ZEROES
#define FALLOC_FL_WRITE_ZEROES 0x80
#endif

static int alloc_inside(struct target *t)
{
	return answer(fallocate(t->fd, 0, BLOCK, BLOCK));
}

static int alloc_whole_file(struct target *t)
{
	return answer(fallocate(t->fd, 0, 0, FIT_SIZE));
}

static int alloc_beyond(struct target *t)
{
	return answer(fallocate(t->fd, 0, FIT_SIZE, FIT_SIZE));
}

static int posix_alloc_beyond(struct target *t)
{
	return -posix_fallocate(t->fd, FIT_SIZE, FIT_SIZE);
}

static int keep_size_inside(struct target *t)
{
	return answer(fallocate(t->fd, FALLOC_FL_KEEP_SIZE, BLOCK, BLOCK));
}

static int keep_size_beyond(struct target *t)
{
	return answer(fallocate(t->fd, FALLOC_FL_KEEP_SIZE, FIT_SIZE, FIT_SIZE));
}

static int punch(struct target *t)
{
	return answer(fallocate(t->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, BLOCK, BLOCK));
}

static int punch_inside_block(struct target *t)
{
	return answer(fallocate(t->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 100));
}

static int punch_beyond(struct target *t)
{
	return answer(fallocate(t->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FIT_SIZE,
				FIT_SIZE));
}

/* What let the write pass must not let this pass. */
static int punch_after_write(struct target *t)
{
	pwrite(t->fd, new_bytes, BLOCK, BLOCK);
	return punch(t);
}

/* The kernel refuses this position itself, after it began to look at the write. */
static int punch_after_impossible_write(struct target *t)
{
	if (pwrite(t->fd, new_bytes, BLOCK, INT64_MAX - 1) >= 0)
		return op_broken(t, "writing beyond all sizes");
	return punch(t);
}

/* A write inside the file that fails half way, on the memory it takes the bytes from. */
static int punch_after_faulting_write(struct target *t)
{
	if (syscall(SYS_pwrite64, t->fd, NULL, BLOCK, BLOCK, 0L) >= 0)
		return op_broken(t, "writing from nowhere");
	return punch(t);
}

static int collapse(struct target *t)
{
	return answer(fallocate(t->fd, FALLOC_FL_COLLAPSE_RANGE, BLOCK, BLOCK));
}

static int insert(struct target *t)
{
	return answer(fallocate(t->fd, FALLOC_FL_INSERT_RANGE, BLOCK, BLOCK));
}

static int zero(struct target *t)
{
	return answer(fallocate(t->fd, FALLOC_FL_ZERO_RANGE, BLOCK, BLOCK));
}

static int zero_keep_size(struct target *t)
{
	return answer(fallocate(t->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, BLOCK, BLOCK));
}

static int zero_beyond(struct target *t)
{
	return answer(fallocate(t->fd, FALLOC_FL_ZERO_RANGE, FIT_SIZE - BLOCK, 2 * BLOCK));
}

static int unshare(struct target *t)
{
	return answer(fallocate(t->fd, FALLOC_FL_UNSHARE_RANGE, 0, FIT_SIZE));
}

static int write_zeroes(struct target *t)
{
	return answer(fallocate(t->fd, FALLOC_FL_WRITE_ZEROES, BLOCK, BLOCK));
}

/* A contradiction: who zeroes by writing allocates. */
static int write_zeroes_keep_size(struct target *t)
{
	return answer(fallocate(t->fd, FALLOC_FL_WRITE_ZEROES | FALLOC_FL_KEEP_SIZE, BLOCK, BLOCK));
}

/* linux/falloc.h has this one only as struct space_resv behind an #ifdef */
struct reservation {
	__s16 l_type;
	__s16 l_whence;
	__s64 l_start;
	__s64 l_len;
	__s32 l_sysid;
	__u32 l_pid;
	__s32 l_pad[4];
};

#define IOC_ALLOCSP64 _IOW('X', 36, struct reservation)
#define IOC_FREESP64 _IOW('X', 37, struct reservation)
#define IOC_RESVSP _IOW('X', 40, struct reservation)
#define IOC_UNRESVSP _IOW('X', 41, struct reservation)
#define IOC_RESVSP64 _IOW('X', 42, struct reservation)
#define IOC_UNRESVSP64 _IOW('X', 43, struct reservation)
#define IOC_ZERO_RANGE _IOW('X', 57, struct reservation)

static int reserve(struct target *t, unsigned long command, __s64 start)
{
	struct reservation r = { .l_start = start, .l_len = BLOCK };

	return answer(ioctl(t->fd, command, &r));
}

static int resvsp(struct target *t)
{
	return reserve(t, IOC_RESVSP, FIT_SIZE);
}

static int resvsp64(struct target *t)
{
	return reserve(t, IOC_RESVSP64, FIT_SIZE);
}

static int resvsp64_inside(struct target *t)
{
	return reserve(t, IOC_RESVSP64, BLOCK);
}

static int unresvsp(struct target *t)
{
	return reserve(t, IOC_UNRESVSP, BLOCK);
}

static int unresvsp64(struct target *t)
{
	return reserve(t, IOC_UNRESVSP64, BLOCK);
}

static int ioc_zero_range(struct target *t)
{
	return reserve(t, IOC_ZERO_RANGE, BLOCK);
}

static int allocsp64(struct target *t)
{
	return reserve(t, IOC_ALLOCSP64, 2 * FIT_SIZE);
}

static int freesp64(struct target *t)
{
	return reserve(t, IOC_FREESP64, BLOCK);
}

/* madvise punches through the mapping, the descriptor may be closed long since */
static int remove_by(struct target *t, int (*advise)(char *start))
{
	char *map = mmap(NULL, FIT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	int r;

	if (map == MAP_FAILED)
		return -errno;
	close(t->fd);
	t->fd = -1;
	r = advise(map + BLOCK);
	munmap(map, FIT_SIZE);
	return r;
}

static int advise_remove(char *start)
{
	return answer(madvise(start, BLOCK, MADV_REMOVE));
}

static int advise_self_remove(char *start)
{
	_cleanup_close_ int self = syscall(SYS_pidfd_open, getpid(), 0);
	struct iovec iov = { start, BLOCK };

	return answer_length(syscall(SYS_process_madvise, self, &iov, 1, MADV_REMOVE, 0), BLOCK);
}

static int madv_remove(struct target *t)
{
	return remove_by(t, advise_remove);
}

static int process_madvise_remove(struct target *t)
{
	return remove_by(t, advise_self_remove);
}

/* without extents there are no unwritten blocks */
#define NO_EXTENTS { { EOPNOTSUPP, ON_EXT2 } }
/* what the kernel has, or a device without a zeroing command */
#define SOME_HAVE_IT { { EOPNOTSUPP } }

static const struct op ops[] = {
	{ "fallocate_inside", alloc_inside, ADDS, .plain = NO_EXTENTS },
	{ "fallocate_whole_file", alloc_whole_file, ADDS, .plain = NO_EXTENTS },
	{ "fallocate_beyond", alloc_beyond, ADDS, .plain = NO_EXTENTS },
	{ "posix_fallocate_beyond", posix_alloc_beyond, ADDS },
	{ "fallocate_keep_size_inside", keep_size_inside, ADDS, .plain = NO_EXTENTS },
	{ "fallocate_keep_size_beyond", keep_size_beyond, ADDS, .plain = NO_EXTENTS },
	{ "punch_hole", punch, DENIED },
	{ "punch_hole_inside_block", punch_inside_block, DENIED },
	{ "punch_hole_beyond", punch_beyond, DENIED },
	{ "punch_hole_after_write", punch_after_write, DENIED, NEW_BYTES },
	{ "punch_hole_after_impossible_write", punch_after_impossible_write, DENIED },
	{ "punch_hole_after_faulting_write", punch_after_faulting_write, DENIED },
	{ "collapse_range", collapse, DENIED, .plain = NO_EXTENTS },
	{ "insert_range", insert, DENIED, .plain = NO_EXTENTS },
	{ "zero_range", zero, DENIED, .plain = NO_EXTENTS },
	{ "zero_range_keep_size", zero_keep_size, DENIED, .plain = NO_EXTENTS },
	{ "zero_range_beyond", zero_beyond, DENIED, .plain = NO_EXTENTS },
	{ "unshare_range", unshare, ADDS, .plain = { { EOPNOTSUPP, ON_EXT4 } } },
	{ "write_zeroes", write_zeroes, DENIED, .plain = SOME_HAVE_IT },
	{ "write_zeroes_keep_size", write_zeroes_keep_size, DENIED, NEVER, .plain = SOME_HAVE_IT },
	{ "ioc_resvsp", resvsp, DENIED, FIRST, .plain = NO_EXTENTS },
	{ "ioc_resvsp64", resvsp64, DENIED, FIRST, .plain = NO_EXTENTS },
	{ "ioc_resvsp64_inside", resvsp64_inside, DENIED, FIRST, .plain = NO_EXTENTS },
	{ "ioc_unresvsp", unresvsp, DENIED, FIRST },
	{ "ioc_unresvsp64", unresvsp64, DENIED, FIRST },
	{ "ioc_zero_range", ioc_zero_range, DENIED, FIRST, .plain = NO_EXTENTS },
	/* numbers that no filesystem has any more */
	{ "ioc_allocsp64", allocsp64, DENIED, FIRST | NEVER, 0, { { ENOTTY } } },
	{ "ioc_freesp64", freesp64, DENIED, FIRST | NEVER, 0, { { ENOTTY } } },
	{ "madv_remove", madv_remove, DENIED },
	/* only recent kernels let a process advise itself by descriptor */
	{ "process_madvise_remove", process_madvise_remove, DENIED, .plain = { { EINVAL } } },
};

const struct op_group ops_alloc = { "Allocating and freeing", ops, ARRAY_SIZE(ops), true };
