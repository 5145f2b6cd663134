// SPDX-License-Identifier: GPL-2.0-or-later
/* Who may print how much, at times of our own. */
#include <string.h>

#include "../tap.h"
#include "rate.h"

static struct staticdax_event event_of(uint64_t ino, const char *op,
				       uint32_t uid)
{
	return (struct staticdax_event){
		.dev = 1, .ino = ino, .op = op, .uid = uid, .path = "/f",
	};
}

struct rests {
	int calls;
	uint64_t count;
	struct rate_rest last;
	char path[8];
};

static void on_rest(void *arg, const struct rate_rest *rest)
{
	struct rests *rests = arg;

	rests->calls++;
	rests->count += rest->count;
	rests->last = *rest;
	strcpy(rests->path, rest->path ? rest->path : "");
}

/* How many of n are shown. */
static int take(struct rate *rate, struct staticdax_event event, int n,
		uint64_t now)
{
	int shown = 0;

	while (n--)
		shown += rate_take(rate, &event, now);
	return shown;
}

static void test_one_kind(void)
{
	struct rate rate = {};
	struct rests rests = {};

	tap_ok(take(&rate, event_of(1, "shrink", 7), 1000, 5) == RATE_BURST,
	       "shows_a_burst");
	rate_settle(&rate, 5 + RATE_WINDOW - 1, on_rest, &rests);
	tap_ok(rests.calls == 0, "says_nothing_before_the_window_ends");
	rate_settle(&rate, 5 + RATE_WINDOW, on_rest, &rests);
	tap_ok(rests.calls == 1 && rests.count == 1000 - RATE_BURST &&
		       !strcmp(rests.last.op, "shrink") &&
		       !strcmp(rests.path, "/f") && rests.last.uid == 7,
	       "counts_the_rest_by_what_it_is");
	tap_ok(take(&rate, event_of(1, "shrink", 7), 1000,
		    6 + RATE_WINDOW) == RATE_BURST,
	       "shows_again_in_the_next_window");
	rate_settle(&rate, UINT64_MAX, on_rest, &rests);
	tap_ok(rests.count == 2 * (1000 - RATE_BURST), "settles_all_at_the_end");
}

static void test_others_are_heard(void)
{
	struct rate rate = {};
	struct rests rests = {};

	take(&rate, event_of(1, "shrink", 7), 1000, 5);
	tap_ok(take(&rate, event_of(1, "shrink", 8), 1, 5) == 1,
	       "another_user_is_shown");
	tap_ok(take(&rate, event_of(2, "shrink", 7), 1, 5) == 1,
	       "another_file_is_shown");
	tap_ok(take(&rate, event_of(1, "unlink", 7), 1, 5) == 1,
	       "another_operation_is_shown");
	rate_settle(&rate, UINT64_MAX, on_rest, &rests);
	tap_ok(rests.calls == 1, "no_rest_of_what_was_shown_in_full");
}

/* However many files one has, the lines are bounded and the sum is right. */
static void test_more_kinds_than_slots(void)
{
	const int kinds = 10 * RATE_SLOTS, each = 20;
	struct rate rate = {};
	struct rests rests = {};
	int shown = 0;

	for (int i = 1; i <= kinds; i++)
		shown += take(&rate, event_of(i, "unlink", 7), each, 5);
	tap_ok(shown == (RATE_SLOTS + 1) * RATE_BURST, "lines_are_bounded");
	rate_settle(&rate, UINT64_MAX, on_rest, &rests);
	tap_ok(rests.count + shown == (uint64_t)kinds * each,
	       "shown_and_not_shown_are_all");
	tap_ok(!rests.last.op && !rests.last.path && !rests.last.ino,
	       "the_shared_rest_names_nobody");
	tap_ok(take(&rate, event_of(9, "unlink", 7), 1, 6) == 1,
	       "slots_are_free_again");
	rate_settle(&rate, UINT64_MAX, on_rest, &rests);
}

int main(void)
{
	test_one_kind();
	test_others_are_heard();
	test_more_kinds_than_slots();
	return tap_done();
}
