/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lock of an inode as a barrier: who had it, and was asked about before something
 * came into force, is over once it was free.
 *
 * Whoever takes it waits for whoever has it, and no signal ends that. But a user can
 * have it for as long as he likes: a directory that he lists into a page of his own
 * FUSE filesystem is locked until he gives the page. So it is taken only when it has
 * been seen to be free, or to go from hand to hand, which leaves him the moment in
 * between.
 */
#ifndef SDAX_BARRIER_H
#define SDAX_BARRIER_H

#include <stdint.h>

#include "inspect.h"

/*
 * Waits until nobody has the lock of what is open as fd or it goes from hand to hand, or
 * until deadline, by sdax_now_ms(). EBUSY: the same few had it all the while.
 */
int sdax_barrier_pass(struct sdax_inspect *inspect, int fd, int64_t deadline);

/* Waits as long as somebody has it, beyond all signals. */
void sdax_barrier_take(int fd);

#endif
