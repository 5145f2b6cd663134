// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The keys of the filter: what the kernel's side computes from an inode and
 * user space from a key must be the same bit, inside the filter.
 */
#include "staticdax_abi.h"

#include "tap.h"

static void bits_are_in_range(void)
{
	bool ok = true;

	for (__u64 ino = 1; ino < 1000000; ino += 7)
		ok &= sdax_filter_bit(ino) < 1ULL << SDAX_FILTER_BITS;
	ok &= sdax_filter_bit(~0ULL) < 1ULL << SDAX_FILTER_BITS;
	tap_ok(ok, "filter_bit_in_range");
}

/* Neighbouring inodes are what a filesystem gives out. */
static void neighbours_spread(void)
{
	static __u8 seen[1 << SDAX_FILTER_BITS];
	int collisions = 0;

	for (__u64 ino = 1000; ino < 101000; ino++)
		collisions += seen[sdax_filter_bit(ino)]++ != 0;
	tap_ok(collisions < 2000, "filter_spreads_neighbours (%d of 100000)",
	       collisions);
}

static void modes_are_masks(void)
{
	tap_ok(SDAX_DENY_SWAPFILE == (SDAX_DENY_STATIC | SDAX_BIT(SDAX_OP_WRITE)),
	       "swapfile_is_static_and_no_write");
	tap_ok(!(SDAX_DENY_STATIC & SDAX_BIT(SDAX_OP_WRITE)),
	       "static_lets_write_in_place_pass");
	tap_ok(!(SDAX_DENY_NOSHRINK & ~SDAX_DENY_STATIC),
	       "noshrink_refuses_nothing_that_static_allows");
	tap_ok(!(SDAX_DENY_NOSHRINK &
		 (SDAX_BIT(SDAX_OP_GROW) | SDAX_BIT(SDAX_OP_WRITE) |
		  SDAX_BIT(SDAX_OP_EXTEND) | SDAX_BIT(SDAX_OP_APPEND))),
	       "noshrink_lets_a_file_grow_and_be_written");
	tap_ok(SDAX_PART_PIECES * SDAX_PATH_PART >= 4096,
	       "a_path_has_room_before_the_next_subvolume");
	tap_ok(SDAX_DENY_STATIC & SDAX_BIT(SDAX_OP_UMOUNT),
	       "last_operation_is_in_the_mask");
}

int main(void)
{
	tap_plan(8);
	bits_are_in_range();
	neighbours_spread();
	modes_are_masks();
	return tap_done();
}
