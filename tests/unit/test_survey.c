// SPDX-License-Identifier: GPL-2.0-or-later
/* What is to be done about a file's runs so that it is fit. */
#include "../tap.h"
#include "survey.h"

#define K 1024ULL
#define M (K * K)
#define NOWHERE STATICDAX_NO_OFFSET
#define MAX 4

/* Offsets follow from lengths; lists end with length 0. */
static const struct {
	const char *name;
	struct { uint64_t length, address; const char *state; } runs[MAX];
	uint64_t holes, unwritten, shared;
	size_t patches;
	enum staticdax_reason misplaced;
	uint64_t offset;
} cases[] = {
	{ "fit", { { 4 * M, 2 * M, "written" } }, 0, 0, 0, 0, STATICDAX_OK, 0 },
	{ "aligned_pieces_anywhere", { { 2 * M, 8 * M, "written" }, { M, 2 * M, "written" } },
	  0, 0, 0, 0, STATICDAX_OK, 0 },
	{ "each_kind", { { M, 2 * M, "unwritten" }, { 4 * K, NOWHERE, "hole" },
			 { 8 * K, 3 * M + 4 * K, "shared" } },
	  4 * K, M, 8 * K, 3, STATICDAX_OK, 0 },
	{ "off_by_a_block", { { 2 * M, 8 * M, "written" }, { M, 4 * K, "written" } },
	  0, 0, 0, 0, STATICDAX_MISALIGNED, 2 * M },
	{ "unwritten_off_by_a_block", { { M, 4 * K, "unwritten" } },
	  0, M, 0, 1, STATICDAX_MISALIGNED, 0 },
	{ "shared_gets_another_place", { { M, 4 * K, "shared" } },
	  0, 0, M, 1, STATICDAX_OK, 0 },
	{ "parts_of_a_piece_lie_apart", { { M, 2 * M, "written" }, { M, 5 * M, "written" } },
	  0, 0, 0, 0, STATICDAX_SPLIT, M },
	{ "parts_around_a_hole_lie_together",
	  { { M, 2 * M, "written" }, { 4 * K, NOWHERE, "hole" }, { 4 * K, 3 * M + 4 * K, "written" } },
	  4 * K, 0, 0, 1, STATICDAX_OK, 0 },
	{ "parts_around_a_hole_lie_apart",
	  { { M, 2 * M, "written" }, { 4 * K, NOWHERE, "hole" }, { 4 * K, 5 * M + 4 * K, "written" } },
	  4 * K, 0, 0, 1, STATICDAX_SPLIT, M + 4 * K },
	{ "inline", { { 100, NOWHERE, "inline" } }, 0, 0, 0, 0, STATICDAX_INLINE, 0 },
	{ "compressed", { { 4 * K, NOWHERE, "encoded" } }, 0, 0, 0, 0, STATICDAX_UNMAPPED, 0 },
	{ "no_address", { { 4 * K, NOWHERE, "written" } }, 0, 0, 0, 0, STATICDAX_NO_ADDRESS, 0 },
	{ "nothing", { { 0, 0, NULL } }, 0, 0, 0, 0, STATICDAX_OK, 0 },
};

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sdax_survey survey = { .align = 2 * M };
		uint64_t offset = 0;

		for (int n = 0; n < MAX && cases[i].runs[n].length; n++) {
			const struct staticdax_run run = {
				.offset = offset,
				.length = cases[i].runs[n].length,
				.address = cases[i].runs[n].address,
				.state = cases[i].runs[n].state,
			};

			if (sdax_survey_run(&survey, &run))
				return 1;
			offset += run.length;
		}
		tap_ok(survey.holes == cases[i].holes &&
			       survey.unwritten == cases[i].unwritten &&
			       survey.shared == cases[i].shared &&
			       survey.count == cases[i].patches &&
			       survey.misplaced == cases[i].misplaced &&
			       (survey.misplaced == STATICDAX_OK ||
				survey.offset == cases[i].offset),
		       "%s (%s at %ju)", cases[i].name,
		       staticdax_reason_word(survey.misplaced),
		       (uintmax_t)survey.offset);
		sdax_survey_done(&survey);
	}
	return tap_done();
}
