/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XFS can exchange the content of two files at once and for good, whatever ends the
 * machine, and leave the inodes what they are: since Linux 6.12, made with
 * mkfs.xfs -i exchange=1.
 */
#ifndef SDAX_EXCHANGE_H
#define SDAX_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

struct sdax_exchange {
	int32_t other;
	uint32_t pad;
	uint64_t other_offset;
	uint64_t offset;
	uint64_t length;
	uint64_t flags;
	uint64_t freshness[6];		/* what the file was like at the beginning */
};

/* Can that be done with fd? From now on a change of its file is noticed. */
bool sdax_exchange_begin(int fd, struct sdax_exchange *ret);

/*
 * Exchanges all of fd's file and all of other's, unless the former has been written
 * to since the beginning: EBUSY. Both are of one size. Other errors are those of the
 * ioctl, and nothing was done.
 */
int sdax_exchange_commit(struct sdax_exchange *exchange, int fd, int other);

#endif
