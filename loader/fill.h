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

#endif
