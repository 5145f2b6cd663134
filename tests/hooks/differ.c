// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "differ.h"

struct difference {
	char mode[16], sealed[16], swap[16];
	char *patterns; /* separated by blanks */
	int reason;
};

static struct difference list[256];
static size_t count;

static int read_line(char *line, int reason)
{
	struct difference *d = &list[count];
	int end = 0;

	if (count == sizeof(list) / sizeof(*list) || !reason ||
	    sscanf(line, "%15s %15s %15s %n", d->mode, d->sealed, d->swap, &end) != 3 || !end)
		return -EINVAL;
	d->patterns = strdup(line + end);
	d->reason = reason;
	count++;
	return d->patterns ? 0 : -ENOMEM;
}

int differ_read(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[1024];
	int reason = 0, r = 0;

	if (!f)
		return -errno;
	while (!r && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '=')
			reason++;
		else if (line[0] && line[0] != '#')
			r = read_line(line, reason);
		if (r)
			fprintf(stderr, "%s: %s\n", path, line);
	}
	fclose(f);
	return r;
}

static int is_listed(const char *patterns, const char *operation)
{
	char text[1024], *rest = NULL;

	snprintf(text, sizeof(text), "%s", patterns);
	for (char *p = strtok_r(text, " ", &rest); p; p = strtok_r(NULL, " ", &rest))
		if (!fnmatch(p, operation, 0))
			return 1;
	return 0;
}

int differ_reason(const char *mode, const char *operation, const char *sealed, const char *swap)
{
	for (size_t i = 0; i < count; i++) {
		const struct difference *d = &list[i];

		if ((!strcmp(d->mode, mode) || !strcmp(d->mode, "any")) &&
		    !strcmp(d->sealed, sealed) && !strcmp(d->swap, swap) &&
		    is_listed(d->patterns, operation))
			return d->reason;
	}
	return 0;
}
