// SPDX-License-Identifier: LGPL-2.1-or-later
/* Takes the lock of an inode once, when that will not take long. */
#include "barrier.h"

#include <errno.h>
#include <sys/xattr.h>
#include <time.h>

#include "clock.h"

#define PAUSE_NS 1000000
/* It is in use, and comes round to everybody: that of a busy directory is never free. */
#define HANDS 4

/*
 * By an operation that takes the lock and changes nothing. Nobody knows attributes of this
 * name, which is asked only under the lock (vfs_removexattr()): one that a filesystem
 * might have would begin a transaction of its journal.
 */
void sdax_barrier_take(int fd)
{
	if (fremovexattr(fd, "staticdax.barrier") < 0)
		errno = 0;
}

int sdax_barrier_pass(struct sdax_inspect *inspect, int fd, int64_t deadline)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	uint64_t by = 0, last = 0;
	unsigned int hands = 0;
	int r;

	while ((r = sdax_inspect_lock(inspect, fd, &by)) > 0) {
		hands += by != last;
		last = by;
		if (hands > HANDS)
			break;
		if (sdax_now_ms() >= deadline)
			return -EBUSY;
		/* there is nothing to wait for that would say when it is free */
		nanosleep(&pause, NULL);
	}
	if (r < 0)
		return r;
	sdax_barrier_take(fd);
	return 0;
}
