/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new file that is fit to be sealed. */
#ifndef SDAX_CREATE_H
#define SDAX_CREATE_H

#include "handle.h"

/* staticdax_create(); fills result and returns its error. */
int sdax_create(struct staticdax *sd, const char *path, uint64_t size,
		const struct staticdax_options *options,
		struct staticdax_result *result);

#endif
