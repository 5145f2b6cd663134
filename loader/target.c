// SPDX-License-Identifier: LGPL-2.1-or-later
/* From a path to an open file and the facts about it. */
#define _GNU_SOURCE
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <xfs/xfs.h>

#include "mounts.h"
#include "util.h"

/* XFS_FSOP_GEOM_FLAGS_ZONED, fs/xfs/libxfs/xfs_fs.h, 6.15; not in xfslibs 6.1 */
#define XFS_GEOM_ZONED (1 << 27)

/* include/uapi/linux/stat.h, 6.8: the kernel clears what it does not know */
#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x4000U
#endif

/* include/linux/fs.h, not uapi */
#define S_SWAPFILE (1 << 8)
#define S_PRIVATE (1 << 9)

static int fail(struct staticdax_result *result, int error,
		enum staticdax_reason reason, const char *detail)
{
	result->error = error;
	result->reason = reason;
	snprintf(result->detail, sizeof(result->detail), "%s", detail);
	return error;
}

/* The filesystem's name, for messages. Touches no mount point. */
static void filesystem_name(dev_t dev, char *name, size_t size)
{
	_cleanup_fclose_ FILE *mounts = fopen("/proc/self/mountinfo", "re");
	_cleanup_free_ char *line = NULL;
	unsigned int maj, min;
	char type[16];
	size_t cap = 0;

	name[0] = '\0';
	while (mounts && getline(&line, &cap, mounts) > 0) {
		const char *rest = strstr(line, " - ");

		if (rest && sscanf(line, "%*s %*s %u:%u", &maj, &min) == 2 &&
		    makedev(maj, min) == dev &&
		    sscanf(rest, " - %15s", type) == 1) {
			snprintf(name, size, "%s", type);
			return;
		}
	}
}

bool sdax_target_is_swap(const struct sdax_target *target)
{
	_cleanup_fclose_ FILE *swaps = fopen("/proc/swaps", "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	struct stat st;

	while (swaps && getline(&line, &size, swaps) > 0) {
		line[strcspn(line, " \t\n")] = '\0';
		sdax_mounts_unescape(line);
		if (!stat(line, &st) && st.st_dev == target->dev &&
		    st.st_ino == target->ino)
			return true;
	}
	return false;
}

static void read_xfs(struct sdax_target *target)
{
	struct xfs_fsop_geom geometry = {};
	struct getbmapx map[2] = {};
	struct fsxattr attr = {};

	if (target->facts.magic != XFS_SUPER_MAGIC)
		return;
	if (!ioctl(target->fd, FS_IOC_FSGETXATTR, &attr))
		target->realtime = attr.fsx_xflags & FS_XFLAG_REALTIME;
	if (target->realtime &&
	    !ioctl(target->fd, XFS_IOC_FSGEOMETRY, &geometry))
		target->facts.zoned = geometry.flags & XFS_GEOM_ZONED;
	map[0].bmv_length = -1;
	map[0].bmv_count = ARRAY_SIZE(map);
	map[0].bmv_iflags = BMV_IF_COWFORK | BMV_IF_NO_HOLES;
	if (!ioctl(target->fd, XFS_IOC_GETBMAPX, map))
		target->cow_staged = map[0].bmv_entries > 0;
}

static int ask_filesystem(int fd, dev_t dev, struct sdax_mounted *ret)
{
	struct statfs fs;
	int blocksize;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if (ioctl(fd, FIGETBSZ, &blocksize) < 0 || blocksize <= 0)
		blocksize = fs.f_bsize;
	*ret = (struct sdax_mounted){
		.magic = (unsigned long)fs.f_type,
		.blocksize = blocksize,
	};
	if (ret->magic != EXT4_SUPER_MAGIC && ret->magic != XFS_SUPER_MAGIC)
		filesystem_name(dev, ret->fs_name, sizeof(ret->fs_name));
	return 0;
}

int sdax_target_stat(int fd, struct statx *ret, struct sdax_mounted *known)
{
	uint64_t mount;
	int r;

	if (statx(fd, "", AT_EMPTY_PATH,
		  STATX_BASIC_STATS | STATX_MNT_ID_UNIQUE, ret) < 0)
		return -errno;
	mount = ret->stx_mask & STATX_MNT_ID_UNIQUE ? ret->stx_mnt_id : 0;
	if (mount && mount == known->id)
		return 0;
	r = ask_filesystem(fd, makedev(ret->stx_dev_major, ret->stx_dev_minor),
			   known);
	if (!r)
		known->id = mount;
	return r;
}

static int read_facts(struct sdax_target *target, struct sdax_mounted *known)
{
	struct sdax_facts *facts = &target->facts;
	struct statx stx;
	int r;

	r = sdax_target_stat(target->fd, &stx, known);
	if (r < 0)
		return r;
	target->mounted = *known;
	target->dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	target->ino = stx.stx_ino;
	facts->mode = stx.stx_mode;
	facts->nlink = stx.stx_nlink;
	facts->size = stx.stx_size;
	facts->blocksize = known->blocksize;
	facts->magic = known->magic;
	facts->attributes = stx.stx_attributes;
	facts->attributes_mask = stx.stx_attributes_mask;
	memcpy(facts->fs_name, known->fs_name, sizeof(facts->fs_name));
	read_xfs(target);
	return 0;
}

void sdax_target_learn(struct sdax_target *target,
		       const struct sdax_identity *id)
{
	struct sdax_facts *facts = &target->facts;

	facts->swapfile = id->i_flags & S_SWAPFILE;
	facts->is_private = id->i_flags & S_PRIVATE;
	facts->nlink = id->nlink;
	facts->magic = id->magic;
}

int sdax_target_refresh(struct sdax_target *target)
{
	return read_facts(target, &target->mounted);
}

/* What cannot be opened for writing by anybody: say so, not EPERM. */
static int explain_eperm(const char *path, struct staticdax_result *result)
{
	struct statx stx;

	if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &stx) < 0)
		return fail(result, -errno, STATICDAX_SYSTEM, "stat");
	if (stx.stx_attributes & STATX_ATTR_IMMUTABLE)
		return fail(result, -EPERM, STATICDAX_IMMUTABLE, "");
	if (stx.stx_attributes & STATX_ATTR_APPEND)
		return fail(result, -EPERM, STATICDAX_APPEND_ONLY, "");
	if (stx.stx_attributes & STATX_ATTR_VERITY)
		return fail(result, -EPERM, STATICDAX_VERITY, "");
	return fail(result, -EPERM, STATICDAX_NO_PRIVILEGE, "");
}

