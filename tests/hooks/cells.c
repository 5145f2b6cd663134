// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an unsealed file answers before anything is sealed is the kernel's own word (checked
 * against the row's list); neighbours and unsealed files must then answer the same.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "attempt.h"
#include "cells.h"
#include "differ.h"
#include "files.h"
#include "mounts.h"
#include "record.h"
#include "swapfile.h"
#include "tool.h"

/* The name of a test says verdict and situation. */
static void name_test(const struct matrix *m, const struct try *try, enum state state, char *name,
		      size_t length)
{
	static const char *const situations[] = {
		[PLAIN] = "when_not_sealed",
		[SWAP] = "when_active_swapfile",
		[SEALED] = "when_sealed",
		[NEAR] = "when_neighbour_is_sealed",
		[AGAIN] = "when_unsealed_again",
	};
	bool denied = judge_denial(&m->setting, try->op, state) || try->op->flags & NEVER;

	snprintf(name, length, "%s: %s_%s_%s", m->label,
		 state == SWAP ? "know" : denied ? "deny" : "allow", try->op->name,
		 situations[state]);
}

static void explain(const struct matrix *m, const struct try *try, enum state state)
{
	int due = judge_denial(&m->setting, try->op, state);
	const char *got = record_answer(try->answers[state]);

	if (due)
		tap_diag("got %s, expected %s", got, record_answer(due));
	else if (state == PLAIN)
		tap_diag("got %s, which this operation's row does not list", got);
	else
		tap_diag("got %s, but %s before anything was sealed", got,
			 record_answer(try->answers[PLAIN]));
}

/* What adds to a file that may grow is told by what it has lost. */
static bool may_add(const struct matrix *m, const struct try *try)
{
	return m->setting.mode == MODE_NOSHRINK && !judge_denial(&m->setting, try->op, SEALED);
}

/*
 * Map and size stay as they are whatever the answer was; content does unless a write may pass, or
 * has passed by now to a file that others share.
 */
static bool is_unchanged(const struct matrix *m, const struct try *try, bool late, char *text,
			 size_t length)
{
	struct snapshot now;
	int r;

	text[0] = '\0';
	if (m->setting.mode == MODE_AUDIT)
		return true;
	if (may_add(m, try))
		return !snapshot_lost(&try->before, try->watched, text, length);
	r = snapshot_take(try->path[SEALED], &now);
	if (r) {
		snprintf(text, length, "cannot look at the file: %s", strerror(-r));
		return false;
	}
	return !snapshot_compare(&try->before, &now, judge_may_write(&m->setting, try->op) ||
				 (late && files_share(m, try)), text, length);
}

/* Nothing is known of what such a filesystem has. */
static bool is_foreign(const struct matrix *m)
{
	return m->setting.on & (ON_BTRFS | ON_TMPFS);
}

static struct target target_of(const struct matrix *m, const struct try *try, enum state state,
			       const char *tag)
{
	return (struct target){
		.path = try->path[state],
		.peer = try->op->flags & WITH_PEER ? try->peer[state] : NULL,
		.tag = tag,
		.on = m->setting.on,
	};
}

static void run_one(const struct matrix *m, struct try *try, enum state state)
{
	char name[160], tag[NAME_LENGTH + 16], text[400] = "";
	/* what was sealed is the file of its last state as well */
	struct target t = target_of(m, try, state == AGAIN ? SEALED : state, tag);
	bool unchanged;

	snprintf(tag, sizeof(tag), "%s.%s", try->op->name, state_name(state));
	name_test(m, try, state, name, sizeof(name));
	if (state != PLAIN && try->answers[PLAIN] == OP_SKIP && is_foreign(m))
		return;
	if (state != PLAIN && try->answers[PLAIN] == OP_SKIP) {
		tap_skip("not tried on the plain file", "%s", name);
		return;
	}
	try->answers[state] = attempt(try->op, &t, NULL);
	unchanged = state != SEALED || is_unchanged(m, try, false, text, sizeof(text));
	if (state == PLAIN && is_foreign(m) && try->answers[state] == OP_BROKEN) {
		tap_diag("%s is nothing for %s: %s", try->op->name, m->fs, t.why);
		try->answers[state] = OP_SKIP;
		return;
	}
	record_cell(try->op, state_name(state), try->answers[state], t.why);
	if (state == PLAIN && try->answers[state] == OP_SKIP) {
		tap_skip(t.why, "%s", name);
		return;
	}
	if (tap_ok(judge_answer(&m->setting, try->op, try->answers, state) && unchanged, "%s",
		   name))
		return;
	explain(m, try, state);
	if (t.why[0])
		tap_diag("%s", t.why);
	if (!unchanged)
		tap_diag("%s", text);
}

