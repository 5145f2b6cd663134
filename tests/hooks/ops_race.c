// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two threads at once: a permission granted to one must not serve the other, and neither may be
 * refused for what the other does; a descriptor that becomes another file, or gets other flags,
 * while it is named serves nobody. The numbers of rounds are fixed, nothing waits for time.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/loop.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "contract.h"
#include "ext4_ioctl.h"
#include "file.h"
#include "loop.h"
#include "xfs_ioctl.h"

#define ROUNDS 300
#define SWAP_ROUNDS 100 /* takes longer */
#define LOOP_ROUNDS 10 /* longer still */

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

/* A write reads the flags again after it was checked. */
static int change_flags_once(int fd)
{
	fcntl(fd, F_SETFL, O_APPEND);
	fcntl(fd, F_SETFL, O_DIRECT);
	fcntl(fd, F_SETFL, 0);
	return 0;
}

static int extend_once(int fd)
{
	return answer_length(pwrite(fd, new_bytes, 2 * BLOCK, FIT_SIZE - BLOCK), 2 * BLOCK);
}

static int extend_beside_flags(struct target *t)
{
	return beside(t, extend_once, change_flags_once);
}

static int write_beside_flags(struct target *t)
{
	return beside(t, write_once, change_flags_once);
}

/* A number that is one file and the other in turn. */
struct changeling {
	int number;
	int files[2];
	atomic_bool stop;
};

static void *keep_changing(void *argument)
{
	struct changeling *c = argument;

	for (unsigned int i = 0; !c->stop; i++)
		dup2(c->files[i & 1], c->number);
	return NULL;
}

/* Success if it succeeded once, whatever the number was then, else the last error. */
static int beside_dup2(struct target *t, int (*once)(int number, int other), int rounds)
{
	char path[NAME_MAX];
	_cleanup_close_ int other = -1;
	struct changeling c = { .number = dup(t->fd), .files = { t->fd, t->peer_fd } };
	int passed = 0, r = 0;
	pthread_t thread;

	snprintf(path, sizeof(path), "%s.third", t->tag);
	if (fit_create(path) || (other = open(path, O_RDWR | O_CLOEXEC)) < 0)
		return op_broken(t, "a third file");
	if (pthread_create(&thread, NULL, keep_changing, &c))
		return op_broken(t, "pthread_create");
	for (int i = 0; i < rounds; i++) {
		r = once(c.number, other);
		passed += !r;
	}
	c.stop = true;
	pthread_join(thread, NULL);
	close(c.number);
	return passed ? 0 : r;
}

static int donate_once(int number, int other)
{
	return ext4_move_extents(other, number);
}

static int move_ext_beside_dup2(struct target *t)
{
	return beside_dup2(t, donate_once, SWAP_ROUNDS);
}

static int swap_once(int number, int other)
{
	return xfs_swap_extents(other, other, number);
}

static int swapext_beside_dup2(struct target *t)
{
	return beside_dup2(t, swap_once, SWAP_ROUNDS);
}

static int attach_once(int number, bool configure)
{
	_cleanup_close_ int loop = loop_open_free(NULL, 0);
	struct loop_config config = { .fd = number };
	int r = loop < 0 ? loop :
		answer(configure ? ioctl(loop, LOOP_CONFIGURE, &config) :
				   ioctl(loop, LOOP_SET_FD, number));

	if (!r)
		loop_detach(loop);
	return r;
}

static int set_fd_once(int number, int other)
{
	(void)other;
	return attach_once(number, false);
}

static int configure_once(int number, int other)
{
	(void)other;
	return attach_once(number, true);
}

static int loop_set_fd_beside_dup2(struct target *t)
{
	return beside_dup2(t, set_fd_once, LOOP_ROUNDS);
}

static int loop_configure_beside_dup2(struct target *t)
{
	return beside_dup2(t, configure_once, LOOP_ROUNDS);
}

static const struct op ops[] = {
	{ "punch_hole_beside_writes", punch_beside_writes, DENIED, NEW_BYTES },
	{ "append_beside_writes", append_beside_writes, ADDS, NEW_BYTES },
	{ "write_in_beside_punches", write_beside_punches, IN_PLACE, NEW_BYTES },
	{ "write_in_beside_writes", write_beside_writes, IN_PLACE, NEW_BYTES },
	{ "loop_set_fd_beside_thread", loop_beside_thread, DENIED, VARIES,
	  .plain = { { ETXTBSY } } },
	{ "loop_set_fd_beside_dup2", loop_set_fd_beside_dup2, DENIED, VARIES | WITH_PEER,
	  .plain = { { ETXTBSY } } },
	{ "loop_configure_beside_dup2", loop_configure_beside_dup2, DENIED, VARIES | WITH_PEER,
	  .plain = { { ETXTBSY } } },
	/* the kernel itself refuses to move what is DAX, or whose pages are in use */
	{ "move_ext_beside_dup2", move_ext_beside_dup2, DENIED,
	  WITH_PEER | FIRST | NEIGHBOUR | VARIES, ON_EXT4, { { EOPNOTSUPP }, { EBUSY } } },
	{ "swapext_beside_dup2", swapext_beside_dup2, DENIED,
	  WITH_PEER | FIRST | NEIGHBOUR | VARIES, ON_XFS },
	{ "extend_beside_setfl", extend_beside_flags, ADDS },
	{ "write_in_beside_setfl", write_beside_flags, IN_PLACE, NEW_BYTES },
};

const struct op_group ops_race = { "Two threads at once", ops, ARRAY_SIZE(ops) };
