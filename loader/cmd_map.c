// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax map: where the bytes of a file are. */
#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "args.h"
#include "log.h"
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

/* Under whatever name: drawn into, it would be lost. */
static bool is_the_file(const char *to, const char *path)
{
	struct stat out, file;

	return !stat(to, &out) && !stat(path, &file) &&
	       out.st_dev == file.st_dev && out.st_ino == file.st_ino;
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

	if (args->svg && is_the_file(args->svg, mapped.path)) {
		log_error("%s: is the file itself, and would be overwritten; draw into another file",
			  args->svg);
		return STATICDAX_USAGE;
	}
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
