// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax --version: what this program is, and what the kernel is to it. */
#include "version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "staticdax_abi.h"

struct missing {
	char words[128];	/* of what is required, each after a space */
};

static void note_missing(void *arg, const struct staticdax_answer_line *line)
{
	struct missing *missing = arg;
	size_t used = strlen(missing->words);

	if (!line->yes && line->required)
		snprintf(missing->words + used, sizeof(missing->words) - used, " %s",
			 line->question);
}

static int ask_kernel(struct missing *missing)
{
	struct staticdax *sd;
	int r = staticdax_new(&sd);

	if (r < 0)
		return r;
	r = staticdax_doctor(sd, note_missing, missing);
	staticdax_free(sd);
	return r;
}

void version_print(struct report *report)
{
	struct missing missing = {};
	struct utsname kernel = {};
	int r;

	uname(&kernel);
	report_text(report, "staticdax %s\n", STATICDAX_VERSION);
	report_text(report, "built by compiler %s for registries of version %d\n",
		    __VERSION__, SDAX_ABI_VERSION);
	r = ask_kernel(&missing);
	if (!r)
		report_text(report, "Linux %s can seal files\n", kernel.release);
	else if (r == -EOPNOTSUPP)
		report_text(report, "Linux %s cannot seal files for want of:%s; see staticdax doctor\n",
			    kernel.release, missing.words);
	else
		report_text(report, "Linux %s: whether it can seal files, only root can ask (%s)\n",
			    kernel.release, strerror(-r));
}
