/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From now on seals can only be added. */
#ifndef SDAX_SEAL_LOCK_H
#define SDAX_SEAL_LOCK_H

#include "handle.h"

/* See staticdax_lock(). */
int sdax_seal_lock(struct staticdax *sd, struct staticdax_result *result);

#endif
