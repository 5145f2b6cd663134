// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether the extents of a file all arrive, once and in order, from a
 * filesystem that answers well, badly, or not at all.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../loader/device.h"
#include "../../loader/extents.h"
#include "../../loader/util.h"
#include "../tap.h"

#define BLOCK 4096

/* A file of count one-block extents, every other one elsewhere. */
struct source {
	uint64_t count;
	uint64_t stop; /* answers from there on are those of this block */
	bool last; /* says which is the last */
	uint32_t too_many; /* claims as many */
	int error;
	unsigned int calls, syncs;
};

static int answer(void *arg, struct fiemap *map)
{
	struct source *source = arg;
	uint64_t block = map->fm_start / BLOCK;
	uint32_t n;

	source->calls++;
	source->syncs += !!(map->fm_flags & FIEMAP_FLAG_SYNC);
	if (source->error)
		return source->error;
	if (source->stop && block > source->stop)
		block = source->stop;
	for (n = 0; n < map->fm_extent_count && block < source->count; n++, block++)
		map->fm_extents[n] = (struct fiemap_extent){
			.fe_logical = block * BLOCK,
			.fe_physical = (block * 2) * BLOCK,
			.fe_length = BLOCK,
			.fe_flags = source->last && block + 1 == source->count ?
					    FIEMAP_EXTENT_LAST : 0,
		};
	map->fm_mapped_extents = source->too_many ? source->too_many : n;
	return 0;
}

struct seen {
	uint64_t count;
	uint64_t limit; /* the callback ends the walk there */
	bool in_order;
};

static int see(void *arg, const struct fiemap_extent *extent)
{
	struct seen *seen = arg;

	seen->in_order = seen->in_order && extent->fe_logical == seen->count * BLOCK;
	seen->count++;
	return seen->limit && seen->count == seen->limit ? 77 : 0;
}

static const struct {
	const char *name;
	struct source source;
	uint64_t limit;
	bool sync;
	int r;
	uint64_t count;
	unsigned int calls;
} walks[] = {
	{ "nothing", { .count = 0 }, 0, false, 0, 0, 1 },
	{ "one", { .count = 1, .last = true }, 0, false, 0, 1, 1 },
	{ "one_not_called_the_last", { .count = 1 }, 0, false, 0, 1, 2 },
	{ "one_batch", { .count = 512, .last = true }, 0, false, 0, 512, 1 },
	{ "one_batch_not_called_the_last", { .count = 512 }, 0, false, 0, 512, 2 },
	{ "three_batches", { .count = 1025, .last = true }, 0, true, 0, 1025, 3 },
	{ "callback_ends_it", { .count = 1025 }, 600, false, 77, 600, 2 },
	{ "no_fiemap", { .error = -EOPNOTSUPP }, 0, false, -EOPNOTSUPP, 0, 1 },
	{ "bad_medium", { .error = -EIO }, 0, false, -EIO, 0, 1 },
	{ "more_answers_than_asked_for", { .count = 9, .too_many = 513 }, 0, false, -EIO, 0, 1 },
	/* 512 extents, then the 512th again and again */
	{ "no_progress", { .count = 512, .stop = 511 }, 0, false, -EIO, 513, 2 },
};

static void test_walks(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(walks); i++) {
		struct source source = walks[i].source;
		struct seen seen = { .limit = walks[i].limit, .in_order = true };
		int r = sdax_extents_walk_by(answer, &source, walks[i].sync, see, &seen);
		bool ordered = seen.in_order || walks[i].source.stop;

		if (!tap_ok(r == walks[i].r && seen.count == walks[i].count && ordered &&
				    source.calls == walks[i].calls &&
				    source.syncs == (walks[i].sync ? source.calls : 0),
			    "walk_%s", walks[i].name))
			tap_diag("returned %d after %llu extents and %u questions", r,
				 (unsigned long long)seen.count, source.calls);
	}
}

/* An extent that ends beyond 2^64 must not send the walk round again. */
static int wrapping(void *arg, struct fiemap *map)
{
	++*(unsigned int *)arg;
	map->fm_mapped_extents = 1;
	map->fm_extents[0] = (struct fiemap_extent){
		.fe_logical = UINT64_MAX - BLOCK + 1,
		.fe_length = 2 * BLOCK,
	};
	return 0;
}

