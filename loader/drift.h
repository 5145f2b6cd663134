/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The runs of a sealed map, kept so that a difference can be named.
 *
 * Whether a map is the same is told by the digest in its entry alone. A list of
 * its runs, in a file for root below /run/staticdax/maps, only tells where it
 * first differs: one that is missing, cut short by a kill, or of another seal
 * costs the place and nothing else. A map of one run needs none. At most
 * SDAX_KEPT_MAX are kept of a map, so that a file in a million pieces takes no
 * more memory than one in that many.
 */
#ifndef SDAX_DRIFT_H
#define SDAX_DRIFT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "staticdax_abi.h"
#include "verdict.h"

#define SDAX_KEPT_MAX 4096

/* Writing, while the map is judged. */
struct sdax_kept {
	struct sdax_key key;
	struct sdax_run first;
	uint64_t count;
	FILE *list;		/* from the second run on */
	int error;		/* the first, negative */
};

#define SDAX_KEPT_NONE { .list = NULL }

/* A sdax_run_fn; arg is a struct sdax_kept with its key set. */
void sdax_kept_add(void *arg, const struct sdax_run *run);

/* The list is whole now, unless it could not be written. */
int sdax_kept_finish(struct sdax_kept *kept, uint64_t digest);
void sdax_kept_close(struct sdax_kept *kept);

/* Comparing, while the map is judged again. */
struct sdax_drift {
	uint64_t digest;	/* that was recorded */
	uint64_t runs;		/* that there were */
	uint64_t end;		/* bytes of the map */
	FILE *list;		/* or NULL */
	uint64_t next;		/* number of the next run */
	uint64_t offset;	/* the first byte that lies elsewhere, if found */
	uint64_t was;		/* where, as the filesystem counts */
	uint64_t is;
	uint64_t same;		/* bytes that are the same, if not found */
	bool found;
	bool ended;		/* no more is recorded */
};

#define SDAX_DRIFT_NONE { .list = NULL }

/* digest and runs are those of the entry, end that of the map. */
void sdax_drift_open(struct sdax_drift *drift, const struct sdax_key *key,
		     uint64_t digest, uint64_t runs, uint64_t end);

/*
 * A sdax_run_fn; arg is a struct sdax_drift. was or is are UINT64_MAX where
 * they are not known.
 */
void sdax_drift_compare(void *arg, const struct sdax_run *run);
void sdax_drift_close(struct sdax_drift *drift);

/* The seal is gone, or all of them. */
void sdax_drift_forget(const struct sdax_key *key);
void sdax_drift_forget_all(void);

#endif
