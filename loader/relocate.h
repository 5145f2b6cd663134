/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts a file that has the same content, and fit blocks, in a file's place. */
#ifndef SDAX_RELOCATE_H
#define SDAX_RELOCATE_H

#include "exchange.h"
#include "handle.h"
#include "target.h"

/*
 * source is open for reading and writing, with a write lease, and path leads to
 * it. At every moment one whole file stands under its name. flags:
 * STATICDAX_ANY_DEVICE. Fills result and returns its error.
 */
int sdax_relocate(struct staticdax *sd, const char *path,
		  const struct sdax_target *source, uint64_t align,
		  uint32_t flags, struct staticdax_result *result);

/* Does its inode stay what it is then, and so all of its names? */
bool sdax_relocate_keeps(const struct sdax_target *source, uint32_t flags,
			 struct sdax_exchange *ret);

#endif
