// SPDX-License-Identifier: GPL-2.0-or-later
/* From policy files to rules; every error has its line and column. */
#define _GNU_SOURCE
#include "policy.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "size.h"
#include "util.h"

struct reading {
	yaml_parser_t parser;
	struct policy *policy;
	const char *name;
	struct policy_error *error;
};

static void reading_done(struct reading *reading)
{
	yaml_parser_delete(&reading->parser);
}

__attribute__((format(printf, 3, 4)))
static int refuse(struct reading *reading, const yaml_mark_t *mark,
		  const char *format, ...)
{
	struct policy_error *error = reading->error;
	va_list ap;

	error->file = strdup(reading->name);
	error->line = mark->line + 1;
	error->column = mark->column + 1;
	va_start(ap, format);
	vsnprintf(error->text, sizeof(error->text), format, ap);
	va_end(ap);
	return -EINVAL;
}

static int refuse_syntax(struct reading *reading)
{
	const yaml_parser_t *parser = &reading->parser;
	yaml_mark_t mark = parser->problem_mark;

	switch (parser->error) {
	case YAML_MEMORY_ERROR:
		return -ENOMEM;
	case YAML_READER_ERROR:
		if (!parser->problem || !strcmp(parser->problem, "input error"))
			return -EIO;
		return refuse(reading, &parser->mark, "%s: a policy is UTF-8 text",
			      parser->problem);
	default:
		return refuse(reading, &mark, "%s%s%s",
			      parser->context ? parser->context : "",
			      parser->context ? ": " : "",
			      parser->problem ? parser->problem : "no YAML");
	}
}

static int next_event(struct reading *reading, yaml_event_t *event)
{
	if (!yaml_parser_parse(&reading->parser, event))
		return refuse_syntax(reading);
	if (event->type == YAML_ALIAS_EVENT)
		return refuse(reading, &event->start_mark,
			      "aliases are not for policies: write it out");
	return 0;
}

/* A scalar of one word; C strings end where a policy may not go on. */
static int scalar_of(struct reading *reading, const yaml_event_t *event,
		     const char *what, const char **ret)
{
	const char *text;

	if (event->type != YAML_SCALAR_EVENT)
		return refuse(reading, &event->start_mark,
			      "%s is expected here", what);
	text = (const char *)event->data.scalar.value;
	if (strlen(text) != event->data.scalar.length)
		return refuse(reading, &event->start_mark,
			      "there is a null byte in it");
	*ret = text;
	return 0;
}

static int parse_bool(struct reading *reading, const yaml_mark_t *mark,
		      const char *text, bool *ret)
{
	if (!strcmp(text, "yes") || !strcmp(text, "true"))
		*ret = true;
	else if (!strcmp(text, "no") || !strcmp(text, "false"))
		*ret = false;
	else
		return refuse(reading, mark, "it is neither yes nor no");
	return 0;
}

static int take_align(struct reading *reading, const yaml_mark_t *mark,
		      const char *text, struct staticdax_options *options)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	uint64_t align;

	if (size_parse(text, &align) < 0)
		return refuse(reading, mark,
			      "it is no size: give bytes, or a number and K, M, G or T");
	if (align < page || align & (align - 1) || align > 1ULL << 62)
		return refuse(reading, mark,
			      "the alignment must be a power of two and at least the page size, e.g. 4K or 2M");
	options->align = align;
	return 0;
}

static int take_mode(struct reading *reading, const yaml_mark_t *mark,
		     const char *text, struct staticdax_options *options)
{
	for (int mode = STATICDAX_MODE_STATIC; mode <= STATICDAX_MODE_NOSHRINK;
	     mode++)
		if (!strcmp(text, staticdax_mode_word(mode))) {
			options->mode = mode;
			return 0;
		}
	return refuse(reading, mark, "it is no mode: static, swapfile or noshrink");
}

static int take_flag(struct reading *reading, const yaml_mark_t *mark,
		     const char *text, uint32_t flag, bool wanted,
		     struct staticdax_options *options)
{
	bool value = false;
	int r;

