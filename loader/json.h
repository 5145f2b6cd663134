/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The library's answers as JSON objects; pure. The keys are in report.h. */
#ifndef SDAX_JSON_H
#define SDAX_JSON_H

#include <json-c/json.h>

#include "staticdax.h"

struct rate_rest;

/* Each returns an object that the caller puts. path may be NULL. */
struct json_object *json_of_result(const char *path,
				   const struct staticdax_result *result);
struct json_object *json_of_seal(const struct staticdax_seal *seal);
/* seal NULL: could not be found out. */
struct json_object *json_of_got(const char *path,
				const struct staticdax_seal *seal);
/* known: the counters could be read. */
struct report_lapses;
struct json_object *json_of_status(const struct staticdax_status *status,
				   const struct report_lapses *lapses,
				   bool known);
struct json_object *json_of_answer(const struct staticdax_answer_line *line);

/* One line of monitor each; time in ns since 1970. cgroup may be NULL. */
struct json_object *json_of_denial(const struct staticdax_event *event,
				   const char *cgroup);
struct json_object *json_of_lapse(const struct staticdax_event *event);
struct json_object *json_of_rest(uint64_t time, const struct rate_rest *rest);
struct json_object *json_of_lost(uint64_t time, uint64_t count);
/* known: status is an answer. */
struct json_object *json_of_enforcement(uint64_t time,
					const struct staticdax_status *status,
					bool known);

void json_add(struct json_object *object, const char *constant_key,
	      struct json_object *value);

/*
 * Bytes of that length, or NULL, as text; if that does not say it all, their
 * hexadecimal digits as a second member. Both keys must be constants.
 */
void json_add_name(struct json_object *object, const char *key,
		   const char *key_hex, const char *bytes, size_t length);

/* What prepare did besides. */
void json_add_work(struct json_object *object,
		   const struct staticdax_work *work);

/* The members that say what went wrong, all null if result does not. */
void json_add_failure(struct json_object *object,
		      const struct staticdax_result *result);

/* "EBUSY" for EBUSY and -EBUSY; NULL for 0. */
const char *json_errno_word(int error);

#endif
