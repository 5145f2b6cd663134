// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is to be done about a file's runs so that it is fit. */
#define _GNU_SOURCE
#include "survey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void misplaced(struct sdax_survey *s, enum staticdax_reason reason,
		      const struct staticdax_run *run)
{
	if (s->misplaced != STATICDAX_OK)
		return;
	s->misplaced = reason;
	s->offset = run->offset;
	s->address = run->address;
}

/*
 * What is placed must lie as its piece wants it; what is between, a hole, gets
 * its place only when it is filled.
 */
static void judge_place(struct sdax_survey *s, const struct staticdax_run *run)
{
	uint64_t base = run->address - run->offset;
	bool same_piece = s->any && s->last / s->align == run->offset / s->align;

	if (run->address == STATICDAX_NO_OFFSET)
		misplaced(s, STATICDAX_NO_ADDRESS, run);
	else if (base & (s->align - 1))
		misplaced(s, STATICDAX_MISALIGNED, run);
	else if (same_piece && base != s->base)
		misplaced(s, STATICDAX_SPLIT, run);
	s->any = true;
	s->base = base;
	s->last = run->offset + run->length - 1;
}

static int add(struct sdax_survey *s, const struct staticdax_run *run,
	       enum sdax_patch_kind kind)
{
	struct sdax_patch *grown = s->patches;

	/* a power of two is full */
	if (!(s->count & (s->count - 1)))
		grown = reallocarray(grown, s->count ? s->count * 2 : 1,
				     sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->patches = grown;
	grown[s->count++] = (struct sdax_patch){
		run->offset, run->length, kind,
	};
	return 0;
}

int sdax_survey_run(void *survey, const struct staticdax_run *run)
{
	struct sdax_survey *s = survey;

	if (!strcmp(run->state, "hole")) {
		s->holes += run->length;
		return add(s, run, SDAX_PATCH_HOLE);
	}
	if (!strcmp(run->state, "unwritten")) {
		judge_place(s, run);
		s->unwritten += run->length;
		return add(s, run, SDAX_PATCH_UNWRITTEN);
	}
	if (!strcmp(run->state, "shared")) {
		s->shared += run->length;
		return add(s, run, SDAX_PATCH_SHARED);
	}
	if (!strcmp(run->state, "written"))
		judge_place(s, run);
	else
		misplaced(s, strcmp(run->state, "inline") ? STATICDAX_UNMAPPED :
							    STATICDAX_INLINE,
			  run);
	return 0;
}

void sdax_survey_done(struct sdax_survey *survey)
{
	free(survey->patches);
	survey->patches = NULL;
}
