// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of hot superblocks: none of them may ever be taken for cold, and
 * one that is gone is no longer in anybody's way.
 */
#include "hot.h"

#include <string.h>

#include "tap.h"

#define SUPER(n) (0xffff888000000000ULL + ((n) + 1) * 0x800ULL)

static struct sdax_filter filter;

#define OPS(n) (0xffffffff82000000ULL + (n) * 0x240ULL)

static bool is_cold(__u64 super)
{
	return super & filter.cold_bits || super < filter.hot_from;
}

static void add(__u32 dev, __u64 super, bool first)
{
	struct sdax_hot of = { .super = super, .ops = OPS(0), .dev = dev };

	sdax_hot_add(&filter, &of, first);
}

static void one_is_hot(void)
{
	int cold = 0;

	memset(&filter, 0, sizeof(filter));
	add(1, SUPER(4), true);
	tap_ok(!is_cold(SUPER(4)), "hot_is_not_cold");
	for (int i = 0; i < 1000; i++)
		cold += is_cold(SUPER(i));
	tap_ok(cold == 999, "others_are_cold");
	add(1, SUPER(4), false);
	sdax_hot_del(&filter, 1);
	tap_ok(is_cold(SUPER(4)), "cold_again_after_the_last_entry");
}

static void another_superblock_of_the_device(void)
{
	memset(&filter, 0, sizeof(filter));
	add(1, SUPER(4), true);
	add(1, SUPER(9), true);
	tap_ok(!is_cold(SUPER(9)), "mounted_again_is_hot");
	tap_ok(is_cold(SUPER(4)), "former_superblock_is_cold");
}

static void all_are_hot(int n, const char *name)
{
	bool ok = true;

	memset(&filter, 0, sizeof(filter));
	for (int i = 0; i < n; i++) {
		add(i, SUPER(i), true);
		add(i, SUPER(i), false);
		for (int j = 0; j <= i; j++)
			ok &= !is_cold(SUPER(j));
	}
	for (int i = 0; i < n; i++) {
		sdax_hot_del(&filter, i);
		for (int j = i + 1; j < n; j++)
			ok &= !is_cold(SUPER(j));
	}
	tap_ok(ok, "%s", name);
	tap_ok(is_cold(SUPER(3)), "%s, and none at the end", name);
}

static bool are_cold(__u64 ops)
{
	return ops & filter.cold_ops;
}

static void add_file(__u64 ops, bool first)
{
	struct sdax_hot of = { .super = SUPER(4), .ops = ops, .dev = 1 };

	sdax_hot_add(&filter, &of, first);
}

/* Two files of a superblock need not have the same operations. */
static void operations_are_hot(void)
{
	memset(&filter, 0, sizeof(filter));
	add_file(OPS(5), true);
	tap_ok(!are_cold(OPS(5)), "operations_are_hot");
	tap_ok(are_cold(OPS(10)), "other_operations_are_cold");
	add_file(OPS(10), false);
	tap_ok(!are_cold(OPS(5)) && !are_cold(OPS(10)),
	       "both_operations_are_hot");
	tap_ok(sdax_hot_has(&filter, 1), "it_would_be_looked_up");
	filter.cold_ops |= OPS(10) & ~OPS(5);
	tap_ok(!sdax_hot_has(&filter, 1), "not_with_a_bit_of_one_cold");
	sdax_hot_all(&filter);
	tap_ok(!are_cold(~0ULL), "all_operations_are_hot");
	sdax_hot_all_known(&filter);
	filter.hot[0].ops = 0;
	tap_ok(!sdax_hot_has(&filter, 1), "not_where_they_are_lost");
	sdax_hot_del(&filter, 1);
	add_file(OPS(5), true);
	tap_ok(are_cold(OPS(10)), "cold_again_after_the_last_entry");
}

/* A filesystem without a slot gets one that has become free. */
static void listed_late(void)
{
	const __u32 late = SDAX_HOT_MAX;

	memset(&filter, 0, sizeof(filter));
	for (__u32 i = 0; i <= late; i++)
		add(i, SUPER(i), true);
	tap_ok(filter.beyond == 1, "one_has_no_slot");
	sdax_hot_del(&filter, 3);
	tap_ok(!is_cold(SUPER(late)), "hot_without_a_slot");
	add(late, SUPER(late), false);
	tap_ok(filter.beyond == 0, "it_has_one_now");
	tap_ok(!is_cold(SUPER(late)), "hot_with_a_slot");
	tap_ok(is_cold(SUPER(1000)), "others_are_cold_again");
}

/* What programs have found stays so, however seals come and go, until all are known. */
static void unknown_is_hot(void)
{
	memset(&filter, 0, sizeof(filter));
	add(1, SUPER(4), true);
	sdax_hot_all(&filter);
	tap_ok(!is_cold(SUPER(9)), "all_are_hot_where_one_is_unknown");
	add(2, SUPER(5), true);
	sdax_hot_del(&filter, 2);
	sdax_hot_count(&filter, 0);
	tap_ok(!is_cold(SUPER(9)), "all_stay_hot");
	sdax_hot_all_known(&filter);
	tap_ok(is_cold(SUPER(9)), "others_are_cold_where_all_are_known");
	tap_ok(!is_cold(SUPER(4)), "hot_where_all_are_known");
}

/* What was counted wrongly is counted anew. */
static void counted_anew(void)
{
	memset(&filter, 0, sizeof(filter));
	add(1, SUPER(4), true);
	sdax_hot_count(&filter, 2);
	tap_ok(!is_cold(SUPER(9)), "all_are_hot_where_two_have_no_slot");
	sdax_hot_count(&filter, 0);
	tap_ok(is_cold(SUPER(9)), "others_are_cold_where_all_have_one");
}

int main(void)
{
	tap_plan(28);
	one_is_hot();
	another_superblock_of_the_device();
	all_are_hot(SDAX_HOT_MAX, "a_full_table_is_hot");
	all_are_hot(SDAX_HOT_MAX + 3, "more_than_the_table_holds_are_hot");
	operations_are_hot();
	listed_late();
	unknown_is_hot();
	counted_anew();
	return tap_done();
}