	r = parse_bool(reading, mark, text, &value);
	if (!r && value == wanted)
		options->flags |= flag;
	return r;
}

static int take_dax(struct reading *reading, const yaml_mark_t *mark,
		    const char *text, struct staticdax_options *options)
{
	return take_flag(reading, mark, text, STATICDAX_ANY_DEVICE, false,
			 options);
}

static int take_audit(struct reading *reading, const yaml_mark_t *mark,
		      const char *text, struct staticdax_options *options)
{
	return take_flag(reading, mark, text, STATICDAX_AUDIT, true, options);
}

static const struct {
	const char *key;
	int (*take)(struct reading *reading, const yaml_mark_t *mark,
		    const char *text, struct staticdax_options *options);
} option_keys[] = {
	{ "align", take_align },
	{ "mode", take_mode },
	{ "dax", take_dax },
	{ "audit", take_audit },
};

static int find_key(struct reading *reading, const yaml_event_t *event,
		    uint32_t *given, size_t *ret)
{
	const char *key = NULL;
	size_t i;
	int r;

	r = scalar_of(reading, event, "an option", &key);
	if (r < 0)
		return r;
	for (i = 0; i < ARRAY_SIZE(option_keys); i++)
		if (!strcmp(key, option_keys[i].key))
			break;
	if (i == ARRAY_SIZE(option_keys))
		return refuse(reading, &event->start_mark,
			      "there is no such option: align, mode, dax and audit are known");
	if (*given & 1U << i)
		return refuse(reading, &event->start_mark,
			      "%s is given twice", option_keys[i].key);
	*given |= 1U << i;
	*ret = i;
	return 0;
}

static int read_value(struct reading *reading, size_t key,
		      struct staticdax_options *options)
{
	_cleanup_(yaml_event_delete) yaml_event_t event = {};
	const char *text = NULL;
	int r;

	r = next_event(reading, &event);
	if (!r)
		r = scalar_of(reading, &event, "a value", &text);
	if (!r)
		r = option_keys[key].take(reading, &event.start_mark, text,
					  options);
	return r;
}

/* 1: the mapping has ended. */
static int read_option(struct reading *reading, uint32_t *given,
		       struct staticdax_options *options)
{
	_cleanup_(yaml_event_delete) yaml_event_t event = {};
	size_t key = 0;
	int r;

	r = next_event(reading, &event);
	if (!r && event.type == YAML_MAPPING_END_EVENT)
		return 1;
	if (!r)
		r = find_key(reading, &event, given, &key);
	return r ?: read_value(reading, key, options);
}

static bool is_null(const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	return event->type == YAML_SCALAR_EVENT &&
	       event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!*text || !strcmp(text, "~") || !strcmp(text, "null"));
}

static int read_options(struct reading *reading,
			struct staticdax_options *options)
{
	_cleanup_(yaml_event_delete) yaml_event_t event = {};
	uint32_t given = 0;
	int r;

	*options = (struct staticdax_options)STATICDAX_INIT(staticdax_options);
	r = next_event(reading, &event);
	if (r < 0 || is_null(&event))
		return r;
	if (event.type != YAML_MAPPING_START_EVENT)
		return refuse(reading, &event.start_mark,
			      "options are expected below the path, such as align: 2M");
	while (!r)
		r = read_option(reading, &given, options);
	if (r < 0)
		return r;
	if (options->mode == STATICDAX_MODE_NOSHRINK && options->align)
		return refuse(reading, &event.start_mark,
			      "mode noshrink goes without align; leave that out");
	return 0;
}

static struct policy_rule *new_rule(struct policy *policy)
{
	struct policy_rule *more;

	if (policy->count == policy->room) {
		size_t room = policy->room ? 2 * policy->room : 16;

		more = reallocarray(policy->rules, room, sizeof(*more));
		if (!more)
			return NULL;
		policy->rules = more;
		policy->room = room;
	}
	policy->rules[policy->count] = (struct policy_rule){};
	return &policy->rules[policy->count];
}

