// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same mutations asked for through io_uring: other threads, other registers, other hooks.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "contract.h"
#include "uring.h"

/* linux/io_uring.h, since 6.9 */
#define OP_FTRUNCATE 55

/* expected: what the completion's result is on success */
static int run(struct target *t, const struct io_uring_sqe *sqe, enum uring_way way, int expected)
{
	int r = uring_run(*sqe, way);

	if (r == URING_NONE)
		return op_skip(t, "io_uring is off");
	return r < 0 ? r : r == expected ? 0 : -EIO;
}

static int write_at(struct target *t, off_t pos, int length, int flags, enum uring_way way)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_WRITE,
		.fd = t->fd,
		.addr = (uintptr_t)new_bytes,
		.len = length,
		.off = pos,
		.rw_flags = flags,
	};

	return run(t, &sqe, way, length);
}

static int write_in(struct target *t, enum uring_way way)
{
	int r = write_at(t, BLOCK, BLOCK, 0, way);

	return r ? r : read_back(t->fd, BLOCK, BLOCK);
}

static int in_plain(struct target *t)
{
	return write_in(t, URING_PLAIN);
}

static int in_async(struct target *t)
{
	return write_in(t, URING_ASYNC);
}

static int in_linked(struct target *t)
{
	return write_in(t, URING_LINKED);
}

static int in_sqpoll(struct target *t)
{
	return write_in(t, URING_SQPOLL);
}

static int in_fixed_file(struct target *t)
{
	return write_in(t, URING_FIXED_FILE);
}

static int in_task_work(struct target *t)
{
	return write_in(t, URING_TASK_WORK);
}

static int cross_plain(struct target *t)
{
	return write_at(t, FIT_SIZE - BLOCK, 2 * BLOCK, 0, URING_PLAIN);
}

static int cross_async(struct target *t)
{
	return write_at(t, FIT_SIZE - BLOCK, 2 * BLOCK, 0, URING_ASYNC);
}

static int cross_linked(struct target *t)
{
	return write_at(t, FIT_SIZE - BLOCK, 2 * BLOCK, 0, URING_LINKED);
}

static int cross_sqpoll(struct target *t)
{
	return write_at(t, FIT_SIZE - BLOCK, 2 * BLOCK, 0, URING_SQPOLL);
}

static int cross_fixed_file(struct target *t)
{
	return write_at(t, FIT_SIZE - BLOCK, 2 * BLOCK, 0, URING_FIXED_FILE);
}

static int cross_task_work(struct target *t)
{
	return write_at(t, FIT_SIZE - BLOCK, 2 * BLOCK, 0, URING_TASK_WORK);
}

static int in_fixed_buffer(struct target *t)
{
	return write_in(t, URING_FIXED_BUFFER);
}

static int cross_fixed_buffer(struct target *t)
{
	return write_at(t, FIT_SIZE - BLOCK, 2 * BLOCK, 0, URING_FIXED_BUFFER);
}

static int at_end_fixed_buffer(struct target *t)
{
	return write_at(t, FIT_SIZE, BLOCK, 0, URING_FIXED_BUFFER);
}

static int at_end_async(struct target *t)
{
	return write_at(t, FIT_SIZE, BLOCK, 0, URING_ASYNC);
}

static int at_end_sqpoll(struct target *t)
{
	return write_at(t, FIT_SIZE, BLOCK, 0, URING_SQPOLL);
}

static int at_end_linked(struct target *t)
{
	return write_at(t, FIT_SIZE, BLOCK, 0, URING_LINKED);
}

static int at_end_fixed_file(struct target *t)
{
	return write_at(t, FIT_SIZE, BLOCK, 0, URING_FIXED_FILE);
}

static int far_beyond(struct target *t)
{
	return write_at(t, 16 * FIT_SIZE, BLOCK, 0, URING_PLAIN);
}

static int far_beyond_async(struct target *t)
{
	return write_at(t, 16 * FIT_SIZE, BLOCK, 0, URING_ASYNC);
}

