/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One writer at a time: the lock that every change of the registry holds. */
#ifndef SDAX_LOCK_H
#define SDAX_LOCK_H

/*
 * Waits for the lock so many milliseconds, or for ever if negative; the caller drops it,
 * and so does death. EAGAIN: others had it all the while. EACCES or EPERM without root.
 */
int sdax_lock_take(int patience, int *ret_fd);

/* Also for a child that has the descriptor because another thread forked. */
void sdax_lock_drop(int *fd);

#endif
