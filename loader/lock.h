/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One writer at a time: the lock that every change of the registry holds. */
#ifndef SDAX_LOCK_H
#define SDAX_LOCK_H

/*
 * Waits for the lock; the caller drops it, and so does death. EACCES or EPERM
 * without root.
 */
int sdax_lock_take(int *ret_fd);

/* Also for a child that has the descriptor because another thread forked. */
void sdax_lock_drop(int *fd);

#endif
