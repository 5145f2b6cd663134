/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other programs under the seals that are in force. */
#ifndef SDAX_UPGRADE_H
#define SDAX_UPGRADE_H

#include "staticdax.h"

/* As staticdax_upgrade(). */
int sdax_upgrade(struct staticdax *sd, uint32_t flags,
		 struct staticdax_result *result);

#endif
