// SPDX-License-Identifier: GPL-2.0-or-later
/* Who may print how much. */
#include "rate.h"

#include <stdlib.h>
#include <string.h>

static bool is_for(const struct rate_slot *slot,
		   const struct staticdax_event *event)
{
	const struct rate_rest *rest = &slot->rest;

	return slot->until && rest->op && !strcmp(rest->op, event->op) &&
	       rest->ino == event->ino && rest->dev == event->dev &&
	       rest->uid == event->uid;
}

static struct rate_slot *slot_for(struct rate *rate,
				  const struct staticdax_event *event)
{
	struct rate_slot *others = &rate->slots[RATE_SLOTS], *free = others;

	for (struct rate_slot *slot = rate->slots; slot < others; slot++) {
		if (is_for(slot, event))
			return slot;
		if (!slot->until && free == others)
			free = slot;
	}
	if (free == others)
		return others;
	free->rest = (struct rate_rest){
		.op = event->op,
		.path = event->path ? strdup(event->path) : NULL,
		.ino = event->ino,
		.dev = event->dev,
		.uid = event->uid,
	};
	return free;
}

bool rate_take(struct rate *rate, const struct staticdax_event *event,
	       uint64_t now)
{
	struct rate_slot *slot = slot_for(rate, event);

	if (!slot->until)
		slot->until = now + RATE_WINDOW;
	if (slot->shown == RATE_BURST) {
		slot->rest.count++;
		return false;
	}
	slot->shown++;
	return true;
}

void rate_settle(struct rate *rate, uint64_t now, rate_fn fn, void *arg)
{
	for (size_t i = 0; i <= RATE_SLOTS; i++) {
		struct rate_slot *slot = &rate->slots[i];

		if (!slot->until || slot->until > now)
			continue;
		if (slot->rest.count)
			fn(arg, &slot->rest);
		free(slot->rest.path);
		*slot = (struct rate_slot){};
	}
}
