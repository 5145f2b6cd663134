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
#include "util.h"

/* So much at a time, that who waits for the lease does not wait for long. */
#define CHUNK (16ULL << 20)

struct mending {
	struct staticdax *sd;
	int fd;
	uint64_t size;			/* of the file */
	uint64_t page;
	uint64_t done;
	uint64_t total;
};

/* include/uapi/asm-generic/mman-common.h, Linux 5.14 */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

struct window {
	char *map;
	size_t size;
};

static void window_close(struct window *w)
{
	if (w->map != MAP_FAILED)
		munmap(w->map, w->size);
}

/*
 * What of a range is the file's, from the beginning of its first page: a block may
 * reach beyond the end. 0: nothing of it is, 1: it is mapped.
 */
static int window_open(const struct mending *m, uint64_t offset,
		       uint64_t length, struct window *w)
{
	uint64_t start = offset & ~(m->page - 1);

	if (offset >= m->size)
		return 0;
	if (length > m->size - offset)
		length = m->size - offset;
	w->size = offset + length - start;
	w->map = mmap(NULL, w->size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd,
		      start);
	return w->map == MAP_FAILED ? -errno : 1;
}

/*
 * Where fallocate(2) is not to be had, as for files of ext2 and ext3 with their
 * indirect blocks: the faults of stores, but no store. Blocks are found for them,
 * or not, while nothing can be lost yet; a store that finds none is a SIGBUS.
 * The kernel does not say why it found none.
 */
static int provide(struct mending *m, uint64_t offset, uint64_t length)
{
	_cleanup_(window_close) struct window w = { .map = MAP_FAILED };
	int r;

	r = window_open(m, offset, length, &w);
	if (r <= 0)
		return r;
	if (madvise(w.map, w.size, MADV_POPULATE_WRITE) < 0)
		return errno == EFAULT ? -ENOSPC : -errno;
	return msync(w.map, w.size, MS_SYNC) < 0 ? -errno : 0;
}

static int allocate(struct mending *m, uint64_t offset, uint64_t length)
{
	if (!fallocate(m->fd, FALLOC_FL_KEEP_SIZE, offset, length))
		return 0;
	return errno == EOPNOTSUPP ? provide(m, offset, length) : -errno;
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
	_cleanup_(window_close) struct window w = { .map = MAP_FAILED };
	int r;

	r = window_open(m, offset, length, &w);
	if (r <= 0)
		return r;
	for (size_t at = 0; at < w.size; at += m->page)
		touch_byte(w.map + at);
	return msync(w.map, w.size, MS_SYNC) < 0 ? -errno : 0;
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
		.page = sysconf(_SC_PAGESIZE),
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
