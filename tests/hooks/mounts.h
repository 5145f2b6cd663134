/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STATICDAX_TESTS_MOUNTS_H
#define STATICDAX_TESTS_MOUNTS_H

#include "tool.h"

/*
 * Tries, on a small filesystem of its own of the type fs ("ext4" or "xfs"), what a seal means to
 * the mounts of its filesystem, and what seals on another filesystem mean to this one. At least
 * one file of another filesystem must be sealed while it runs. Prints TAP lines.
 */
void mounts_run(const char *fs, enum seal_mode mode);

#endif
