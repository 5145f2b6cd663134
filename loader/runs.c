// SPDX-License-Identifier: LGPL-2.1-or-later
/* From extents to runs with addresses. */
#include "runs.h"

#include <linux/fiemap.h>
#include <string.h>

#include "util.h"

static const struct {
	uint32_t flag;
	const char *state;
} states[] = {
	{ FIEMAP_EXTENT_DELALLOC, "delayed" },
	{ FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL, "inline" },
	{ FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_DATA_ENCRYPTED, "encoded" },
	{ FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_NOT_ALIGNED, "unknown" },
	{ FIEMAP_EXTENT_UNWRITTEN, "unwritten" },
	{ FIEMAP_EXTENT_SHARED, "shared" },
};

static const char *state_of(uint32_t flags)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (flags & states[i].flag)
			return states[i].state;
	return "written";
}

/* Has the device bytes of its own for what is in this state? */
static bool is_placed(const char *state)
{
	return !strcmp(state, "written") || !strcmp(state, "unwritten") ||
	       !strcmp(state, "shared");
}

static int hand_out(struct sdax_runs *runs)
{
	if (runs->open.length && !runs->stopped)
		runs->stopped = runs->fn(runs->arg, &runs->open);
	runs->open.length = 0;
	return runs->stopped;
}

static bool goes_on(uint64_t at, uint64_t length, uint64_t next)
{
	return at == STATICDAX_NO_OFFSET ? next == at : at + length == next;
}

/* Numbers that adjoin are no neighbours on two devices. */
static bool same_device(const struct staticdax_run *a,
			const struct staticdax_run *b)
{
	return a->address_dev == b->address_dev && a->opaque == b->opaque;
}

static int add(struct sdax_runs *runs, const struct staticdax_run *run)
{
	struct staticdax_run *open = &runs->open;

	if (open->length && !strcmp(open->state, run->state) &&
	    same_device(open, run) &&
	    goes_on(open->physical, open->length, run->physical) &&
	    goes_on(open->address, open->length, run->address)) {
		open->length += run->length;
		return 0;
	}
	hand_out(runs);
	*open = *run;
	return runs->stopped;
}

static uint64_t next_offset(const struct sdax_runs *runs)
{
	return runs->open.offset + runs->open.length;
}

static int add_hole(struct sdax_runs *runs, uint64_t until)
{
	struct staticdax_run hole = {
		.offset = next_offset(runs),
		.physical = STATICDAX_NO_OFFSET,
		.address = STATICDAX_NO_OFFSET,
		.state = "hole",
	};

	if (until <= hole.offset)
		return 0;
	hole.length = until - hole.offset;
	return add(runs, &hole);
}

/* An extent of the filesystem may lie in several parts of its device. */
static int add_placed(struct sdax_runs *runs, struct staticdax_run rest)
{
	struct staticdax_run run;

	while (rest.length && !runs->stopped) {
		run = rest;
		if (!runs->locate || runs->locate(runs->ctx, &run) < 0 ||
		    !run.length || run.length > rest.length)
			run = rest;
		add(runs, &run);
		rest.offset += run.length;
		rest.physical += run.length;
		rest.length -= run.length;
	}
	return runs->stopped;
}

int sdax_runs_extent(struct sdax_runs *runs, const struct fiemap_extent *extent)
{
	struct staticdax_run run = {
		.offset = extent->fe_logical,
		.length = extent->fe_length,
		.physical = extent->fe_physical,
		.address = STATICDAX_NO_OFFSET,
		.state = state_of(extent->fe_flags),
	};
	uint64_t inside = run.offset < runs->end ? runs->end - run.offset : 0;

	if (run.length > inside) {
		runs->past_eof += run.length - inside;
		run.length = inside;
	}
	if (!run.length)
		return 0;
	add_hole(runs, run.offset);
	if (is_placed(run.state))
		return add_placed(runs, run);
	run.physical = STATICDAX_NO_OFFSET;
	return add(runs, &run);
}

int sdax_runs_end(struct sdax_runs *runs)
{
	add_hole(runs, runs->end);
	return hand_out(runs);
}
