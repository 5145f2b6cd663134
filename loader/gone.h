/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that were deleted unseen. The programs tell the registry when a sealed
 * file is deleted; while they are off nobody does, and the record would go on to
 * call protected what is not there. So the filesystem is asked whether it still
 * has the inode. "Gone" is only said where the answer can mean nothing else.
 */
#ifndef SDAX_GONE_H
#define SDAX_GONE_H

#include "store.h"

/*
 * Ends each seal of a file that its filesystem does not have any more: lapsed,
 * deleted. What is not mounted here, or cannot be asked, stays as it is. The caller
 * holds the lock, and the store is writable. Negative errno if the registry cannot
 * be read or written.
 */
int sdax_gone_sweep(struct sdax_store *store);

#endif
