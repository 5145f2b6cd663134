/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that is counted, read from the pins. */
#ifndef SDAX_METRICS_H
#define SDAX_METRICS_H

#include "staticdax.h"

/* As staticdax_metrics(). */
int sdax_metrics_read(struct staticdax_metrics *ret);

#endif
