/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From extents to runs: what goes on in the file, on the filesystem and on the
 * device below is one run, and what is missing between extents is a hole; pure.
 */
#ifndef SDAX_RUNS_H
#define SDAX_RUNS_H

#include "staticdax.h"

struct fiemap_extent;

/*
 * Sets address, address_dev and opaque of the run by its physical, and cuts its
 * length where they end. Negative: the address is not known.
 */
typedef int (*sdax_locate_fn)(void *ctx, struct staticdax_run *run);

struct sdax_runs {
	staticdax_run_fn fn;
	void *arg;
	sdax_locate_fn locate;		/* NULL: no address is known */
	void *ctx;
	uint64_t end;			/* the last block of the file ends there */
	uint64_t past_eof;		/* bytes allocated beyond */
	struct staticdax_run open;	/* may still grow; length 0: none */
	int stopped;			/* what fn returned */
};

/* The extents in order of offset, then the end. A result other than 0 is fn's. */
int sdax_runs_extent(struct sdax_runs *runs, const struct fiemap_extent *extent);
int sdax_runs_end(struct sdax_runs *runs);

#endif
