// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax list: every record, one at a time, however many there are. */
#include "args.h"
#include "outcome.h"
#include "report.h"

/* Columns are as wide as the first so many records need: more would keep all waiting. */
#define MEASURED 1000

struct measuring {
	struct report *report;
	int left;
};

static int measure(void *arg, const struct staticdax_seal *seal)
{
	struct measuring *measuring = arg;

	report_list_measure(measuring->report, seal);
	return !--measuring->left;
}

/* Nobody reads on after an error of output: the rest is not worth the walk. */
static int print(void *arg, const struct staticdax_seal *seal)
{
	struct report *report = arg;

	report_list_seal(report, seal);
	return report->error;
}

enum staticdax_answer cmd_list(struct staticdax *sd, const struct args *args,
			       struct report *report)
{
	struct measuring measuring = { report, MEASURED };
	struct staticdax_result result;
	int r = 0;

	(void)args;
	if (!report->json)
		r = staticdax_list(sd, measure, &measuring);
	if (r >= 0) {
		report_list_begin(report);
		r = staticdax_list(sd, print, report);
	}
	result = outcome_of_errno(report->error ? 0 : r);
	report_end(report, &result);
	outcome_log(NULL, &result);
	return staticdax_answer_of(result.reason);
}
