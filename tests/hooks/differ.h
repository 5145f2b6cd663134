/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a sealed file answers other than an active swapfile: the list in "differences" beside this
 * file, whose head says how it is written.
 */
#ifndef STATICDAX_TESTS_DIFFER_H
#define STATICDAX_TESTS_DIFFER_H

/* Reads the list. 0 or -errno; -EINVAL if a line makes no sense, told on stderr. */
int differ_read(const char *path);

/* The number of the reason, from 1 on in the order of the list, 0 for none. */
int differ_reason(const char *mode, const char *operation, const char *sealed, const char *swap);

#endif
