// SPDX-License-Identifier: GPL-2.0-or-later
/* The only writer to stdout. */
#define _GNU_SOURCE
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "quote.h"
#include "size.h"
#include "util.h"

#define NS_PER_S 1000000000ULL

/* What each of the headings PATH, SIZE and RUNS takes. */
#define WIDTH_MIN 4

void report_init(struct report *report, FILE *out, bool json)
{
	*report = (struct report) {
		.out = out,
		.json = json,
		.journal = -1,
		.path_width = WIDTH_MIN,
		.size_width = WIDTH_MIN,
		.runs_width = WIDTH_MIN,
	};
}

static void note_error(struct report *report, bool failed)
{
	if (failed && !report->error)
		report->error = errno ? -errno : -EIO;
}

void report_text(struct report *report, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vfprintf(report->out, format, ap);
	va_end(ap);
	note_error(report, n < 0);
}

static void put_text(struct report *report, const char *text)
{
	note_error(report, fputs(text, report->out) < 0);
}

int report_done(struct report *report)
{
	note_error(report, fflush(report->out) != 0 || ferror(report->out));
	return report->error;
}

#define LATE_NS 100000000ULL

static uint64_t coarse_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

void report_soon(struct report *report, const struct staticdax_result *result)
{
	uint64_t now = coarse_now();

	if (result->reason == STATICDAX_OK && !result->changed &&
	    now - report->out_at < LATE_NS)
		return;
	report->out_at = now;
	report_done(report);
}

/* JSON */

