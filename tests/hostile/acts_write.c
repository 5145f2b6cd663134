// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every way to write bytes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../hooks/uring.h"
#include "act.h"

/* linux/fs.h, since 6.9, 6.11 and 6.14 */
#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif
#ifndef RWF_ATOMIC
#define RWF_ATOMIC 0x40
#endif
#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x80
#endif

/* Any length written is a success: bytes behind the end would show in the size. */
static int answer_some(ssize_t r)
{
	return r < 0 ? -errno : 0;
}

static int write_at_position(struct scene *s)
{
	place(s, 1);
	if (lseek(s->fd, s->pos, SEEK_SET) < 0)
		return -errno;
	return answer_some(write(s->fd, s->bytes, s->length));
}

static int write_at(struct scene *s)
{
	place(s, 1);
	return answer_some(pwrite(s->fd, s->bytes, s->length, s->pos));
}

static int write_vector(struct scene *s)
{
	place(s, 2);

	struct iovec iov[] = {
		{ s->bytes, s->length / 2 },
		{ s->bytes + BLOCK, s->length - s->length / 2 },
	};

	return answer_some(pwritev(s->fd, iov, ARRAY_SIZE(iov), s->pos));
}

static int write_with_flags(struct scene *s, unsigned int flags)
{
	struct iovec iov = { s->bytes, s->length };

	s->detail = flags;
	return answer_some(pwritev2(s->fd, &iov, 1, s->pos, flags));
}

static int write_flagged(struct scene *s)
{
	static const unsigned int flags[] = {
		0, RWF_DSYNC, RWF_SYNC, RWF_HIPRI, RWF_NOAPPEND, RWF_DONTCACHE, RWF_DSYNC | RWF_HIPRI,
	};

	place(s, 1);
	return write_with_flags(s, flags[pick(s, ARRAY_SIZE(flags))]);
}

static int write_nowait(struct scene *s)
{
	place(s, 1);
	return write_with_flags(s, RWF_NOWAIT);
}

static int write_appending(struct scene *s)
{
	static const unsigned int flags[] = {
		RWF_APPEND, RWF_APPEND | RWF_DSYNC, RWF_ATOMIC, RWF_ATOMIC | RWF_SYNC,
	};

	place(s, BLOCK);
	s->due = DUE_DENIAL;
	return write_with_flags(s, flags[pick(s, ARRAY_SIZE(flags))]);
}

static int write_direct(struct scene *s)
{
	_cleanup_close_ int fd = open(s->path, O_WRONLY | O_DIRECT | O_CLOEXEC);

	place(s, BLOCK);
	if (fd < 0)
		return -errno;
	return answer_some(pwrite(fd, s->bytes, s->length, s->pos));
}

static int open_append(struct scene *s)
{
	_cleanup_close_ int fd = open(s->path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return answer_some(write(fd, s->bytes, 1 + pick(s, 64)));
}

/* The flag is set on a description of the act's own, which no other thread writes through. */
static int set_append(struct scene *s)
{
	if (fcntl(s->fd, F_SETFL, O_APPEND))
		return -errno;
	return answer_some(write(s->fd, s->bytes, 1 + pick(s, 64)));
}

static int write_aio(struct scene *s)
{
	unsigned int flags = pick(s, 4) ? 0 : RWF_APPEND;
	aio_context_t context = 0;
	struct io_event event;
	struct iocb cb, *list = &cb;
	int r;

	place(s, BLOCK);
	if (flags)
		s->due = DUE_DENIAL;
	s->detail = flags;
	cb = (struct iocb){
		.aio_lio_opcode = IOCB_CMD_PWRITE,
		.aio_fildes = s->fd,
		.aio_buf = (uintptr_t)s->bytes,
		.aio_nbytes = s->length,
		.aio_offset = s->pos,
		.aio_rw_flags = flags,
	};
	if (syscall(SYS_io_setup, 1, &context))
		return -errno;
	r = syscall(SYS_io_submit, context, 1, &list) < 0 ? -errno : 0;
	if (!r && syscall(SYS_io_getevents, context, 1, 1, &event, NULL) == 1)
		r = event.res < 0 ? event.res : 0;
	syscall(SYS_io_destroy, context);
	return r;
}

static int run_ring(struct io_uring_sqe *sqe, enum uring_way way)
{
	int r = uring_run(*sqe, way);

	return r == URING_NONE ? -ENOSYS : r < 0 ? r : 0;
}

/* Not in task work: that way waits for a child, which several threads must not do at once. */
static enum uring_way any_way(struct scene *s)
{
	s->detail = pick(s, URING_TASK_WORK);
	return s->detail;
}

static int write_ring(struct scene *s)
{
	enum uring_way way = any_way(s);
	unsigned int flags = pick(s, 4) ? 0 : RWF_APPEND;

	place(s, 1);
	if (flags)
		s->due = DUE_DENIAL;

	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_WRITE,
		.fd = s->fd,
		.addr = (uintptr_t)s->bytes,
		.len = s->length,
		.off = s->pos,
		.rw_flags = flags,
	};

	return run_ring(&sqe, way);
}

