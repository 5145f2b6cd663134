// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One io_uring request, start to end, by system calls: a ring is made and thrown away for each.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"
#include "uring.h"

#define ENTRIES 4

struct ring {
	int fd;
	struct io_uring_params p;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
	size_t sq_size, cq_size;
};

static unsigned int *sq_word(const struct ring *r, unsigned int offset)
{
	return (unsigned int *)(r->sq + offset);
}

static unsigned int *cq_word(const struct ring *r, unsigned int offset)
{
	return (unsigned int *)(r->cq + offset);
}

static void *map_ring(const struct ring *r, size_t size, off_t offset)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
			 offset);

	return map == MAP_FAILED ? NULL : map;
}

static int ring_open(struct ring *r, unsigned int flags)
{
	memset(r, 0, sizeof(*r));
	r->p.flags = flags;
	/* an idle polling thread gives up after a millisecond, not a second */
	r->p.sq_thread_idle = 1;
	r->fd = syscall(SYS_io_uring_setup, ENTRIES, &r->p);
	if (r->fd < 0)
		return -errno;
	r->sq_size = r->p.sq_off.array + r->p.sq_entries * sizeof(unsigned int);
	r->cq_size = r->p.cq_off.cqes + r->p.cq_entries * sizeof(struct io_uring_cqe);
	r->sq = map_ring(r, r->sq_size, IORING_OFF_SQ_RING);
	r->cq = map_ring(r, r->cq_size, IORING_OFF_CQ_RING);
	r->sqes = map_ring(r, r->p.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	return r->sq && r->cq && r->sqes ? 0 : -ENOMEM;
}

static void ring_close(struct ring *r)
{
	if (r->sqes)
		munmap(r->sqes, r->p.sq_entries * sizeof(struct io_uring_sqe));
	if (r->cq)
		munmap(r->cq, r->cq_size);
	if (r->sq)
		munmap(r->sq, r->sq_size);
	if (r->fd >= 0)
		close(r->fd);
}

static void ring_put(struct ring *r, const struct io_uring_sqe *sqe)
{
	unsigned int *tail = sq_word(r, r->p.sq_off.tail);
	unsigned int slot = *tail & *sq_word(r, r->p.sq_off.ring_mask);

	r->sqes[slot] = *sqe;
	sq_word(r, r->p.sq_off.array)[slot] = slot;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
}

static int ring_enter(struct ring *r, unsigned int submit, unsigned int wait)
{
	unsigned int flags = wait ? IORING_ENTER_GETEVENTS : 0;

	if (r->p.flags & IORING_SETUP_SQPOLL)
		flags |= IORING_ENTER_SQ_WAKEUP;
	if (syscall(SYS_io_uring_enter, r->fd, submit, wait, flags, NULL, 0) < 0 &&
	    errno != EINTR)
		return -errno;
	return 0;
}

/* Waits for count completions; the result of the one whose user_data is 1. */
static int ring_wait(struct ring *r, unsigned int submit, unsigned int count)
{
	unsigned int *head = cq_word(r, r->p.cq_off.head);
	unsigned int *tail = cq_word(r, r->p.cq_off.tail);
	unsigned int mask = *cq_word(r, r->p.cq_off.ring_mask);
	const struct io_uring_cqe *cqes = (const void *)(r->cq + r->p.cq_off.cqes);
	int result = -EIO;

	while (__atomic_load_n(tail, __ATOMIC_ACQUIRE) - *head < count) {
		int error = ring_enter(r, submit, count);

		if (error)
			return error;
		submit = 0;
	}
	for (unsigned int i = *head; i != *tail; i++)
		if (cqes[i & mask].user_data == 1)
			result = cqes[i & mask].res;
	__atomic_store_n(head, *tail, __ATOMIC_RELEASE);
	return result;
}

static int ring_submit(struct ring *r, struct io_uring_sqe sqe, enum uring_way way)
{
	struct io_uring_sqe first = {
		.opcode = IORING_OP_FSYNC,
		.fd = sqe.fd,
		.flags = IOSQE_IO_LINK,
	};
	unsigned int count = 1;

	sqe.user_data = 1;
	if (way == URING_ASYNC)
		sqe.flags |= IOSQE_ASYNC;
	if (way == URING_LINKED) {
		ring_put(r, &first);
		count++;
	}
	if (way == URING_FIXED_FILE) {
		if (syscall(SYS_io_uring_register, r->fd, IORING_REGISTER_FILES, &sqe.fd, 1))
			return -errno;
		sqe.fd = 0;
		sqe.flags |= IOSQE_FIXED_FILE;
	}
	if (way == URING_FIXED_BUFFER) {
		struct iovec iov = { (void *)(uintptr_t)sqe.addr, sqe.len };

		if (syscall(SYS_io_uring_register, r->fd, IORING_REGISTER_BUFFERS, &iov, 1))
			return -errno;
		sqe.opcode = IORING_OP_WRITE_FIXED;
	}
	ring_put(r, &sqe);
	return ring_wait(r, count, count);
}

/*
 * The request is linked behind a read of an empty pipe. When another process fills that, this one
 * waits for it to exit, and so finds itself doing the request in the middle of wait4.
 */
static int ring_submit_as_task_work(struct ring *r, struct io_uring_sqe sqe)
{
	char byte;
	int fd[2], result;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC))
		return -errno;

	struct io_uring_sqe first = {
		.opcode = IORING_OP_READ,
		.fd = fd[0],
		.addr = (uintptr_t)&byte,
		.len = 1,
		.flags = IOSQE_IO_LINK,
	};

	sqe.user_data = 1;
	ring_put(r, &first);
	ring_put(r, &sqe);
	result = ring_enter(r, 2, 0);
	pid = result ? -1 : fork();
	if (pid == 0)
		_exit(write(fd[1], "", 1) != 1);
	if (pid > 0) {
		waitpid(pid, NULL, 0);
		result = ring_wait(r, 0, 2);
	}
	close(fd[0]);
	close(fd[1]);
	return result;
}

int uring_run(struct io_uring_sqe sqe, enum uring_way way)
{
	struct ring r;
	int result = ring_open(&r, way == URING_SQPOLL ? IORING_SETUP_SQPOLL : 0);

	if (!result && way == URING_TASK_WORK)
		result = ring_submit_as_task_work(&r, sqe);
	else if (!result)
		result = ring_submit(&r, sqe, way);
	else if (result == -ENOSYS || result == -EPERM)
		result = URING_NONE;
	ring_close(&r);
	return result;
}
