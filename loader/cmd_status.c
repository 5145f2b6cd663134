// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax status: is what is sealed really protected? */
#include <string.h>

#include "args.h"
#include "outcome.h"
#include "report.h"
#include "util.h"

static void lapses_done(struct report_lapses *lapses)
{
	for (size_t i = 0; i < lapses->count; i++)
		free((char *)lapses->seals[i].path);
}

/* What the strings of a seal point to is good for this call only. */
static int note(void *arg, const struct staticdax_seal *seal)
{
	struct report_lapses *lapses = arg;
	struct staticdax_seal *copy = &lapses->seals[lapses->count];

	if (seal->state != STATICDAX_STATE_LAPSED)
		return 0;
	*copy = *seal;
	copy->last_op = copy->last_comm = NULL;
	if (seal->path && !(copy->path = strdup(seal->path)))
		return -ENOMEM;
	return ++lapses->count == REPORT_LAPSES;
}

enum staticdax_answer cmd_status(struct staticdax *sd, const struct args *args,
				 struct report *report)
{
	struct staticdax_status status = STATICDAX_INIT(staticdax_status);
	_cleanup_(lapses_done) struct report_lapses lapses = {};
	int r;

	(void)args;
	r = staticdax_status(sd, &status);
	outcome_settle(&status.result, r);
	if (status.lapsed) {
		r = staticdax_list(sd, note, &lapses);
		outcome_settle(&status.result, r < 0 ? r : 0);
	}
	report_status(report, &status, &lapses,
		      !status.result.error || status.attached);
	outcome_log(NULL, &status.result);
	return staticdax_answer_of(status.result.reason);
}
