// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax check: would the files do? */
#include "args.h"
#include "outcome.h"
#include "report.h"

/* That a file is not fit is the answer asked for, and no failure. */
static enum staticdax_answer check_one(struct staticdax *sd, const char *path,
				       const struct staticdax_options *options,
				       struct report *report)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	enum staticdax_answer answer;
	int r;

	r = staticdax_check(sd, path, options, &result);
	outcome_settle(&result, r);
	report_checked(report, path, &result);
	answer = staticdax_answer_of(result.reason);
	if (answer == STATICDAX_NO || answer == STATICDAX_HELD_BY_OTHERS)
		return STATICDAX_NO;
	outcome_log(path, &result);
	return answer;
}

enum staticdax_answer cmd_check(struct staticdax *sd, const struct args *args,
				struct report *report)
{
	const struct staticdax_options options = args_seal_options(args);
	enum staticdax_answer worst = STATICDAX_YES;

	report_begin(report, "files");
	for (int i = 0; i < args->operands_count; i++)
		worst = outcome_worse(worst, check_one(sd, args->operands[i],
						       &options, report));
	report_end(report, NULL);
	return worst;
}
