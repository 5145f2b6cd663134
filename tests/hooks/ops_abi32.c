// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The 32-bit system calls: other numbers, other registers, another ioctl hook. Tried from a 32-bit
 * program (contract32, beside this one) and by "int $0x80" from this one.
 */
#define _GNU_SOURCE
#include <libgen.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"

static const char *program_path(void)
{
	static char path[PATH_MAX];
	const char *given = getenv("CONTRACT32");
	ssize_t n;

	if (given)
		return given;
	n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("/contract32"));
	if (n < 0)
		return "contract32";
	path[n] = '\0';
	dirname(path);
	return strcat(path, "/contract32");
}

/* contract32 exits with these when it, or the exec before it, failed */
#define BROKEN 200
#define NO_EXEC 201

static int run32(struct target *t, const char *op)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl(program_path(), "contract32", op, t->path, t->peer, NULL);
		_exit(NO_EXEC);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return op_broken(t, "contract32");
	if (WEXITSTATUS(status) == NO_EXEC)
		return op_skip(t, "no contract32, or no 32-bit programs on this kernel");
	if (WEXITSTATUS(status) == BROKEN)
		return op_broken(t, "contract32 %s", op);
	return -WEXITSTATUS(status);
}

#define RUN32(op)                                 \
	static int op##_32(struct target *t)      \
	{                                         \
		return run32(t, #op);             \
	}

RUN32(truncate)
RUN32(truncate64)
RUN32(open_trunc)
RUN32(open_append)
RUN32(open_rdwr)
RUN32(ftruncate)
RUN32(ftruncate64)
RUN32(pwrite_in)
RUN32(pwrite_cross)
RUN32(pwritev2_in)
RUN32(pwritev2_cross)
RUN32(pwritev2_append)
RUN32(punch_hole)
RUN32(fallocate_beyond)
RUN32(copy_file_range_to)
RUN32(copy_file_range_from)
RUN32(ficlone_to)
RUN32(ficlone_from)
RUN32(move_ext_as_orig)
RUN32(move_ext_as_donor)
RUN32(setflags)
RUN32(fssetxattr)
RUN32(resvsp64)
RUN32(unresvsp64)
RUN32(unknown_ioctl)

/* arch/x86/entry/syscalls/syscall_32.tbl */
#define NR32_IOCTL 54
#define NR32_FTRUNCATE 93
#define NR32_PWRITE64 181
#define NR32_COPY_FILE_RANGE 377
#define NR32_PWRITEV2 379

/* What a 32-bit pointer can reach. */
struct low_memory {
	char bytes[2 * BLOCK];
	uint32_t iov[2];
	int64_t from, to;
};

static struct low_memory *low_memory(void)
{
	static struct low_memory *low;

	if (low)
		return low;
	low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low != MAP_FAILED)
		memset(low->bytes, '3', sizeof(low->bytes));
	return low;
}

#define LOW(pointer) ((uint32_t)(uintptr_t)(pointer))

/* %ebp is the sixth argument; the kernel may leave anything in r8 to r11 */
static int call32(uint32_t number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e,
		  uint32_t f)
{
	register uint64_t last __asm__("r12") = f;
	int r;

	__asm__ volatile("push %%rbp\n\t"
			 "mov %%r12, %%rbp\n\t"
			 "int $0x80\n\t"
			 "pop %%rbp"
			 : "=a"(r)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "r"(last)
			 : "memory", "cc", "r8", "r9", "r10", "r11");
	return r;
}

/* The call is killed, not answered, where 32-bit entry is off; contract32 fails there as well. */
static int int80_works(struct target *t)
{
	static int works = -1;
	int status;

	if (works < 0) {
		pid_t pid = fork();

		if (pid == 0) {
			/* getpid */
			_exit(call32(20, 0, 0, 0, 0, 0, 0) != getpid());
		}
		works = waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
			!WEXITSTATUS(status) && low_memory() != MAP_FAILED;
	}
	return works ? 0 : op_skip(t, "no 32-bit system calls on this kernel");
}

static int expect_length(int r, int length)
{
	return r < 0 ? r : r == length ? 0 : -EIO;
}

static int int80_pwrite(struct target *t, uint32_t pos, uint32_t length)
{
	int r = int80_works(t);

	return r ? r :
		   expect_length(call32(NR32_PWRITE64, t->fd, LOW(low_memory()->bytes), length,
					pos, 0, 0),
				 length);
}

static int int80_pwrite_in(struct target *t)
{
	return int80_pwrite(t, BLOCK, BLOCK);
}

static int int80_pwrite_cross(struct target *t)
{
	return int80_pwrite(t, FIT_SIZE - BLOCK, 2 * BLOCK);
}

static int int80_pwritev2(struct target *t, uint32_t flags)
{
	struct low_memory *low = low_memory();
	int r = int80_works(t);

	if (r)
		return r;
	low->iov[0] = LOW(low->bytes);
	low->iov[1] = BLOCK;
	return expect_length(call32(NR32_PWRITEV2, t->fd, LOW(low->iov), 1, 0, 0, flags), BLOCK);
}

static int int80_pwritev2_in(struct target *t)
{
	return int80_pwritev2(t, 0);
}

static int int80_pwritev2_append(struct target *t)
{
	return int80_pwritev2(t, RWF_APPEND);
}

static int int80_ftruncate(struct target *t)
{
	int r = int80_works(t);

	return r ? r : call32(NR32_FTRUNCATE, t->fd, FIT_SIZE / 2, 0, 0, 0, 0);
}

