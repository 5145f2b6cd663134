/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the counts and the filter of the registry must be, by its entries.
 * Callers hold the lock.
 */
#ifndef SDAX_CENSUS_H
#define SDAX_CENSUS_H

#include "store.h"

/*
 * The filter has no counts, so bits stay when an entry goes. What no entry
 * needs is cleared here, a word at a time: a bit that an entry needs is never
 * missing in between. ret_missing tells whether one was missing before.
 */
int sdax_census_filter(struct sdax_store *store, bool *ret_missing);

/*
 * Records that are not there though they should be, or negative: too many. With
 * one, key is its own; with more, it is nobody's. A journal of the registry in
 * two words, since entries that somebody deletes leave nothing else behind.
 */
struct sdax_gap {
	__s64 gone;
	struct sdax_key key;
};

int sdax_census_gap(struct sdax_store *store, struct sdax_gap *ret);
bool sdax_gap_is(const struct sdax_gap *gap);

/* From now on the records are those that are there. Not under guard. */
void sdax_census_adopt(struct sdax_store *store,
		       const struct sdax_gap *gap);

#endif
