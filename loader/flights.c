// SPDX-License-Identifier: LGPL-2.1-or-later
/* Waits for calls that began before a file was sealed. */
#include "flights.h"

#include <errno.h>
#include <time.h>

#include "handle.h"
#include "util.h"

#define LEAST_MS 1000
#define PAUSE_NS 1000000

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

int sdax_flights_wait(struct sdax_inspect *inspect,
		      const struct sdax_identity *id, uint32_t kinds,
		      uint32_t ms, struct staticdax_result *result)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int64_t end = now_ms() + (ms > LEAST_MS ? ms : LEAST_MS);
	struct sdax_flight flight;
	int r;

	if (!id->outermost)
		return sdax_fail(result, STATICDAX_HELD, 0,
				 "perhaps, by processes that cannot be seen from this PID namespace");
	while ((r = sdax_inspect_flights(inspect, kinds, &flight)) > 0) {
		if (now_ms() >= end)
			return sdax_fail(result, STATICDAX_HELD, 0,
					 "process %u is in an ioctl that began before and may reach it",
					 flight.tgid);
		/* there is nothing to wait for that would say when it is over */
		nanosleep(&pause, NULL);
	}
	return r < 0 ? sdax_fail(result, STATICDAX_SYSTEM, r,
				 "looking for calls that are not over") : 0;
}
