/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may print how much: of the denials that one user meets at one file with
 * one operation, RATE_BURST are shown in RATE_WINDOW, and the rest is counted.
 * Those that no slot is left for share one. So nobody can flood a log, and
 * nobody who tries hides what others do. Pure.
 */
#ifndef SDAX_RATE_H
#define SDAX_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "staticdax.h"

#define RATE_BURST 10
#define RATE_WINDOW 5000000000ULL	/* ns */
#define RATE_SLOTS 32

/* What was not shown. */
struct rate_rest {
	uint64_t count;
	const char *op;		/* or NULL: of several */
	char *path;		/* or NULL */
	uint64_t ino;
	uint32_t dev;
	uint32_t uid;
};

struct rate {
	struct rate_slot {
		struct rate_rest rest;	/* what it is for, and the count */
		uint64_t until;		/* 0: the slot is free */
		unsigned int shown;
	} slots[RATE_SLOTS + 1];	/* the last one is for all others */
};

/* May event be shown? now in ns, of a clock that is not set. */
bool rate_take(struct rate *rate, const struct staticdax_event *event,
	       uint64_t now);

/*
 * Calls back for each whose time is over and that has something not shown; all
 * of them with now UINT64_MAX, which has to be the last call.
 */
typedef void (*rate_fn)(void *arg, const struct rate_rest *rest);
void rate_settle(struct rate *rate, uint64_t now, rate_fn fn, void *arg);

#endif
