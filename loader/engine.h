/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The programs' life: load, attach, pin, replace, detach. The only user of the
 * skeleton.
 *
 * Everything is built in a directory aside and renamed in, so that a run that
 * dies leaves either all of it or a leftover that the next one removes. All
 * calls are made with the lock of lock.h held.
 */
#ifndef SDAX_ENGINE_H
#define SDAX_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "staticdax.h"
#include "staticdax_abi.h"

/* A program as status shows it. */
struct sdax_program {
	char hook[32];		/* kernel hook or function */
	char pin[32];		/* name of the program and of its link's pin */
	enum sdax_hook proof;	/* bit it leaves, or SDAX_HOOK_MAX_ */
	bool wanted;		/* this kernel has the hook */
	bool attached;		/* the pin is there and is a link */
};

#define SDAX_PROGRAMS_MAX 48

/*
 * Attaches everything this kernel has, reusing the registry if there is one
 * and replacing programs that are in place: new ones first, then the old ones
 * go, so that there is no gap. A new registry has room for so many records, 0
 * for the default. On failure ret_reason and detail say why.
 */
int sdax_engine_attach(uint32_t room, enum staticdax_reason *ret_reason,
		       char *detail, size_t size);

/* Are all wanted programs pinned? Fills in up to SDAX_PROGRAMS_MAX. */
int sdax_engine_programs(struct sdax_program *ret_programs, size_t *ret_count);

/* Unpins, which detaches: every program, and the registry unless it is kept. */
int sdax_engine_detach(bool keep_registry);

/* Leftovers of a run that died while building. */
void sdax_engine_sweep(void);

#endif
