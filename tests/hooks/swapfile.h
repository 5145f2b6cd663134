/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STATICDAX_TESTS_SWAPFILE_H
#define STATICDAX_TESTS_SWAPFILE_H

/* Makes the first page of a fit file the header of a swapfile. 0 or -errno. */
int swapfile_make(const char *path);

/* Swap on it: from here on the kernel protects its map itself. 0 or -errno. */
int swapfile_on(const char *path);
int swapfile_off(const char *path);

#endif
