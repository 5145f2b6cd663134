/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which superblocks may hold a seal, and which operations the files that are sealed
 * have, as the programs ask it first: has the address a bit that none in the table
 * has? A superblock keeps its address for life; entries do not outlive it, so one that
 * is used again says "perhaps" too often, never too seldom. Those of operations only
 * add up, until the superblock has no entry any more.
 */
#ifndef SDAX_HOT_H
#define SDAX_HOT_H

#include <stdbool.h>

#include "staticdax_abi.h"

/* Before each entry of a superblock; first: it has none yet. */
void sdax_hot_add(struct sdax_filter *filter, const struct sdax_hot *of,
		  bool first);

/* After its last entry. */
void sdax_hot_del(struct sdax_filter *filter, __u32 dev);

/* Would a file of it be looked up? */
bool sdax_hot_has(const struct sdax_filter *filter, __u32 dev);

/* Has it a slot? */
bool sdax_hot_lists(const struct sdax_filter *filter, __u32 dev);

/* From now on every superblock may hold a seal. */
void sdax_hot_all(struct sdax_filter *filter);

/* So many filesystems with seals have no slot. */
void sdax_hot_count(struct sdax_filter *filter, __u32 unlisted);

/* None but those that are counted or have a slot may hold a seal. */
void sdax_hot_all_known(struct sdax_filter *filter);

#endif
