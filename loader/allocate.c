// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Blocks for a file that is being made, aligned on the device.
 *
 * No filesystem promises an address. Each has its own way of making a good one
 * likely, and it is asked for that first. What it gives beside the point stays
 * allocated, so that it is not given again, and more is asked for; once there
 * are good places enough, the rest is collapsed out of the file.
 */
#define _GNU_SOURCE
#include "allocate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <xfs/xfs.h>

#include "carve.h"
#include "extents.h"
#include "runs.h"
#include "util.h"

/* Beyond, the allocator is not going to do better. */
#define ROUNDS 12

struct allocation {
	struct staticdax *sd;
	const struct sdax_target *target;
	struct sdax_device *dev;
	struct staticdax_result *result;
	uint64_t size;
	uint64_t align;
	uint64_t end;			/* of what has been asked for */
	struct sdax_stretch *stretches;
	size_t count;
	struct sdax_carving carving;
};

static void allocation_done(struct allocation *a)
{
	free(a->stretches);
	free(a->carving.cuts);
}

static int allocate(struct allocation *a, uint64_t length)
{
	int r;

	do {
		r = fallocate(a->target->fd, 0, a->end, length);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	a->end += length;
	return 0;
}

/* XFS: where it can, it gives extents of this size, begun at such an offset. */
static void hint_xfs(const struct allocation *a)
{
	struct xfs_fsop_geom geometry = {};
	struct fsxattr attr = {};
	int fd = a->target->fd;

	if (a->target->facts.magic != XFS_SUPER_MAGIC ||
	    ioctl(fd, XFS_IOC_FSGEOMETRY, &geometry) < 0 ||
	    a->align / geometry.blocksize > geometry.agblocks / 2 ||
	    ioctl(fd, FS_IOC_FSGETXATTR, &attr) < 0)
		return;
	attr.fsx_xflags |= FS_XFLAG_EXTSIZE;
	attr.fsx_extsize = a->align;
	if (ioctl(fd, FS_IOC_FSSETXATTR, &attr) < 0)
		sdax_log(a->sd, 1, "no extent size hint: %m");
}

/*
 * What is asked for in round n: everything at once; then piece by piece, for
 * which ext4 looks for a free buddy of that size; then with room to spare.
 */
static int ask(struct allocation *a, unsigned int round)
{
	uint64_t missing = a->carving.missing;
	int r = 0;

	if (!round)
		return allocate(a, a->size);
	if (round % 2 == 0)
		return allocate(a, missing + a->align);
	for (uint64_t done = 0; done < missing && !r; done += a->align)
		r = allocate(a, a->align);
	return r;
}

/* Neighbours in file and on device are one stretch, whatever their state. */
static int keep(void *arg, const struct staticdax_run *run)
{
	struct allocation *a = arg;
	struct sdax_stretch *last = a->stretches + a->count - 1;
	struct sdax_stretch *grown = a->stretches;

	if (run->address == STATICDAX_NO_OFFSET)
		return strcmp(run->state, "hole") ? -EACCES : 1;
	if (a->count && last->address + last->length == run->address) {
		last->length += run->length;
		return 0;
	}
	/* a power of two is full */
	if (!(a->count & (a->count - 1)))
		grown = reallocarray(grown, a->count ? a->count * 2 : 1,
				     sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	a->stretches = grown;
	grown[a->count++] = (struct sdax_stretch){
		run->offset, run->length, run->address,
	};
	return 0;
}

static int on_extent(void *arg, const struct fiemap_extent *extent)
{
	return sdax_runs_extent(arg, extent);
}

/* A hole, left where space ran out, ends what is looked at. */
static int look(struct allocation *a)
{
	struct sdax_runs runs = {
		.fn = keep,
		.arg = a,
		.locate = sdax_device_locate,
		.ctx = a->dev,
	};
	struct stat st;
	int r;

	a->count = 0;
	free(TAKE_PTR(a->carving.cuts));
	if (fstat(a->target->fd, &st) < 0)
		return -errno;
	runs.end = st.st_size;
	r = sdax_extents_walk(a->target->fd, false, on_extent, &runs);
	if (!r)
		r = sdax_runs_end(&runs);
	return r < 0 ? r : sdax_carve(a->stretches, a->count, a->size,
				      a->align, &a->carving);
}

/* From the end to the beginning, so that offsets stay what they are. */
static int carve(struct allocation *a)
{
	int fd = a->target->fd;

	if (ftruncate(fd, a->carving.end) < 0)
		return -errno;
	for (size_t i = a->carving.count; i--;) {
		const struct sdax_cut *cut = a->carving.cuts + i;

		if (fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, cut->offset,
			      cut->length) < 0)
			return -errno;
	}
	return ftruncate(fd, a->size) < 0 ? -errno : 0;
}

/* Explanations */

static int explain_blocks(struct allocation *a, uint64_t address)
{
	return sdax_fail(a->result, STATICDAX_GEOMETRY, 0,
			 "its device begins at byte %llu, no multiple of its blocks of %u bytes; begin the partition at a multiple of %llu bytes",
			 (unsigned long long)address, a->target->facts.blocksize,
			 (unsigned long long)a->align);
}

/* Of XFS: fs/xfs/libxfs/xfs_fs.h, XFS_MAX_AG_BYTES; and a block less, mkfs.xfs says. */
static uint64_t largest_group(const struct allocation *a)
{
	return (1ULL << 40) - a->target->facts.blocksize;
}

/*
 * XFS looks only into groups that have room for the piece wherever it may begin in
 * them, and some blocks to spare: twice the piece is not enough.
 */
static int explain_groups(struct allocation *a, uint64_t group)
{
	uint64_t largest = largest_group(a), size = largest;

	if (a->align <= largest / 4)
		size = a->align * 4;
	if (a->align > largest / 2)
		return sdax_fail(a->result, STATICDAX_GEOMETRY, 0,
				 "its allocation groups have %llu bytes, and none of XFS is large enough for %llu together; use another filesystem",
				 (unsigned long long)group,
				 (unsigned long long)a->align);
	return sdax_fail(a->result, STATICDAX_GEOMETRY, 0,
			 "its allocation groups have %llu bytes, so no %llu lie together; make it with mkfs.xfs -d agsize=%llu",
			 (unsigned long long)group,
			 (unsigned long long)a->align,
			 (unsigned long long)size);
}

static uint64_t group_size(const struct allocation *a)
{
	struct xfs_fsop_geom geometry = {};

	if (a->target->facts.magic != XFS_SUPER_MAGIC || a->target->realtime ||
	    ioctl(a->target->fd, XFS_IOC_FSGEOMETRY, &geometry) < 0)
		return 0;
	return (uint64_t)geometry.agblocks * geometry.blocksize;
}

/* What no allocator could do: found out before anything is allocated. */
static int judge_geometry(struct allocation *a)
{
	uint32_t blocksize = a->target->facts.blocksize;
	uint64_t address, length, group;
	int r;

	if (!a->dev)
		return sdax_fail(a->result, STATICDAX_NO_ADDRESS, 0, "%s", "");
	sdax_device_need(a->dev, a->align,
			 a->target->facts.attributes & STATX_ATTR_DAX);
	r = sdax_device_address(a->dev, 0, blocksize, &address, &length);
	if (r < 0)
		return sdax_fail(a->result, STATICDAX_NO_ADDRESS, 0, "%s", "");
	if (address & (blocksize - 1))
		return explain_blocks(a, address);
	group = group_size(a);
	return group && group <= a->align && a->size >= a->align ?
		       explain_groups(a, group) : 0;
}

static int explain_place(struct allocation *a)
{
	const char *helps = "mkfs.ext4 -O sparse_super2 -E packed_meta_blocks=1,num_backup_sb=0 helps";

	if (a->target->facts.magic == XFS_SUPER_MAGIC)
		helps = group_size(a) < largest_group(a) ?
				"a larger mkfs.xfs -d agsize= helps" :
				"its allocation groups are as large as those of XFS can be";
	return sdax_fail(a->result, STATICDAX_NO_PLACE, 0,
			 "%llu of %llu bytes found none in pieces of %llu; %s",
			 (unsigned long long)a->carving.missing,
			 (unsigned long long)a->size,
			 (unsigned long long)a->align, helps);
}

static int failed(struct allocation *a, int r, const char *what)
{
	return sdax_fail(a->result, STATICDAX_SYSTEM, r, "%s", what);
}

static int place(struct allocation *a)
{
	int r = 0;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		int asked = ask(a, round);

		if (asked == -EOPNOTSUPP && !round)
			return 0;
		if (asked < 0 && (asked != -ENOSPC || !round))
			return failed(a, asked, "allocating");
		r = look(a);
		if (r < 0)
			return failed(a, r, "reading the extents");
		if (!a->carving.missing)
			break;
		sdax_log(a->sd, 1, "round %u: %llu bytes have no place yet",
			 round, (unsigned long long)a->carving.missing);
		if (asked == -ENOSPC)
			break;
	}
	if (a->carving.missing)
		return explain_place(a);
	r = carve(a);
	return r < 0 ? failed(a, r, "cutting out what is not aligned") : 0;
}

int sdax_allocate(struct staticdax *sd, const struct sdax_target *target,
		  struct sdax_device *dev, uint64_t size, uint64_t align,
		  struct staticdax_result *result)
{
	_cleanup_(allocation_done) struct allocation a = {
		.sd = sd,
		.target = target,
		.dev = dev,
		.result = result,
		.size = size,
		.align = align,
	};
	int r;

	/* every block is aligned to this, wherever it is */
	if (align <= target->facts.blocksize && !dev) {
		r = allocate(&a, size);
		return r == 0 || r == -EOPNOTSUPP ? 0 :
						    failed(&a, r, "allocating");
	}
	r = judge_geometry(&a);
	if (r < 0)
		return r;
	if (align > target->facts.blocksize)
		hint_xfs(&a);
	return place(&a);
}
