// SPDX-License-Identifier: LGPL-2.1-or-later
/* From an open file to its extents: the only caller of FIEMAP. */
#define _GNU_SOURCE
#include "extents.h"

#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "device.h"
#include "util.h"

#define BATCH 512

static int ask_kernel(void *source, struct fiemap *map)
{
	int fd = *(int *)source;
	int r;

	do {
		r = ioctl(fd, FS_IOC_FIEMAP, map);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* Asks for up to BATCH extents from start on. */
static int next_batch(sdax_fiemap_fn ask, void *source, bool sync,
		      uint64_t start, struct fiemap *map)
{
	int r;

	*map = (struct fiemap){
		.fm_start = start,
		.fm_length = FIEMAP_MAX_OFFSET - start,
		.fm_flags = sync ? FIEMAP_FLAG_SYNC : 0,
		.fm_extent_count = BATCH,
	};
	r = ask(source, map);
	if (r < 0)
		return r;
	return map->fm_mapped_extents <= BATCH ? 0 : -EIO;
}

static int give_batch(const struct fiemap *map, sdax_extent_fn fn, void *arg)
{
	int r;

	for (uint32_t i = 0; i < map->fm_mapped_extents; i++) {
		r = fn(arg, &map->fm_extents[i]);
		if (r)
			return r;
	}
	return 0;
}

int sdax_extents_walk_by(sdax_fiemap_fn ask, void *source, bool sync,
			 sdax_extent_fn fn, void *arg)
{
	_cleanup_free_ struct fiemap *map = NULL;
	const struct fiemap_extent *last;
	uint64_t start = 0, end;
	int r;

	/* the kernel writes as many as it says it has: zeroing costs more than that */
	map = malloc(sizeof(*map) + BATCH * sizeof(map->fm_extents[0]));
	if (!map)
		return -ENOMEM;
	for (;;) {
		r = next_batch(ask, source, sync, start, map);
		if (r < 0 || !map->fm_mapped_extents)
			return r;
		r = give_batch(map, fn, arg);
		if (r)
			return r;
		last = &map->fm_extents[map->fm_mapped_extents - 1];
		if (last->fe_flags & FIEMAP_EXTENT_LAST)
			return 0;
		if (__builtin_add_overflow(last->fe_logical, last->fe_length,
					   &end) || end <= start)
			return -EIO;
		start = end;
	}
}

int sdax_extents_walk(int fd, bool sync, sdax_extent_fn fn, void *arg)
{
	return sdax_extents_walk_by(ask_kernel, &fd, sync, fn, arg);
}

static int judge_one(void *arg, const struct fiemap_extent *extent)
{
	sdax_judge_extent(arg, extent);
	return 0;
}

static int no_address(void *ctx, uint64_t physical, uint64_t length,
		      uint64_t *ret_address, uint64_t *ret_length)
{
	(void)ctx, (void)physical, (void)length;
	(void)ret_address, (void)ret_length;
	return -ENODATA;
}

static void explain_failure(int error, struct staticdax_result *result)
{
	bool unmapped = error == -EOPNOTSUPP;

	result->error = error;
	result->reason = unmapped ? STATICDAX_UNMAPPED : STATICDAX_SYSTEM;
	snprintf(result->detail, sizeof(result->detail), "%s",
		 unmapped ? "the filesystem does not know FIEMAP" :
		 error == -EIO ? "the filesystem's list of extents is broken" :
				 "reading the extents");
}

static int judge_once(int fd, const struct sdax_facts *facts, uint64_t align,
		      struct sdax_device *dev,
		      const struct sdax_run_sink *sink,
		      struct staticdax_result *result)
{
	_cleanup_(sdax_judge_free) struct sdax_judge judge = SDAX_JUDGE_NONE;
	int r;

	r = sdax_judge_init(&judge, facts->size, facts->blocksize, align,
			    dev ? sdax_device_address : no_address, dev);
	if (!r && sink) {
		judge.run_fn = sink->fn;
		judge.run_arg = sink->arg;
	}
	if (!r)
		r = sdax_extents_walk(fd, true, judge_one, &judge);
	if (r < 0) {
		explain_failure(r, result);
		return r;
	}
	sdax_judge_done(&judge, result);
	result->error = 0;
	result->file_size = facts->size;
	return 0;
}

/*
 * XFS frees the blocks of deleted files later, and calls them shared until
 * then; statfs makes it hurry (fs/xfs/xfs_super.c, xfs_fs_statfs).
 */
static void flush_deleted(int fd)
{
	struct statfs fs;

	if (syncfs(fd) < 0 || fstatfs(fd, &fs) < 0 || syncfs(fd) < 0)
		errno = 0;
}

int sdax_extents_judge(int fd, const struct sdax_facts *facts, uint64_t align,
		       struct sdax_device *dev,
		       const struct sdax_run_sink *sink,
		       struct staticdax_result *result)
{
	int r;

	if (dev)
		sdax_device_need(dev, align,
				 facts->attributes & STATX_ATTR_DAX);
	r = judge_once(fd, facts, align, dev, sink, result);
	if (r < 0 || result->reason != STATICDAX_SHARED)
		return r;
	flush_deleted(fd);
	return judge_once(fd, facts, align, dev, sink, result);
}
