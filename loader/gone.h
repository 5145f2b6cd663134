/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that were deleted, and filesystems that were unmounted, unseen. The programs
 * tell the registry when a sealed file is deleted, or its filesystem goes; while they
 * are off nobody does, and the record would go on to call protected what is not there.
 * So the filesystem is asked whether it still has the inode, and the kernel for the
 * superblock. "Gone" is only said where the answer can mean nothing else.
 */
#ifndef SDAX_GONE_H
#define SDAX_GONE_H

#include "inspect.h"
#include "store.h"

/*
 * Ends each seal on a filesystem whose superblock is not there any more: it was
 * unmounted unseen, and whoever had it meanwhile, or has it under another number, may
 * move blocks. Where the address of the superblock is not known, any with the number
 * counts as it; another one that got the same address and number is not told from it.
 * Under guard nothing is ended.
 *
 * Returns how many seals that were, and the first of them in ret_first. Negative
 * errno: EAGAIN if it cannot be told just now, or the registry cannot be read or
 * written. The caller holds the lock, and the store is writable.
 */
int sdax_gone_unmounted(struct sdax_store *store, struct sdax_inspect *inspect,
			struct sdax_key *ret_first);

/*
 * Ends each seal of a file that its filesystem does not have any more: lapsed,
 * deleted. What is not mounted here, or cannot be asked, stays as it is. The caller
 * holds the lock, and the store is writable. Negative errno if the registry cannot
 * be read or written.
 */
int sdax_gone_sweep(struct sdax_store *store);

#endif