static int take_pattern(struct reading *reading, const yaml_event_t *event,
			struct policy_rule *rule)
{
	const char *pattern = NULL;
	int r;

	r = scalar_of(reading, event, "a path", &pattern);
	if (r < 0)
		return r;
	if (pattern[0] != '/')
		return refuse(reading, &event->start_mark,
			      "the path must begin with /");
	rule->pattern = strdup(pattern);
	if (!rule->pattern)
		return -ENOMEM;
	rule->exact = !strpbrk(pattern, "*?[\\");
	rule->file = reading->name;
	rule->line = event->start_mark.line + 1;
	rule->column = event->start_mark.column + 1;
	reading->policy->count++;
	return 0;
}

/* 1: the mapping has ended. */
static int read_rule(struct reading *reading)
{
	_cleanup_(yaml_event_delete) yaml_event_t event = {};
	struct policy_rule *rule;
	int r;

	r = next_event(reading, &event);
	if (!r && event.type == YAML_MAPPING_END_EVENT)
		return 1;
	if (r < 0)
		return r;
	rule = new_rule(reading->policy);
	if (!rule)
		return -ENOMEM;
	r = take_pattern(reading, &event, rule);
	return r ?: read_options(reading, &rule->options);
}

static int read_body(struct reading *reading)
{
	_cleanup_(yaml_event_delete) yaml_event_t event = {};
	int r;

	r = next_event(reading, &event);
	if (r < 0 || is_null(&event))
		return r;
	if (event.type != YAML_MAPPING_START_EVENT)
		return refuse(reading, &event.start_mark,
			      "a policy is a list of lines such as /path/of/file:");
	while (!r)
		r = read_rule(reading);
	return r < 0 ? r : 0;
}

/* A file of comments only has no document at all. */
static int read_stream(struct reading *reading)
{
	bool read = false;
	int r = 0;

	for (;;) {
		_cleanup_(yaml_event_delete) yaml_event_t event = {};

		r = next_event(reading, &event);
		if (r < 0 || event.type == YAML_STREAM_END_EVENT)
			return r;
		if (event.type != YAML_DOCUMENT_START_EVENT)
			continue;
		if (read)
			return refuse(reading, &event.start_mark,
				      "a policy is one document");
		read = true;
		r = read_body(reading);
		if (r < 0)
			return r;
	}
}

static const char *keep_name(struct policy *policy, const char *name)
{
	char **more = reallocarray(policy->files, policy->files_count + 1,
				   sizeof(*more));

	if (!more)
		return NULL;
	policy->files = more;
	more[policy->files_count] = strdup(name);
	return more[policy->files_count] ? more[policy->files_count++] : NULL;
}

static int compare_patterns(const void *a, const void *b)
{
	const struct policy_rule *const *left = a;
	const struct policy_rule *const *right = b;
	int r = strcmp((*left)->pattern, (*right)->pattern);

	return r ? r : (*left > *right) - (*left < *right);
}

