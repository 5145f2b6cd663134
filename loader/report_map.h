/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What staticdax map says: a table, a picture, and as JSON one object with
 *   version, path, size, blocksize, dev, dax, realtime, past_eof
 *   runs           array of {offset, length, state ("written", "hole",
 *                  "unwritten", "shared", "delayed", "inline", "encoded",
 *                  "unknown"), physical (on the filesystem's device) and address
 *                  (on the disk or persistent memory below), or null, align (of
 *                  the address against the offset, or null), address_dev (the
 *                  device of the address, or null), opaque (what hides where
 *                  that has its bytes, or null), pages_2m, pages_1g}
 *   pages_2m, pages_1g   whole pages of that size that could map the file
 *   resume_offset  for hibernation, in pages, or null
 *   qemu           the option of QEMU, or null
 * and what went wrong as in every document.
 */
#ifndef SDAX_REPORT_MAP_H
#define SDAX_REPORT_MAP_H

#include <stddef.h>

#include "staticdax.h"

struct report;

struct mapped {
	const char *path;
	struct staticdax_map map;
	struct staticdax_run *runs;
	size_t count;
	struct staticdax_result result;
};

void report_map(struct report *report, const struct mapped *mapped);

/* Of the whole file, by pages_in(). */
uint64_t mapped_pages(const struct mapped *mapped, uint64_t page);

/* 0, or a negative errno of writing. */
int svg_write(const char *to, const struct mapped *mapped);

#endif
