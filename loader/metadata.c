// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a file has besides its content, for the file that takes its place. */
#define _GNU_SOURCE
#include "metadata.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "handle.h"
#include "util.h"

/* Those that say how the file is to be treated, and not how it is stored. */
#define KEPT_FLAGS                                                         \
	(FS_XFLAG_SYNC | FS_XFLAG_NOATIME | FS_XFLAG_NODUMP |              \
	 FS_XFLAG_NODEFRAG | FS_XFLAG_FILESTREAM | FS_XFLAG_PROJINHERIT)

/* Of ext4's, those that are not among these: chattr's c, j, s, t and u. */
#define KEPT_EXT4_FLAGS                                                    \
	(FS_COMPR_FL | FS_JOURNAL_DATA_FL | FS_SECRM_FL | FS_NOTAIL_FL |   \
	 FS_UNRM_FL)

static int fail(struct staticdax_result *result, int error, const char *what)
{
	return sdax_fail(result, STATICDAX_SYSTEM, error, "keeping its %s",
			 what);
}

/* Names one after the other, each with its NUL; the caller frees them. */
static ssize_t list(int fd, char **ret)
{
	_cleanup_free_ char *names = NULL;
	ssize_t size = flistxattr(fd, NULL, 0);

	if (size < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	names = malloc(size + 1);
	if (!names)
		return -ENOMEM;
	/* never 0, which would only ask for the size again */
	size = flistxattr(fd, names, size + 1);
	if (size < 0)
		return -errno;
	*ret = TAKE_PTR(names);
	return size;
}

static int copy_one(int from, int to, const char *name)
{
	_cleanup_free_ void *value = NULL;
	ssize_t size = fgetxattr(from, name, NULL, 0);

	if (size < 0)
		return -errno;
	value = malloc(size + 1);
	if (!value)
		return -ENOMEM;
	size = fgetxattr(from, name, value, size + 1);
	if (size < 0 || fsetxattr(to, name, value, size, 0) < 0)
		return -errno;
	return 0;
}

/* A new file may have inherited some. */
static int remove_others(int from, int to)
{
	_cleanup_free_ char *names = NULL;
	ssize_t size = list(to, &names);

	for (ssize_t at = 0; at < size; at += strlen(names + at) + 1)
		if (fgetxattr(from, names + at, NULL, 0) < 0 &&
		    fremovexattr(to, names + at) < 0)
			return -errno;
	return size < 0 ? size : 0;
}

static int copy_xattrs(int from, int to, struct staticdax_result *result)
{
	_cleanup_free_ char *names = NULL;
	ssize_t size = list(from, &names);
	int r;

	if (size < 0)
		return fail(result, size, "extended attributes");
	for (ssize_t at = 0; at < size; at += strlen(names + at) + 1) {
		r = copy_one(from, to, names + at);
		if (r < 0)
			return fail(result, r, names + at);
	}
	r = remove_others(from, to);
	return r < 0 ? fail(result, r, "extended attributes") : 0;
}

static int copy_flags(int from, int to)
{
	struct fsxattr old, new;

	if (ioctl(from, FS_IOC_FSGETXATTR, &old) < 0 ||
	    ioctl(to, FS_IOC_FSGETXATTR, &new) < 0)
		return -errno;
	if (!((old.fsx_xflags ^ new.fsx_xflags) & KEPT_FLAGS) &&
	    old.fsx_projid == new.fsx_projid)
		return 0;
	new.fsx_xflags = (new.fsx_xflags & ~KEPT_FLAGS) |
			 (old.fsx_xflags & KEPT_FLAGS);
	new.fsx_projid = old.fsx_projid;
	return ioctl(to, FS_IOC_FSSETXATTR, &new) < 0 ? -errno : 0;
}

/* Without CAP_SYS_RESOURCE ext4 refuses j, and that the file is moved with it. */
static int copy_ext4_flags(int from, int to)
{
	int old, new;

	if (ioctl(from, FS_IOC_GETFLAGS, &old) < 0 ||
	    ioctl(to, FS_IOC_GETFLAGS, &new) < 0)
		return -errno;
	if (!((old ^ new) & KEPT_EXT4_FLAGS))
		return 0;
	new = (new & ~KEPT_EXT4_FLAGS) | (old & KEPT_EXT4_FLAGS);
	return ioctl(to, FS_IOC_SETFLAGS, &new) < 0 ? -errno : 0;
}

/* The owner first: changing it takes capabilities and set-id bits away. */
int sdax_metadata_copy(int from, int to, const struct stat *st,
		       struct staticdax_result *result)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };
	int r;

	if (fchown(to, st->st_uid, st->st_gid) < 0)
		return fail(result, -errno, "owner");
	r = copy_xattrs(from, to, result);
	if (r < 0)
		return r;
	if (fchmod(to, st->st_mode & 07777) < 0)
		return fail(result, -errno, "mode");
	r = copy_flags(from, to);
	if (!r)
		r = copy_ext4_flags(from, to);
	if (r < 0)
		return fail(result, r, "flags");
	if (futimens(to, times) < 0)
		return fail(result, -errno, "times");
	return 0;
}
