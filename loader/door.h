/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The door of bpf/door.bpf.c: changes of the registry while it is guarded.
 * Each returns 0 or a negative errno; EPERM for what would edit a seal.
 */
#ifndef SDAX_DOOR_H
#define SDAX_DOOR_H

#include "staticdax_abi.h"

/* A descriptor of the program, or a negative errno. */
int sdax_door_open(void);

/*
 * Registers the path, then the entry as PENDING. ret_number is what to name it by in
 * entry.last_event of ACTIVATE.
 */
int sdax_door_put(int door, const struct sdax_key *key,
		  const struct sdax_entry *entry, __u32 magic,
		  const char *path, __u64 *ret_number);

/* ACTIVATE and DROP; entry may be NULL for those that take none. */
int sdax_door_ask(int door, enum sdax_request_op op, const struct sdax_key *key,
		  const struct sdax_entry *entry);

#endif
