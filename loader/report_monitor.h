/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What staticdax monitor says: to people, as JSON, or to the journal, with a
 * field STATICDAX_MEMBER for each member.
 *
 * JSON: an object a line, each with version, event, time (UTC, with
 * microseconds) and time_ns since 1970. By event:
 *   denied, audited  seq, path (as sealed, or null), dev, ino (null: of any
 *                    file, or any filesystem), op, offset, length (null: has
 *                    none, or is not known; of shrink, grow and truncate offset
 *                    is the new size), errno (that was met, or would have been),
 *                    hook, why ("contract", "generation", "filesystem",
 *                    "no_token"), comm, pid, tid, uid, cgroup (path, or null),
 *                    cgroup_id
 *   lapsed           path, dev, ino, lapse ("deleted", "unmounted", and
 *                    "unpinned": its pins were removed)
 *   suppressed       count of denials that were not printed, path, dev, ino, op,
 *                    uid; all but count null: of several
 *   lost             count of denials that were overwritten before being read
 *   enforcement      attached, enforcing, seals, audits (null: not known), and
 *                    what went wrong; the first line, and at every change
 */
#ifndef SDAX_REPORT_MONITOR_H
#define SDAX_REPORT_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "staticdax.h"

struct rate_rest;
struct report;

/* cgroup as in cgroup_path(), or NULL. */
void report_denial(struct report *report, const struct staticdax_event *event,
		   const char *cgroup);
void report_lapse(struct report *report, const struct staticdax_event *event);
void report_rest(struct report *report, const struct rate_rest *rest);
void report_lost(struct report *report, uint64_t count);
void report_enforcement(struct report *report,
			const struct staticdax_status *status, bool known);

#endif
