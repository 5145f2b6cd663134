/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guard of bpf/guard.bpf.c: put around the registry, never taken away, and
 * tried. The only user of its skeleton.
 */
#ifndef SDAX_GUARD_H
#define SDAX_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "engine.h"
#include "staticdax.h"
#include "store.h"

#define SDAX_GUARD_DIR SDAX_BPF_DIR "/guard"
#define SDAX_GUARD_STATE SDAX_GUARD_DIR "/state"

enum sdax_guard_state {
	SDAX_GUARD_OFF = 0,
	/*
	 * A run died between closing the ways in and looking for who had come
	 * in before: everything is refused, but nothing is promised.
	 */
	SDAX_GUARD_UNFINISHED,
	SDAX_GUARD_ON,
};

/* ENOENT if there never was one; needs no privilege. */
int sdax_guard_read(struct sdax_guard *ret);

/* Needs no privilege. What cannot be read counts as ON: it refuses more. */
enum sdax_guard_state sdax_guard_state(void);

/* Is the program for this kernel? Of two, one came in the other's place. */
bool sdax_guard_wants(const char *program,
		      const struct sdax_functions *functions);

/* 0, or a negative errno and why in detail. */
typedef int (*sdax_guard_fn)(void *arg, enum staticdax_reason *ret_reason,
			     char *detail, size_t size);

/*
 * From here until reboot. Needs the lock of lock.h, and a registry that is
 * proved and agrees with itself; check is asked whether it still does once nobody
 * can change that any more. On failure nothing is left, and detail says why:
 * STATICDAX_GUARD_HELD if somebody has a way in already, STATICDAX_CANARY if the
 * guard does not refuse what it has to, or what check says.
 */
int sdax_guard_engage(sdax_guard_fn check, void *arg,
		      enum staticdax_reason *ret_reason, char *detail,
		      size_t size);

/* Tries what the guard has to refuse; 0, or EBADFD and what got through. */
int sdax_guard_prove(char *detail, size_t size);

/*
 * Puts a program, by a descriptor of it, and the maps that it has on the guard's
 * list; the door's is let out. Or all programs that are pinned. E2BIG if there is
 * no room in the list.
 */
int sdax_guard_list(struct sdax_guard *guard, int program, bool door);
int sdax_guard_list_enforcing(struct sdax_guard *guard);

/* Removes what a run left that died before the guard was active. */
void sdax_guard_sweep(void);

#endif
