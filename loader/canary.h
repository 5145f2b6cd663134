/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The proof that it is on: every hook that denies is tried on a file of our
 * own. Attaching succeeds where BPF LSM is not in lsm=, and
 * kernel.ftrace_enabled=0 turns everything off later, both in silence.
 */
#ifndef SDAX_CANARY_H
#define SDAX_CANARY_H

#include "inspect.h"
#include "store.h"

/*
 * Seals the canary, tries everything on it, unseals it. ret_proved has a bit
 * of enum sdax_hook for each program that was reached. A negative errno only
 * for what prevented the trial. detail names the first operation that was not
 * refused, or is empty.
 */
int sdax_canary_run(struct sdax_store *store, struct sdax_inspect *inspect,
		    __u64 *ret_proved, char *detail, size_t size);

/* Unmounts and removes the canary's directory. */
void sdax_canary_remove(void);

#endif
