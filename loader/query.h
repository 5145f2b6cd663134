/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the registry: one seal, all seals, the state of enforcement. */
#ifndef SDAX_QUERY_H
#define SDAX_QUERY_H

#include "handle.h"

/* "shrink"; and "unmounted", NULL for SDAX_LAPSE_NONE. Unknown: "?". */
const char *sdax_op_word(unsigned int op);
const char *sdax_lapse_word(unsigned int lapse);

/* The record in public words; strings live until the handle's next call. */
int sdax_query_seal(struct staticdax *sd, const struct sdax_store *store,
		    const struct sdax_key *key, struct staticdax_seal *ret);
int sdax_query_slot(struct staticdax *sd, const struct sdax_store *store,
		    const struct sdax_key *key, const struct sdax_slot *slot,
		    struct staticdax_seal *ret);
int sdax_query_path(struct staticdax *sd, const char *path,
		    struct staticdax_seal *ret);
int sdax_query_list(struct staticdax *sd, staticdax_list_fn fn, void *arg);
/*
 * Does the filesystem of this magic give an inode number to a second file while
 * the first lives? tmpfs does when its 32-bit numbers are used up, btrfs in each
 * subvolume; and nobody can rewrite a generation there.
 */
bool sdax_query_reuses_numbers(uint64_t magic);
int sdax_query_status(struct staticdax *sd, struct staticdax_status *ret);

#endif
