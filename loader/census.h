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

/*
 * What the gap is, and what counts and filter must be, in one walk, which calls fn
 * for each element, too. Free with _free().
 */
struct sdax_census;
int sdax_census_look(struct sdax_store *store, sdax_store_fn fn, void *arg,
		     struct sdax_gap *ret_gap, struct sdax_census **ret);
void sdax_census_free(struct sdax_census *census);

/* sdax_store_recount(), by a look that was just taken. */
int sdax_census_mend(struct sdax_store *store, const struct sdax_census *census,
		     const char **ret_wrong);

#endif
