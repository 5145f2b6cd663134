// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax status: is what is sealed really protected? */
#include "args.h"
#include "outcome.h"
#include "report.h"

enum staticdax_answer cmd_status(struct staticdax *sd, const struct args *args,
				 struct report *report)
{
	struct staticdax_status status = STATICDAX_INIT(staticdax_status);
	int r;

	(void)args;
	r = staticdax_status(sd, &status);
	outcome_settle(&status.result, r);
	report_status(report, &status, r == 0 || status.attached);
	outcome_log(NULL, &status.result);
	return staticdax_answer_of(status.result.reason);
}
