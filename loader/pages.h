/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which parts of a run huge pages can map; pure. */
#ifndef SDAX_PAGES_H
#define SDAX_PAGES_H

#include <stdint.h>

#include "staticdax.h"

#define PAGE_2M (UINT64_C(1) << 21)
#define PAGE_1G (UINT64_C(1) << 30)

/*
 * How many whole pages of that size, a power of two, have their offset in the
 * file and their address on the device aligned to it. ret_first is the offset
 * of the first one, if there is any. Only what is written counts, and only where
 * the device is not opaque: how the bytes are aligned below that is not known.
 */
uint64_t pages_in(const struct staticdax_run *run, uint64_t page,
		  uint64_t *ret_first);

/*
 * The largest power of two, up to 2^62, by which every piece of the run that
 * lies aligned in the file is aligned on the device; 0 without address.
 */
uint64_t pages_align(const struct staticdax_run *run);

#endif
