/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a long piece of work is, for whoever looks at a terminal. */
#ifndef SDAX_PROGRESS_H
#define SDAX_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *path;
	int percent;		/* that is on the screen, or -1 */
};

#define PROGRESS_TEXT 160

/*
 * "'pool': [#####.....]  50 %", the name cut short where it is long. percent is
 * 0 to 100; returns text.
 */
char *progress_line(const char *path, int percent,
		    char text[static PROGRESS_TEXT]);

/* A staticdax_progress_fn; nothing unless stderr is a terminal. */
void progress_show(void *progress, uint64_t done, uint64_t total);

/* Leaves the line as it was before. */
void progress_end(struct progress *progress);

#endif
