// SPDX-License-Identifier: GPL-2.0-or-later
/* What staticdax apply says about a file. */
#define _GNU_SOURCE
#include "report_apply.h"

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "quote.h"
#include "report.h"
#include "size.h"
#include "util.h"

static void add_policy(struct json_object *object,
		       const struct policy_rule *rule)
{
	_cleanup_free_ char *place = NULL;

	if (rule && asprintf(&place, "%s:%u", rule->file, rule->line) < 0)
		place = NULL;
	json_add_name(object, "policy", "policy_hex", place,
		      place ? strlen(place) : 0);
}

static struct json_object *was(const struct applied *applied)
{
	struct json_object *object;

	if (applied->action != APPLY_CHANGE)
		return NULL;
	object = json_object_new_object();
	json_add(object, "mode", json_object_new_string(
		staticdax_mode_word(applied->was_mode)));
	json_add(object, "audit", json_object_new_boolean(applied->was_audit));
	json_add(object, "align", json_object_new_uint64(applied->was_align));
	return object;
}

/* The same mode and audit: what differs is the alignment. */
static void put_changed(struct report *report, const struct applied *applied)
{
	const struct staticdax_options *is = &applied->rule->options;
	bool audit = is->flags & STATICDAX_AUDIT;
	char from[64], to[64];

	if (is->mode == applied->was_mode && audit == applied->was_audit) {
		size_format(applied->was_align, from);
		size_format(applied->result.align, to);
		report_changed(report, applied->path, applied->dry_run,
			       "align ", from, to, &applied->result);
		return;
	}
	snprintf(from, sizeof(from), "%s%s",
		 staticdax_mode_word(applied->was_mode),
		 applied->was_audit ? ", audit" : "");
	snprintf(to, sizeof(to), "%s%s", staticdax_mode_word(is->mode),
		 audit ? ", audit" : "");
	report_changed(report, applied->path, applied->dry_run, "", from, to,
		       &applied->result);
}

static void put_json(struct report *report, const struct applied *applied)
{
	static const char *const words[] = {
		[APPLY_NONE] = "none",
		[APPLY_TAKEN] = "taken",
		[APPLY_SEARCH] = "search",
		[APPLY_KEEP] = "keep",
		[APPLY_SEAL] = "seal",
		[APPLY_CHANGE] = "change",
		[APPLY_UNSEAL] = "unseal",
	};
	struct json_object *object = json_of_result(applied->path,
						    &applied->result);

	json_add(object, "action",
		 json_object_new_string(words[applied->action]));
	json_object_object_add(object, "was", was(applied));
	add_policy(object, applied->rule);
	report_element(report, object);
}

/* Nothing is wrong with it, unless it was mistyped. */
static void put_none(struct report *report, const struct applied *applied)
{
	_cleanup_free_ char *pattern = quote_escape(applied->path,
						    strlen(applied->path),
						    QUOTE_BARE);
	_cleanup_free_ char *file = quote_escape(applied->rule->file,
						 strlen(applied->rule->file),
						 QUOTE_BARE);

	report_text(report, "%s: %s, as %s:%u has it\n", quote_or(pattern),
		    applied->action == APPLY_NONE ? "matches no file" :
						    "each of its files has another rule",
		    quote_or(file), applied->rule->line);
}

static void put_text(struct report *report, const struct applied *applied)
{
	const struct policy_rule *rule = applied->rule;
	bool audit = rule && rule->options.flags & STATICDAX_AUDIT;
	bool changed = applied->dry_run || applied->result.changed;

	if (applied->action == APPLY_NONE || applied->action == APPLY_TAKEN)
		put_none(report, applied);
	else if (applied->action == APPLY_SEARCH)
		return;
	else if (applied->action == APPLY_CHANGE && changed)
		put_changed(report, applied);
	else if (applied->dry_run && applied->action != APPLY_KEEP)
		report_planned(report, applied->path,
			       applied->action == APPLY_SEAL, &applied->result);
	else if (applied->action == APPLY_UNSEAL)
		report_unsealed(report, applied->path, &applied->result);
	else
		report_sealed(report, applied->path, audit, &applied->result);
}

void report_applied(struct report *report, const struct applied *applied)
{
	if (!report->json)
		put_text(report, applied);
	else
		put_json(report, applied);
	report_soon(report, &applied->result);
}
