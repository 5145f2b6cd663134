// SPDX-License-Identifier: GPL-2.0-or-later
/* What staticdax apply says about a file. */
#define _GNU_SOURCE
#include "report_apply.h"

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "report.h"
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

static void put_json(struct report *report, const struct applied *applied)
{
	static const char *const words[] = {
		[APPLY_KEEP] = "keep",
		[APPLY_SEAL] = "seal",
		[APPLY_UNSEAL] = "unseal",
	};
	struct json_object *object = json_of_result(applied->path,
						    &applied->result);

	json_add(object, "action",
		 json_object_new_string(words[applied->action]));
	add_policy(object, applied->rule);
	report_element(report, object);
}

static void put_text(struct report *report, const struct applied *applied)
{
	const struct policy_rule *rule = applied->rule;
	bool audit = rule && rule->options.flags & STATICDAX_AUDIT;

	if (applied->dry_run && applied->action != APPLY_KEEP)
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
	report_done(report);
}
