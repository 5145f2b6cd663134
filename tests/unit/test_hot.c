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

static bool is_cold(__u64 super)
{
	return super & filter.cold_bits || super < filter.hot_from;
}

static void one_is_hot(void)
{
	int cold = 0;

	memset(&filter, 0, sizeof(filter));
	sdax_hot_add(&filter, 1, SUPER(4));
	tap_ok(!is_cold(SUPER(4)), "hot_is_not_cold");
	for (int i = 0; i < 1000; i++)
		cold += is_cold(SUPER(i));
	tap_ok(cold == 999, "others_are_cold");
	sdax_hot_add(&filter, 1, SUPER(4));
	sdax_hot_del(&filter, 1);
	tap_ok(is_cold(SUPER(4)), "cold_again_after_the_last_entry");
}

static void another_superblock_of_the_device(void)
{
	memset(&filter, 0, sizeof(filter));
	sdax_hot_add(&filter, 1, SUPER(4));
	sdax_hot_add(&filter, 1, SUPER(9));
	tap_ok(!is_cold(SUPER(9)), "mounted_again_is_hot");
	tap_ok(is_cold(SUPER(4)), "former_superblock_is_cold");
}

static void all_are_hot(int n, const char *name)
{
	bool ok = true;

	memset(&filter, 0, sizeof(filter));
	for (int i = 0; i < n; i++) {
		sdax_hot_add(&filter, i, SUPER(i));
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

int main(void)
{
	tap_plan(9);
	one_is_hot();
	another_superblock_of_the_device();
	all_are_hot(SDAX_HOT_MAX, "a_full_table_is_hot");
	all_are_hot(SDAX_HOT_MAX + 3, "more_than_the_table_holds_are_hot");
	return tap_done();
}
