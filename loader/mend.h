/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes a file fit where it is, without changing a byte of its content. */
#ifndef SDAX_MEND_H
#define SDAX_MEND_H

#include "handle.h"
#include "survey.h"

/*
 * fd, of that size, is open for reading and writing, with a write lease. Nothing here could
 * undo a store of somebody who came although, or after the lease was broken:
 * the filesystem allocates and unshares under its own locks, and unwritten
 * blocks become written by being touched. EBUSY: somebody wants the file; what
 * is done stays done.
 */
int sdax_mend(struct staticdax *sd, int fd, uint64_t size,
	      const struct sdax_survey *survey);

#endif
