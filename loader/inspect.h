/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel says about an open file: its identity, and who else has it.
 *
 * Identity is asked of the kernel and never made from stat(2): user space
 * encodes dev_t differently, cannot learn the generation everywhere, and sees
 * another device on overlayfs and btrfs. A wrong key would fail open.
 */
#ifndef SDAX_INSPECT_H
#define SDAX_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "staticdax_abi.h"

struct sdax_inspect;

/* EPERM without privilege, EOPNOTSUPP where the kernel has no type information. */
int sdax_inspect_new(struct sdax_inspect **ret);
void sdax_inspect_free(struct sdax_inspect *inspect);

/* fd is one of this process. ENODATA: no certain identity, on btrfs. */
int sdax_inspect_identity(struct sdax_inspect *inspect, int fd,
			  struct sdax_identity *ret);

/* Whether somebody has or waits for the lock of the inode. Not to be known: no. */
static inline bool sdax_identity_locked(const struct sdax_identity *id)
{
	return id->lock && id->lock != SDAX_LOCK_UNKNOWN;
}

/* The same of what is open as fd, and who: 1, 0, or as above. */
int sdax_inspect_lock(struct sdax_inspect *inspect, int fd, uint64_t *ret_by);

/*
 * Everybody who has the inode open or mapped, this process included. An open
 * file that was dup'ed or inherited appears once for each descriptor, with the
 * same address. The caller frees the array. Errors as of sdax_inspect_new().
 */
int sdax_inspect_holders(struct sdax_inspect *inspect,
			 const struct sdax_key *key,
			 struct sdax_holder **ret_holders, size_t *ret_count);

/*
 * Is a task in an ioctl of these SDAX_FLIGHT_*? 1: yes, and ret is the first; 0: none
 * that the caller's PID namespace has. One that has just ended one may be called in it
 * still. Errors as of sdax_inspect_new().
 */
int sdax_inspect_flights(struct sdax_inspect *inspect, uint32_t kinds,
			 struct sdax_flight *ret);

#endif
