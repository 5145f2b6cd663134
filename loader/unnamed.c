// SPDX-License-Identifier: LGPL-2.1-or-later
/* Files without a name, and the name they get once they are whole. */
#define _GNU_SOURCE
#include "unnamed.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handle.h"
#include "util.h"

static int fail(struct staticdax_result *result, int error, const char *what)
{
	if (error == -EEXIST)
		return sdax_fail(result, STATICDAX_EXISTS, 0, "%s", "");
	return sdax_fail(result, STATICDAX_SYSTEM, error, "%s", what);
}

/* The directory is resolved once; a link at the name itself is not followed. */
static int find(const char *path, struct sdax_unnamed *file)
{
	_cleanup_free_ char *above = strdup(path), *copy = strdup(path);
	struct stat st;
	size_t length = strlen(path);

	if (!above || !copy)
		return -ENOMEM;
	if (!length)
		return -ENOENT;
	if (path[length - 1] == '/')
		return -EISDIR;
	file->above = realpath(dirname(above), NULL);
	if (!file->above)
		return -errno;
	if (asprintf(&file->path, "%s/%s",
		     strcmp(file->above, "/") ? file->above : "",
		     basename(copy)) < 0) {
		file->path = NULL;
		return -ENOMEM;
	}
	file->name = strrchr(file->path, '/') + 1;
	file->directory = open(file->above,
			       O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file->directory < 0)
		return -errno;
	if (!fstatat(file->directory, file->name, &st, AT_SYMLINK_NOFOLLOW))
		return -EEXIST;
	return errno == ENOENT ? 0 : -errno;
}

static int open_in(int directory, mode_t mode)
{
	int fd = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);

	return fd < 0 ? -errno : fd;
}

static bool is_dax(int fd)
{
	struct statx stx;

	return !statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) &&
	       stx.stx_attributes & STATX_ATTR_DAX;
}

static int set_dax_flag(int directory)
{
	struct fsxattr attr;

	if (ioctl(directory, FS_IOC_FSGETXATTR, &attr) < 0)
		return -errno;
	attr.fsx_xflags |= FS_XFLAG_DAX;
	return ioctl(directory, FS_IOC_FSSETXATTR, &attr) < 0 ? -errno : 0;
}

#define FLAGGED_NAME 64
#define FLAGGED_NAMES 1000

/*
 * One that is there already may be of a run that was killed, or of one at work in
 * another PID namespace, where the number is somebody else's: it stays.
 */
static int make_directory(int directory, char name[static FLAGGED_NAME])
{
	int length = snprintf(name, FLAGGED_NAME, ".staticdax-%d", (int)gettid());

	for (unsigned int n = 1; n <= FLAGGED_NAMES; n++) {
		if (!mkdirat(directory, name, 0700))
			return 0;
		if (errno != EEXIST)
			return -errno;
		snprintf(name + length, FLAGGED_NAME - length, ".%u", n);
	}
	return -EBUSY;
}

/* In a directory with the DAX flag, if that can have it. */
static int open_flagged(int directory, const char *name, mode_t mode, int *ret)
{
	_cleanup_close_ int flagged = -1;

	flagged = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
					  O_CLOEXEC);
	if (flagged < 0)
		return -errno;
	if (set_dax_flag(flagged) < 0)
		return 0;
	*ret = open_in(flagged, mode);
	return *ret < 0 ? *ret : 0;
}

/*
 * A file's DAX flag counts from when its inode is next read from disk, which one
 * without a name never is. It is also inherited, and then counts at once; so the
 * file is made in a directory that has it, and the directory goes again. Only
 * SIGKILL can leave it behind, and it is empty.
 */
static int open_dax(int directory, mode_t mode, int *ret)
{
	char name[FLAGGED_NAME];
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	r = make_directory(directory, name);
	if (!r) {
		r = open_flagged(directory, name, mode, ret);
		unlinkat(directory, name, AT_REMOVEDIR);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

/* The one that was opened first stays where there is no DAX to be had. */
static int prefer_dax(struct sdax_unnamed *file, mode_t mode)
{
	_cleanup_close_ int fd = -1;
	int r;

	if (is_dax(file->target.fd))
		return 0;
	r = open_dax(file->directory, mode, &fd);
	if (fd >= 0 && is_dax(fd)) {
		close(file->target.fd);
		file->target.fd = TAKE_FD(fd);
	}
	return r;
}

int sdax_unnamed_refresh(struct sdax_unnamed *file,
			 struct staticdax_result *result)
{
	int r = sdax_target_refresh(&file->target);

	if (r < 0)
		return fail(result, r, "stat");
	file->target.facts.nlink = 1;
	return 0;
}

int sdax_unnamed_open(const char *path, mode_t mode, uint64_t size, bool dax,
		      struct sdax_unnamed *ret, struct staticdax_result *result)
{
	_cleanup_(sdax_unnamed_close) struct sdax_unnamed file =
		SDAX_UNNAMED_NONE;
	int r;

	r = find(path, &file);
	if (r < 0)
		return fail(result, r, "finding its directory");
	file.target.fd = open_in(file.directory, mode);
	if (file.target.fd < 0)
		return fail(result, file.target.fd, "making a file without a name");
	r = dax ? prefer_dax(&file, mode) : 0;
	if (r < 0)
		return fail(result, r, "making it in a directory with the DAX flag");
	r = sdax_unnamed_refresh(&file, result);
	if (r < 0)
		return r;
	file.target.facts.size = size;
	*ret = file;
	file = (struct sdax_unnamed)SDAX_UNNAMED_NONE;
	return 0;
}

void sdax_unnamed_close(struct sdax_unnamed *file)
{
	sdax_target_close(&file->target);
	sdax_closep(&file->directory);
	free(file->above);
	free(file->path);
}

/* By descriptor it takes a privilege, or /proc. */
static int link_at(struct sdax_unnamed *file, const char *name)
{
	char self[64];

	if (!linkat(file->target.fd, "", file->directory, name, AT_EMPTY_PATH))
		return 0;
	if (errno != ENOENT && errno != EPERM)
		return -errno;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", file->target.fd);
	if (!linkat(AT_FDCWD, self, file->directory, name, AT_SYMLINK_FOLLOW))
		return 0;
	return -errno;
}

int sdax_unnamed_link(struct sdax_unnamed *file,
		      struct staticdax_result *result)
{
	int r;

	if (fsync(file->target.fd) < 0)
		return fail(result, -errno, "fsync");
	r = link_at(file, file->name);
	if (r < 0)
		return fail(result, r, "giving it its name");
	file->linked = true;
	if (fsync(file->directory) < 0)
		return fail(result, -errno, "fsync of its directory");
	return 0;
}

void sdax_unnamed_unlink(struct sdax_unnamed *file)
{
	if (file->linked)
		unlinkat(file->directory, file->name, 0);
	file->linked = false;
}