/* YAML lets a key stand twice; here the second would hide the first. */
static int check_twice(struct reading *reading, size_t from)
{
	struct policy *policy = reading->policy;
	size_t count = policy->count - from;
	_cleanup_free_ const struct policy_rule **sorted = NULL;

	sorted = calloc(count + 1, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &policy->rules[from + i];
	qsort(sorted, count, sizeof(*sorted), compare_patterns);
	for (size_t i = 1; i < count; i++)
		if (!strcmp(sorted[i - 1]->pattern, sorted[i]->pattern)) {
			yaml_mark_t mark = {
				.line = sorted[i]->line - 1,
				.column = sorted[i]->column - 1,
			};

			return refuse(reading, &mark,
				      "the path stands in line %u already",
				      sorted[i - 1]->line);
		}
	return 0;
}

int policy_read(struct policy *policy, FILE *in, const char *name,
		struct policy_error *ret_error)
{
	_cleanup_(reading_done) struct reading reading = {
		.policy = policy,
		.error = ret_error,
	};
	size_t from = policy->count;
	int r;

	if (!yaml_parser_initialize(&reading.parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&reading.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_file(&reading.parser, in);
	reading.name = keep_name(policy, name);
	if (!reading.name)
		return -ENOMEM;
	r = read_stream(&reading);
	return r ?: check_twice(&reading, from);
}

static int about_file(const char *path, int r, const char *text,
		      struct policy_error *error)
{
	error->file = strdup(path);
	error->line = 0;
	snprintf(error->text, sizeof(error->text), "%s", text);
	return r;
}

/* Whoever may write it decides what root seals. */
static int check_owner(const struct stat *st, const char *path,
		       struct policy_error *error)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return about_file(path, -EINVAL,
				  "it belongs to another user; chown root it",
				  error);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return about_file(path, -EINVAL,
				  "others may write it; chmod go-w it", error);
	return 0;
}

static int read_file(struct policy *policy, int fd, const char *path,
		     const struct stat *st, struct policy_error *error)
{
	_cleanup_fclose_ FILE *in = NULL;
	int r;

	if (!S_ISREG(st->st_mode))
		return about_file(path, -EINVAL, "it is not a regular file",
				  error);
	r = check_owner(st, path, error);
	if (r < 0)
		return r;
	in = fdopen(dup(fd), "re");
	if (!in)
		return about_file(path, -errno, strerror(errno), error);
	r = policy_read(policy, in, path, error);
	if (r == -EIO || r == -ENOMEM)
		return about_file(path, r, strerror(-r), error);
	return r;
}

static int read_named(struct policy *policy, int dir, const char *name,
		      const char *path, struct policy_error *error);

static int is_policy(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	size_t suffix = strlen(POLICY_SUFFIX);

	return entry->d_name[0] != '.' && length > suffix &&
	       !strcmp(entry->d_name + length - suffix, POLICY_SUFFIX);
}

static int read_entry(struct policy *policy, int dir, const char *name,
		      const char *path, struct policy_error *error)
{
	_cleanup_free_ char *full = NULL;

	if (asprintf(&full, "%s/%s", path, name) < 0)
		return about_file(path, -ENOMEM, strerror(ENOMEM), error);
	return read_named(policy, dir, name, full, error);
}

static int read_dir(struct policy *policy, int fd, const char *path,
		    const struct stat *st, struct policy_error *error)
{
	struct dirent **entries;
	int count, r;

	r = check_owner(st, path, error);
	if (r < 0)
		return r;
	count = scandirat(fd, ".", &entries, is_policy, alphasort);
	if (count < 0)
		return about_file(path, -errno, strerror(errno), error);
	for (int i = 0; i < count; i++) {
		if (!r)
			r = read_entry(policy, fd, entries[i]->d_name, path,
				       error);
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int read_named(struct policy *policy, int dir, const char *name,
		      const char *path, struct policy_error *error)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return about_file(path, -errno, strerror(errno), error);
	if (S_ISDIR(st.st_mode) && dir == AT_FDCWD)
		return read_dir(policy, fd, path, &st, error);
	return read_file(policy, fd, path, &st, error);
}

int policy_read_path(struct policy *policy, const char *path,
		     struct policy_error *ret_error)
{
	return read_named(policy, AT_FDCWD, path, path, ret_error);
}

void policy_done(struct policy *policy)
{
	for (size_t i = 0; i < policy->count; i++)
		free(policy->rules[i].pattern);
	for (size_t i = 0; i < policy->files_count; i++)
		free(policy->files[i]);
	free(policy->rules);
	free(policy->files);
	*policy = (struct policy){};
}

void policy_error_done(struct policy_error *error)
{
	free(error->file);
	error->file = NULL;
}

bool policy_names(const struct policy_rule *rule, const char *path)
{
	return rule->exact ? !strcmp(rule->pattern, path) :
			     !fnmatch(rule->pattern, path,
				      FNM_PATHNAME | FNM_PERIOD);
}
