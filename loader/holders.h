/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who else has the file open or mapped, and is that everybody? */
#ifndef SDAX_HOLDERS_H
#define SDAX_HOLDERS_H

#include <stdbool.h>

#include "inspect.h"
#include "staticdax.h"

struct sdax_holding {
	bool others;		/* another process, or a part of the kernel */
	bool self;		/* this process, besides fd */
};

/* By the inode's own counts as id has them: nobody has it but fd, by which it was asked. */
bool sdax_holders_none(int fd, const struct sdax_identity *id);

/*
 * Compares the open files that the iterators see with the inode's own counts;
 * what is left over is held by the kernel: a loop device, an export, a file
 * registered with io_uring. fd is the descriptor through which we ask, or -1.
 * Others are listed in result.
 */
int sdax_holders_of(struct sdax_inspect *inspect, const struct sdax_key *key,
		    int fd, struct sdax_holding *ret,
		    struct staticdax_result *result);

#endif
