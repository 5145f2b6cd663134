/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From argv to typed options, judged before anything is done. */
#ifndef SDAX_ARGS_H
#define SDAX_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd.h"

enum arg {
	ARG_SIZE = 0,
	ARG_ALIGN,
	ARG_NO_DAX,
	ARG_MODE,
	ARG_AUDIT,
	ARG_SEAL,
	ARG_RELOCATE,
	ARG_WAIT,
	ARG_INTERVAL,
	ARG_REGISTRY,
	ARG_FORCE,
	ARG_ALL,
	ARG_DRY_RUN,
	ARG_PRUNE,
	ARG_DENIALS,
	ARG_SVG,
	ARG_JSON,
	ARG_VERBOSE,
	ARG_HELP,
	ARG_VERSION,
	ARG_MAX_
};

#define ARG_BIT(arg) (1U << (arg))
#define ARG_COMMON (ARG_BIT(ARG_VERBOSE) | ARG_BIT(ARG_HELP))

struct args_option {
	const char *name;
	const char *value;	/* as in the usage line, or NULL */
	char letter;		/* or 0 */
	const char *about;
};

/* Indexed by enum arg. */
extern const struct args_option args_options[ARG_MAX_];

struct args {
	uint32_t given;		/* ARG_BIT()s */
	int verbose;
	enum staticdax_mode mode;
	uint32_t wait_ms;
	uint32_t interval;	/* seconds, 0: not given */
	uint32_t registry;
	uint64_t size;
	uint64_t align;
	const char *svg;
	char **operands;
	int operands_count;
};

static inline bool args_given(const struct args *args, enum arg arg)
{
	return args->given & ARG_BIT(arg);
}

/*
 * Adds to args what argv says; argv[0] is the command or the verb. Before the
 * verb, reading stops at the first operand. With ARG_HELP or ARG_VERSION the
 * rest is not judged. EINVAL: one line about it is on stderr.
 */
int args_parse(const struct cmd *cmd, int argc, char **argv,
	       struct args *args);

/* What the options mean to check and seal. */
struct staticdax_options args_seal_options(const struct args *args);

#endif
