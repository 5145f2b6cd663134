// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax upgrade: the seals stay, the programs that enforce them change. */
#include "args.h"
#include "outcome.h"
#include "report.h"

enum staticdax_answer cmd_upgrade(struct staticdax *sd, const struct args *args,
				  struct report *report)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	int r;

	r = staticdax_upgrade(sd,
			      args_given(args, ARG_FORCE) ? STATICDAX_FORCE : 0,
			      &result);
	outcome_settle(&result, r);
	report_upgraded(report, &result);
	outcome_log(NULL, &result);
	return staticdax_answer_of(result.reason);
}
