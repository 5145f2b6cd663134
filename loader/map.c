// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where a file's bytes are. */
#define _GNU_SOURCE
#include "map.h"

#include <errno.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device.h"
#include "extents.h"
#include "handle.h"
#include "runs.h"
#include "target.h"
#include "util.h"

static int on_extent(void *arg, const struct fiemap_extent *extent)
{
	return sdax_runs_extent(arg, extent);
}

static void device_freep(struct sdax_device **device)
{
	sdax_device_free(*device);
}

static void describe(const struct sdax_target *target,
		     struct staticdax_map *map)
{
	const struct sdax_facts *facts = &target->facts;

	map->blocksize = facts->blocksize;
	map->file_size = facts->size;
	map->dev = major(target->dev) << 20 | minor(target->dev);
	map->dax = facts->attributes & STATX_ATTR_DAX;
	map->realtime = target->realtime;
}

int sdax_map_file(const char *path, staticdax_run_fn fn, void *arg,
		  struct staticdax_map *ret, struct staticdax_result *result)
{
	_cleanup_(sdax_target_close) struct sdax_target target =
		SDAX_TARGET_NONE;
	_cleanup_(device_freep) struct sdax_device *device = NULL;
	struct sdax_runs runs = { .fn = fn, .arg = arg };
	uint64_t block;
	int r;

	r = sdax_target_open(path, false, NULL, &target, result);
	if (r < 0)
		return r;
	if (!S_ISREG(target.facts.mode))
		return sdax_fail(result, STATICDAX_NOT_REGULAR, 0, "%s", "");
	describe(&target, ret);
	r = sdax_device_open(target.dev, target.realtime, &device);
	if (r < 0 && r != -ENODATA)
		return sdax_fail(result, STATICDAX_SYSTEM, r,
				 "finding the device");
	if (device) {
		runs.locate = sdax_device_locate;
		runs.ctx = device;
	}
	block = target.facts.blocksize ?: 1;
	runs.end = (target.facts.size + block - 1) / block * block;
	r = sdax_extents_walk(target.fd, true, on_extent, &runs);
	if (!r)
		r = sdax_runs_end(&runs);
	ret->past_eof = runs.past_eof;
	if (r == -EOPNOTSUPP)
		return sdax_fail(result, STATICDAX_UNMAPPED, r,
				 "the filesystem does not know FIEMAP");
	if (r < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, r,
				 "reading the extents");
	return r;
}
