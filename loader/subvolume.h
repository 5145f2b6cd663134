/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which subvolume of a btrfs a file is of. All have one superblock and each
 * numbers its inodes anew, so that the two together name no file.
 */
#ifndef SDAX_SUBVOLUME_H
#define SDAX_SUBVOLUME_H

#include "staticdax_abi.h"

/* How programs find it; see the type. ENODATA: the kernel does not describe it. */
int sdax_subvolume_find(struct sdax_subvolume_at *ret);

/*
 * sdax_key.part of the open file, as the filesystem says it itself. EOVERFLOW for
 * a subvolume whose id does not fit. Needs no privilege.
 */
int sdax_subvolume_part(int fd, __u32 *ret_part);

/*
 * s_dev of the filesystem of the open file, kernel encoding; st_dev is the
 * subvolume's. ENODATA if its mount is not to be seen from here.
 */
int sdax_subvolume_dev(int fd, __u32 *ret_dev);

#endif
