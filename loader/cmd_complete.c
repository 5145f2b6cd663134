// SPDX-License-Identifier: GPL-2.0-or-later
/* staticdax __complete: words for the shell, one a line. */
#include <string.h>

#include "args.h"
#include "help.h"
#include "quote.h"
#include "report.h"

/* A person does not choose among more. */
#define SEALED_MAX 1000

struct match {
	struct report *report;
	const char *prefix;
	int count;
};

static void print_verbs(struct report *report)
{
	for (const struct cmd *cmd = cmds; cmd->name; cmd++)
		if (!cmd->hidden)
			report_text(report, "%s\n", cmd->name);
}

static uint32_t options_of(const struct cmd *cmd)
{
	return ARG_COMMON | (cmd ? cmd->options : ARG_BIT(ARG_VERSION));
}

static void print_options(const struct cmd *cmd, struct report *report)
{
	uint32_t mask = options_of(cmd);

	for (int arg = 0; arg < ARG_MAX_; arg++)
		if (mask & ARG_BIT(arg))
			report_text(report, "--%s\n", args_options[arg].name);
}

/* "seal<TAB>keep the blocks of files where they are" */
static void print_verbs_about(struct report *report)
{
	for (const struct cmd *cmd = cmds; cmd->name; cmd++)
		if (!cmd->hidden)
			report_text(report, "%s\t%s\n", cmd->name, cmd->brief);
}

/* "--align<TAB>every piece of SIZE bytes must be one aligned run<TAB>SIZE" */
static void print_options_about(const struct cmd *cmd, struct report *report)
{
	uint32_t mask = options_of(cmd);

	for (int arg = 0; arg < ARG_MAX_; arg++) {
		const struct args_option *option = &args_options[arg];

		if (mask & ARG_BIT(arg))
			report_text(report, "--%s\t%.*s\t%s\n", option->name,
				    (int)strcspn(option->about, "\n;"),
				    option->about, option->value ?: "");
	}
}

/* What to complete where an operand stands: sealed files, any, or nothing. */
static void print_operands(const struct cmd *cmd, struct report *report)
{
	if (cmd && cmd->operands)
		report_text(report, "%s\n", cmd->of_sealed ? "sealed" : "files");
}

/* "--mode" has "static|swapfile|noshrink"; a SIZE is not for choosing. */
static void print_values(const char *name, struct report *report)
{
	const char *value = NULL;

	for (int arg = 0; arg < ARG_MAX_; arg++)
		if (!strncmp(name, "--", 2) &&
		    !strcmp(name + 2, args_options[arg].name))
			value = args_options[arg].value;
	if (!value || !strchr(value, '|'))
		return;
	for (; *value; value++)
		report_text(report, "%c", *value == '|' ? '\n' : *value);
	report_text(report, "\n");
}

/* The bytes as they are, for the shell to quote; but they must be one line. */
static int print_sealed(void *arg, const struct staticdax_seal *seal)
{
	struct match *match = arg;
	size_t length = strlen(match->prefix);

	if (!seal->path || strncmp(seal->path, match->prefix, length) ||
	    !quote_is_plain(seal->path, strlen(seal->path)))
		return 0;
	report_text(match->report, "%s\n", seal->path);
	return ++match->count >= SEALED_MAX;
}

enum staticdax_answer cmd_complete(struct staticdax *sd,
				   const struct args *args,
				   struct report *report)
{
	const char *what = args->operands[0];
	const char *word = args->operands_count > 1 ? args->operands[1] : "";
	struct match match = { .report = report, .prefix = word };

	if (!strcmp(what, "verbs"))
		print_verbs(report);
	else if (!strcmp(what, "options"))
		print_options(help_find(word), report);
	else if (!strcmp(what, "verbs-about"))
		print_verbs_about(report);
	else if (!strcmp(what, "options-about"))
		print_options_about(help_find(word), report);
	else if (!strcmp(what, "operands"))
		print_operands(help_find(word), report);
	else if (!strcmp(what, "values"))
		print_values(word, report);
	else if (!strcmp(what, "sealed"))
		staticdax_list(sd, print_sealed, &match);
	else
		return STATICDAX_USAGE;
	return STATICDAX_YES;
}
