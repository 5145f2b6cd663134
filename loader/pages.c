// SPDX-License-Identifier: GPL-2.0-or-later
/* Which parts of a run huge pages can map. */
#include "pages.h"

#include <string.h>

uint64_t pages_in(const struct staticdax_run *run, uint64_t page,
		  uint64_t *ret_first)
{
	uint64_t skip = -run->offset & (page - 1);

	if (run->address == STATICDAX_NO_OFFSET || run->opaque ||
	    strcmp(run->state, "written") ||
	    (run->address - run->offset) & (page - 1) || run->length < skip ||
	    run->length - skip < page)
		return 0;
	*ret_first = run->offset + skip;
	return (run->length - skip) / page;
}

uint64_t pages_align(const struct staticdax_run *run)
{
	uint64_t apart;

	if (run->address == STATICDAX_NO_OFFSET)
		return 0;
	apart = (run->address - run->offset) | 1ULL << 62;
	return apart & -apart;
}
