// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax get: are the files sealed? */
#include "args.h"
#include "outcome.h"
#include "report.h"

static enum staticdax_answer get_one(struct staticdax *sd, const char *path,
				     struct report *report)
{
	struct staticdax_seal seal = STATICDAX_INIT(staticdax_seal);
	struct staticdax_result result;

	result = outcome_of_errno(staticdax_get(sd, path, &seal));
	report_got(report, path, &seal, &result);
	outcome_log(path, &result);
	if (result.reason != STATICDAX_OK)
		return staticdax_answer_of(result.reason);
	/* what is only watched is not protected */
	return seal.state == STATICDAX_STATE_SEALED && !seal.audit ?
		       STATICDAX_YES :
		       STATICDAX_NO;
}

enum staticdax_answer cmd_get(struct staticdax *sd, const struct args *args,
			      struct report *report)
{
	enum staticdax_answer worst = STATICDAX_YES;

	report_begin(report, "files");
	for (int i = 0; i < args->operands_count; i++)
		worst = outcome_worse(worst, get_one(sd, args->operands[i],
						     report));
	report_end(report, NULL);
	return worst;
}
