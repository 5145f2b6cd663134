// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which parts of an allocation that is too large to keep. */
#include "carve.h"

#include <errno.h>
#include <stdlib.h>

#include "util.h"

static void cut(struct sdax_carving *carving, uint64_t from, uint64_t to)
{
	struct sdax_cut *last = carving->cuts + carving->count - 1;

	if (from == to)
		return;
	if (carving->count && last->offset + last->length == from)
		last->length += to - from;
	else
		carving->cuts[carving->count++] =
			(struct sdax_cut){ from, to - from };
}

/* How many bytes from the first multiple of align on are of use. */
static uint64_t usable(uint64_t room, uint64_t missing, uint64_t align)
{
	uint64_t whole = room & ~(align - 1);

	if (whole >= missing)
		return missing;
	/* the last piece, and it fits although its rest would not */
	if (missing - whole < align && room >= missing)
		return missing;
	return whole;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int sdax_carve(const struct sdax_stretch *stretches, size_t count,
	       uint64_t size, uint64_t align, struct sdax_carving *ret)
{
	struct sdax_carving carving = { .missing = size };

	/* at most one before each stretch's use and one behind it */
	carving.cuts = calloc(2 * count + 1, sizeof(*carving.cuts));
	if (!carving.cuts)
		return -ENOMEM;
	for (size_t i = 0; i < count && carving.missing; i++) {
		const struct sdax_stretch *s = stretches + i;
		uint64_t skip = smaller(-s->address & (align - 1), s->length);
		uint64_t use = usable(s->length - skip, carving.missing, align);
		uint64_t from = s->offset + skip;

		carving.missing -= use;
		if (!use)
			from = s->offset;
		cut(&carving, s->offset, from);
		carving.end = from + use;
		if (carving.missing)
			cut(&carving, from + use, s->offset + s->length);
	}
	*ret = carving;
	return 0;
}
