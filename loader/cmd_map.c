// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax map: where the bytes of a file are. */
#include <errno.h>

#include "args.h"
#include "outcome.h"
#include "report.h"
#include "report_map.h"
#include "util.h"

static int keep(void *arg, const struct staticdax_run *run)
{
	struct mapped *mapped = arg;
	struct staticdax_run *more = mapped->runs;

	/* a power of two is full */
	if (!(mapped->count & (mapped->count - 1)))
		more = reallocarray(more, mapped->count ? mapped->count * 2 : 1,
				    sizeof(*more));
	if (!more)
		return -ENOMEM;
	mapped->runs = more;
	more[mapped->count++] = *run;
	return 0;
}

enum staticdax_answer cmd_map(struct staticdax *sd, const struct args *args,
			      struct report *report)
{
	struct mapped mapped = {
		.path = args->operands[0],
		.map = STATICDAX_INIT(staticdax_map),
		.result = STATICDAX_INIT(staticdax_result),
	};
	struct staticdax_result drawn = {};
	int r;

	r = staticdax_map(sd, mapped.path, keep, &mapped, &mapped.map,
			  &mapped.result);
	outcome_settle(&mapped.result, r);
	report_map(report, &mapped);
	outcome_log(mapped.path, &mapped.result);
	if (args->svg && mapped.result.reason == STATICDAX_OK) {
		drawn = outcome_of_errno(svg_write(args->svg, &mapped));
		outcome_log(args->svg, &drawn);
	}
	free(mapped.runs);
	return outcome_worse(staticdax_answer_of(mapped.result.reason),
			     staticdax_answer_of(drawn.reason));
}