static void test_wrapping(void)
{
	struct seen seen = { .in_order = true };
	unsigned int calls = 0;

	tap_ok(sdax_extents_walk_by(wrapping, &calls, false, see, &seen) == -EIO && calls == 1,
	       "walk_extent_beyond_the_end_of_the_world");
}

/* Real files */

static int temporary(void)
{
	const char *directory = getenv("TMPDIR");

	return open(directory ? directory : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static int count_bytes(void *arg, const struct fiemap_extent *extent)
{
	*(uint64_t *)arg += extent->fe_length;
	return 0;
}

static bool fill(int fd, off_t offset, size_t length)
{
	_cleanup_free_ char *bytes = malloc(length);

	if (!bytes)
		return false;
	memset(bytes, 0x5a, length);
	return pwrite(fd, bytes, length, offset) == (ssize_t)length;
}

static struct sdax_facts facts_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return (struct sdax_facts){ 0 };
	return (struct sdax_facts){ .size = st.st_size, .blocksize = BLOCK };
}

static void judge(int fd, struct staticdax_result *result, int *ret)
{
	_cleanup_close_ int copy = dup(fd);
	struct sdax_device *device = NULL;
	struct sdax_facts facts = facts_of(fd);
	struct stat st;

	*result = (struct staticdax_result){ 0 };
	if (!fstat(fd, &st))
		sdax_device_open(st.st_dev, false, &device);
	*ret = sdax_extents_judge(copy, &facts, BLOCK, device, NULL, result);
	sdax_device_free(device);
}

static void test_written_file(int fd)
{
	struct staticdax_result result, again;
	uint64_t bytes = 0;
	int r;

	tap_ok(fill(fd, 0, 64 * BLOCK) && !sdax_extents_walk(fd, true, count_bytes, &bytes) &&
		       bytes >= 64 * BLOCK,
	       "real_file_is_covered");
	judge(fd, &result, &r);
	if (!result.reason || result.reason == STATICDAX_NO_ADDRESS)
		tap_ok(!r && result.file_size == 64 * BLOCK && result.extents, "real_file_is_fit");
	else
		tap_skip(result.detail, "real_file_is_fit");
	judge(fd, &again, &r);
	tap_ok(result.digest == again.digest && result.runs == again.runs,
	       "real_file_has_one_digest");
}

static void test_sparse_file(int fd)
{
	struct staticdax_result result;
	int r;

	if (!tap_ok(!ftruncate(fd, 0) && !ftruncate(fd, 64 * BLOCK) && fill(fd, 0, BLOCK),
		    "real_sparse_file"))
		return;
	judge(fd, &result, &r);
	if (result.reason == STATICDAX_NO_ADDRESS)
		tap_skip(result.detail, "real_hole_is_found");
	else
		tap_ok(!r && result.reason == STATICDAX_HOLE && result.offset >= BLOCK &&
			       !result.digest,
		       "real_hole_is_found");
}

static void test_real_files(void)
{
	_cleanup_close_ int fd = temporary();
	uint64_t bytes = 0;
	int r = -errno;

	if (fd >= 0)
		r = sdax_extents_walk(fd, true, count_bytes, &bytes);
	if (r < 0) {
		tap_skip(strerror(-r), "real_files");
		return;
	}
	test_written_file(fd);
	test_sparse_file(fd);
}

static void test_not_a_file(void)
{
	_cleanup_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct sdax_facts facts = { .size = 1, .blocksize = BLOCK };
	struct staticdax_result result = { 0 };
	int r = sdax_extents_judge(fd, &facts, BLOCK, NULL, NULL, &result);

	tap_ok(r < 0 && result.error == r && result.reason != STATICDAX_OK && *result.detail,
	       "judging_what_has_no_extents_fails_with_a_reason");
}

int main(void)
{
	test_walks();
	test_wrapping();
	test_real_files();
	test_not_a_file();
	return tap_done();
}
