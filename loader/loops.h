/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loop devices, which hold a file without a descriptor of anybody's. */
#ifndef SDAX_LOOPS_H
#define SDAX_LOOPS_H

#include <stddef.h>
#include <sys/types.h>

/*
 * 1 and the name of one that is attached to the file, or that cannot be asked; 0 if
 * none is.
 */
int sdax_loops_find(dev_t dev, ino_t ino, char *name, size_t size);

#endif
