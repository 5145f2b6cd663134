/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Are sealed files as they were? Each call fills result and returns its error. */
#ifndef SDAX_VERIFY_H
#define SDAX_VERIFY_H

#include "handle.h"

int sdax_verify_file(struct staticdax *sd, const char *path,
		     struct staticdax_seal *ret_seal,
		     struct staticdax_result *result);
int sdax_verify_all(struct staticdax *sd, staticdax_verify_fn fn, void *arg,
		    struct staticdax_result *result);

#endif
