// SPDX-License-Identifier: LGPL-2.1-or-later
/* Waits for calls that began before a file was sealed. */
#include "flights.h"

#include <errno.h>
#include <time.h>

#include "clock.h"
#include "handle.h"
#include "util.h"

#define LEAST_MS 1000
#define PAUSE_NS 1000000

int sdax_flights_wait(struct sdax_inspect *inspect,
		      const struct sdax_identity *id, uint32_t kinds,
		      int64_t deadline, struct staticdax_result *result)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int64_t end = sdax_now_ms() + LEAST_MS;
	struct sdax_flight flight;
	int r;

	if (!id->outermost)
		return sdax_fail(result, STATICDAX_HELD, 0,
				 "perhaps, by processes that cannot be seen from this PID namespace");
	if (end < deadline)
		end = deadline;
	while ((r = sdax_inspect_flights(inspect, kinds, &flight)) > 0) {
		if (sdax_now_ms() >= end)
			return sdax_fail(result, STATICDAX_HELD, 0,
					 "process %u is in a call that began before and may reach it",
					 flight.tgid);
		/* there is nothing to wait for that would say when it is over */
		nanosleep(&pause, NULL);
	}
	return r < 0 ? sdax_fail(result, STATICDAX_SYSTEM, r,
				 "looking for calls that are not over") : 0;
}
