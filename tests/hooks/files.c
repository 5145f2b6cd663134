// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The files of the matrix: made, sealed and unsealed, and removed, for all operations at once.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "files.h"
#include "tool.h"

const char *state_name(enum state state)
{
	static const char *const names[] = {
		[PLAIN] = "plain", [SWAP] = "swapfile", [SEALED] = "sealed", [NEAR] = "near",
		[AGAIN] = "again",
	};

	return names[state];
}

/* What asks for a content of its own cannot, nor what adds to the file, or removes it. */
bool files_share(const struct matrix *m, const struct try *try)
{
	return m->shared && !try->op->prepare &&
	       (m->setting.mode != MODE_NOSHRINK || judge_denial(&m->setting, try->op, SEALED));
}

void files_must(int r, const char *what)
{
	if (!r)
		return;
	printf("Bail out! %s: %s\n", what, strerror(-r));
	exit(TAP_EXIT_NOT_OK);
}

static int make_file(const struct op *op, const char *path)
{
	int r = fit_create(path);

	return r || !op->prepare ? r : op->prepare(path);
}

static void make_peer(struct try *try, enum state state)
{
	snprintf(try->peer[state], NAME_LENGTH, "%s.%s.peer", try->op->name, state_name(state));
	if (try->op->flags & WITH_PEER)
		files_must(fit_create(try->peer[state]), try->peer[state]);
}

void files_make_one(struct try *try, enum state state)
{
	snprintf(try->path[state], NAME_LENGTH, "%s.%s", try->op->name, state_name(state));
	files_must(make_file(try->op, try->path[state]), try->path[state]);
	make_peer(try, state);
}

void files_take_over(struct try *try, struct try *last, enum state state)
{
	unlink(last->peer[state]);
	memcpy(try->path[state], last->path[state], NAME_LENGTH);
	make_peer(try, state);
}

void files_make(struct matrix *m, enum state state)
{
	_cleanup_close_ int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (state == SEALED && m->shared)
		files_must(fit_create("shared"), "shared");
	for (size_t i = 0; i < m->count; i++) {
		struct try *try = &m->tries[i];

		if (state == SEALED && files_share(m, try)) {
			snprintf(try->path[SEALED], NAME_LENGTH, "shared");
			make_peer(try, SEALED);
		} else {
			files_make_one(try, state);
		}
	}
	syncfs(directory);
}

/* The space is wanted for the next state's files. */
void files_remove(struct try *try, enum state state)
{
	unlink(try->path[state]);
	unlink(try->peer[state]);
}

static bool is_file(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISREG(st.st_mode);
}

/*
 * Those that are there: where that is not refused some were unlinked or renamed, and really so, one
 * with a whiteout in its place.
 */
static const char **list_files(const struct matrix *m)
{
	const char **files = calloc(m->count + 2, sizeof(*files));
	size_t n = 0;

	if (files && m->shared)
		files[n++] = "shared";
	for (size_t i = 0; files && i < m->count; i++)
		if (!files_share(m, &m->tries[i]) && is_file(m->tries[i].path[SEALED]))
			files[n++] = m->tries[i].path[SEALED];
	return files;
}

static void diag_output(void)
{
	char text[4096];

	snprintf(text, sizeof(text), "%s", tool_output());
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		tap_diag("staticdax: %s", line);
}

/* Says which files are sealed, by asking for them one by one if it must. */
static void note_sealed(struct matrix *m, const char *const *files)
{
	bool all = tool_get(files) == TOOL_DONE;

	for (size_t i = 0; i < m->count; i++) {
		const char *one[] = { m->tries[i].path[SEALED], NULL };

		m->tries[i].sealed = all || tool_get(one) == TOOL_DONE;
	}
}

/* A file that is only watched is not protected, and get says so. */
static void note_audited(struct matrix *m, const char *const *files, bool sealed)
{
	tap_ok(tool_get(files) == TOOL_NO, "%s: get_says_no_to_audit", m->label);
	for (size_t i = 0; i < m->count; i++)
		m->tries[i].sealed = sealed;
}

/* One alone first: where nothing can be sealed, hundreds of refusals would take long to say so. */
static int seal_probe(enum seal_mode mode)
{
	const char *files[] = { "probe", NULL };
	int r = fit_create("probe");

	sync();
	r = r ? r : tool_seal(mode, files);
	if (r == TOOL_DONE)
		r = tool_unseal(files);
	return r;
}

bool files_seal(struct matrix *m)
{
	const char **files = list_files(m);
	int r = seal_probe(m->setting.mode);
	bool possible = r == TOOL_DONE;

	if (possible)
		r = tool_seal(m->setting.mode, files);
	if (r == TOOL_CANNOT) {
		tap_skip("this kernel cannot", "%s: seal", m->label);
		diag_output();
	} else if (!tap_ok(r == TOOL_DONE, "%s: seal", m->label)) {
		tap_diag("seal: exit code %d", r);
		diag_output();
	}
	if (possible && m->setting.mode == MODE_AUDIT)
		note_audited(m, files, r == TOOL_DONE);
	else if (possible)
		note_sealed(m, files);
	free(files);
	return possible;
}

void files_unseal(const struct matrix *m)
{
	const char **files = list_files(m);
	int r = tool_unseal(files);

	if (!tap_ok(r == TOOL_DONE, "%s: unseal", m->label)) {
		tap_diag("unseal: exit code %d", r);
		diag_output();
	}
	free(files);
}
