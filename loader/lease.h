/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The write lease: nobody else has the file open or mapped, and whoever wants
 * to waits, up to the seconds of fs.lease-break-time.
 */
#ifndef SDAX_LEASE_H
#define SDAX_LEASE_H

#include <stdbool.h>

/* EAGAIN: somebody has it. Taking one that is held asks again. */
int sdax_lease_take(int fd);
void sdax_lease_drop(int fd);

/* Is it still held, and nobody waiting for it? */
bool sdax_lease_undisturbed(int fd);

#endif
