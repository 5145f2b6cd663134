// SPDX-License-Identifier: GPL-2.0-or-later
/* How far a long piece of work is. */
#include "progress.h"

#include <string.h>

#include "log.h"
#include "quote.h"
#include "util.h"

#define BAR 40
#define NAME_MAX_SHOWN 30

char *progress_line(const char *path, int percent,
		    char text[static PROGRESS_TEXT])
{
	_cleanup_free_ char *name = quote_escape(path, strlen(path),
						 QUOTE_INSIDE);
	size_t length = strlen(quote_or(name));
	size_t skip = length > NAME_MAX_SHOWN ? length - NAME_MAX_SHOWN : 0;
	char bar[BAR + 1];

	for (int i = 0; i < BAR; i++)
		bar[i] = i < percent * BAR / 100 ? '#' : '.';
	bar[BAR] = '\0';
	snprintf(text, PROGRESS_TEXT, "%s%s: [%s] %3d %%", skip ? "..." : "",
		 quote_or(name) + skip, bar, percent);
	return text;
}

void progress_show(void *arg, uint64_t done, uint64_t total)
{
	struct progress *progress = arg;
	int percent = total ? (int)(done / (total / 100.0)) : 100;
	char text[PROGRESS_TEXT];

	if (percent == progress->percent)
		return;
	progress->percent = percent;
	log_transient(progress_line(progress->path, percent, text));
}

void progress_end(struct progress *progress)
{
	if (progress->percent >= 0)
		log_transient("");
	progress->percent = -1;
}
