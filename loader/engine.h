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

/* BTF ids of the kernel's functions that the guard asks for, or negative. */
struct sdax_functions {
	int map_create;		/* bpf_lsm_bpf_map_create */
	int element_iterator;	/* bpf_iter_bpf_map_elem */
	int answer;		/* security_bpf_map: by which hooks answer */
};

int sdax_engine_functions(struct sdax_functions *ret);

/* Unpins, which detaches: every program, and the registry unless it is kept. */
int sdax_engine_detach(bool keep_registry);

/*
 * Pins maps again whose pins were removed, as long as a pinned program still
 * has them; nothing was unprotected meanwhile. ret_mended counts them.
 */
int sdax_engine_mend(unsigned int *ret_mended);

/*
 * The mark that programs are attached lies outside of their bpffs, so that it
 * shows when that is gone: lost is marked and nothing pinned. Detaching takes
 * the mark away first.
 */
int sdax_engine_mark(void);
bool sdax_engine_lost(void);

/* Leftovers of a run that died while building. */
void sdax_engine_sweep(void);

#endif
