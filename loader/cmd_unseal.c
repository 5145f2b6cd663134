// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax unseal: the files, or everything, are free again. */
#include "args.h"
#include "outcome.h"
#include "report.h"

struct progress {
	struct report *report;
	enum staticdax_answer worst;
};

static void note_one(struct progress *progress, const char *path,
		     const struct staticdax_result *result)
{
	report_unsealed(progress->report, path, result);
	outcome_log(path, result);
	progress->worst = outcome_worse(progress->worst,
					staticdax_answer_of(result->reason));
}

static void note_seal(void *arg, const struct staticdax_seal *seal,
		      const struct staticdax_result *result)
{
	note_one(arg, seal->path, result);
}

static void unseal_files(struct staticdax *sd, const struct args *args,
			 uint32_t flags, struct progress *progress)
{
	for (int i = 0; i < args->operands_count; i++) {
		struct staticdax_result result =
			STATICDAX_INIT(staticdax_result);
		int r;

		r = staticdax_unseal(sd, args->operands[i], flags, &result);
		outcome_settle(&result, r);
		note_one(progress, args->operands[i], &result);
	}
	report_end(progress->report, NULL);
}

static void unseal_all(struct staticdax *sd, const struct args *args,
		       uint32_t flags, struct progress *progress)
{
	const char *mountpoint = args->operands_count ? args->operands[0] :
							NULL;
	struct staticdax_result result;
	uint64_t count;
	int r;

	r = staticdax_unseal_all(sd, mountpoint, flags, note_seal, progress,
				 &count);
	/* what a file has said already is not said again */
	result = outcome_of_errno(progress->worst == STATICDAX_YES ? r : 0);
	outcome_log(mountpoint, &result);
	report_end(progress->report, &result);
	progress->worst = outcome_worse(progress->worst,
					staticdax_answer_of(result.reason));
}

enum staticdax_answer cmd_unseal(struct staticdax *sd, const struct args *args,
				 struct report *report)
{
	struct progress progress = { .report = report };
	uint32_t flags = args_given(args, ARG_FORCE) ? STATICDAX_FORCE : 0;

	report_begin(report, "files");
	if (args_given(args, ARG_ALL))
		unseal_all(sd, args, flags, &progress);
	else
		unseal_files(sd, args, flags, &progress);
	return progress.worst;
}
