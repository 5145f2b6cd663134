/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The paths of seals, kept by a reader of events: a denial may be read when the seal
 * that it was for is gone, and with it the record of its path.
 */
#ifndef SDAX_SEEN_H
#define SDAX_SEEN_H

#include <stddef.h>

#include "staticdax_abi.h"

struct sdax_store;
struct sdax_seen_seal;

struct sdax_seen_list {
	struct sdax_seen_seal *seals;	/* sorted */
	size_t count;
	size_t room;
};

/* All zero: nothing has been seen. */
struct sdax_seen {
	struct sdax_seen_list now;
	struct sdax_seen_list before;	/* until the registry changes again */
	struct sdax_key keys;		/* of sdax_control, as the next two */
	__u64 records;
	__u64 stale;
};

/*
 * Takes note of what is sealed, if that has changed. A denial of a seal that ended
 * since the last look is counted in store->control->event_seq when this returns.
 */
int sdax_seen_look(struct sdax_seen *seen, struct sdax_store *store);

/* NULL if it was not there at the last two looks; else good until the next. */
const char *sdax_seen_path(const struct sdax_seen *seen,
			   const struct sdax_key *key);

void sdax_seen_done(struct sdax_seen *seen);

#endif
