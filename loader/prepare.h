/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes an existing file fit without changing a byte of its content. */
#ifndef SDAX_PREPARE_H
#define SDAX_PREPARE_H

#include "handle.h"

/* staticdax_prepare(); fills result and returns its error. */
int sdax_prepare(struct staticdax *sd, const char *path,
		 const struct staticdax_options *options,
		 struct staticdax_work *ret, struct staticdax_result *result);

#endif