static void put_json(struct report *report, struct json_object *object)
{
	const char *text = json_object_to_json_string_ext(object,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	_cleanup_free_ char *safe = text ? quote_json(text) : NULL;

	if (!safe)
		errno = ENOMEM;
	note_error(report, !safe);
	report_text(report, "%s", safe ? safe : "null");
}

void report_object(struct report *report, struct json_object *object)
{
	put_json(report, object);
	json_object_put(object);
}

void report_element(struct report *report, struct json_object *object)
{
	report_text(report, report->more ? ",\n" : "\n");
	report->more = true;
	report_object(report, object);
}

void report_begin(struct report *report, const char *array)
{
	report->more = false;
	if (report->json)
		report_text(report, "{\"version\":1,\"%s\":[", array);
}

void report_end(struct report *report, const struct staticdax_result *failure)
{
	struct json_object *object;

	if (!report->json)
		return;
	object = json_object_new_object();
	json_add_failure(object, failure);
	report_text(report, "\n]");
	json_object_object_foreach(object, key, value) {
		report_text(report, ",\"%s\":", key);
		put_json(report, value);
	}
	report_text(report, "}\n");
	json_object_put(object);
}

/* seal, unseal, check, get */

static char *bare(const char *path)
{
	return quote_escape(path, strlen(path), QUOTE_BARE);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* "N bytes" */
static char *count_of(uint64_t n, const char *what, char *to)
{
	return stpcpy(stpcpy(size_digits(n, to), what), plural(n));
}

static char *hex_of(uint64_t n, char *to)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		*to++ = "0123456789abcdef"[n >> shift & 15];
	*to = '\0';
	return to;
}

/* Written for each of many files, and therefore without printf(3), see size_digits(). */
static void put_extents(struct report *report,
			const struct staticdax_result *result)
{
	char text[160], align[SIZE_TEXT], *to = stpcpy(text, " (");

	to = stpcpy(count_of(result->file_size, " byte", to), ", ");
	to = stpcpy(count_of(result->runs, " run", to), ", align ");
	to = stpcpy(to, size_format(result->align, align));
	hex_of(result->digest, stpcpy(to, ", map digest "));
	put_text(report, text);
}

/*
 * "(N bytes, R runs, align A, map digest D)" and what is unusual. Without an
 * alignment nobody has looked at the map: mode noshrink.
 */
static void put_map(struct report *report,
		    const struct staticdax_result *result)
{
	if (!result->align) {
		report_text(report, " (%" PRIu64 " byte%s now; may grow, not shrink)\n",
			    result->file_size, plural(result->file_size));
		return;
	}
	put_extents(report, result);
	if (result->past_eof)
		report_text(report, ", %" PRIu64 " byte%s preallocated beyond the end",
			    result->past_eof, plural(result->past_eof));
	if (result->unshared)
		report_text(report, ", reflink leftovers cleared");
	if (result->lapsed)
		report_text(report, ", the seal before had lapsed and the map %s",
			    result->moved ? "HAS MOVED since" : "is the same");
	put_text(report, ")\n");
}

void report_sealed(struct report *report, const char *path, bool audit,
		   const struct staticdax_result *result)
{
	_cleanup_free_ char *name = NULL;

	if (report->json) {
		report_element(report, json_of_result(path, result));
	} else if (result->reason == STATICDAX_OK) {
		name = bare(path);
		report_text(report, "%s: %s%s", quote_or(name),
			    result->changed ? "sealed" : "already sealed",
			    audit ? ", audit only: nothing is refused" : "");
		put_map(report, result);
	}
	report_soon(report, result);
}

void report_created(struct report *report, const char *path,
		    const struct staticdax_result *result)
{
	_cleanup_free_ char *name = NULL;

	if (report->json) {
		report_element(report, json_of_result(path, result));
	} else if (result->reason == STATICDAX_OK) {
		name = bare(path);
		report_text(report, "%s: created%s", quote_or(name),
			    result->changed ? " and sealed" : "");
		put_map(report, result);
	}
	report_done(report);
}

static void put_part(struct report *report, uint64_t bytes, const char *what,
		     const char **separator)
{
	if (!bytes)
		return;
	report_text(report, "%s%" PRIu64 " byte%s %s", *separator, bytes,
		    plural(bytes), what);
	*separator = ", ";
}

/* ": 4096 bytes of holes written out, 8192 bytes unshared" */
static void put_work(struct report *report, const struct staticdax_work *work)
{
	const char *separator = ": ";

	if (work->relocate) {
		report_text(report, ": moved to other blocks");
		return;
	}
	put_part(report, work->holes, "of holes written out", &separator);
	put_part(report, work->unwritten, "unwritten written out", &separator);
	put_part(report, work->shared, "unshared", &separator);
	put_part(report, work->past_eof, "beyond the end freed", &separator);
}

static void put_prepared(struct report *report, const char *path, bool dry_run,
			 const struct staticdax_work *work,
			 const struct staticdax_result *result)
{
	_cleanup_free_ char *name = bare(path);
	bool any = work->relocate || work->holes || work->unwritten ||
		   work->shared || work->past_eof;

	report_text(report, "%s: %s", quote_or(name),
		    !any && !result->changed ? "nothing to do" :
		    dry_run		     ? "would be prepared" :
					       "prepared");
	put_work(report, work);
	if (dry_run)
		report_text(report, "\n");
	else
		put_map(report, result);
}

void report_prepared(struct report *report, const char *path, bool dry_run,
		     const struct staticdax_work *work,
		     const struct staticdax_result *result)
{
	struct json_object *object;

	if (report->json) {
		object = json_of_result(path, result);
		json_add_work(object, work);
		report_element(report, object);
	} else if (result->reason == STATICDAX_OK) {
		put_prepared(report, path, dry_run, work, result);
	}
	report_done(report);
}

void report_unsealed(struct report *report, const char *path,
		     const struct staticdax_result *result)
{
	_cleanup_free_ char *name = NULL;

	if (report->json) {
		report_element(report, json_of_result(path, result));
	} else if (result->reason == STATICDAX_OK) {
		name = bare(path ? path : "(path not known)");
		report_text(report, "%s: %s\n", quote_or(name),
			    result->changed ? "unsealed" : "was not sealed");
	}
	report_soon(report, result);
}

void report_planned(struct report *report, const char *path, bool seal,
		    const struct staticdax_result *result)
{
	_cleanup_free_ char *name = bare(path ? path : "(path not known)");

	if (result->reason != STATICDAX_OK)
		return;
	report_text(report, "%s: would be %s", quote_or(name),
		    seal ? "sealed" : "unsealed");
	if (seal)
		put_map(report, result);
	else
		report_text(report, "\n");
}

void report_changed(struct report *report, const char *path, bool planned,
		    const char *of, const char *from, const char *to,
		    const struct staticdax_result *result)
{
	_cleanup_free_ char *name = bare(path);

	if (result->reason != STATICDAX_OK)
		return;
	report_text(report, "%s: %schanged from %s%s to %s%s", quote_or(name),
		    planned ? "would be " : "", of, from, of, to);
	put_map(report, result);
}

void report_upgraded(struct report *report,
		     const struct staticdax_result *result)
{
	if (result->reason == STATICDAX_OK)
		report_text(report, "%s\n",
			    result->changed ?
				    "the programs in force are those of this version" :
				    "nothing is sealed, so there is nothing to replace");
	report_done(report);
}

/* "NAME: PREFIX: why" */
static void put_no(struct report *report, const char *name, const char *prefix,
		   const struct staticdax_result *result)
{
	_cleanup_free_ char *why = NULL;
	char text[1024];

	staticdax_explain(result, text, sizeof(text));
	why = quote_escape(text, strlen(text), QUOTE_PROSE);
	report_text(report, "%s: %s%s\n", name, prefix, quote_or(why));
}

static bool is_answer(const struct staticdax_result *result)
{
	enum staticdax_answer answer = staticdax_answer_of(result->reason);

	return answer == STATICDAX_NO || answer == STATICDAX_HELD_BY_OTHERS;
}

void report_checked(struct report *report, const char *path,
		    const struct staticdax_result *result)
{
	_cleanup_free_ char *name = bare(path);

	if (report->json) {
		report_element(report, json_of_result(path, result));
	} else if (result->reason == STATICDAX_OK) {
		put_text(report, quote_or(name));
		put_text(report, ": fit");
		put_map(report, result);
	} else if (is_answer(result)) {
		put_no(report, quote_or(name), "not fit: ", result);
	}
	report_soon(report, result);
}

void report_verified(struct report *report, const char *path,
		     const struct staticdax_seal *seal,
		     const struct staticdax_result *result)
{
	_cleanup_free_ char *name = bare(path ? path : "(path not known)");
	struct json_object *object;

	if (report->json) {
		object = json_of_result(path, result);
		json_add(object, "seal", seal->state == STATICDAX_STATE_NONE ?
			 NULL : json_of_seal(seal));
		report_element(report, object);
	} else if (result->reason == STATICDAX_OK) {
		put_text(report, quote_or(name));
		put_text(report, ": as it was sealed");
		put_map(report, result);
	} else if (is_answer(result)) {
		put_no(report, quote_or(name), "NOT as it was sealed: ",
		       result);
	}
	report_soon(report, result);
}

/* "sealed", "lapsed (unmounted, 2031-05-07 11:33:17)"; the caller frees it. */
static char *state_text(const struct staticdax_seal *seal)
{
	static const char *const words[] = {
		[STATICDAX_STATE_NONE] = "not sealed",
		[STATICDAX_STATE_PENDING] = "pending",
		[STATICDAX_STATE_SEALED] = "sealed",
		[STATICDAX_STATE_LAPSED] = "lapsed",
	};
	bool known = (size_t)seal->state < ARRAY_SIZE(words);
	char text[256], when[REPORT_TIME];

	if (seal->state == STATICDAX_STATE_LAPSED && seal->lapse)
		snprintf(text, sizeof(text), "lapsed (%s, %s)", seal->lapse,
			 report_time(seal->lapsed_time, when));
	else if (seal->state == STATICDAX_STATE_SEALED && seal->audit)
		snprintf(text, sizeof(text), "sealed (audit only)");
	else
		snprintf(text, sizeof(text), "%s",
			 known ? words[seal->state] : "unknown");
	return quote_escape(text, strlen(text), QUOTE_PROSE);
}

void report_place(uint64_t offset, uint64_t length, char *text, size_t size)
{
	text[0] = '\0';
	if (offset == STATICDAX_NO_OFFSET)
		return;
	if (length == STATICDAX_NO_OFFSET)
		snprintf(text, size, " to %" PRIu64, offset);
	else
		snprintf(text, size, " at %" PRIu64 "+%" PRIu64, offset, length);
}

/* The line below a seal. */
static void put_denials(struct report *report,
			const struct staticdax_seal *seal)
{
	_cleanup_free_ char *comm = NULL;
	char when[REPORT_TIME], place[64];

	if (!report->denials || seal->state == STATICDAX_STATE_NONE)
		return;
	report_text(report, "    %" PRIu32 " denial%s", seal->denials,
		    plural(seal->denials));
	if (seal->denials && seal->last_op) {
		comm = bare(seal->last_comm);
		report_place(seal->last_offset, seal->last_length, place,
			     sizeof(place));
		report_text(report, ", the last %s: %s%s by %s[%" PRIu32 "], uid %" PRIu32,
			    report_time(seal->last_time, when), seal->last_op,
			    place, quote_or(comm), seal->last_pid,
			    seal->last_uid);
	} else if (seal->denials) {
		report_text(report, ", the last no longer remembered");
	}
	report_text(report, "\n");
}

void report_got(struct report *report, const char *path,
		const struct staticdax_seal *seal,
		const struct staticdax_result *result)
{
	_cleanup_free_ char *name = NULL, *state = NULL;
	struct json_object *object;
	bool known = result->reason == STATICDAX_OK;

	if (report->json) {
		object = json_of_got(path, known ? seal : NULL);
		json_add_failure(object, result);
		report_element(report, object);
	} else if (known) {
		name = bare(path);
		state = state_text(seal);
		report_text(report, "%s: %s%s\n", quote_or(name),
			    quote_or(state),
			    seal->state != STATICDAX_STATE_NONE &&
			    seal->mode == STATICDAX_MODE_NOSHRINK ?
				    ", against shrinking only" : "");
		put_denials(report, seal);
	}
	report_soon(report, result);
}

/* list */

static char *seal_name(const struct staticdax_seal *seal)
{
	char text[64];

	if (seal->path)
		return bare(seal->path);
	snprintf(text, sizeof(text), "(inode %" PRIu64 " of %" PRIu32 ":%" PRIu32 ")",
		 seal->ino, seal->dev >> 20, seal->dev & 0xfffff);
	return bare(text);
}

static void widen(int *width, int wanted)
{
	*width = wanted > *width ? wanted : *width;
}

void report_list_measure(struct report *report,
			 const struct staticdax_seal *seal)
{
	_cleanup_free_ char *name = seal_name(seal);

	widen(&report->path_width, quote_width(quote_or(name)));
	widen(&report->size_width,
	      snprintf(NULL, 0, "%" PRIu64, seal->file_size));
	widen(&report->runs_width,
	      snprintf(NULL, 0, "%" PRIu64, seal->runs));
}

/* printf's own widths count bytes, not characters. */
static void put_padded(struct report *report, const char *text, int width)
{
	int used = quote_width(text);

	report_text(report, "%s%*s  ", text, used < width ? width - used : 0,
		    "");
}

void report_list_begin(struct report *report)
{
	report_begin(report, "seals");
	if (report->json)
		return;
	put_padded(report, "PATH", report->path_width);
	report_text(report, "%-14s  %*s  %5s  %*s  %10s  %-19s  %s\n", "MODE",
		    report->size_width, "SIZE", "ALIGN", report->runs_width,
		    "RUNS", "DENIALS", "SEALED-AT", "STATE");
}

const char *report_time(uint64_t ns, char text[static REPORT_TIME])
{
	time_t seconds = ns / NS_PER_S;
	struct tm tm;

	if (!ns || !localtime_r(&seconds, &tm) ||
	    !strftime(text, REPORT_TIME, "%Y-%m-%d %H:%M:%S", &tm))
		return "-";
	return text;
}

void report_list_seal(struct report *report, const struct staticdax_seal *seal)
{
	_cleanup_free_ char *name = NULL, *state = NULL;
	char align[SIZE_TEXT], when[REPORT_TIME], mode[32];

	if (report->json) {
		report_element(report, json_of_seal(seal));
		return;
	}
	name = seal_name(seal);
	state = state_text(seal);
	snprintf(mode, sizeof(mode), "%s%s", staticdax_mode_word(seal->mode),
		 seal->audit ? "+audit" : "");
	put_padded(report, quote_or(name), report->path_width);
	report_text(report, "%-14s  %*" PRIu64 "  %5s  %*" PRIu64 "  %10" PRIu32 "  %-19s  %s\n",
		    mode, report->size_width, seal->file_size,
		    seal->align ? size_format(seal->align, align) : "-",
		    report->runs_width,
		    seal->runs, seal->denials,
		    report_time(seal->sealed_at, when), quote_or(state));
	put_denials(report, seal);
}

/* status, doctor */

static void put_hook(struct report *report, const struct staticdax_hook *hook)
{
	const char *word = !hook->wanted ? "not in this kernel" :
			   hook->proved ? "refuses" :
			   hook->attached && !hook->provable ? "attached" :
			   hook->attached ? "attached, DOES NOT REFUSE" :
					    "MISSING";

	report_text(report, "  %-20.*s  %s\n", (int)sizeof(hook->name),
		    hook->name, word);
}

static void put_lapses(struct report *report, uint64_t count,
		       const struct report_lapses *lapses)
{
	for (size_t i = 0; i < lapses->count; i++) {
		_cleanup_free_ char *name = seal_name(&lapses->seals[i]);
		_cleanup_free_ char *state = state_text(&lapses->seals[i]);

		report_text(report, "  %s: %s\n", quote_or(name),
			    quote_or(state));
	}
	if (count > lapses->count && lapses->count)
		report_text(report, "  ... and %" PRIu64 " more, see staticdax list\n",
			    count - lapses->count);
}

static void put_counters(struct report *report,
			 const struct staticdax_status *status,
			 const struct report_lapses *lapses)
{
	report_text(report, "seals:     %" PRIu64 " enforced, %" PRIu64 " audit only, %" PRIu64 " pending, %" PRIu64 " lapsed",
		    status->seals, status->audits, status->pending,
		    status->lapsed);
	if (status->capacity)
		report_text(report, ", room for %" PRIu64, status->capacity);
	report_text(report, "\n");
	if (status->noshrink)
		report_text(report, "noshrink:  %" PRIu64 " of these\n",
			    status->noshrink);
	put_lapses(report, status->lapsed, lapses);
	if (status->swept)
		report_text(report, "removed:   %" PRIu64 " leftover%s of killed runs\n",
			    status->swept, plural(status->swept));
	if (status->mended)
		report_text(report, "restored:  %" PRIu64 " pin%s of maps that somebody removed\n",
			    status->mended, plural(status->mended));
	report_text(report, "refused:   %" PRIu64 ", of these without a token %" PRIu64 ", generation changed %" PRIu64 "\n",
		    status->denied, status->no_token,
		    status->generation_changed);
	report_text(report, "audited:   %" PRIu64 "\n", status->audited);
	report_text(report, "tokens:    %" PRIu64 " lost\n",
		    status->token_lost);
	if (status->hooks_count)
		report_text(report, "hooks:\n");
	for (size_t i = 0; i < status->hooks_count && i < STATICDAX_HOOKS; i++)
		put_hook(report, &status->hooks[i]);
}

void report_locked(struct report *report,
		   const struct staticdax_result *result)
{
	struct json_object *object;

	if (report->json) {
		object = json_object_new_object();
		json_add(object, "version", json_object_new_int(1));
		json_add(object, "locked", json_object_new_boolean(
				 result->reason == STATICDAX_OK));
		json_add(object, "changed",
			 json_object_new_boolean(result->changed));
		json_add_failure(object, result);
		report_object(report, object);
		report_text(report, "\n");
	} else if (result->reason == STATICDAX_OK) {
		report_text(report, "%s until reboot\n",
			    result->changed ? "locked" : "already locked");
	}
}

void report_status(struct report *report,
		   const struct staticdax_status *status,
		   const struct report_lapses *lapses, bool known)
{
	_cleanup_free_ char *why = NULL;
	char text[1024] = "nothing is sealed";

	if (report->json) {
		report_object(report, json_of_status(status, lapses, known));
		report_text(report, "\n");
		return;
	}
	if (status->result.reason != STATICDAX_OK)
		staticdax_explain(&status->result, text, sizeof(text));
	why = quote_escape(text, strlen(text), QUOTE_PROSE);
	if (status->enforcing)
		report_text(report, "enforcing: yes\n");
	else
		report_text(report, "enforcing: no (%s)\n", quote_or(why));
	if (status->locked)
		report_text(report, "locked:    until reboot\n");
	if (known)
		put_counters(report, status, lapses);
}

void report_doctor(struct report *report,
		   const struct staticdax_answer_line *line)
{
	_cleanup_free_ char *detail = NULL, *remedy = NULL;
	const char *text = line->detail ? line->detail : "";

	if (report->json) {
		report_element(report, json_of_answer(line));
		return;
	}
	detail = quote_escape(text, strlen(text), QUOTE_PROSE);
	report_text(report, "%s  %s: %s\n",
		    line->yes ? "ok" : line->required ? "NO" : "no",
		    line->question, quote_or(detail));
	if (line->yes || !line->remedy)
		return;
	remedy = quote_escape(line->remedy, strlen(line->remedy), QUOTE_PROSE);
	report_text(report, "      %s\n", quote_or(remedy));
}
