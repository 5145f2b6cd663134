/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file has besides its content, for the file that takes its place. */
#ifndef SDAX_METADATA_H
#define SDAX_METADATA_H

#include <sys/stat.h>

#include "staticdax.h"

/*
 * Owner, extended attributes and with them ACLs, mode, inode flags and project,
 * and the times in st, which were those of from before it was read. All or an
 * error; result says which could not be kept.
 */
int sdax_metadata_copy(int from, int to, const struct stat *st,
		       struct staticdax_result *result);

#endif