static int far_beyond_linked(struct target *t)
{
	return write_at(t, 16 * FIT_SIZE, BLOCK, 0, URING_LINKED);
}

static int far_beyond_sqpoll(struct target *t)
{
	return write_at(t, 16 * FIT_SIZE, BLOCK, 0, URING_SQPOLL);
}

static int far_beyond_fixed_file(struct target *t)
{
	return write_at(t, 16 * FIT_SIZE, BLOCK, 0, URING_FIXED_FILE);
}

static int far_beyond_fixed_buffer(struct target *t)
{
	return write_at(t, 16 * FIT_SIZE, BLOCK, 0, URING_FIXED_BUFFER);
}

static int at_end(struct target *t)
{
	return write_at(t, FIT_SIZE, BLOCK, 0, URING_PLAIN);
}

static int append(struct target *t)
{
	return write_at(t, 0, BLOCK, RWF_APPEND, URING_PLAIN);
}

static int append_async(struct target *t)
{
	return write_at(t, 0, BLOCK, RWF_APPEND, URING_ASYNC);
}

static int append_task_work(struct target *t)
{
	return write_at(t, 0, BLOCK, RWF_APPEND, URING_TASK_WORK);
}

static int append_sqpoll(struct target *t)
{
	return write_at(t, 0, BLOCK, RWF_APPEND, URING_SQPOLL);
}

/* offset -1: at the file position, which is inside and then at the end */
static int at_position(struct target *t, off_t pos)
{
	if (lseek(t->fd, pos, SEEK_SET) < 0)
		return op_broken(t, "lseek");
	return write_at(t, -1, BLOCK, 0, URING_PLAIN);
}

static int in_at_position(struct target *t)
{
	return at_position(t, BLOCK);
}

static int end_at_position(struct target *t)
{
	return at_position(t, FIT_SIZE);
}

static int vector_cross(struct target *t)
{
	struct iovec iov[] = { { new_bytes, BLOCK }, { new_bytes, BLOCK } };
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_WRITEV,
		.fd = t->fd,
		.addr = (uintptr_t)iov,
		.len = 2,
		.off = FIT_SIZE - BLOCK,
	};

	return run(t, &sqe, URING_PLAIN, 2 * BLOCK);
}

static int splice_to(struct target *t, off_t pos)
{
	int fd[2], r;

	if (pipe2(fd, O_CLOEXEC))
		return op_broken(t, "pipe");
	if (write(fd[1], new_bytes, BLOCK) != BLOCK) {
		r = op_broken(t, "filling the pipe");
	} else {
		struct io_uring_sqe sqe = {
			.opcode = IORING_OP_SPLICE,
			.fd = t->fd,
			.off = pos,
			.splice_fd_in = fd[0],
			.splice_off_in = -1,
			.len = BLOCK,
		};

		r = run(t, &sqe, URING_PLAIN, BLOCK);
	}
	close(fd[0]);
	close(fd[1]);
	return r;
}

static int splice_in(struct target *t)
{
	return splice_to(t, BLOCK);
}

static int splice_at_end(struct target *t)
{
	return splice_to(t, FIT_SIZE);
}

static int allocate(struct target *t, int mode, off_t pos)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_FALLOCATE,
		.fd = t->fd,
		.off = pos,
		.addr = BLOCK, /* the length lives here */
		.len = mode,
	};

	return run(t, &sqe, URING_PLAIN, 0);
}

static int punch(struct target *t)
{
	return allocate(t, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, BLOCK);
}

static int allocate_beyond(struct target *t)
{
	return allocate(t, 0, FIT_SIZE);
}

static int ftruncate_down(struct target *t)
{
	struct io_uring_sqe sqe = {
		.opcode = OP_FTRUNCATE,
		.fd = t->fd,
		.off = FIT_SIZE / 2,
	};

	return run(t, &sqe, URING_PLAIN, 0);
}

