/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes into a file that has its blocks already; progress is told meanwhile. */
#ifndef SDAX_FILL_H
#define SDAX_FILL_H

#include <stdint.h>

#include "handle.h"

/*
 * Zeroes, as written blocks: by the device if it can, else with write(2). size
 * is what the file has or will have. 0 or a negative errno.
 */
int sdax_fill_zeroes(struct staticdax *sd, int fd, uint64_t size);

/*
 * What from has, byte by byte, so that nothing is shared. EBUSY: the lease on
 * from is not undisturbed any more. EIO: from is shorter than size.
 */
int sdax_fill_copy(struct staticdax *sd, int from, int fd, uint64_t size);

#endif