static void run_sealed(const struct matrix *m, struct try *try)
{
	char name[160];
	int r;

	name_test(m, try, SEALED, name, sizeof(name));
	if (!try->sealed) {
		tap_ok(false, "%s", name);
		tap_diag("the file is not sealed");
		return;
	}
	r = snapshot_take(try->path[SEALED], &try->before);
	if (r) {
		tap_ok(false, "%s", name);
		tap_diag("cannot look at the file: %s", strerror(-r));
		return;
	}
	/* not for others: who attaches a loop device may have no sealed file open */
	try->watched = may_add(m, try) ? open(try->path[SEALED], O_PATH | O_CLOEXEC) : -1;
	run_one(m, try, SEALED);
	cleanup_close(&try->watched);
}

/* Late effects: of a worker, of writeback, of what one operation did to another's file. */
static void test_all_unchanged(const struct matrix *m)
{
	unsigned int changed = 0;
	char text[400];

	if (m->setting.mode == MODE_AUDIT)
		return;
	sync();
	for (size_t i = 0; i < m->count; i++) {
		struct try *try = &m->tries[i];

		if (!try->sealed || may_add(m, try) ||
		    is_unchanged(m, try, true, text, sizeof(text)))
			continue;
		tap_diag("%s: %s", try->path[SEALED], text);
		changed++;
	}
	tap_ok(!changed, "%s: no_sealed_file_has_changed", m->label);
}

/* The DENIALS of the file's line of staticdax list, -1 if there is none. */
static long denials_of(const char *path)
{
	char key[NAME_LENGTH + 3];
	const char *line;
	long denials;

	snprintf(key, sizeof(key), "/%s ", path);
	line = strstr(tool_output(), key);
	if (!line || sscanf(line + strlen(key), "%*s %*s %*s %*s %ld", &denials) != 1)
		return -1;
	return denials;
}

/* What is refused, or would be, is counted for the file it was tried on. */
static bool is_to_be_counted(const struct matrix *m, const struct try *try)
{
	struct setting enforced = m->setting;

	if (m->setting.mode == MODE_AUDIT)
		enforced.mode = MODE_STATIC;
	return try->sealed && !try->answers[PLAIN] && !(try->op->flags & (NEIGHBOUR | VARIES)) &&
	       judge_denial(&enforced, try->op, SEALED);
}

static void test_all_recorded(const struct matrix *m)
{
	unsigned int missing = 0;

	tool_list();
	for (size_t i = 0; i < m->count; i++) {
		const struct try *try = &m->tries[i];

		if (!is_to_be_counted(m, try) || denials_of(try->path[SEALED]) > 0)
			continue;
		tap_diag("%s: %ld denials listed", try->path[SEALED],
			 denials_of(try->path[SEALED]));
		missing++;
	}
	tap_ok(!missing, "%s: every_denial_is_counted", m->label);
}

/* Of those that share a file, which one is missing is not told, only by how many. */
static void test_group_recorded(const struct matrix *m, size_t i, long *denials)
{
	const struct op_group *group = m->tries[i].group;
	long due = 0, before = *denials;

	if (!m->shared || (i + 1 < m->count && m->tries[i + 1].group == group))
		return;
	for (size_t k = i + 1; k-- > 0 && m->tries[k].group == group;)
		due += files_share(m, &m->tries[k]) && is_to_be_counted(m, &m->tries[k]);
	if (!due)
		return;
	tool_list();
	*denials = denials_of("shared");
	if (!tap_ok(*denials >= before + due, "%s: every_denial_is_counted: %s", m->label,
		    group->title))
		tap_diag("%ld denials listed, %ld before, %ld refused since", *denials, before, due);
}

/* The map of an active swapfile is what the kernel itself protects, so its answer is the measure. */
static void compare_with_swapfile(const struct matrix *m, const struct try *try)
{
	const char *sealed = record_settled(try->op, try->answers[SEALED]);
	const char *swap = record_settled(try->op, try->answers[SWAP]);
	bool same = !strcmp(sealed, swap);
	int reason = 0;

	if (try->answers[SWAP] == OP_SKIP || try->answers[PLAIN] == OP_SKIP)
		return;
	if (!same) {
		reason = differ_reason(m->setting.mode == MODE_STATIC ? "static" : "swapfile",
				       try->op->name, sealed, swap);
		record_difference(try->op, try->answers[SEALED], try->answers[SWAP], reason);
	}
	if (!tap_ok(same || reason, "%s: %s_as_active_swapfile_or_for_a_reason", m->label,
		    try->op->name))
		tap_diag("sealed %s, active swapfile %s", sealed, swap);
}

