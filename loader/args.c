// SPDX-License-Identifier: GPL-2.0-or-later
/* From argv to typed options. */
#include "args.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "quote.h"
#include "size.h"
#include "util.h"

/* getopt's values for long options; letters are below. */
#define LONG_BASE 256

const struct args_option args_options[ARG_MAX_] = {
	[ARG_SIZE] = {
		.name = "size", .value = "SIZE",
		.about = "how large: bytes, or a number and K, M, G or T",
	},
	[ARG_ALIGN] = {
		.name = "align", .value = "SIZE",
		.about = "every piece of SIZE bytes must be one aligned run on the device;\nSIZE is bytes, or a number and K, M, G or T (default: the page size)",
	},
	[ARG_NO_DAX] = {
		.name = "no-dax",
		.about = "the file need not be DAX",
	},
	[ARG_MODE] = {
		.name = "mode", .value = "static|swapfile|noshrink",
		.about = "static: write(2) in place stays free; swapfile: it does not,\nonly stores through mmap do; noshrink: it may grow and be written,\nbut loses nothing, wherever its blocks are (default: static)",
	},
	[ARG_AUDIT] = {
		.name = "audit",
		.about = "count and report, but refuse nothing",
	},
	[ARG_SEAL] = {
		.name = "seal",
		.about = "and seal it, before it has its name",
	},
	[ARG_RELOCATE] = {
		.name = "relocate",
		.about = "move the file to other blocks if these cannot be made to do",
	},
	[ARG_WAIT] = {
		.name = "wait", .value = "SECONDS",
		.about = "wait this long for others to close the file",
	},
	[ARG_INTERVAL] = {
		.name = "interval", .value = "SECONDS",
		.about = "how often to try whether what is sealed is protected (default: 2)",
	},
	[ARG_REGISTRY] = {
		.name = "registry", .value = "NUMBER",
		.about = "how many seals there will be room for; for the first of the system\nonly (default: 65536)",
	},
	[ARG_FORCE] = {
		.name = "force",
		.about = "even though others have the file open or mapped; with upgrade:\neven though what is in force is of a later version",
	},
	[ARG_ALL] = {
		.name = "all",
		.about = "everything, or what lies on the filesystem mounted at MOUNTPOINT",
	},
	[ARG_DRY_RUN] = {
		.name = "dry-run",
		.about = "say what would be done, and do nothing",
	},
	[ARG_PRUNE] = {
		.name = "prune",
		.about = "unseal what the policy does not name",
	},
	[ARG_DENIALS] = {
		.name = "denials",
		.about = "also how much was denied, and the last time: what, when, to whom",
	},
	[ARG_SVG] = {
		.name = "svg", .value = "OUT",
		.about = "draw it into the file OUT as well",
	},
	[ARG_JSON] = {
		.name = "json",
		.about = "answer in JSON",
	},
	[ARG_VERBOSE] = {
		.name = "verbose", .letter = 'v',
		.about = "say what is being done; twice: with libbpf's messages",
	},
	[ARG_HELP] = {
		.name = "help", .letter = 'h',
		.about = "print this",
	},
	[ARG_VERSION] = {
		.name = "version",
		.about = "print the version, the build, and whether this kernel will do",
	},
};

/* "seal: option '--align' is given twice; see staticdax seal --help" */
static int refuse(const struct cmd *cmd, const char *before, const char *text,
		  const char *after)
{
	_cleanup_free_ char *quoted = quote_escape(text, strlen(text),
						   QUOTE_INSIDE);
	const char *verb = cmd->name ? cmd->name : "";

	log_error("%s%s%s'%s'%s; see staticdax %s%s--help", verb,
		  *verb ? ": " : "", before, quote_or(quoted), after, verb,
		  *verb ? " " : "");
	return -EINVAL;
}

static int refuse_known(const struct cmd *cmd, enum arg arg, const char *after)
{
	char word[32];

	snprintf(word, sizeof(word), "--%s", args_options[arg].name);
	return refuse(cmd, "option ", word, after);
}

static int parse_size(const struct cmd *cmd, const char *text,
		      uint64_t *ret_size)
{
	int r = size_parse(text, ret_size);

	if (r == -ERANGE)
		return refuse(cmd, "size ", text, " is too large");
	if (r < 0)
		return refuse(cmd, "", text,
			      " is no size: give bytes, or a number and K, M, G or T");
	return 0;
}

/* Which the library takes for the default. */
static int parse_align(const struct cmd *cmd, const char *text,
		       uint64_t *ret_align)
{
	int r = parse_size(cmd, text, ret_align);

	if (!r && !*ret_align)
		return refuse(cmd, "alignment ", text,
			      " is none: it is a power of two and at least the page size");
	return r;
}

static int parse_mode(const struct cmd *cmd, const char *text,
		      struct args *args)
{
	static const enum staticdax_mode modes[] = {
		STATICDAX_MODE_STATIC, STATICDAX_MODE_SWAPFILE,
		STATICDAX_MODE_NOSHRINK,
	};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (strcmp(text, staticdax_mode_word(modes[i])))
			continue;
		args->mode = modes[i];
		return 0;
	}
	return refuse(cmd, "", text, " is no mode: static, swapfile or noshrink");
}

static int parse_wait(const struct cmd *cmd, const char *text,
		      struct args *args)
{
	uint64_t seconds;
	int r = size_parse_count(text, UINT32_MAX / 1000, &seconds);

