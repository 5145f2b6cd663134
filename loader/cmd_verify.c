// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax verify: are sealed files as they were? */
#include "args.h"
#include "outcome.h"
#include "report.h"

struct progress {
	struct report *report;
	enum staticdax_answer worst;
};

/* A drift is the answer asked for, and goes where answers go. */
static void note(struct progress *progress, const char *path,
		 const struct staticdax_seal *seal,
		 const struct staticdax_result *result)
{
	enum staticdax_answer answer = staticdax_answer_of(result->reason);

	report_verified(progress->report, path, seal, result);
	if (answer == STATICDAX_HELD_BY_OTHERS)
		answer = STATICDAX_NO;
	if (answer != STATICDAX_NO)
		outcome_log(path, result);
	progress->worst = outcome_worse(progress->worst, answer);
}

static int note_seal(void *arg, const struct staticdax_seal *seal,
		     const struct staticdax_result *result)
{
	struct progress *progress = arg;

	note(progress, seal->path, seal, result);
	return progress->report->error;
}

static void verify_file(struct staticdax *sd, const char *path,
			struct progress *progress)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	struct staticdax_seal seal = STATICDAX_INIT(staticdax_seal);
	int r;

	r = staticdax_verify(sd, path, &seal, &result);
	outcome_settle(&result, r);
	note(progress, path, &seal, &result);
}

enum staticdax_answer cmd_verify(struct staticdax *sd, const struct args *args,
				 struct report *report)
{
	struct staticdax_result whole = STATICDAX_INIT(staticdax_result);
	struct progress progress = { .report = report };
	int r;

	report_begin(report, "files");
	for (int i = 0; i < args->operands_count; i++)
		verify_file(sd, args->operands[i], &progress);
	if (!args->operands_count) {
		r = staticdax_verify_all(sd, note_seal, &progress, &whole);
		outcome_settle(&whole, report->error ? 0 : r);
		outcome_log(NULL, &whole);
	}
	report_end(report, &whole);
	return outcome_worse(progress.worst,
			     staticdax_answer_of(whole.reason));
}
