// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kernel AIO, by its system calls: the C library has none for it.
 */
#define _GNU_SOURCE
#include <linux/aio_abi.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "contract.h"

/* linux/fs.h, since 6.11 */
#ifndef RWF_ATOMIC
#define RWF_ATOMIC 0x40
#endif

/* The denial may come from io_submit itself or as the event's result. */
static int submit(struct target *t, struct iocb *cb, long length)
{
	struct iocb *list[] = { cb };
	aio_context_t context = 0;
	struct io_event event;
	int r;

	if (syscall(SYS_io_setup, 1, &context))
		return errno == ENOSYS ? op_skip(t, "no kernel AIO") : op_broken(t, "io_setup");
	if (syscall(SYS_io_submit, context, 1, list) != 1)
		r = -errno;
	else if (syscall(SYS_io_getevents, context, 1, 1, &event, NULL) != 1)
		r = op_broken(t, "io_getevents");
	else
		r = event.res < 0 ? (int)event.res : event.res == length ? 0 : -EIO;
	syscall(SYS_io_destroy, context);
	return r;
}

static int aio_write_at(struct target *t, off_t pos, size_t length, int flags)
{
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_PWRITE,
		.aio_fildes = t->fd,
		.aio_buf = (uintptr_t)new_bytes,
		.aio_nbytes = length,
		.aio_offset = pos,
		.aio_rw_flags = flags,
	};

	return submit(t, &cb, length);
}

static int aio_in(struct target *t)
{
	int r = aio_write_at(t, BLOCK, BLOCK, 0);

	return r ? r : read_back(t->fd, BLOCK, BLOCK);
}

static int aio_cross(struct target *t)
{
	return aio_write_at(t, FIT_SIZE - BLOCK, 2 * BLOCK, 0);
}

static int aio_at_end(struct target *t)
{
	return aio_write_at(t, FIT_SIZE, BLOCK, 0);
}

static int aio_far_beyond(struct target *t)
{
	return aio_write_at(t, 16 * FIT_SIZE, BLOCK, 0);
}

static int aio_atomic(struct target *t)
{
	return aio_write_at(t, BLOCK, BLOCK, RWF_ATOMIC);
}

static int aio_append(struct target *t)
{
	return aio_write_at(t, 0, BLOCK, RWF_APPEND);
}

static int aio_vector_cross(struct target *t)
{
	struct iovec iov[] = { { new_bytes, BLOCK }, { new_bytes, BLOCK } };
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_PWRITEV,
		.aio_fildes = t->fd,
		.aio_buf = (uintptr_t)iov,
		.aio_nbytes = 2,
		.aio_offset = FIT_SIZE - BLOCK,
	};

	return submit(t, &cb, 2 * BLOCK);
}

static int aio_read_in(struct target *t)
{
	static char bytes[BLOCK] __attribute__((aligned(BLOCK)));
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = t->fd,
		.aio_buf = (uintptr_t)bytes,
		.aio_nbytes = BLOCK,
		.aio_offset = BLOCK,
	};

	return submit(t, &cb, BLOCK);
}

static int aio_fsync(struct target *t)
{
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_FSYNC, .aio_fildes = t->fd };

	return submit(t, &cb, 0);
}

static const struct op ops[] = {
	{ "aio_write_in", aio_in, IN_PLACE, NEW_BYTES },
	{ "aio_direct_write_in", aio_in, IN_PLACE, NEW_BYTES | DIRECT },
	{ "aio_write_cross", aio_cross, ADDS },
	{ "aio_direct_write_cross", aio_cross, ADDS, DIRECT },
	{ "aio_write_at_end", aio_at_end, ADDS },
	{ "aio_direct_write_at_end", aio_at_end, ADDS, DIRECT },
	{ "aio_write_far_beyond", aio_far_beyond, ADDS },
	{ "aio_direct_write_far_beyond", aio_far_beyond, ADDS, DIRECT },
	{ "aio_atomic", aio_atomic, ADDS, DIRECT, .plain = { { EOPNOTSUPP }, { EINVAL } } },
	{ "aio_append", aio_append, ADDS },
	{ "aio_writev_cross", aio_vector_cross, ADDS },
	{ "aio_read", aio_read_in, FREE, READ_ONLY },
	{ "aio_fsync", aio_fsync, FREE },
};

const struct op_group ops_async = { "Kernel AIO", ops, ARRAY_SIZE(ops), true };
