/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an entry says by itself. */
#ifndef SDAX_ENTRY_H
#define SDAX_ENTRY_H

#include <stdbool.h>

#include "staticdax_abi.h"

/* Does it deny or report? */
static inline bool sdax_entry_counts(const struct sdax_entry *entry)
{
	return entry->state == SDAX_STATE_PENDING ||
	       entry->state == SDAX_STATE_ACTIVE;
}

/* The canary has to show that a token was granted and spent. */
static inline bool sdax_entry_judges_writes(const struct sdax_entry *entry)
{
	return entry->deny & SDAX_BIT(SDAX_OP_WRITE) ||
	       entry->flags & SDAX_F_CANARY;
}

/*
 * What somebody else must have written into the entry of a file, as the rest of
 * a sentence about it; NULL: nothing contradicts anything.
 */
const char *sdax_entry_edited(const struct sdax_entry *entry);

#endif
