// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax doctor: can this system seal, and if not, what helps? */
#include <errno.h>

#include "args.h"
#include "outcome.h"
#include "report.h"

static void print(void *arg, const struct staticdax_answer_line *line)
{
	report_doctor(arg, line);
}

/* That the kernel cannot is the answer asked for, and no failure. */
enum staticdax_answer cmd_doctor(struct staticdax *sd, const struct args *args,
				 struct report *report)
{
	struct staticdax_result result;

	(void)args;
	report_begin(report, "answers");
	result = outcome_of_errno(staticdax_doctor(sd, print, report));
	report_end(report, &result);
	if (result.error == -EOPNOTSUPP)
		return STATICDAX_CANNOT;
	outcome_log(NULL, &result);
	return staticdax_answer_of(result.reason);
}
