// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax lock: from now on seals can only be added. */
#include "args.h"
#include "outcome.h"
#include "report.h"

enum staticdax_answer cmd_lock(struct staticdax *sd, const struct args *args,
			       struct report *report)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	int r;

	(void)args;
	r = staticdax_lock(sd, &result);
	outcome_settle(&result, r);
	report_locked(report, &result);
	outcome_log(NULL, &result);
	return staticdax_answer_of(result.reason);
}
