// SPDX-License-Identifier: LGPL-2.1-or-later
/* One writer at a time. */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include "clock.h"
#include "directory.h"
#include "store.h"
#include "util.h"

#define PAUSE_NS 1000000

static int open_file(void)
{
	return open(SDAX_RUN_DIR "/lock",
		    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* flock(2) has no time limit, and an alarm would be the whole process's. */
static int wait_for(int fd, int patience)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int64_t end = sdax_now_ms() + patience;

	while (flock(fd, LOCK_EX | (patience < 0 ? 0 : LOCK_NB)) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK || sdax_now_ms() >= end)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return 0;
}

int sdax_lock_take(int patience, int *ret_fd)
{
	_cleanup_close_ int fd = open_file();
	int r;

	if (fd < 0 && errno == ENOENT) {
		r = sdax_directory_make(SDAX_RUN_DIR);
		if (r < 0 && r != -EEXIST)
			return r;
		fd = open_file();
	}
	if (fd < 0)
		return -errno;
	r = wait_for(fd, patience);
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

void sdax_lock_drop(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		flock(*fd, LOCK_UN);
	errno = saved;
	sdax_closep(fd);
}
