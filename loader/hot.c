// SPDX-License-Identifier: LGPL-2.1-or-later
/* The table of hot superblocks, and what the addresses in it have in common. */
#include "hot.h"

#include <stddef.h>

static int find(const struct sdax_filter *filter, __u32 dev)
{
	for (int i = 0; i < SDAX_HOT_MAX; i++)
		if (filter->hot[i].super && filter->hot[i].dev == dev)
			return i;
	return -1;
}

bool sdax_hot_lists(const struct sdax_filter *filter, __u32 dev)
{
	return find(filter, dev) >= 0;
}

static struct sdax_hot *slot_of(struct sdax_filter *filter, __u32 dev)
{
	int i = find(filter, dev);

	return i < 0 ? NULL : &filter->hot[i];
}

static struct sdax_hot *free_slot(struct sdax_filter *filter)
{
	for (size_t i = 0; i < SDAX_HOT_MAX; i++)
		if (!filter->hot[i].super)
			return &filter->hot[i];
	return NULL;
}

static __u64 beyond(const struct sdax_filter *filter)
{
	return __atomic_load_n(&filter->beyond, __ATOMIC_SEQ_CST);
}

static void settle_once(struct sdax_filter *filter, bool all)
{
	__u64 from = ~0ULL, bits = 0, ops = 0;

	for (size_t i = 0; i < SDAX_HOT_MAX; i++) {
		__u64 super = filter->hot[i].super;

		if (!super)
			continue;
		from = super < from ? super : from;
		bits |= super;
		ops |= filter->hot[i].ops;
	}
	if (all) {
		from = 0;
		bits = ~0ULL;
		ops = ~0ULL;
	}
	__atomic_store_n(&filter->hot_from, from, __ATOMIC_SEQ_CST);
	__atomic_store_n(&filter->cold_bits, ~bits, __ATOMIC_SEQ_CST);
	__atomic_store_n(&filter->cold_ops, ~ops, __ATOMIC_SEQ_CST);
}

/* A program that finds all hot says so first, and may do it meanwhile. */
static void settle(struct sdax_filter *filter)
{
	__u64 was;

	do {
		was = beyond(filter);
		settle_once(filter, was);
	} while (beyond(filter) != was);
}

static void count(struct sdax_filter *filter, int by)
{
	if (by > 0 || beyond(filter) & ~SDAX_BEYOND_UNKNOWN)
		__atomic_fetch_add(&filter->beyond, (__u64)(__s64)by,
				   __ATOMIC_SEQ_CST);
}

/*
 * The slot is whole when its address is: a run that dies in between has
 * registered nothing yet.
 */
void sdax_hot_add(struct sdax_filter *filter, const struct sdax_hot *of,
		  bool first)
{
	bool listed = sdax_hot_lists(filter, of->dev);
	struct sdax_hot *slot = slot_of(filter, of->dev) ?: free_slot(filter);

	if (slot) {
		slot->dev = of->dev;
		slot->ops = of->ops | (listed ? slot->ops : 0);
		__atomic_store_n(&slot->super, of->super, __ATOMIC_SEQ_CST);
	}
	if (!slot && first)
		count(filter, 1);
	else if (slot && !listed && !first)
		count(filter, -1);
	settle(filter);
}

void sdax_hot_del(struct sdax_filter *filter, __u32 dev)
{
	struct sdax_hot *slot = slot_of(filter, dev);

	if (slot)
		__atomic_store_n(&slot->super, 0, __ATOMIC_SEQ_CST);
	else
		count(filter, -1);
	settle(filter);
}

static bool is_open(const struct sdax_filter *filter)
{
	return !filter->hot_from && !filter->cold_bits && !filter->cold_ops;
}

bool sdax_hot_has(const struct sdax_filter *filter, __u32 dev)
{
	int i = find(filter, dev);
	const struct sdax_hot *hot = filter->hot + i;

	if (i < 0 || !hot->ops)
		return is_open(filter);
	return hot->super >= filter->hot_from &&
	       !(hot->super & filter->cold_bits) &&
	       !(hot->ops & filter->cold_ops);
}

void sdax_hot_all(struct sdax_filter *filter)
{
	__atomic_fetch_or(&filter->beyond, SDAX_BEYOND_UNKNOWN,
			  __ATOMIC_SEQ_CST);
	settle(filter);
}

void sdax_hot_count(struct sdax_filter *filter, __u32 unlisted)
{
	__u64 is = beyond(filter), now;

	do
		now = (is & SDAX_BEYOND_UNKNOWN) | unlisted;
	while (!__atomic_compare_exchange_n(&filter->beyond, &is, now, false,
					    __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST));
	if (is != now)
		settle(filter);
}

void sdax_hot_all_known(struct sdax_filter *filter)
{
	__atomic_fetch_and(&filter->beyond, ~SDAX_BEYOND_UNKNOWN,
			   __ATOMIC_SEQ_CST);
	settle(filter);
}