static int madv_remove(struct target *t)
{
	char *map = mmap(NULL, FIT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	int r;

	if (map == MAP_FAILED)
		return -errno;

	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_MADVISE,
		.fd = -1,
		.addr = (uintptr_t)map + BLOCK,
		.len = BLOCK,
		.fadvise_advice = MADV_REMOVE,
	};

	r = run(t, &sqe, URING_PLAIN, 0);
	munmap(map, FIT_SIZE);
	return r;
}

/* The completion carries a descriptor of this process. */
static int run_open(struct target *t, const struct io_uring_sqe *sqe, enum uring_way way)
{
	int r = uring_run(*sqe, way);

	if (r == URING_NONE)
		return op_skip(t, "io_uring is off");
	if (r < 0)
		return r;
	close(r);
	return 0;
}

static int open_with(struct target *t, int flags, enum uring_way way)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_OPENAT,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)t->path,
		.open_flags = flags,
	};

	return run_open(t, &sqe, way);
}

static int open_trunc(struct target *t)
{
	return open_with(t, O_RDWR | O_TRUNC, URING_PLAIN);
}

static int open_trunc_async(struct target *t)
{
	return open_with(t, O_RDWR | O_TRUNC, URING_ASYNC);
}

static int open_append(struct target *t)
{
	return open_with(t, O_WRONLY | O_APPEND, URING_PLAIN);
}

static int open_rdwr(struct target *t)
{
	return open_with(t, O_RDWR, URING_PLAIN);
}

static int open_rdwr_async(struct target *t)
{
	return open_with(t, O_RDWR, URING_ASYNC);
}

static int open_rdwr_sqpoll(struct target *t)
{
	return open_with(t, O_RDWR, URING_SQPOLL);
}

static int open_rdwr_task_work(struct target *t)
{
	return open_with(t, O_RDWR, URING_TASK_WORK);
}

static int open_trunc_task_work(struct target *t)
{
	return open_with(t, O_RDWR | O_TRUNC, URING_TASK_WORK);
}

static int openat2_trunc(struct target *t)
{
	struct open_how how = { .flags = O_RDWR | O_TRUNC };
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_OPENAT2,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)t->path,
		.len = sizeof(how),
		.off = (uintptr_t)&how,
	};

	return run_open(t, &sqe, URING_PLAIN);
}

static int unlink_file(struct target *t)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_UNLINKAT,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)t->path,
	};

	return run(t, &sqe, URING_PLAIN, 0);
}

static int rename_away(struct target *t)
{
	char name[128];

	snprintf(name, sizeof(name), "%s.renamed", t->tag);

	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_RENAMEAT,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)t->path,
		.len = AT_FDCWD,
		.off = (uintptr_t)name,
	};

	return run(t, &sqe, URING_PLAIN, 0);
}

static int read_in(struct target *t)
{
	static char bytes[BLOCK];
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ,
		.fd = t->fd,
		.addr = (uintptr_t)bytes,
		.len = BLOCK,
	};

	return run(t, &sqe, URING_PLAIN, BLOCK);
}

static int fsync_file(struct target *t)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_FSYNC, .fd = t->fd };

	return run(t, &sqe, URING_PLAIN, 0);
}

