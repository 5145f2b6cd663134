/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clock of what is waited for. */
#ifndef SDAX_CLOCK_H
#define SDAX_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds of CLOCK_MONOTONIC. */
static inline int64_t sdax_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

#endif
