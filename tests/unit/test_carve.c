// SPDX-License-Identifier: GPL-2.0-or-later
/* What is cut out of a file so that its pieces are aligned. */
#include <stdlib.h>

#include "../tap.h"
#include "carve.h"

#define K 1024ULL
#define M (K * K)
#define MAX 4

/* Addresses and lengths; offsets follow from them. Lists end with length 0. */
static const struct {
	const char *name;
	uint64_t size, align;
	struct { uint64_t address, length; } stretches[MAX];
	uint64_t missing;
	struct sdax_cut cuts[MAX];
	uint64_t end;
} cases[] = {
	{ "aligned", 8 * M, 2 * M, { { 4 * M, 8 * M } }, 0, {}, 8 * M },
	{ "too_much_at_the_end", 4 * M, 2 * M, { { 4 * M, 8 * M } }, 0, {}, 4 * M },
	{ "begins_too_early", 4 * M, 2 * M, { { 4 * M - 4 * K, 6 * M } }, 0,
	  { { 0, 4 * K } }, 4 * M + 4 * K },
	{ "rest_joins_what_is_skipped", 4 * M, 2 * M,
	  { { 4 * M - 4 * K, 2 * M + 8 * K }, { 9 * M, 3 * M } }, 0,
	  { { 0, 4 * K }, { 2 * M + 4 * K, 1 * M + 4 * K } }, 5 * M + 8 * K },
	{ "useless_stretch", 2 * M, 2 * M, { { 1 * M, 2 * M }, { 8 * M, 2 * M } },
	  0, { { 0, 2 * M } }, 4 * M },
	{ "ends_before_it_is_aligned", 2 * M, 2 * M, { { 4 * K, 4 * K }, { 8 * M, 2 * M } },
	  0, { { 0, 4 * K } }, 2 * M + 4 * K },
	{ "not_enough", 4 * M, 2 * M, { { 4 * M, 2 * M } }, 2 * M, {}, 2 * M },
	{ "nothing", 4 * M, 2 * M, { { 0, 0 } }, 4 * M, {}, 0 },
	{ "last_piece_is_short", 2 * M + 1, 2 * M, { { 4 * M, 2 * M }, { 8 * M, 4 * K } },
	  0, {}, 2 * M + 1 },
	{ "only_piece_is_short", 100, 2 * M, { { 4 * M, 4 * K } }, 0, {}, 100 },
	{ "short_piece_stands_last", 2 * M + 4 * K, 2 * M,
	  { { 4 * M, 4 * K }, { 8 * M, 2 * M }, { 16 * M, 8 * K } }, 0,
	  { { 0, 4 * K } }, 2 * M + 8 * K },
	{ "short_piece_after_whole_one", 2 * M + 8 * K, 2 * M,
	  { { 8 * M, 2 * M + 4 * K }, { 16 * M, 8 * K } }, 0,
	  { { 2 * M, 4 * K } }, 2 * M + 12 * K },
	{ "every_block_is_aligned", 8 * K, 4 * K, { { 4 * K, 4 * K }, { 20 * K, 8 * K } },
	  0, {}, 8 * K },
};

/* Applies the answer and looks at what comes out. */
static bool is_aligned(size_t i, const struct sdax_stretch *stretches, size_t n,
		       const struct sdax_carving *carving)
{
	uint64_t to = 0, cut = 0, next = 0;

	for (uint64_t at = 0; at < carving->end && to < cases[i].size; at += 4 * K) {
		uint64_t address = 0;

		if (cut < carving->count &&
		    at >= carving->cuts[cut].offset + carving->cuts[cut].length)
			cut++;
		if (cut < carving->count && at >= carving->cuts[cut].offset)
			continue;
		for (size_t s = 0; s < n; s++)
			if (at >= stretches[s].offset &&
			    at - stretches[s].offset < stretches[s].length)
				address = stretches[s].address + at - stretches[s].offset;
		if (to & (cases[i].align - 1) ? address != next :
						address & (cases[i].align - 1))
			return false;
		next = address + 4 * K;
		to += 4 * K;
	}
	return carving->missing || to >= cases[i].size;
}

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sdax_stretch stretches[MAX] = {};
		struct sdax_carving carving;
		uint64_t offset = 0;
		size_t n = 0, cuts = 0;
		bool same;

		for (; n < MAX && cases[i].stretches[n].length; n++) {
			stretches[n] = (struct sdax_stretch){
				offset, cases[i].stretches[n].length,
				cases[i].stretches[n].address,
			};
			offset += stretches[n].length;
		}
		if (sdax_carve(stretches, n, cases[i].size, cases[i].align, &carving))
			return 1;
		while (cuts < MAX && cases[i].cuts[cuts].length)
			cuts++;
		same = carving.missing == cases[i].missing &&
		       carving.end == cases[i].end && carving.count == cuts;
		for (size_t c = 0; same && c < cuts; c++)
			same = carving.cuts[c].offset == cases[i].cuts[c].offset &&
			       carving.cuts[c].length == cases[i].cuts[c].length;
		tap_ok(same && is_aligned(i, stretches, n, &carving),
		       "%s (missing %ju, end %ju, %zu cuts)", cases[i].name,
		       (uintmax_t)carving.missing, (uintmax_t)carving.end,
		       carving.count);
		free(carving.cuts);
	}
	return tap_done();
}
