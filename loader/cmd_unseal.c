// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax unseal: the files, or everything, are free again. */
#include "args.h"
#include "outcome.h"
#include "report.h"

struct progress {
	struct report *report;
	enum staticdax_answer worst;
	struct staticdax_result whole;	/* what is not about one file */
};

static void note_file(struct progress *progress, const char *path,
		      const struct staticdax_result *result)
{
	report_unsealed(progress->report, path, result);
	outcome_log(path, result);
	progress->worst = outcome_worse(progress->worst,
					staticdax_answer_of(result->reason));
}

/* Without a seal it is about the whole run. */
static void note_seal(void *arg, const struct staticdax_seal *seal,
		      const struct staticdax_result *result)
{
	struct progress *progress = arg;

	if (seal)
		note_file(progress, seal->path, result);
	else
		progress->whole = *result;
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
		note_file(progress, args->operands[i], &result);
	}
}

static void unseal_all(struct staticdax *sd, const struct args *args,
		       uint32_t flags, struct progress *progress)
{
	const char *mountpoint = args->operands_count ? args->operands[0] :
							NULL;
	struct staticdax_result *whole = &progress->whole;
	uint64_t count;
	int r;

	r = staticdax_unseal_all(sd, mountpoint, flags, note_seal, progress,
				 &count);
	/* what a file has said already is not said again */
	if (progress->worst == STATICDAX_YES)
		outcome_settle(whole, r);
	outcome_log(mountpoint, whole);
	progress->worst = outcome_worse(progress->worst,
					staticdax_answer_of(whole->reason));
}

enum staticdax_answer cmd_unseal(struct staticdax *sd, const struct args *args,
				 struct report *report)
{
	struct progress progress = {
		.report = report,
		.whole = outcome_of_errno(0),
	};
	uint32_t flags = args_given(args, ARG_FORCE) ? STATICDAX_FORCE : 0;

	report_begin(report, "files");
	if (args_given(args, ARG_ALL))
		unseal_all(sd, args, flags, &progress);
	else
		unseal_files(sd, args, flags, &progress);
	report_end(report, &progress.whole);
	return progress.worst;
}
