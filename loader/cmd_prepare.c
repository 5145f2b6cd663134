// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax prepare: files that are there made fit. */
#include "args.h"
#include "outcome.h"
#include "progress.h"
#include "report.h"

static enum staticdax_answer
prepare_one(struct staticdax *sd, const char *path,
	    const struct staticdax_options *options, struct report *report)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	struct staticdax_work work = STATICDAX_INIT(staticdax_work);
	struct progress progress = { .path = path, .percent = -1 };
	int r;

	staticdax_set_progress(sd, progress_show, &progress);
	r = staticdax_prepare(sd, path, options, &work, &result);
	progress_end(&progress);
	outcome_settle(&result, r);
	report_prepared(report, path, options->flags & STATICDAX_DRY_RUN, &work,
			&result);
	outcome_log(path, &result);
	return staticdax_answer_of(result.reason);
}

enum staticdax_answer cmd_prepare(struct staticdax *sd, const struct args *args,
				  struct report *report)
{
	struct staticdax_options options = args_seal_options(args);
	enum staticdax_answer worst = STATICDAX_YES;

	if (args_given(args, ARG_RELOCATE))
		options.flags |= STATICDAX_RELOCATE;
	if (args_given(args, ARG_DRY_RUN))
		options.flags |= STATICDAX_DRY_RUN;
	report_begin(report, "files");
	for (int i = 0; i < args->operands_count; i++)
		worst = outcome_worse(worst, prepare_one(sd, args->operands[i],
							 &options, report));
	report_end(report, NULL);
	return worst;
}
