// SPDX-License-Identifier: GPL-2.0-or-later
/* Extents joined to runs and cut where the device is. */
#include <errno.h>
#include <linux/fiemap.h>
#include <string.h>

#include "../tap.h"
#include "runs.h"

#define B 4096ULL

struct seen {
	struct staticdax_run runs[8];
	size_t count;
	int answer;
};

static int see(void *arg, const struct staticdax_run *run)
{
	struct seen *seen = arg;

	if (seen->count < 8)
		seen->runs[seen->count] = *run;
	seen->count++;
	return seen->answer;
}

/* Two disks: the first 100 blocks from 1000 on, the rest from 8000 on. */
static int two_disks(void *ctx, struct staticdax_run *run)
{
	uint64_t at = run->physical / B;

	if (ctx && at >= 100)
		return -EACCES;
	run->address = (at < 100 ? 1000 + at : 8000 + at - 100) * B;
	if (at < 100 && run->length > (100 - at) * B)
		run->length = (100 - at) * B;
	return 0;
}

/* Two disks, and the numbers of the second go on where the first one's end. */
static int adjoining(void *ctx, struct staticdax_run *run)
{
	bool first = run->physical < 100 * B;

	run->address = run->physical;
	run->address_dev = first ? 8 << 20 : 8 << 20 | 16;
	run->opaque = first ? NULL : ctx;
	if (first && run->length > 100 * B - run->physical)
		run->length = 100 * B - run->physical;
	return 0;
}

static void extent(struct sdax_runs *runs, uint64_t at, uint64_t physical,
		   uint64_t length, uint32_t flags)
{
	const struct fiemap_extent e = {
		.fe_logical = at * B, .fe_physical = physical * B,
		.fe_length = length * B, .fe_flags = flags,
	};

	sdax_runs_extent(runs, &e);
}

static bool is(const struct seen *seen, size_t i, uint64_t offset,
	       uint64_t length, uint64_t address, const char *state)
{
	const struct staticdax_run *run = &seen->runs[i];

	if (address != STATICDAX_NO_OFFSET)
		address *= B;
	return i < seen->count && run->offset == offset * B &&
	       run->length == length * B && run->address == address &&
	       !strcmp(run->state, state);
}

static void test_join(void)
{
	struct seen seen = {};
	struct sdax_runs runs = {
		.fn = see, .arg = &seen, .locate = two_disks, .end = 20 * B,
	};

	extent(&runs, 0, 10, 4, 0);
	extent(&runs, 4, 14, 4, 0);
	extent(&runs, 8, 18, 2, FIEMAP_EXTENT_UNWRITTEN);
	extent(&runs, 12, 50, 4, 0);
	sdax_runs_end(&runs);
	tap_ok(is(&seen, 0, 0, 8, 1010, "written"), "neighbours_are_one_run");
	tap_ok(is(&seen, 1, 8, 2, 1018, "unwritten"), "another_state_is_another");
	tap_ok(is(&seen, 2, 10, 2, STATICDAX_NO_OFFSET, "hole"), "hole");
	tap_ok(is(&seen, 3, 12, 4, 1050, "written"), "after_a_hole");
	tap_ok(is(&seen, 4, 16, 4, STATICDAX_NO_OFFSET, "hole") &&
		       seen.count == 5, "hole_at_the_end");
}

static void test_cut(void)
{
	struct seen seen = {};
	struct sdax_runs runs = {
		.fn = see, .arg = &seen, .locate = two_disks, .end = 20 * B,
	};

	extent(&runs, 0, 95, 30, 0);
	extent(&runs, 30, 0, 5, FIEMAP_EXTENT_UNWRITTEN);
	sdax_runs_end(&runs);
	tap_ok(is(&seen, 0, 0, 5, 1095, "written") &&
		       is(&seen, 1, 5, 15, 8000, "written") && seen.count == 2,
	       "cut_where_the_device_ends_and_where_the_file_does");
	tap_ok(runs.past_eof == 15 * B, "what_is_beyond_is_counted");
}

static void test_devices(void)
{
	static const char md[] = "md";
	struct seen seen = {};
	struct sdax_runs runs = {
		.fn = see, .arg = &seen, .locate = adjoining, .ctx = (void *)md,
		.end = 20 * B,
	};

	extent(&runs, 0, 96, 8, 0);
	extent(&runs, 8, 104, 12, 0);
	sdax_runs_end(&runs);
	tap_ok(is(&seen, 0, 0, 4, 96, "written") &&
		       is(&seen, 1, 4, 16, 100, "written") && seen.count == 2,
	       "numbers_of_two_disks_do_not_go_on");
	tap_ok(seen.runs[0].address_dev == 8 << 20 && !seen.runs[0].opaque &&
		       seen.runs[1].address_dev == (8 << 20 | 16) &&
		       seen.runs[1].opaque == md,
	       "each_run_has_its_disk");
}

static void test_nothing_known(void)
{
	struct seen seen = {};
	struct sdax_runs runs = { .fn = see, .arg = &seen, .end = 8 * B };

	extent(&runs, 0, 10, 4, 0);
	extent(&runs, 4, 20, 4, 0);
	sdax_runs_end(&runs);
	tap_ok(is(&seen, 0, 0, 4, STATICDAX_NO_OFFSET, "written") &&
		       is(&seen, 1, 4, 4, STATICDAX_NO_OFFSET, "written") &&
		       seen.count == 2,
	       "without_addresses_by_the_filesystem");
}

static void test_unknown(void)
{
	struct seen seen = {};
	struct sdax_runs runs = {
		.fn = see, .arg = &seen, .locate = two_disks,
		.ctx = &seen, .end = 20 * B,
	};

	extent(&runs, 0, 90, 10, 0);
	extent(&runs, 10, 100, 5, FIEMAP_EXTENT_SHARED);
	extent(&runs, 15, 0, 5, FIEMAP_EXTENT_DELALLOC);
	sdax_runs_end(&runs);
	tap_ok(is(&seen, 0, 0, 10, 1090, "written"), "known");
	tap_ok(is(&seen, 1, 10, 5, STATICDAX_NO_OFFSET, "shared") &&
		       seen.runs[1].physical == 100 * B,
	       "not_known_is_said_so");
	tap_ok(is(&seen, 2, 15, 5, STATICDAX_NO_OFFSET, "delayed") &&
		       seen.runs[2].physical == STATICDAX_NO_OFFSET,
	       "what_has_no_blocks_has_no_place");
}

static void test_stop(void)
{
	struct seen seen = { .answer = 7 };
	struct sdax_runs runs = {
		.fn = see, .arg = &seen, .locate = two_disks, .end = 9 * B,
	};

	extent(&runs, 0, 0, 1, 0);
	extent(&runs, 3, 9, 1, 0);
	tap_ok(sdax_runs_end(&runs) == 7 && seen.count == 1,
	       "the_callback_may_end_it");
}

static void test_empty(void)
{
	struct seen seen = {};
	struct sdax_runs runs = {
		.fn = see, .arg = &seen, .locate = two_disks,
	};

	tap_ok(!sdax_runs_end(&runs) && !seen.count, "nothing_of_nothing");
}

int main(void)
{
	test_join();
	test_cut();
	test_devices();
	test_nothing_known();
	test_unknown();
	test_stop();
	test_empty();
	return tap_done();
}
