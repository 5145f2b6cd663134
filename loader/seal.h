/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The protocol by which a file gets and loses its seal. Each call fills result
 * and returns its error; docs/architecture.md tells why the order is this one.
 */
#ifndef SDAX_SEAL_H
#define SDAX_SEAL_H

#include "handle.h"

int sdax_seal_check(struct staticdax *sd, const char *path,
		    const struct staticdax_options *options,
		    struct staticdax_result *result);
int sdax_seal_file(struct staticdax *sd, const char *path,
		   const struct staticdax_options *options,
		   struct staticdax_result *result);

/*
 * A file that fd has open for writing and that has no name yet; path, an absolute
 * one, is what the caller gives it next. If that fails sdax_unseal_unnamed()
 * takes the seal away, or else it lapses with the file.
 */
int sdax_seal_unnamed(struct staticdax *sd, int fd, const char *path,
		      const struct staticdax_options *options,
		      struct staticdax_result *result);

#endif
