// SPDX-License-Identifier: GPL-2.0-or-later
/* The lines of monitor: for people, as JSON, or for the journal. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "journal.h"
#include "json.h"
#include "quote.h"
#include "rate.h"
#include "report.h"
#include "report_monitor.h"
#include "util.h"

#define NS_PER_S 1000000000ULL

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/*
 * Takes text, which may be NULL, and the object. What the journal does not take
 * goes where its stream is, without fields.
 */
static void put_line(struct report *report, int priority, uint64_t time,
		     char *text, struct json_object *object)
{
	_cleanup_free_ char *line = text;
	char when[REPORT_TIME];

	if (report->journal >= 0 &&
	    !journal_send(report->journal, quote_or(line), priority, object)) {
		json_object_put(object);
		return;
	}
	if (report->json) {
		report_object(report, object);
		report_text(report, "\n");
	} else {
		report_text(report, "%s %s\n", report_time(time, when),
			    quote_or(line));
		json_object_put(object);
	}
	report_done(report);
}

/* "/pmem/pool", or what else is known; the caller frees it. */
static char *file_text(const char *path, uint32_t dev, uint64_t ino)
{
	char text[96];

	if (path)
		return quote_escape(path, strlen(path), QUOTE_BARE);
	if (!dev)
		snprintf(text, sizeof(text), "any sealed file");
	else if (!ino)
		snprintf(text, sizeof(text), "the filesystem on %" PRIu32 ":%" PRIu32,
			 dev >> 20, dev & 0xfffff);
	else
		snprintf(text, sizeof(text), "inode %" PRIu64 " of %" PRIu32 ":%" PRIu32,
			 ino, dev >> 20, dev & 0xfffff);
	return strdup(text);
}

static char *denial_text(const struct staticdax_event *event,
			 const char *cgroup)
{
	_cleanup_free_ char *file = NULL, *comm = NULL, *group = NULL;
	char place[64];
	char *text;
	int n;

	file = file_text(event->path, event->dev, event->ino);
	comm = quote_escape(event->comm,
			    strnlen(event->comm, sizeof(event->comm)),
			    QUOTE_BARE);
	if (cgroup)
		group = quote_escape(cgroup, strlen(cgroup), QUOTE_BARE);
	report_place(event->offset, event->length, place, sizeof(place));
	n = asprintf(&text, "%s: %s of %s%s by %s[%" PRIu32 "], uid %" PRIu32 "%s%s: %s",
		     event->audit ? "audited" : "denied", event->op,
		     quote_or(file), place, quote_or(comm), event->pid,
		     event->uid, cgroup ? ", cgroup " : "",
		     cgroup ? quote_or(group) : "",
		     json_errno_word(event->error) ?: "0");
	return n < 0 ? NULL : text;
}

void report_denial(struct report *report, const struct staticdax_event *event,
		   const char *cgroup)
{
	put_line(report, event->audit ? LOG_NOTICE : LOG_WARNING, event->time,
		 denial_text(event, cgroup), json_of_denial(event, cgroup));
}

void report_lapse(struct report *report, const struct staticdax_event *event)
{
	_cleanup_free_ char *file = NULL;
	char *text;

	file = file_text(event->path, event->dev, event->ino);
	if (asprintf(&text, "lapsed: the seal of %s (%s)", quote_or(file),
		     event->lapse) < 0)
		text = NULL;
	put_line(report, LOG_ERR, event->time, text, json_of_lapse(event));
}

void report_rest(struct report *report, const struct rate_rest *rest)
{
	_cleanup_free_ char *file = NULL;
	uint64_t time = now();
	char *text;
	int n;

	file = file_text(rest->path, rest->dev, rest->ino);
	if (rest->op)
		n = asprintf(&text, "suppressed: %" PRIu64 " more denials: %s of %s by uid %" PRIu32,
			     rest->count, rest->op, quote_or(file), rest->uid);
	else
		n = asprintf(&text, "suppressed: %" PRIu64 " more denials of many kinds",
			     rest->count);
	put_line(report, LOG_WARNING, time, n < 0 ? NULL : text,
		 json_of_rest(time, rest));
}

void report_lost(struct report *report, uint64_t count)
{
	uint64_t time = now();
	char *text;

	if (asprintf(&text, "lost: %" PRIu64 " denials were overwritten before they were read",
		     count) < 0)
		text = NULL;
	put_line(report, LOG_WARNING, time, text, json_of_lost(time, count));
}

static char *enforcement_text(const struct staticdax_status *status,
			      bool known)
{
	_cleanup_free_ char *why = NULL;
	char buf[1024];
	char *text;
	int n;

	if (status->result.reason == STATICDAX_OK && !status->attached)
		return strdup("enforcing: no (nothing is sealed)");
	staticdax_explain(&status->result, buf, sizeof(buf));
	why = quote_escape(buf, strlen(buf), QUOTE_PROSE);
	if (status->enforcing && status->mended)
		n = asprintf(&text, "enforcing: yes (%" PRIu64 " sealed, %" PRIu64 " audit only), after pins of maps were removed: %" PRIu64 " put back",
			     status->seals, status->audits, status->mended);
	else if (status->enforcing)
		n = asprintf(&text, "enforcing: yes (%" PRIu64 " sealed, %" PRIu64 " audit only)",
			     status->seals, status->audits);
	else
		n = asprintf(&text, "enforcing: %s (%s)",
			     known ? "NO" : "not known", quote_or(why));
	return n < 0 ? NULL : text;
}

void report_enforcement(struct report *report,
			const struct staticdax_status *status, bool known)
{
	bool well = status->result.reason == STATICDAX_OK;
	uint64_t time = now();

	put_line(report, well ? LOG_INFO : known ? LOG_CRIT : LOG_WARNING,
		 time, enforcement_text(status, known),
		 json_of_enforcement(time, status, known));
}