	if (r == -ERANGE)
		return refuse(cmd, "", text, " seconds are too many");
	if (r < 0)
		return refuse(cmd, "", text, " is no number of seconds");
	args->wait_ms = seconds * 1000;
	return 0;
}

static int parse_interval(const struct cmd *cmd, const char *text,
			  struct args *args)
{
	uint64_t seconds;
	int r = size_parse_count(text, 86400, &seconds);

	if (r == -ERANGE)
		return refuse(cmd, "", text, " seconds are more than a day");
	if (r < 0 || !seconds)
		return refuse(cmd, "", text, " is no number of seconds");
	args->interval = seconds;
	return 0;
}

static int parse_registry(const struct cmd *cmd, const char *text,
			  struct args *args)
{
	uint64_t number;
	int r = size_parse_count(text, STATICDAX_REGISTRY_MAX, &number);

	if (r == -ERANGE)
		return refuse(cmd, "", text, " seals are too many: up to 16777216");
	if (r < 0 || !number)
		return refuse(cmd, "", text, " is no number of seals");
	args->registry = number;
	return 0;
}

static int take(const struct cmd *cmd, enum arg arg, const char *value,
		struct args *args)
{
	if (args_given(args, arg) && arg != ARG_VERBOSE)
		return refuse_known(cmd, arg, " is given twice");
	args->given |= ARG_BIT(arg);
	switch (arg) {
	case ARG_ALIGN:
		return parse_align(cmd, value, &args->align);
	case ARG_SIZE:
		return parse_size(cmd, value, &args->size);
	case ARG_MODE:
		return parse_mode(cmd, value, args);
	case ARG_WAIT:
		return parse_wait(cmd, value, args);
	case ARG_INTERVAL:
		return parse_interval(cmd, value, args);
	case ARG_SVG:
		args->svg = value;
		return 0;
	case ARG_REGISTRY:
		return parse_registry(cmd, value, args);
	case ARG_VERBOSE:
		args->verbose++;
		return 0;
	default:
		return 0;
	}
}

static uint32_t options_of(const struct cmd *cmd)
{
	return cmd->options | ARG_COMMON;
}

static void make_long_options(uint32_t mask, struct option *to)
{
	for (int arg = 0; arg < ARG_MAX_; arg++) {
		const struct args_option *option = &args_options[arg];

		if (mask & ARG_BIT(arg))
			*to++ = (struct option) {
				.name = option->name,
				.has_arg = option->value ? required_argument :
							   no_argument,
				.val = LONG_BASE + arg,
			};
	}
	*to = (struct option) {};
}

/* The option of getopt's value c, or ARG_MAX_. */
static enum arg arg_of(int c)
{
	int arg;

	if (c >= LONG_BASE)
		return c - LONG_BASE;
	for (arg = 0; arg < ARG_MAX_; arg++)
		if (c && args_options[arg].letter == c)
			break;
	return arg;
}

/* After getopt_long() has said ':' or '?' about word. */
static int refuse_option(const struct cmd *cmd, int c, const char *word)
{
	char letter[] = { '-', (char)optopt, '\0' };

	if (optopt >= LONG_BASE)
		return refuse_known(cmd, arg_of(optopt), c == ':' ?
				    " needs a value" : " takes no value");
	return refuse(cmd, "there is no option ", optopt ? letter : word, "");
}

static int check_required(const struct cmd *cmd, const struct args *args)
{
	for (int arg = 0; arg < ARG_MAX_; arg++)
		if (cmd->required & ARG_BIT(arg) && !args_given(args, arg))
			return refuse_known(cmd, arg, " is missing");
	return 0;
}

static int check_operands(const struct cmd *cmd, const struct args *args)
{
	bool all = args_given(args, ARG_ALL);
	int min = all ? 0 : cmd->operands_min;
	int max = all ? 1 : cmd->operands_max;

	if (args->operands_count > max)
		return refuse(cmd, "", args->operands[max],
			      " is one argument too many");
	if (args->operands_count < min)
		return refuse(cmd, "the argument ", cmd->operands,
			      " is missing");
	return 0;
}

int args_parse(const struct cmd *cmd, int argc, char **argv,
	       struct args *args)
{
	const char *letters = cmd->name ? ":vh" : "+:vh";
	struct option longs[ARG_MAX_ + 1];
	int c, r;

	make_long_options(options_of(cmd), longs);
	opterr = 0;
	optind = 0;	/* glibc and musl: begin anew, with another argv */
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (c == ':' || c == '?')
			return refuse_option(cmd, c, argv[optind - 1]);
		r = take(cmd, arg_of(c), optarg, args);
		if (r < 0)
			return r;
		if (args->given & (ARG_BIT(ARG_HELP) | ARG_BIT(ARG_VERSION)))
			return 0;
	}
	args->operands = argv + optind;
	args->operands_count = argc - optind;
	if (!cmd->name)
		return 0;
	r = check_required(cmd, args);
	return r ?: check_operands(cmd, args);
}

struct staticdax_options args_seal_options(const struct args *args)
{
	struct staticdax_options options = STATICDAX_INIT(staticdax_options);

	options.align = args->align;
	options.mode = args->mode;
	options.wait_ms = args->wait_ms;
	options.registry = args->registry;
	if (args_given(args, ARG_NO_DAX))
		options.flags |= STATICDAX_ANY_DEVICE;
	if (args_given(args, ARG_AUDIT))
		options.flags |= STATICDAX_AUDIT;
	return options;
}
