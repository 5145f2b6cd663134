/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From an open file to its extents: the only caller of FIEMAP.
 *
 * The digest of a map is the XXH3 64-bit hash, seed 0, over its runs in order
 * of offset. A run is what is contiguous both in the file and in fe_physical,
 * however many extents the filesystem makes of it, and is hashed as three
 * little-endian 64-bit numbers: offset in the file, fe_physical, length, all in
 * bytes. The map ends with the file's last block; what is allocated beyond is
 * no part of it.
 */
#ifndef SDAX_EXTENTS_H
#define SDAX_EXTENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "staticdax.h"
#include "verdict.h"

struct fiemap;
struct fiemap_extent;
struct sdax_device;

/* A result other than 0 ends the walk with it. */
typedef int (*sdax_extent_fn)(void *arg, const struct fiemap_extent *extent);

/*
 * Every extent of the file in order of offset, those past its end as well.
 * sync: dirty pages are written first, so that nothing is still to be
 * allocated. EIO: the filesystem's answers do not get further. EOPNOTSUPP: it
 * does not know FIEMAP.
 */
int sdax_extents_walk(int fd, bool sync, sdax_extent_fn fn, void *arg);

/* The same with another source of answers; ask returns 0 or -errno. */
typedef int (*sdax_fiemap_fn)(void *source, struct fiemap *map);
int sdax_extents_walk_by(sdax_fiemap_fn ask, void *source, bool sync,
			 sdax_extent_fn fn, void *arg);

/* Whoever wants to see the runs of the map. */
struct sdax_run_sink {
	sdax_run_fn fn;
	void *arg;
};

/*
 * Walk and judge. facts and align as the judge wants them, dev from
 * sdax_device_open(), or NULL if there is none to be had, sink or NULL. 0 with
 * result->reason says yes or why not. On an errno the reason is
 * STATICDAX_SYSTEM, or STATICDAX_UNMAPPED for EOPNOTSUPP.
 *
 * What XFS calls shared is looked at twice: it frees the blocks of deleted
 * files later.
 */
int sdax_extents_judge(int fd, const struct sdax_facts *facts, uint64_t align,
		       struct sdax_device *dev,
		       const struct sdax_run_sink *sink,
		       struct staticdax_result *result);

#endif