static int open_failed(const char *path, int error,
		       struct staticdax_result *result)
{
	switch (error) {
	case EPERM:
		return explain_eperm(path, result);
	case EWOULDBLOCK:
		return fail(result, -EBUSY, STATICDAX_LEASED, "");
	case ETXTBSY:
		return fail(result, -EBUSY, STATICDAX_HELD,
			    "it is being executed or is a swapfile");
	case ENOKEY:
		return fail(result, -EINVAL, STATICDAX_ENCRYPTED, "");
	default:
		return fail(result, -error, STATICDAX_SYSTEM, "open");
	}
}

int sdax_target_open_regular(const char *path)
{
	_cleanup_close_ int node = open(path, O_PATH | O_CLOEXEC);
	char link[32];
	struct stat st;
	int fd;

	if (node < 0 || fstat(node, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", node);
	fd = open(link, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int read_facts_of(struct sdax_target *target,
			 struct sdax_mounted *known,
			 struct staticdax_result *result)
{
	struct sdax_mounted asked = {};
	int r;

	r = read_facts(target, known ?: &asked);
	if (r < 0)
		return fail(result, r, STATICDAX_SYSTEM, "stat");
	if (!S_ISREG(target->facts.mode))
		return fail(result, -EINVAL, STATICDAX_NOT_REGULAR, "");
	return 0;
}

/*
 * Asked before the open, because opening a device can do something; asked again
 * after it, because the name may have been moved in between. O_NONBLOCK keeps
 * the FIFO that was moved there from holding us.
 */
int sdax_target_open(const char *path, bool writable,
		     struct sdax_mounted *known, struct sdax_target *ret,
		     struct staticdax_result *result)
{
	_cleanup_(sdax_target_close) struct sdax_target target =
		SDAX_TARGET_NONE;
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return fail(result, -errno, STATICDAX_SYSTEM, "stat");
	if (!S_ISREG(st.st_mode))
		return fail(result, -EINVAL, STATICDAX_NOT_REGULAR, "");
	target.fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_NONBLOCK |
				       O_NOCTTY | O_CLOEXEC);
	if (target.fd < 0)
		return open_failed(path, errno, result);
	r = read_facts_of(&target, known, result);
	if (r < 0)
		return r;
	*ret = target;
	target = (struct sdax_target)SDAX_TARGET_NONE;
	return 0;
}

int sdax_target_reach(const char *path, struct sdax_mounted *known,
		      struct sdax_target *ret, struct staticdax_result *result)
{
	_cleanup_(sdax_target_close) struct sdax_target target =
		SDAX_TARGET_NONE;
	int r;

	r = sdax_target_open(path, false, known, ret, result);
	if (!r || result->reason != STATICDAX_LEASED)
		return r;
	target.fd = sdax_target_open_regular(path);
	if (target.fd < 0)
		return open_failed(path, -target.fd, result);
	r = read_facts_of(&target, known, result);
	if (r < 0)
		return r;
	result->error = 0;
	result->reason = STATICDAX_OK;
	*ret = target;
	target = (struct sdax_target)SDAX_TARGET_NONE;
	return 0;
}

void sdax_target_close(struct sdax_target *target)
{
	sdax_closep(&target->fd);
}
