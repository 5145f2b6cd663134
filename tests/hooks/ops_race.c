// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two threads at once: a permission granted to one must not serve the other, and neither may be
 * refused for what the other does. The numbers of rounds are fixed, nothing waits for time.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/loop.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "contract.h"
#include "loop.h"

#define ROUNDS 300

struct worker {
	pthread_t thread;
	int (*once)(int fd);
	int fd;
	int passed;
	int last_error; /* -errno of the last that did not */
};

static int write_once(int fd)
{
	return answer_length(pwrite(fd, new_bytes, BLOCK, BLOCK), BLOCK);
}

static int punch_once(int fd)
{
	return answer(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2 * BLOCK, BLOCK));
}

static int append_once(int fd)
{
	struct iovec iov = { new_bytes, 1 };

	return answer_length(pwritev2(fd, &iov, 1, 0, RWF_APPEND), 1);
}

static void *work(void *argument)
{
	struct worker *w = argument;

	for (int i = 0; i < ROUNDS; i++) {
		int r = w->once(w->fd);

		if (r)
			w->last_error = r;
		else
			w->passed++;
	}
	return NULL;
}

/* Both at once on one descriptor; the answer is the first's, -EIO if it was not always the same. */
static int beside(struct target *t, int (*once)(int fd), int (*other)(int fd))
{
	struct worker workers[] = { { .once = once, .fd = t->fd }, { .once = other, .fd = t->fd } };

	for (size_t i = 0; i < ARRAY_SIZE(workers); i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			return op_broken(t, "pthread_create");
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++)
		pthread_join(workers[i].thread, NULL);
	if (workers[0].passed && workers[0].passed != ROUNDS)
		return -EIO;
	return workers[0].passed ? 0 : workers[0].last_error;
}

static int punch_beside_writes(struct target *t)
{
	return beside(t, punch_once, write_once);
}

static int append_beside_writes(struct target *t)
{
	return beside(t, append_once, write_once);
}

static int write_beside_punches(struct target *t)
{
	return beside(t, write_once, punch_once);
}

static int write_beside_writes(struct target *t)
{
	return beside(t, write_once, write_once);
}

static void *wait_for_end(void *fd)
{
	char byte;

	return read(*(int *)fd, &byte, 1) ? fd : NULL;
}

/*
 * With another thread around, the descriptor can become another file between the check and its
 * use, so a refusal of files that are not sealed is in order too.
 */
static int loop_beside_thread(struct target *t)
{
	_cleanup_close_ int loop = loop_open_free(NULL, 0);
	pthread_t thread;
	int fd[2], r;

	if (loop < 0)
		return op_skip(t, "no loop device: %s", strerror(-loop));
	if (pipe2(fd, O_CLOEXEC) || pthread_create(&thread, NULL, wait_for_end, &fd[0]))
		return op_broken(t, "a thread");
	r = answer(ioctl(loop, LOOP_SET_FD, t->fd));
	if (!r)
		loop_detach(loop);
	close(fd[1]);
	pthread_join(thread, NULL);
	close(fd[0]);
	return r;
}

static const struct op ops[] = {
	{ "punch_hole_beside_writes", punch_beside_writes, DENIED, NEW_BYTES },
	{ "append_beside_writes", append_beside_writes, ADDS, NEW_BYTES },
	{ "write_in_beside_punches", write_beside_punches, IN_PLACE, NEW_BYTES },
	{ "write_in_beside_writes", write_beside_writes, IN_PLACE, NEW_BYTES },
	{ "loop_set_fd_beside_thread", loop_beside_thread, DENIED, VARIES,
	  .plain = { { ETXTBSY } } },
};

const struct op_group ops_race = { "Two threads at once", ops, ARRAY_SIZE(ops) };
