// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax metrics: everything that is counted, for Prometheus. */
#include "args.h"
#include "outcome.h"
#include "report.h"
#include "report_metrics.h"

#define PATIENCE_MS 10000

static int count(void *arg, const struct staticdax_seal *seal)
{
	struct seal_counts *seals = arg;

	switch (seal->state) {
	case STATICDAX_STATE_PENDING:
		seals->pending++;
		break;
	case STATICDAX_STATE_SEALED:
		*(seal->audit ? &seals->audited : &seals->sealed) += 1;
		if (!seal->audit && seal->mode <= STATICDAX_MODE_NOSHRINK)
			seals->by_mode[seal->mode]++;
		break;
	case STATICDAX_STATE_LAPSED:
		seals->lapsed++;
		break;
	default:
		break;
	}
	return 0;
}

/* That it does not enforce is a number like the others, and must get out. */
static void prove(struct staticdax *sd, struct report *report)
{
	struct staticdax_status status = STATICDAX_INIT(staticdax_status);
	int r;

	staticdax_set_patience(sd, PATIENCE_MS);
	r = staticdax_status(sd, &status);
	outcome_settle(&status.result, r);
	if (status.result.reason != STATICDAX_NO_PRIVILEGE &&
	    status.result.reason != STATICDAX_BUSY)
		report_enforcing(report, !r && status.enforcing);
}

enum staticdax_answer cmd_metrics(struct staticdax *sd, const struct args *args,
				  struct report *report)
{
	struct staticdax_metrics metrics = STATICDAX_INIT(staticdax_metrics);
	struct seal_counts seals = {};
	struct staticdax_result result;
	int r;

	(void)args;
	report_build(report, STATICDAX_VERSION);
	prove(sd, report);
	r = staticdax_metrics(sd, &metrics);
	if (!r)
		r = staticdax_list(sd, count, &seals);
	if (!r)
		report_metrics(report, &metrics, &seals);
	result = outcome_of_errno(r);
	outcome_log(NULL, &result);
	return staticdax_answer_of(result.reason);
}
