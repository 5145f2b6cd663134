/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a file loses its seal. Each call fills result and returns its error. */
#ifndef SDAX_UNSEAL_H
#define SDAX_UNSEAL_H

#include "handle.h"

int sdax_unseal_file(struct staticdax *sd, const char *path, uint32_t flags,
		     struct staticdax_result *result);
/* Of sdax_seal_unnamed(), whose descriptor is the only one there is. */
int sdax_unseal_unnamed(struct staticdax *sd, int fd,
			struct staticdax_result *result);
int sdax_unseal_all(struct staticdax *sd, const char *mountpoint,
		    uint32_t flags, staticdax_unseal_fn fn, void *arg,
		    uint64_t *ret_count);

#endif
