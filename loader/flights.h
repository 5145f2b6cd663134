/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls that began before a file was sealed and are not over. The programs were asked
 * about them when they began; what they act upon they find out later, and it may be a
 * file that was opened meanwhile. Or it was open in access mode 3, see open(2), which
 * allows nothing but ioctls and counts neither as reader nor as writer: no lease knows
 * of it. fs/open.c, do_dentry_open()
 */
#ifndef SDAX_FLIGHTS_H
#define SDAX_FLIGHTS_H

#include <stdint.h>

#include "inspect.h"
#include "staticdax.h"

/*
 * Waits until no task is in an ioctl of these SDAX_FLIGHT_*, for a second or until
 * deadline, by sdax_now_ms(), whichever is later. id is of a file of the caller's. 0, or the error that is
 * in result: EBUSY, one still is, or not all tasks can be seen from the caller's PID
 * namespace.
 */
int sdax_flights_wait(struct sdax_inspect *inspect,
		      const struct sdax_identity *id, uint32_t kinds,
		      int64_t deadline, struct staticdax_result *result);

#endif
