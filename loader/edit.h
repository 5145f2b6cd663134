/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes an entry of the map "sealed" without a moment in which there is none. */
#ifndef SDAX_EDIT_H
#define SDAX_EDIT_H

#include "staticdax_abi.h"

struct sdax_edit_program;

/* sealed is the map's descriptor, which may be closed then. Free with _free(). */
int sdax_edit_new(int sealed, struct sdax_edit_program **ret);
void sdax_edit_free(struct sdax_edit_program *program);

/*
 * The entry of key, which must be ACTIVE, becomes what entry says, but for its
 * generation and its counts. Needs the lock. ENOENT, ESTALE: there is none, or none
 * in force.
 */
int sdax_edit_run(struct sdax_edit_program *program, const struct sdax_key *key,
		  const struct sdax_entry *entry);

#endif
