// SPDX-License-Identifier: GPL-2.0-or-later
/* From a policy's patterns to files, each once. */
#define _GNU_SOURCE
#include "plan.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fstab.h"
#include "util.h"

static int add(struct plan *plan, const struct plan_file *like, const char *path)
{
	struct plan_file *file;

	if (plan->count == plan->room) {
		size_t room = plan->room ? 2 * plan->room : 64;

		file = reallocarray(plan->files, room, sizeof(*file));
		if (!file)
			return -ENOMEM;
		plan->files = file;
		plan->room = room;
	}
	file = &plan->files[plan->count];
	*file = *like;
	file->order = plan->count;
	file->path = strdup(path);
	if (!file->path)
		return -ENOMEM;
	plan->count++;
	return 0;
}

/* Nobody gets there, and so nothing is hidden there. */
static bool leads_nowhere(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

static int add_file(struct plan *plan, const struct policy_rule *rule,
		    const char *path)
{
	struct plan_file file = { .rule = rule };
	struct stat st = {};

	if (stat(path, &st) < 0) {
		/* a link that leads nowhere, or gone since the pattern was expanded */
		if (!rule->exact && leads_nowhere(errno))
			return 0;
		file.error = -errno;
	} else if (!rule->exact && !S_ISREG(st.st_mode)) {
		return 0;
	}
	file.dev = st.st_dev;
	file.ino = st.st_ino;
	return add(plan, &file, path);
}

static int add_none(struct plan *plan, const struct policy_rule *rule)
{
	const struct plan_file none = { .rule = rule, .none = true };

	return add(plan, &none, rule->pattern);
}

/* The first that could not be looked at; glob(3) hands nothing through. */
static _Thread_local struct {
	char *path;
	int error;
	bool unmounted;
} unread;

/* What cannot be read may hide a match. */
static int note_failure(const char *path, int error)
{
	if (!leads_nowhere(error) && !unread.error) {
		unread.path = strdup(path);
		unread.error = unread.path ? -error : -ENOMEM;
	}
	errno = error;
	return 0;
}

static int look_at(const char *path, struct stat *ret)
{
	int r = stat(path, ret);

	if (r < 0)
		note_failure(path, errno);
	return r;
}

static int look_at_name(const char *path, struct stat *ret)
{
	int r = lstat(path, ret);

	if (r < 0)
		note_failure(path, errno);
	return r;
}

static void *open_directory(const char *path)
{
	return opendir(path);
}

static struct dirent *read_directory(void *directory)
{
	return readdir(directory);
}

static void close_directory(void *directory)
{
	closedir(directory);
}

/* What is found where it can be read; unread tells the rest. */
static int find_matches(const char *pattern, glob_t *found)
{
	*found = (glob_t){
		.gl_opendir = open_directory,
		.gl_readdir = read_directory,
		.gl_closedir = close_directory,
		.gl_stat = look_at,
		.gl_lstat = look_at_name,
	};
	switch (glob(pattern, GLOB_ALTDIRFUNC, note_failure, found)) {
	case 0:
	case GLOB_NOMATCH:
		return unread.error == -ENOMEM ? -ENOMEM : 0;
	case GLOB_NOSPACE:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

static int add_unread(struct plan *plan, const struct policy_rule *rule)
{
	const struct plan_file file = {
		.rule = rule, .error = unread.error, .unread = unread.path,
		.unmounted = unread.unmounted,
	};
	int r = add(plan, &file, rule->pattern);

	if (!r)
		unread.path = NULL;
	return r;
}

/* Not what is meant by its name. */
static bool lies_below_unmounted(const char *path)
{
	_cleanup_free_ char *point = unread.unmounted ? fstab_unmounted(path) : NULL;

	return point;
}

static int add_matches(struct plan *plan, const struct policy_rule *rule,
		       const glob_t *found)
{
	size_t before = plan->count;
	int r = 0;

	for (size_t i = 0; !r && i < found->gl_pathc; i++)
		if (!lies_below_unmounted(found->gl_pathv[i]))
			r = add_file(plan, rule, found->gl_pathv[i]);
	if (!r && unread.error)
		return add_unread(plan, rule);
	return r || plan->count > before ? r : add_none(plan, rule);
}

/* Below a mount point is something else, or nothing, until it is mounted. */
static bool find_unmounted(const struct policy_rule *rule)
{
	unread.path = fstab_unmounted(rule->pattern);
	unread.unmounted = unread.path;
	unread.error = unread.path ? -ENODEV : 0;
	return unread.unmounted;
}

static int expand_pattern(struct plan *plan, const struct policy_rule *rule)
{
	_cleanup_(globfree) glob_t found = {};
	int r = find_matches(rule->pattern, &found);

	return r ?: add_matches(plan, rule, &found);
}

static int expand(struct plan *plan, const struct policy_rule *rule)
{
	int r;

	if (find_unmounted(rule) && rule->exact)
		r = add_unread(plan, rule);
	else if (rule->exact)
		r = add_file(plan, rule, rule->pattern);
	else
		r = expand_pattern(plan, rule);
	free(TAKE_PTR(unread.path));
	return r;
}

static int compare_inodes(const struct plan_file *a, const struct plan_file *b)
{
	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	return a->ino < b->ino ? -1 : a->ino > b->ino;
}

/* The one that counts goes first: a path before a pattern, then by order. */
static int compare_rank(const void *left, const void *right)
{
	const struct plan_file *a = left, *b = right;
	int r = compare_inodes(a, b);

	if (r)
		return r;
	if (a->rule->exact != b->rule->exact)
		return a->rule->exact ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static bool same_wish(const struct policy_rule *a, const struct policy_rule *b)
{
	return a->options.align == b->options.align &&
	       a->options.mode == b->options.mode &&
	       a->options.flags == b->options.flags;
}

static int refuse_conflict(const struct plan_file *first,
			   const struct plan_file *second,
			   struct policy_error *error)
{
	error->file = strdup(second->rule->file);
	error->line = second->rule->line;
	error->column = second->rule->column;
	snprintf(error->text, sizeof(error->text),
		 "it asks for another seal of '%.100s' than %.80s:%u; let one of them go",
		 second->path, first->rule->file, first->rule->line);
	return -EINVAL;
}

/* Leaves the first of each inode in by_inode, and marks the rest. */
static int settle(struct plan *plan, bool *superseded,
		  struct policy_error *error)
{
	struct plan_file *files = plan->by_inode;
	size_t kept = 0;

	for (size_t i = 0; i < plan->by_inode_count; i++) {
		const struct plan_file *first = &files[kept ? kept - 1 : 0];

		if (!kept || compare_inodes(first, &files[i])) {
			files[kept++] = files[i];
			continue;
		}
		if (first->rule->exact == files[i].rule->exact &&
		    !same_wish(first->rule, files[i].rule))
			return refuse_conflict(first, &files[i], error);
		superseded[files[i].order] = true;
	}
	plan->by_inode_count = kept;
	return 0;
}

static size_t end_of_rule(const struct plan *plan, size_t i)
{
	const struct policy_rule *rule = plan->files[i].rule;

	while (i < plan->count && plan->files[i].rule == rule)
		i++;
	return i;
}

static int take_all(struct plan_file *file)
{
	char *path = strdup(file->rule->pattern);

	if (!path)
		return -ENOMEM;
	free(file->path);
	file->path = path;
	file->taken = true;
	return 0;
}

/* A rule that is left no file stands for itself, so that each has an answer. */
static int stand_in(struct plan *plan, bool *superseded)
{
	size_t end;
	int r = 0;

	for (size_t i = 0; !r && i < plan->count; i = end) {
		end = end_of_rule(plan, i);
		if (memchr(superseded + i, false, end - i))
			continue;
		superseded[i] = false;
		r = take_all(&plan->files[i]);
	}
	return r;
}

static void remove_superseded(struct plan *plan, const bool *superseded)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->count; i++) {
		if (superseded[i])
			free(plan->files[i].path);
		else
			plan->files[kept++] = plan->files[i];
	}
	plan->count = kept;
}

static int each_once(struct plan *plan, struct policy_error *error)
{
	_cleanup_free_ bool *superseded = NULL;
	int r;

	superseded = calloc(plan->count + 1, sizeof(*superseded));
	plan->by_inode = calloc(plan->count + 1, sizeof(*plan->by_inode));
	if (!superseded || !plan->by_inode)
		return -ENOMEM;
	for (size_t i = 0; i < plan->count; i++)
		if (!plan->files[i].error && !plan->files[i].none)
			plan->by_inode[plan->by_inode_count++] = plan->files[i];
	qsort(plan->by_inode, plan->by_inode_count, sizeof(*plan->by_inode),
	      compare_rank);
	r = settle(plan, superseded, error);
	if (!r)
		r = stand_in(plan, superseded);
	if (!r)
		remove_superseded(plan, superseded);
	return r;
}

int plan_make(const struct policy *policy, struct plan *ret,
	      struct policy_error *ret_error)
{
	_cleanup_(plan_done) struct plan plan = {};
	int r;

	for (size_t i = 0; i < policy->count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		r = expand(&plan, rule);
		if (r < 0) {
			ret_error->file = strdup(rule->file);
			ret_error->line = rule->line;
			ret_error->column = rule->column;
			snprintf(ret_error->text, sizeof(ret_error->text),
				 "looking for '%.100s': %s", rule->pattern,
				 strerror(-r));
			return r;
		}
	}
	r = each_once(&plan, ret_error);
	if (r < 0)
		return r;
	*ret = plan;
	plan = (struct plan){};
	return 0;
}

void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->files[i].path);
		free(plan->files[i].unread);
	}
	free(plan->files);
	free(plan->by_inode);
	*plan = (struct plan){};
}

bool plan_is_whole(const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->files[i].unread)
			return false;
	return true;
}

static int compare_wanted(const void *left, const void *right)
{
	return compare_inodes(left, right);
}

bool plan_wants(const struct plan *plan, dev_t dev, ino_t ino)
{
	const struct plan_file wanted = { .dev = dev, .ino = ino };

	return bsearch(&wanted, plan->by_inode, plan->by_inode_count,
		       sizeof(wanted), compare_wanted);
}
