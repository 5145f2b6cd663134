// SPDX-License-Identifier: LGPL-2.1-or-later
/* One writer at a time. */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "directory.h"
#include "store.h"
#include "util.h"

static int open_file(void)
{
	return open(SDAX_RUN_DIR "/lock",
		    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

int sdax_lock_take(int *ret_fd)
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
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
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
