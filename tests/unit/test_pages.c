// SPDX-License-Identifier: GPL-2.0-or-later
/* Which parts of a run huge pages can map. */
#include "../tap.h"
#include "pages.h"

#define M (1ULL << 20)
#define G (1ULL << 30)

static const struct {
	const char *name;
	uint64_t offset, length, address;
	uint64_t pages, first, align;
	const char *state, *opaque;
	uint64_t gigantic;
} cases[] = {
	{ "whole", 0, 4 * M, 16 * M, 2, 0, 16 * M, "written", NULL, 0 },
	{ "not_quite_a_page", 0, 2 * M - 1, 16 * M, 0, 0, 16 * M, "written", NULL, 0 },
	{ "begins_within_a_page", M, 5 * M, 17 * M, 2, 2 * M, 16 * M, "written", NULL, 0 },
	{ "begins_within_and_ends_before_the_next", M, M - 1, 17 * M, 0, 0, 16 * M, "written", NULL, 0 },
	{ "address_off_by_a_block", 0, 4 * M, 16 * M + 4096, 0, 0, 4096, "written", NULL, 0 },
	{ "offset_and_address_off_alike", 4096, 4 * M, 16 * M + 4096, 1, 2 * M, 16 * M, "written", NULL, 0 },
	{ "address_below_offset", 8 * M, 2 * M, 2 * M, 1, 8 * M, 2 * M, "written", NULL, 0 },
	{ "not_written", 0, 4 * M, 16 * M, 0, 0, 16 * M, "unwritten", NULL, 0 },
	{ "no_address", 0, 4 * M, STATICDAX_NO_OFFSET, 0, 0, 0, "written", NULL, 0 },
	{ "address_zero", 0, 2 * M, 0, 1, 0, 1ULL << 62, "written", NULL, 0 },
	{ "as_far_as_files_reach", (1ULL << 63) - 2 * M, 2 * M, 6 * M, 1, (1ULL << 63) - 2 * M, 8 * M, "written", NULL, 0 },
	{ "opaque_device", 0, 2 * G, 4 * G, 0, 0, 4 * G, "written", "md", 0 },
	{ "whole_gigabytes", 0, 2 * G, 4 * G, 1024, 0, 4 * G, "written", NULL, 2 },
	{ "less_than_a_gigabyte", 0, G - 4096, 4 * G, 511, 0, 4 * G, "written", NULL, 0 },
	{ "gigabyte_off_by_a_huge_page", 0, 2 * G, 4 * G + 2 * M, 1024, 0, 2 * M, "written", NULL, 0 },
	{ "begins_within_a_gigabyte", 512 * M, 2 * G, 4 * G + 512 * M, 1024, 512 * M, 4 * G, "written", NULL, 1 },
};

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct staticdax_run run = {
			.offset = cases[i].offset, .length = cases[i].length,
			.address = cases[i].address, .state = cases[i].state,
			.opaque = cases[i].opaque,
		};
		uint64_t first = 0, unused;
		uint64_t n = pages_in(&run, PAGE_2M, &first);

		tap_ok(n == cases[i].pages && first == cases[i].first &&
			       pages_align(&run) == cases[i].align &&
			       pages_in(&run, PAGE_1G, &unused) == cases[i].gigantic,
		       "%s (%ju, %ju, %ju)", cases[i].name, (uintmax_t)n,
		       (uintmax_t)first, (uintmax_t)pages_align(&run));
	}
	return tap_done();
}
