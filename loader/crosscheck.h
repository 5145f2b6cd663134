/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Do the maps of the registry agree with each other? Each says in part what
 * another says too, so that an edit of one behind our back shows.
 */
#ifndef SDAX_CROSSCHECK_H
#define SDAX_CROSSCHECK_H

#include <stddef.h>

#include "store.h"

/*
 * Needs the lock, and a registry that was swept. Counts and filter bits that
 * contradict the entries are put right again; an entry that was edited or
 * deleted is not, since its file may have changed meanwhile. Returns 1 if it
 * found something, with a sentence in detail, and 0 if not. fn, if not NULL, is
 * called for each element on the way.
 *
 * What is not found: an edit that leaves no contradiction, such as another
 * size or digest (a matter of the extents themselves), or zeroed statistics.
 */
int sdax_crosscheck(struct sdax_store *store, sdax_store_fn fn, void *arg,
		    char *detail, size_t size);

#endif
