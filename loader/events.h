/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happened since a handle looked last: denials from the ring, lapses from
 * the registry itself. A lapse has a record that stays, so a flood of denials
 * cannot hide it.
 */
#ifndef SDAX_EVENTS_H
#define SDAX_EVENTS_H

#include "staticdax.h"

struct sdax_events;

/* As staticdax_events(). */
int sdax_events_read(struct staticdax *sd, staticdax_event_fn fn, void *arg,
		     uint64_t *ret_lost);

/* From CLOCK_BOOTTIME to CLOCK_REALTIME, both ns. */
uint64_t sdax_real_time(uint64_t boot_ns);

/* NULL is allowed. */
void sdax_events_free(struct sdax_events *events);

#endif
