/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks for a file that is being made, aligned on the device. */
#ifndef SDAX_ALLOCATE_H
#define SDAX_ALLOCATE_H

#include "device.h"
#include "handle.h"
#include "target.h"

/*
 * Gives the empty file of target size bytes, in blocks that are not written yet,
 * every align-sized piece one run at a multiple of align. dev may be NULL if
 * align is no larger than a block. A filesystem that cannot allocate without
 * writing (ext2, ext3) leaves it to the write, and the blocks are where they
 * are. Fills result and returns its error.
 */
int sdax_allocate(struct staticdax *sd, const struct sdax_target *target,
		  struct sdax_device *dev, uint64_t size, uint64_t align,
		  struct staticdax_result *result);

#endif
