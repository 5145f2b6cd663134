/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which superblocks may hold a seal, as the programs ask it first: does the
 * address lie between those of the table? A superblock keeps its address for life; entries do not outlive
 * it, so one that is used again says "perhaps" too often, never too seldom.
 */
#ifndef SDAX_HOT_H
#define SDAX_HOT_H

#include <stdbool.h>

#include "staticdax_abi.h"

/* Before the first entry of a superblock, and harmless before any other. */
void sdax_hot_add(struct sdax_filter *filter, __u32 dev, __u64 super);

/* After its last entry. */
void sdax_hot_del(struct sdax_filter *filter, __u32 dev);

/* Would a file of it be looked up? */
bool sdax_hot_has(const struct sdax_filter *filter, __u32 dev);

/* From now on every superblock may hold a seal. */
void sdax_hot_all(struct sdax_filter *filter);

#endif
