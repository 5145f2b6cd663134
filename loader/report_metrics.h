/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What staticdax metrics says, in the text format of Prometheus; each family
 * with its HELP, which is the documentation.
 */
#ifndef SDAX_REPORT_METRICS_H
#define SDAX_REPORT_METRICS_H

#include <stdint.h>

#include "staticdax.h"

struct report;

struct seal_counts {
	uint64_t sealed;
	uint64_t audited;
	uint64_t pending;
	uint64_t lapsed;
	uint64_t by_mode[STATICDAX_MODE_NOSHRINK + 1];	/* of the sealed */
};

void report_build(struct report *report, const char *version);
void report_enforcing(struct report *report, bool enforcing);
void report_metrics(struct report *report,
		    const struct staticdax_metrics *metrics,
		    const struct seal_counts *seals);

#endif
