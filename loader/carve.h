/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which parts of an allocation that is too large to keep, so that what is left
 * moves together into a file of aligned pieces; pure.
 */
#ifndef SDAX_CARVE_H
#define SDAX_CARVE_H

#include <stddef.h>
#include <stdint.h>

/* What is contiguous in the file and on the device; all whole blocks. */
struct sdax_stretch {
	uint64_t offset;
	uint64_t length;
	uint64_t address;
};

/* What to cut out, by offset in the file as it is. */
struct sdax_cut {
	uint64_t offset;
	uint64_t length;
};

struct sdax_carving {
	struct sdax_cut *cuts;		/* in order of offset; freed by the caller */
	size_t count;
	uint64_t missing;		/* bytes for which there is no place yet */
	uint64_t end;			/* what lies beyond is not needed */
};

/*
 * For a file of size bytes, more than 0, whose pieces of align bytes, the last
 * one perhaps shorter, have to lie at multiples of align. The stretches are in
 * order of offset, from 0 on and without a gap. ENOMEM.
 */
int sdax_carve(const struct sdax_stretch *stretches, size_t count,
	       uint64_t size, uint64_t align, struct sdax_carving *ret);

#endif
