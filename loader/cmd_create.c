// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax create: a new file that is fit, and sealed if wanted. */
#include "args.h"
#include "outcome.h"
#include "progress.h"
#include "report.h"

enum staticdax_answer cmd_create(struct staticdax *sd, const struct args *args,
				 struct report *report)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	struct staticdax_options options = args_seal_options(args);
	const char *path = args->operands[0];
	struct progress progress = { .path = path, .percent = -1 };
	int r;

	if (args_given(args, ARG_SEAL))
		options.flags |= STATICDAX_SEAL;
	staticdax_set_progress(sd, progress_show, &progress);
	r = staticdax_create(sd, path, args->size, &options, &result);
	progress_end(&progress);
	outcome_settle(&result, r);
	report_begin(report, "files");
	report_created(report, path, &result);
	report_end(report, NULL);
	outcome_log(path, &result);
	return staticdax_answer_of(result.reason);
}
