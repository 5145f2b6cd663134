// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax seal: the blocks of the files stay where they are from now on. */
#include "args.h"
#include "outcome.h"
#include "report.h"

static enum staticdax_answer seal_one(struct staticdax *sd, const char *path,
				      const struct staticdax_options *options,
				      struct report *report)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	bool audit = options->flags & STATICDAX_AUDIT;
	int r;

	r = staticdax_seal(sd, path, options, &result);
	outcome_settle(&result, r);
	report_sealed(report, path, audit, &result);
	outcome_log(path, &result);
	return staticdax_answer_of(result.reason);
}

enum staticdax_answer cmd_seal(struct staticdax *sd, const struct args *args,
			       struct report *report)
{
	const struct staticdax_options options = args_seal_options(args);
	enum staticdax_answer worst = STATICDAX_YES;

	report_begin(report, "files");
	for (int i = 0; i < args->operands_count; i++)
		worst = outcome_worse(worst, seal_one(sd, args->operands[i],
						      &options, report));
	report_end(report, NULL);
	return worst;
}
