// SPDX-License-Identifier: LGPL-2.1-or-later
/* Makes a file fit where it is, without changing a byte of its content. */
#define _GNU_SOURCE
#include "mend.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lease.h"

/* So much at a time, that who waits for the lease does not wait for long. */
#define CHUNK (16ULL << 20)

struct mending {
	struct staticdax *sd;
	int fd;
	uint64_t size;			/* of the file */
	uint64_t done;
	uint64_t total;
};

static int allocate(struct mending *m, uint64_t offset, uint64_t length)
{
	return fallocate(m->fd, FALLOC_FL_KEEP_SIZE, offset, length) < 0 ?
		       -errno : 0;
}

static int unshare(struct mending *m, uint64_t offset, uint64_t length)
{
	return fallocate(m->fd, FALLOC_FL_UNSHARE_RANGE, offset, length) < 0 ?
		       -errno : 0;
}

/*
 * A store that changes nothing and, being one locked instruction, cannot lose
 * what somebody else stores there at the same time; but it is a store, for which
 * the filesystem has to provide a written block. A plain write of zeroes would
 * need to know that there is nothing to overwrite until it is over. Compilers
 * may turn an atomic "or 0" into a load.
 */
static void touch_byte(char *byte)
{
	asm volatile("lock orb $0, %0" : "+m"(*byte) : : "memory", "cc");
}

static int touch(struct mending *m, uint64_t offset, uint64_t length)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	uint64_t start = offset & ~(page - 1);
	size_t size = offset + length - start;
	char *map;
	int r;

	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, start);
	if (map == MAP_FAILED)
		return -errno;
	/* a block may be larger than a page, and those beyond the end are none */
	for (size_t at = 0; at < size && start + at < m->size; at += page)
		touch_byte(map + at);
	r = msync(map, size, MS_SYNC) < 0 ? -errno : 0;
	munmap(map, size);
	return r;
}

typedef int (*mend_fn)(struct mending *m, uint64_t offset, uint64_t length);

static int mend_patch(struct mending *m, const struct sdax_patch *patch,
		      mend_fn fn)
{
	uint64_t end = patch->offset + patch->length;
	uint64_t length;
	int r;

	for (uint64_t at = patch->offset; at < end; at += length) {
		length = end - at < CHUNK ? end - at : CHUNK;
		if (!sdax_lease_undisturbed(m->fd))
			return -EBUSY;
		r = fn(m, at, length);
		if (r < 0)
			return r;
		m->done += length;
		sdax_progress(m->sd, m->done, m->total);
	}
	return 0;
}

static int mend_each(struct mending *m, const struct sdax_survey *survey,
		     enum sdax_patch_kind kind, mend_fn fn)
{
	int r = 0;

	for (size_t i = 0; i < survey->count && !r; i++)
		if (survey->patches[i].kind == kind)
			r = mend_patch(m, survey->patches + i, fn);
	return r;
}

int sdax_mend(struct staticdax *sd, int fd, uint64_t size,
	      const struct sdax_survey *survey)
{
	struct mending m = {
		.sd = sd,
		.fd = fd,
		.size = size,
		.total = 2 * survey->holes + survey->unwritten + survey->shared,
	};
	int r;

	r = mend_each(&m, survey, SDAX_PATCH_SHARED, unshare);
	if (!r)
		r = mend_each(&m, survey, SDAX_PATCH_HOLE, allocate);
	if (!r)
		r = mend_each(&m, survey, SDAX_PATCH_HOLE, touch);
	if (!r)
		r = mend_each(&m, survey, SDAX_PATCH_UNWRITTEN, touch);
	return r;
}