static const struct op ops[] = {
	{ "uring_write_in", in_plain, IN_PLACE, NEW_BYTES },
	{ "uring_write_in_async", in_async, IN_PLACE, NEW_BYTES },
	{ "uring_write_in_linked", in_linked, IN_PLACE, NEW_BYTES },
	{ "uring_write_in_sqpoll", in_sqpoll, IN_PLACE, NEW_BYTES },
	{ "uring_write_in_fixed_file", in_fixed_file, IN_PLACE, NEW_BYTES },
	{ "uring_write_in_task_work", in_task_work, IN_PLACE, NEW_BYTES },
	{ "uring_write_in_fixed_buffer", in_fixed_buffer, IN_PLACE, NEW_BYTES },
	{ "uring_direct_write_in", in_plain, IN_PLACE, NEW_BYTES | DIRECT },
	{ "uring_write_in_at_position", in_at_position, IN_PLACE, NEW_BYTES },
	{ "uring_write_cross", cross_plain, ADDS },
	{ "uring_write_cross_async", cross_async, ADDS },
	{ "uring_write_cross_linked", cross_linked, ADDS },
	{ "uring_write_cross_sqpoll", cross_sqpoll, ADDS },
	{ "uring_write_cross_fixed_file", cross_fixed_file, ADDS },
	{ "uring_write_cross_task_work", cross_task_work, ADDS },
	{ "uring_write_cross_fixed_buffer", cross_fixed_buffer, ADDS },
	{ "uring_direct_write_cross", cross_plain, ADDS, DIRECT },
	{ "uring_write_at_end", at_end, ADDS },
	{ "uring_write_at_end_async", at_end_async, ADDS },
	{ "uring_write_at_end_linked", at_end_linked, ADDS },
	{ "uring_write_at_end_sqpoll", at_end_sqpoll, ADDS },
	{ "uring_write_at_end_fixed_file", at_end_fixed_file, ADDS },
	{ "uring_write_at_end_fixed_buffer", at_end_fixed_buffer, ADDS },
	{ "uring_write_far_beyond", far_beyond, ADDS },
	{ "uring_write_far_beyond_async", far_beyond_async, ADDS },
	{ "uring_write_far_beyond_linked", far_beyond_linked, ADDS },
	{ "uring_write_far_beyond_sqpoll", far_beyond_sqpoll, ADDS },
	{ "uring_write_far_beyond_fixed_file", far_beyond_fixed_file, ADDS },
	{ "uring_write_far_beyond_fixed_buffer", far_beyond_fixed_buffer, ADDS },
	{ "uring_write_at_end_at_position", end_at_position, ADDS },
	{ "uring_append", append, ADDS },
	{ "uring_append_async", append_async, ADDS },
	{ "uring_append_sqpoll", append_sqpoll, ADDS },
	{ "uring_append_task_work", append_task_work, ADDS },
	{ "uring_writev_cross", vector_cross, ADDS },
	{ "uring_splice_in", splice_in, IN_PLACE, NEW_BYTES },
	{ "uring_splice_at_end", splice_at_end, ADDS },
	{ "uring_punch_hole", punch, DENIED },
	{ "uring_fallocate_beyond", allocate_beyond, DENIED, .plain = { { EOPNOTSUPP, ON_EXT2 } } },
	{ "uring_ftruncate_down", ftruncate_down, DENIED, .plain = { { EINVAL } } },
	{ "uring_madv_remove", madv_remove, DENIED },
	{ "uring_open_trunc", open_trunc, DENIED, BY_PATH },
	{ "uring_open_trunc_async", open_trunc_async, DENIED, BY_PATH },
	{ "uring_open_trunc_task_work", open_trunc_task_work, DENIED, BY_PATH },
	{ "uring_openat2_trunc", openat2_trunc, DENIED, BY_PATH },
	{ "uring_open_append", open_append, ADDS, BY_PATH },
	{ "uring_open_rdwr", open_rdwr, FREE, BY_PATH },
	{ "uring_open_rdwr_async", open_rdwr_async, FREE, BY_PATH },
	{ "uring_open_rdwr_sqpoll", open_rdwr_sqpoll, FREE, BY_PATH },
	{ "uring_open_rdwr_task_work", open_rdwr_task_work, FREE, BY_PATH },
	{ "uring_unlink", unlink_file, NAMED, BY_PATH },
	{ "uring_rename", rename_away, NAMED, BY_PATH },
	{ "uring_read", read_in, FREE, READ_ONLY },
	{ "uring_fsync", fsync_file, FREE },
};

const struct op_group ops_uring = { "io_uring", ops, ARRAY_SIZE(ops), true };
