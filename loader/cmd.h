/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs: what a row of the command table is, and a function for each. */
#ifndef SDAX_CMD_H
#define SDAX_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "staticdax.h"

struct args;
struct report;

struct cmd {
	const char *name;	/* NULL: what stands before the verb */
	const char *operands;	/* as in the usage line */
	int operands_min;	/* --all takes one or none instead */
	int operands_max;
	uint32_t options;	/* ARG_BIT()s; ARG_COMMON comes on top */
	uint32_t required;	/* those of options that must be given */
	bool hidden;
	bool of_sealed;		/* its operands are files that are sealed */
	const char *brief;	/* for the list of verbs */
	const char *about;	/* for the verb's own help */
	enum staticdax_answer (*run)(struct staticdax *sd,
				     const struct args *args,
				     struct report *report);
};

/* main.c; ends with a row without a name. */
extern const struct cmd cmds[];

/* cmd_seal.c */
enum staticdax_answer cmd_seal(struct staticdax *sd, const struct args *args,
			       struct report *report);

/* cmd_unseal.c */
enum staticdax_answer cmd_unseal(struct staticdax *sd, const struct args *args,
				 struct report *report);

/* cmd_get.c */
enum staticdax_answer cmd_get(struct staticdax *sd, const struct args *args,
			      struct report *report);

/* cmd_list.c */
enum staticdax_answer cmd_list(struct staticdax *sd, const struct args *args,
			       struct report *report);

/* cmd_check.c */
enum staticdax_answer cmd_check(struct staticdax *sd, const struct args *args,
				struct report *report);

/* cmd_create.c */
enum staticdax_answer cmd_create(struct staticdax *sd, const struct args *args,
				 struct report *report);

/* cmd_prepare.c */
enum staticdax_answer cmd_prepare(struct staticdax *sd, const struct args *args,
				  struct report *report);

/* cmd_map.c */
enum staticdax_answer cmd_map(struct staticdax *sd, const struct args *args,
			      struct report *report);
/* cmd_lock.c */
enum staticdax_answer cmd_lock(struct staticdax *sd, const struct args *args,
			       struct report *report);

/* cmd_verify.c */
enum staticdax_answer cmd_verify(struct staticdax *sd, const struct args *args,
				 struct report *report);

/* cmd_status.c */
enum staticdax_answer cmd_status(struct staticdax *sd, const struct args *args,
				 struct report *report);

/* cmd_monitor.c */
enum staticdax_answer cmd_monitor(struct staticdax *sd, const struct args *args,
				  struct report *report);

/* cmd_metrics.c */
enum staticdax_answer cmd_metrics(struct staticdax *sd, const struct args *args,
				  struct report *report);

/* cmd_upgrade.c */
enum staticdax_answer cmd_upgrade(struct staticdax *sd, const struct args *args,
				  struct report *report);

/* cmd_doctor.c */
enum staticdax_answer cmd_doctor(struct staticdax *sd, const struct args *args,
				 struct report *report);

/* cmd_apply.c */
enum staticdax_answer cmd_apply(struct staticdax *sd, const struct args *args,
				struct report *report);

/* cmd_complete.c */
enum staticdax_answer cmd_complete(struct staticdax *sd,
				   const struct args *args,
				   struct report *report);

#endif
