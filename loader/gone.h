/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that were deleted, and filesystems that were unmounted, unseen. The programs
 * tell the registry when a sealed file is deleted, or its filesystem goes; while they
 * are off nobody does, and the record would go on to call protected what is not there.
 * So the filesystem is asked whether it still has the inode, and the kernel whether the
 * superblock is marked. "Gone" is only said where the answer can mean nothing else.
 */
#ifndef SDAX_GONE_H
#define SDAX_GONE_H

#include "store.h"

/*
 * Ends each seal on a filesystem whose superblock is not the one that was marked: it
 * was unmounted unseen, and whoever had it meanwhile, or has it under another number,
 * may move blocks. Under guard nothing is ended.
 *
 * ret_count is how many seals that are, and ret_first one of them. Negative errno, also
 * if there are some: as of sdax_roots_ask(), where it cannot be told of all, or the
 * registry cannot be read or written. The caller holds the lock, and the store is
 * writable.
 */
int sdax_gone_unmounted(struct sdax_store *store, struct sdax_key *ret_first,
			size_t *ret_count);

/*
 * Ends each seal of a file that its filesystem does not have any more: lapsed,
 * deleted. What is not mounted here, or cannot be asked, stays as it is. The caller
 * holds the lock, and the store is writable. Negative errno if the registry cannot
 * be read or written.
 */
int sdax_gone_sweep(struct sdax_store *store);

#endif
