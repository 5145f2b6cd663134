// SPDX-License-Identifier: LGPL-2.1-or-later
/* Contradictions within an entry. */
#include "entry.h"

#include <stddef.h>

static bool is_lapse(const struct sdax_entry *entry)
{
	return entry->state == SDAX_STATE_LAPSED && entry->lapse &&
	       entry->lapse < SDAX_LAPSE_MAX_;
}

const char *sdax_entry_edited(const struct sdax_entry *entry)
{
	if (entry->flags & SDAX_F_CANARY)
		return "passes for the canary";
	if (entry->mode >= SDAX_MODE_MAX_)
		return "has an unknown mode";
	if ((entry->deny & ~SDAX_DENY_AUDIT) != sdax_mode_denies(entry->mode))
		return "does not refuse what its mode refuses";
	if (!(entry->deny & SDAX_DENY_AUDIT) != !(entry->flags & SDAX_F_AUDIT))
		return "is marked as an audit in one place of two";
	return sdax_entry_counts(entry) || is_lapse(entry) ?
		       NULL : "was switched off";
}
