/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What each reason means: its errno and remedy, for the library and the
 * command; the rest of the table is public.
 */
#ifndef SDAX_WORDS_H
#define SDAX_WORDS_H

#include "staticdax.h"

/* Positive, like errno(3); 0 for STATICDAX_OK, and for STATICDAX_SYSTEM. */
int sdax_reason_errno(enum staticdax_reason reason);

/* What to do about it, or NULL. */
const char *sdax_reason_remedy(enum staticdax_reason reason);

#endif
