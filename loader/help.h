/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Usage text, made from the command table. */
#ifndef SDAX_HELP_H
#define SDAX_HELP_H

#include "cmd.h"

/* The verb of this name, or NULL. */
const struct cmd *help_find(const char *name);

/* The same, but says on stderr that there is none, and what was meant. */
const struct cmd *help_require(const char *name);

void help_overview(const struct cmd *global, struct report *report);
void help_verb(const struct cmd *cmd, struct report *report);

#endif
