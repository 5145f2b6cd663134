// SPDX-License-Identifier: LGPL-2.1-or-later
/* From a byte of a filesystem's device to the address it really has. */
#define _GNU_SOURCE
#include "device.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "blockdev.h"
#include "dm.h"
#include "mounts.h"
#include "staticdax.h"
#include "util.h"

#define SECTOR 512
#define DEPTH_MAX 16			/* device-mapper on device-mapper */

/*
 * address is where byte start is on dev. It is exact if granule is 0, otherwise
 * right modulo granule. opaque is that of a run.
 */
struct segment {
	uint64_t start;
	uint64_t length;
	uint64_t address;
	uint64_t granule;
	dev_t dev;
	const char *opaque;
};

struct sdax_device {
	struct segment *segments;	/* by start, without gaps from 0 on */
	size_t count;
	uint64_t align;			/* see sdax_device_need(); 0: exact */
	bool dax;
};

/* length bytes of dev from offset on are the device's from start on. */
struct range {
	uint64_t start;
	dev_t dev;
	uint64_t offset;
	uint64_t length;
};

/* The table of segments */

static int add_segment(struct sdax_device *device, const struct segment *s)
{
	struct segment *grown;

	if (s->length > UINT64_MAX - s->address)
		return -EIO;
	/* a power of two is full */
	if (!(device->count & (device->count - 1))) {
		grown = reallocarray(device->segments,
				     device->count ? device->count * 2 : 1,
				     sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		device->segments = grown;
	}
	device->segments[device->count++] = *s;
	return 0;
}

/*
 * Only root may read where persistent memory is, but namespaces and their data
 * begin at a whole page.
 */
static int add_disk(struct sdax_device *device,
		    const struct sdax_device_env *env,
		    const struct range *range)
{
	struct segment s = {
		.start = range->start,
		.length = range->length,
		.address = range->offset,
		.dev = range->dev,
		.opaque = sdax_blockdev_opaque(env->sysfs, range->dev),
	};
	uint64_t base = 0;
	int r;

	r = sdax_blockdev_memory(env->sysfs, range->dev, &base);
	if (r == -EIO)
		return r;
	if (r < 0 && r != -ENOENT)
		s.granule = sysconf(_SC_PAGESIZE);
	if (__builtin_add_overflow(s.address, base, &s.address))
		return -EIO;
	return add_segment(device, &s);
}

static int add_range(struct sdax_device *device,
		     const struct sdax_device_env *env,
		     const struct range *range, unsigned int depth);

/* Device-mapper */

/* What linear maps of the bytes that range wants; false if nothing. */
static bool part_of(const struct range *range,
		    const struct sdax_dm_linear *linear, struct range *ret)
{
	uint64_t end = linear->start + linear->length;
	uint64_t from = linear->start;

	if (from < range->offset)
		from = range->offset;
	if (end > range->offset + range->length)
		end = range->offset + range->length;
	if (from >= end)
		return false;
	*ret = (struct range){
		.start = range->start + (from - range->offset),
		.dev = linear->dev,
		.offset = linear->offset + (from - linear->start),
		.length = end - from,
	};
	return linear->offset <= UINT64_MAX - linear->length;
}

static int add_linear(struct sdax_device *device,
		      const struct sdax_device_env *env,
		      const struct range *range,
		      const struct sdax_dm_linear *linear, size_t count,
		      unsigned int depth)
{
	struct range part;
	int r;

	for (size_t i = 0; i < count; i++) {
		if (!part_of(range, &linear[i], &part))
			continue;
		r = add_range(device, env, &part, depth);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * Tables are for root. Their offsets are whole logical blocks of the device
 * below (drivers/md/dm-table.c, device_area_is_invalid), of which the
 * device-mapper device inherits the size.
 */
static int add_unreadable(struct sdax_device *device,
			  const struct sdax_device_env *env,
			  const struct range *range)
{
	struct segment s = {
		.start = range->start,
		.length = range->length,
		.address = range->offset,
		.granule = SECTOR,
		.dev = range->dev,
	};
	uint64_t block;

	if (!sdax_blockdev_number(env->sysfs, range->dev,
				  "queue/logical_block_size", &block) &&
	    block > SECTOR)
		s.granule = block;
	return add_segment(device, &s);
}

static int add_mapped(struct sdax_device *device,
		      const struct sdax_device_env *env,
		      const struct range *range, unsigned int depth)
{
	_cleanup_free_ struct sdax_dm_linear *linear = NULL;
	_cleanup_free_ struct dm_ioctl *table = NULL;
	size_t count = 0;
	int r;

	if (!depth)
		return -EIO;
	r = env->dm_table(env->ctx, range->dev, &table);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return add_unreadable(device, env, range);
	r = sdax_dm_targets(table, &linear, &count);
	if (r == -ENOTSUP)
		return add_disk(device, env, range);
	if (r < 0)
		return r;
	return add_linear(device, env, range, linear, count, depth - 1);
}

static int add_range(struct sdax_device *device,
		     const struct sdax_device_env *env,
		     const struct range *range, unsigned int depth)
{
	struct range whole = *range;
	uint64_t start;
	int r;

	if (sdax_blockdev_has(env->sysfs, range->dev, "partition")) {
		r = sdax_blockdev_sectors(env->sysfs, range->dev, "start",
					  &start);
		if (!r)
			r = sdax_blockdev_disk(env->sysfs, range->dev,
					       &whole.dev);
		if (r < 0)
			return r;
		if (__builtin_add_overflow(whole.offset, start, &whole.offset))
			return -EIO;
	}
	if (whole.length > UINT64_MAX - whole.offset)
		return -EIO;
	if (sdax_blockdev_has(env->sysfs, whole.dev, "dm"))
		return add_mapped(device, env, &whole, depth);
	return add_disk(device, env, &whole);
}

/* XFS realtime device */

struct realtime_search {
	const struct sdax_device_env *env;
	dev_t data;
	dev_t found;
};

static int find_realtime(void *arg, const struct sdax_mount *mount)
{
	struct realtime_search *search = arg;
	char name[4096];

	if (mount->dev != search->data ||
	    !sdax_mounts_option(mount, "rtdev", name, sizeof(name)))
		return 0;
	return search->env->number_of(search->env->ctx, name, &search->found) ?:
	       1;
}

static int realtime_device(const struct sdax_device_env *env, dev_t dev,
			   dev_t *ret)
{
	struct realtime_search search = { .env = env, .data = dev };

	if (sdax_mounts_walk(env->mountinfo, find_realtime, &search) != 1)
		return -ENODATA;
	*ret = search.found;
	return 0;
}

static int ask_dm_table(void *ctx, dev_t dev, struct dm_ioctl **ret)
{
	(void)ctx;
	return sdax_dm_table(dev, ret);
}

static int stat_number(void *ctx, const char *path, dev_t *ret)
{
	struct stat st;

	(void)ctx;
	if (stat(path, &st) < 0 || !S_ISBLK(st.st_mode))
		return -ENODATA;
	*ret = st.st_rdev;
	return 0;
}

/* Opening and asking */

void sdax_device_free(struct sdax_device *device)
{
	if (!device)
		return;
	free(device->segments);
	free(device);
}

static void device_freep(struct sdax_device **device)
{
	sdax_device_free(*device);
}

/* A table with gaps or overlaps is not one to translate with. */
static bool is_whole(const struct sdax_device *device, uint64_t size)
{
	uint64_t next = 0;

	for (size_t i = 0; i < device->count; i++) {
		if (device->segments[i].start != next)
			return false;
		next += device->segments[i].length;
	}
	return next == size;
}

int sdax_device_open_in(const struct sdax_device_env *env, dev_t dev,
			bool realtime, struct sdax_device **ret)
{
	_cleanup_(device_freep) struct sdax_device *device = NULL;
	struct range all = { .dev = dev };
	int r;

	if (realtime) {
		r = realtime_device(env, dev, &all.dev);
		if (r < 0)
			return r;
	}
	r = sdax_blockdev_sectors(env->sysfs, all.dev, "size", &all.length);
	if (r < 0)
		return r;
	device = calloc(1, sizeof(*device));
	if (!device)
		return -ENOMEM;
	r = add_range(device, env, &all, DEPTH_MAX);
	if (r < 0)
		return r;
	if (!is_whole(device, all.length))
		return -EIO;
	*ret = TAKE_PTR(device);
	return 0;
}

int sdax_device_open(dev_t dev, bool realtime, struct sdax_device **ret)
{
	static const struct sdax_device_env env = {
		.sysfs = "/sys",
		.mountinfo = "/proc/self/mountinfo",
		.dm_table = ask_dm_table,
		.number_of = stat_number,
	};

	return sdax_device_open_in(&env, dev, realtime, ret);
}

void sdax_device_need(struct sdax_device *device, uint64_t align, bool dax)
{
	device->align = align;
	device->dax = dax;
}

static const struct segment *segment_of(const struct sdax_device *device,
					uint64_t at)
{
	size_t low = 0, high = device->count, middle;
	const struct segment *s;

	while (low < high) {
		middle = low + (high - low) / 2;
		s = &device->segments[middle];
		if (at < s->start)
			high = middle;
		else if (at - s->start >= s->length)
			low = middle + 1;
		else
			return s;
	}
	return NULL;
}

static bool is_exact_enough(const struct sdax_device *device,
			    const struct segment *s)
{
	uint64_t granule = s->granule, page = sysconf(_SC_PAGESIZE);

	if (!granule)
		return true;
	if (device->dax && granule < page)
		granule = page;
	return device->align && device->align <= granule;
}

int sdax_device_address(void *ctx, uint64_t physical, uint64_t length,
			uint64_t *ret_address, uint64_t *ret_length)
{
	const struct sdax_device *device = ctx;
	const struct segment *s = segment_of(device, physical);
	uint64_t within;

	if (!s)
		return -ERANGE;
	if (!is_exact_enough(device, s))
		return -EACCES;
	within = physical - s->start;
	*ret_address = s->address + within;
	*ret_length = length < s->length - within ? length :
						    s->length - within;
	return 0;
}

int sdax_device_locate(void *ctx, struct staticdax_run *run)
{
	const struct segment *s = segment_of(ctx, run->physical);
	int r;

	r = sdax_device_address(ctx, run->physical, run->length, &run->address,
				&run->length);
	if (r < 0)
		return r;
	run->address_dev = major(s->dev) << 20 | minor(s->dev);
	run->opaque = s->opaque;
	return 0;
}
