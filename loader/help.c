// SPDX-License-Identifier: GPL-2.0-or-later
/* Usage text, made from the command table. */
#include "help.h"

#include <string.h>

#include "args.h"
#include "log.h"
#include "quote.h"
#include "report.h"
#include "util.h"

/* More changed letters than this are another word. */
#define NEAR 2
#define WORD_MAX 32

const struct cmd *help_find(const char *name)
{
	for (const struct cmd *cmd = cmds; cmd->name; cmd++)
		if (!strcmp(cmd->name, name))
			return cmd;
	return NULL;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein: letters to insert, remove or replace. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1];
	size_t n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			size_t above = row[j + 1];

			row[j + 1] = smallest(above + 1, row[j] + 1,
					      diagonal + (a[i] != b[j]));
			diagonal = above;
		}
	}
	return row[n];
}

/* The verb that name was probably meant to be, or NULL. */
static const struct cmd *nearest_to(const char *name)
{
	const struct cmd *nearest = NULL;
	size_t best = NEAR + 1;

	if (strlen(name) > WORD_MAX)
		return NULL;
	for (const struct cmd *cmd = cmds; cmd->name; cmd++) {
		size_t d = cmd->hidden ? best : distance(cmd->name, name);

		if (d < best && d < strlen(name)) {
			best = d;
			nearest = cmd;
		}
	}
	return nearest;
}

const struct cmd *help_require(const char *name)
{
	_cleanup_free_ char *text = NULL;
	const struct cmd *cmd = name ? help_find(name) : NULL;
	const struct cmd *near;

	if (cmd)
		return cmd;
	if (!name) {
		log_error("a verb is missing; see staticdax --help");
		return NULL;
	}
	text = quote_escape(name, strlen(name), QUOTE_INSIDE);
	near = nearest_to(name);
	log_error("there is no verb '%s'%s%s%s; see staticdax --help",
		  quote_or(text), near ? " (did you mean " : "",
		  near ? near->name : "", near ? "?)" : "");
	return NULL;
}

/* The first line of about stands beside left, the others below it. */
static void print_entry(const char *left, const char *about,
			struct report *report)
{
	size_t length;

	for (; ; about += length + 1, left = "") {
		length = strcspn(about, "\n");
		report_text(report, "  %-22s  %.*s\n", left, (int)length,
			    about);
		if (!about[length])
			return;
	}
}

static void print_options(uint32_t mask, struct report *report)
{
	char left[64];

	report_text(report, "\nOptions:\n");
	for (int arg = 0; arg < ARG_MAX_; arg++) {
		const struct args_option *option = &args_options[arg];

		if (!(mask & ARG_BIT(arg)))
			continue;
		snprintf(left, sizeof(left), "%s%.1s%s--%s%s%s",
			 option->letter ? "-" : "", &option->letter,
			 option->letter ? ", " : "", option->name,
			 option->value ? " " : "",
			 option->value ? option->value : "");
		print_entry(left, option->about, report);
	}
}

void help_overview(const struct cmd *global, struct report *report)
{
	report_text(report, "Usage: staticdax [OPTION...] VERB [OPTION...] [FILE...]\n\n%s\n\nVerbs:\n",
		    global->about);
	for (const struct cmd *cmd = cmds; cmd->name; cmd++)
		if (!cmd->hidden)
			report_text(report, "  %-8s  %s\n", cmd->name,
				    cmd->brief);
	print_options(global->options | ARG_COMMON, report);
	report_text(report, "\nstaticdax VERB --help says more.\n");
	report_text(report, "Exit status: 0 done, or yes; 1 no; 2 wrong usage; 3 failed; 4 this kernel\ncannot; 5 in use by others.\n");
}

/* "[--align SIZE] [--json] FILE..."; --all is part of the operands. */
static void print_synopsis(const struct cmd *cmd, struct report *report)
{
	report_text(report, "Usage: staticdax %s", cmd->name);
	for (int arg = 0; arg < ARG_MAX_; arg++) {
		const struct args_option *option = &args_options[arg];

		bool required = cmd->required & ARG_BIT(arg);

		if (!(cmd->options & ARG_BIT(arg)) || arg == ARG_ALL)
			continue;
		report_text(report, required ? " --%s%s%s" : " [--%s%s%s]",
			    option->name, option->value ? " " : "",
			    option->value ? option->value : "");
	}
	report_text(report, "%s%s\n", cmd->operands ? " " : "",
		    cmd->operands ? cmd->operands : "");
}

void help_verb(const struct cmd *cmd, struct report *report)
{
	print_synopsis(cmd, report);
	report_text(report, "\n%s\n", cmd->about);
	print_options(cmd->options | ARG_COMMON, report);
}
