/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is to be done about a file's runs so that it is fit; pure. */
#ifndef SDAX_SURVEY_H
#define SDAX_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "staticdax.h"

enum sdax_patch_kind {
	SDAX_PATCH_HOLE,
	SDAX_PATCH_UNWRITTEN,
	SDAX_PATCH_SHARED,
};

/* Bytes of the file in one of the states that can be mended in place. */
struct sdax_patch {
	uint64_t offset;
	uint64_t length;
	enum sdax_patch_kind kind;
};

struct sdax_survey {
	uint64_t align;			/* a power of two; set by the caller */
	struct sdax_patch *patches;	/* in order of offset */
	size_t count;
	uint64_t holes;			/* bytes of each kind */
	uint64_t unwritten;
	uint64_t shared;
	/* The first reason for which only other blocks would do, or OK. */
	enum staticdax_reason misplaced;
	uint64_t offset;
	uint64_t address;
	/* the placed run before: its last byte, and address less offset */
	bool any;
	uint64_t last;
	uint64_t base;
};

/* A staticdax_run_fn; the runs in order of offset. ENOMEM. */
int sdax_survey_run(void *survey, const struct staticdax_run *run);
void sdax_survey_done(struct sdax_survey *survey);

#endif