static bool has_swapfiles(const struct matrix *m)
{
	return m->setting.on & ON_PAGES && !m->brief;
}

static void begin_swapfile(struct try *try)
{
	int r;

	files_make_one(try, SWAP);
	r = swapfile_make(try->path[SWAP]);
	files_must(r ? r : swapfile_on(try->path[SWAP]), try->path[SWAP]);
}

static void end_swapfile(struct try *try)
{
	if (!try)
		return;
	files_must(swapfile_off(try->path[SWAP]), try->path[SWAP]);
	files_remove(try, SWAP);
}

/* What the kernel refuses leaves the swapfile as it is, and active: the next is tried on it. */
static struct try *run_swapfile(const struct matrix *m, struct try *try, struct try *last)
{
	if (try->answers[PLAIN] == OP_SKIP) {
		run_one(m, try, SWAP);
		return last;
	}
	if (last && !try->op->prepare) {
		files_take_over(try, last, SWAP);
	} else {
		end_swapfile(last);
		begin_swapfile(try);
	}
	run_one(m, try, SWAP);
	if (!try->op->prepare && (try->answers[SWAP] == -ETXTBSY || try->answers[SWAP] == -EPERM))
		return try;
	end_swapfile(try);
	return NULL;
}

static void run_swapfiles(struct matrix *m)
{
	struct try *last = NULL;

	for (size_t i = 0; i < m->count; i++)
		last = run_swapfile(m, &m->tries[i], last);
	end_swapfile(last);
}

static void enter_directory(const char *name)
{
	files_must(answer(mkdir(name, 0755)), name);
	files_must(answer(chdir(name)), name);
}

static void leave_directory(void)
{
	files_must(answer(chdir("..")), "..");
}

void cells_plain(struct matrix *m)
{
	snprintf(m->label, sizeof(m->label), "%s", m->fs);
	record_setting(m->fs, "");
	record_kernel();
	for (size_t i = 0; i < m->count; i++)
		record_operation(m->tries[i].group, m->tries[i].op);
	enter_directory("plain");
	files_make(m, PLAIN);
	for (size_t i = 0; i < m->count; i++) {
		run_one(m, &m->tries[i], PLAIN);
		files_remove(&m->tries[i], PLAIN);
	}
	if (has_swapfiles(m))
		run_swapfiles(m);
	leave_directory();
}

static void begin_mode(struct matrix *m)
{
	static const char *const modes[] = {
		[MODE_STATIC] = "static", [MODE_SWAPFILE] = "swapfile",
		[MODE_NOSHRINK] = "noshrink", [MODE_AUDIT] = "audit",
	};
	const char *mode = modes[m->setting.mode];

	snprintf(m->label, sizeof(m->label), "%s %s", m->fs, mode);
	record_setting(m->fs, mode);
	enter_directory(mode);
	files_make(m, SEALED);
}

/* On a filesystem of their own: of one made the same way twice, the other would tell no more. */
static bool has_mounts(const struct matrix *m)
{
	return !(m->setting.on & ON_EXT2) &&
	       (m->setting.mode != MODE_SWAPFILE || m->setting.on & ON_PAGES);
}

/*
 * Not what a mode let through: it changed the file, or there is none any more. A file that all
 * share is made anew in its place for each that sets its size or its blocks.
 */
static void run_again(const struct matrix *m, struct try *try)
{
	if (may_add(m, try) ||
	    (m->shared && try->group != &ops_size && try->group != &ops_alloc))
		return;
	if (files_share(m, try))
		files_must(fit_again(try->path[SEALED]), try->path[SEALED]);
	run_one(m, try, AGAIN);
}

