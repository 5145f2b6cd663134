/* SPDX-License-Identifier: GPL-2.0-or-later */
/* staticdax --version: what this program is, and what the kernel is to it. */
#ifndef SDAX_VERSION_H
#define SDAX_VERSION_H

#include "report.h"

#ifndef STATICDAX_VERSION
#define STATICDAX_VERSION "unknown"
#endif

/*
 * Three lines: the version alone; the build; whether this kernel can seal, and if not
 * what of doctor's is missing, or why it could not be asked.
 */
void version_print(struct report *report);

#endif
