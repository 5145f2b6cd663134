/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STATICDAX_TESTS_URING_H
#define STATICDAX_TESTS_URING_H

#include <linux/io_uring.h>

/* How a request reaches the kernel; each is a way of its own through io_uring. */
enum uring_way {
	URING_PLAIN,
	URING_ASYNC, /* by a worker thread, IOSQE_ASYNC */
	URING_LINKED, /* behind an fsync, so started by whoever completes that */
	URING_SQPOLL, /* by the kernel's polling thread */
	URING_FIXED_FILE, /* the file registered with the ring */
	URING_FIXED_BUFFER, /* the bytes registered with the ring, IORING_OP_WRITE_FIXED */
	URING_TASK_WORK, /* by this task, but inside another system call than io_uring_enter */
};

/* The ring itself could not be had: io_uring is off. */
#define URING_NONE (-10002)

/* Submits one request and waits. Returns the completion's result, -errno or URING_NONE. */
int uring_run(struct io_uring_sqe sqe, enum uring_way way);

#endif