static int open_ring(struct scene *s)
{
	unsigned int flags = pick(s, 2) ? O_TRUNC : O_APPEND;
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_OPENAT,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)s->path,
		.open_flags = O_RDWR | flags,
	};
	int fd = uring_run(sqe, any_way(s));

	if (fd >= 0)
		close(fd);
	return fd >= 0 ? 0 : fd == URING_NONE ? -ENOSYS : fd;
}

static int fill_pipe(struct scene *s, int fd[2])
{
	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	if (write(fd[1], s->bytes, s->length) == (ssize_t)s->length)
		return 0;
	close(fd[0]);
	close(fd[1]);
	return -EIO;
}

static int write_splice(struct scene *s)
{
	loff_t pos;
	int fd[2], r;

	place(s, 1);
	pos = s->pos;
	r = fill_pipe(s, fd);
	if (r)
		return r;
	r = answer_some(splice(fd[0], NULL, s->fd, &pos, s->length, 0));
	close(fd[0]);
	close(fd[1]);
	return r;
}

static int splice_ring(struct scene *s)
{
	int fd[2], r;

	place(s, 1);
	r = fill_pipe(s, fd);
	if (r)
		return r;

	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_SPLICE,
		.fd = s->fd,
		.off = s->pos,
		.splice_fd_in = fd[0],
		.splice_off_in = -1,
		.len = s->length,
	};

	r = run_ring(&sqe, pick(s, 2) ? URING_PLAIN : URING_ASYNC);
	close(fd[0]);
	close(fd[1]);
	return r;
}

/* From the peer, which must be long enough, or else nothing is sent and nothing refused. */
static int write_sendfile(struct scene *s)
{
	loff_t from = 0;
	ssize_t r;

	place(s, 1);
	if (lseek(s->fd, s->pos, SEEK_SET) < 0)
		return -errno;
	r = sendfile(s->fd, s->peer_fd, &from, s->length);
	return !r ? -ENODATA : answer_some(r);
}

static int store(struct scene *s)
{
	char *map;
	int r = 0;

	place_inside(s, 1);
	s->due = DUE_FREE;
	map = mmap(NULL, FIT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	if (s->prey_is_target && s->sealed)
		memset(map + s->pos, s->bytes[0], s->length);
	else /* may be short: by a system call, which answers where a store would kill */
		r = answer_some(preadv(s->peer_fd,
				       &(struct iovec){ map + s->pos, s->length }, 1, BLOCK));
	if (!r && pick(s, 2))
		r = answer(msync(map, FIT_SIZE, pick(s, 2) ? MS_SYNC : MS_ASYNC));
	munmap(map, FIT_SIZE);
	return r;
}

static int read_at(struct scene *s)
{
	s->pos = pick(s, FIT_SIZE);
	s->length = 1 + pick(s, BLOCK);
	return answer_some(pread(s->fd, s->bytes, s->length, s->pos));
}

static int sync_file(struct scene *s)
{
	switch (pick(s, 4)) {
	case 0:
		return answer(fsync(s->fd));
	case 1:
		return answer(fdatasync(s->fd));
	case 2:
		return answer(sync_file_range(s->fd, 0, 0, SYNC_FILE_RANGE_WRITE));
	}
	return -posix_fadvise(s->fd, 0, 0, POSIX_FADV_DONTNEED);
}

/* The descriptor may become another file at any moment, also in the middle of the write. */
static int write_shared_fd(struct scene *s)
{
	place(s, 1);
	s->due = DUE_EITHER;
	return answer_some(pwrite(s->shared_fd, s->bytes, s->length, s->pos));
}

static int replace_shared_fd(struct scene *s)
{
	return answer(dup3(s->fd, s->shared_fd, O_CLOEXEC));
}

/* Between the check and the write of another thread, if that could be. */
static int set_flags_of_shared_fd(struct scene *s)
{
	static const int flags[] = { O_APPEND, O_APPEND | O_DIRECT, O_DIRECT, 0 };

	s->detail = flags[pick(s, ARRAY_SIZE(flags))];
	return answer(fcntl(s->shared_fd, F_SETFL, s->detail));
}

static const struct act acts[] = {
	{ "write", write_at_position },
	{ "pwrite", write_at },
	{ "pwritev", write_vector },
	{ "pwritev2", write_flagged },
	{ "pwritev2_nowait", write_nowait, 0, ACT_UNSTABLE },
	{ "pwritev2_append", write_appending },
	{ "direct_write", write_direct },
	{ "open_append", open_append, DUE_DENIAL },
	{ "fcntl_append", set_append, DUE_DENIAL },
	{ "aio_write", write_aio },
	{ "uring_write", write_ring },
	{ "uring_open", open_ring, DUE_DENIAL },
	{ "splice", write_splice },
	{ "uring_splice", splice_ring },
	{ "sendfile", write_sendfile },
	{ "store", store },
	{ "read", read_at, DUE_FREE },
	{ "sync", sync_file, DUE_FREE },
	{ "shared_fd_write", write_shared_fd, DUE_EITHER, ACT_UNSTABLE },
	{ "shared_fd_setfl", set_flags_of_shared_fd, DUE_EITHER, ACT_UNSTABLE },
	{ "shared_fd_replace", replace_shared_fd, DUE_FREE, ACT_UNSTABLE },
};

const struct act_group acts_write = { acts, ARRAY_SIZE(acts) };
