/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a file's bytes are. */
#ifndef SDAX_MAP_H
#define SDAX_MAP_H

#include "staticdax.h"

/* As staticdax_map(). */
int sdax_map_file(const char *path, staticdax_run_fn fn, void *arg,
		  struct staticdax_map *ret, struct staticdax_result *result);

#endif