bool cells_sealed(struct matrix *m)
{
	bool audit = m->setting.mode == MODE_AUDIT, noshrink = m->setting.mode == MODE_NOSHRINK;
	long denials = 0;

	m->shared = !audit && (m->one_file || m->brief || m->setting.mode == MODE_SWAPFILE);
	begin_mode(m);
	files_make(m, NEAR);
	if (!files_seal(m))
		return false;
	for (size_t i = 0; i < m->count; i++) {
		run_sealed(m, &m->tries[i]);
		if (has_swapfiles(m) && !audit && !noshrink)
			compare_with_swapfile(m, &m->tries[i]);
		run_one(m, &m->tries[i], NEAR);
		if (!noshrink)
			test_group_recorded(m, i, &denials);
	}
	test_all_recorded(m);
	test_all_unchanged(m);
	if (m->mounts && has_mounts(m))
		mounts_run(m->setting.on & ON_XFS ? "xfs" : "ext4", m->setting.mode);
	files_unseal(m);
	for (size_t i = 0; !audit && !(noshrink && m->shared) && i < m->count; i++)
		run_again(m, &m->tries[i]);
	for (size_t i = 0; i < m->count; i++) {
		files_remove(&m->tries[i], SEALED);
		files_remove(&m->tries[i], NEAR);
	}
	leave_directory();
	return true;
}

/*
 * With the neighbour on a fresh file as the measure. The sealed file is the same for all, so what
 * it was is looked up each time.
 */
static void run_by_way(struct matrix *m, struct try *try, const struct context *way)
{
	char text[400] = "", tag[NAME_LENGTH + 16];
	struct target t = target_of(m, try, SEALED, tag), near_target;
	int near, sealed;
	bool unchanged;

	files_make_one(try, NEAR);
	files_must(way->renew ? way->renew() : 0, way->name);
	snprintf(tag, sizeof(tag), "%s.%td.near", try->op->name, way - contexts);
	near_target = target_of(m, try, NEAR, tag);
	near = attempt(try->op, &near_target, way);
	if (!tap_ok(judge_near_by_way(&m->setting, try->op, try->answers[PLAIN], near),
		    "%s: %s_by_%s_when_neighbour_is_sealed", m->label, try->op->name, way->name))
		tap_diag("got %s, but %s directly; %s", record_answer(near),
			 record_answer(try->answers[PLAIN]), near_target.why);
	files_remove(try, NEAR);
	if (try->op->flags & WITH_PEER) {
		/* a peer is alike, whatever was written to the file that all share */
		files_must(fit_create(try->peer[SEALED]), try->peer[SEALED]);
		files_must(fit_restore(try->path[SEALED]), try->path[SEALED]);
	}
	files_must(snapshot_take(try->path[SEALED], &try->before), try->path[SEALED]);
	snprintf(tag, sizeof(tag), "%s.%td.sealed", try->op->name, way - contexts);
	sealed = attempt(try->op, &t, way);
	unlink(try->peer[SEALED]);
	/* the next one wants it as it was, and has a right to */
	files_must(answer(chown(try->path[SEALED], 0, 0)), try->path[SEALED]);
	unchanged = is_unchanged(m, try, false, text, sizeof(text));
	record_way(way->name, try->op, near, sealed);
	if (!tap_ok(judge_sealed_by_way(&m->setting, try->op, near, sealed) && unchanged,
		    "%s: %s_%s_by_%s_when_sealed", m->label,
		    judge_denial(&m->setting, try->op, SEALED) ? "deny" : "allow", try->op->name,
		    way->name))
		tap_diag("got %s, expected %s; %s %s", record_answer(sealed),
			 record_answer(judge_denial(&m->setting, try->op, SEALED)), t.why, text);
}

static void run_way(struct matrix *m, const struct context *way)
{
	int r = way->set_up ? way->set_up() : 0;

	m->setting.way = way->rule;
	for (size_t i = 0; !r && i < m->count; i++)
		if (m->tries[i].answers[PLAIN] != OP_SKIP &&
		    context_suits(way, m->tries[i].group, m->tries[i].op))
			run_by_way(m, &m->tries[i], way);
	m->setting.way = AS_DIRECT;
	if (r) {
		tap_skip(strerror(-r), "%s: by_%s", m->label, way->name);
		record_no_way(way->name, strerror(-r));
	}
	if (way->tear_down)
		way->tear_down();
}

bool cells_by_ways(struct matrix *m, const char *ways)
{
	m->shared = true;
	begin_mode(m);
	for (size_t i = 0; i < m->count; i++)
		unlink(m->tries[i].peer[SEALED]);
	if (!files_seal(m))
		return false;
	for (size_t i = 0; i < context_count; i++)
		if (context_is_named(&contexts[i], ways))
			run_way(m, &contexts[i]);
	files_unseal(m);
	leave_directory();
	return true;
}