static int int80_copy(struct target *t, int in, int out)
{
	struct low_memory *low = low_memory();
	int r = int80_works(t);

	if (r)
		return r;
	low->from = 0;
	low->to = BLOCK;
	return expect_length(call32(NR32_COPY_FILE_RANGE, in, LOW(&low->from), out, LOW(&low->to),
				    BLOCK, 0),
			     BLOCK);
}

static int int80_copy_to(struct target *t)
{
	return int80_copy(t, t->peer_fd, t->fd);
}

static int int80_copy_from(struct target *t)
{
	return int80_copy(t, t->fd, t->peer_fd);
}

static int int80_clone_to(struct target *t)
{
	int r = int80_works(t);

	return r ? r : call32(NR32_IOCTL, t->fd, FICLONE, t->peer_fd, 0, 0, 0);
}

#define NO_REFLINK { { EOPNOTSUPP, ON_EXT4 }, { EINVAL, ON_EXT4 }, { EOPNOTSUPP, ON_XFS } }
#define PEER_BY_PATH (BY_PATH | WITH_PEER)

#define NO_EXTENTS { { EOPNOTSUPP, ON_EXT2 } }
#define NO_MOVE { { EOPNOTSUPP, ON_DAX }, { EOPNOTSUPP, ON_EXT2 } }

static const struct op ops[] = {
	{ "truncate_32", truncate_32, DENIED, BY_PATH },
	{ "truncate64_32", truncate64_32, DENIED, BY_PATH },
	{ "open_trunc_32", open_trunc_32, DENIED, BY_PATH },
	{ "open_append_32", open_append_32, ADDS, BY_PATH },
	{ "open_rdwr_32", open_rdwr_32, FREE, BY_PATH },
	{ "ftruncate_32", ftruncate_32, DENIED, BY_PATH },
	{ "ftruncate64_up_32", ftruncate64_32, ADDS, BY_PATH },
	{ "pwrite_in_32", pwrite_in_32, IN_PLACE, BY_PATH | NEW_BYTES },
	{ "pwrite_cross_32", pwrite_cross_32, ADDS, BY_PATH },
	{ "pwritev2_in_32", pwritev2_in_32, IN_PLACE, BY_PATH | NEW_BYTES },
	{ "pwritev2_cross_32", pwritev2_cross_32, ADDS, BY_PATH },
	{ "pwritev2_append_32", pwritev2_append_32, ADDS, BY_PATH },
	{ "punch_hole_32", punch_hole_32, DENIED, BY_PATH },
	{ "fallocate_beyond_32", fallocate_beyond_32, ADDS, BY_PATH, .plain = NO_EXTENTS },
	{ "copy_file_range_to_inside_32", copy_file_range_to_32, DENIED, PEER_BY_PATH, CLONES },
	{ "copy_file_range_to_inside_32", copy_file_range_to_32, IN_PLACE,
	  PEER_BY_PATH | NEW_BYTES, COPIES },
	{ "copy_file_range_from_32", copy_file_range_from_32, ADDS, PEER_BY_PATH, CLONES },
	{ "copy_file_range_from_32", copy_file_range_from_32, FREE, PEER_BY_PATH, COPIES },
	{ "ficlone_to_32", ficlone_to_32, DENIED, PEER_BY_PATH | FIRST, .plain = NO_REFLINK },
	{ "ficlone_from_32", ficlone_from_32, ADDS, PEER_BY_PATH, .plain = NO_REFLINK },
	{ "move_ext_as_orig_32", move_ext_as_orig_32, DENIED, PEER_BY_PATH | FIRST | NEIGHBOUR,
	  ON_EXT4, NO_MOVE },
	{ "move_ext_as_donor_32", move_ext_as_donor_32, DENIED, PEER_BY_PATH | FIRST | NEIGHBOUR,
	  ON_EXT4, NO_MOVE },
	{ "setflags_32", setflags_32, DENIED, BY_PATH | FIRST, ON_EXT4,
	  { { EBUSY, ON_DAX }, { EINVAL, ON_EXT2 } } },
	{ "fssetxattr_32", fssetxattr_32, DENIED, BY_PATH | FIRST },
	{ "resvsp64_32", resvsp64_32, DENIED, BY_PATH | FIRST, .plain = NO_EXTENTS },
	{ "unresvsp64_32", unresvsp64_32, DENIED, BY_PATH | FIRST },
	{ "unknown_ioctl_32", unknown_ioctl_32, DENIED, BY_PATH | FIRST | NEVER, 0,
	  { { ENOTTY } } },
	{ "int80_pwrite_in", int80_pwrite_in, IN_PLACE, NEW_BYTES },
	{ "int80_pwrite_cross", int80_pwrite_cross, ADDS },
	{ "int80_pwritev2_in", int80_pwritev2_in, IN_PLACE, NEW_BYTES },
	{ "int80_pwritev2_append", int80_pwritev2_append, ADDS },
	{ "int80_ftruncate", int80_ftruncate, DENIED },
	{ "int80_copy_file_range_to_inside", int80_copy_to, DENIED, WITH_PEER, CLONES },
	{ "int80_copy_file_range_to_inside", int80_copy_to, IN_PLACE, WITH_PEER | NEW_BYTES,
	  COPIES },
	{ "int80_copy_file_range_from", int80_copy_from, ADDS, WITH_PEER | READ_ONLY, CLONES },
	{ "int80_copy_file_range_from", int80_copy_from, FREE, WITH_PEER | READ_ONLY, COPIES },
	{ "int80_ficlone_to", int80_clone_to, DENIED, WITH_PEER | FIRST, .plain = NO_REFLINK },
};

const struct op_group ops_abi32 = { "32-bit system calls by hand", ops, ARRAY_SIZE(ops) };
