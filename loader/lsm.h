/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The active security modules, and what lsm= would have to be. */
#ifndef SDAX_LSM_H
#define SDAX_LSM_H

#include <stdbool.h>
#include <stddef.h>

struct sdax_lsms {
	char names[256];	/* "yama,bpf", without capability */
	bool unknown;		/* there are others, of unknown names */
	bool has_bpf;
};

/* text as in /sys/kernel/security/lsm. ENOBUFS if it is too long. */
int sdax_lsm_parse(const char *text, struct sdax_lsms *ret);

/* By lsm_list_modules(2); ENOSYS before 6.8, and other errnos. */
int sdax_lsm_ask(struct sdax_lsms *ret);

/* The kernel parameter that adds bpf to what is active now. */
void sdax_lsm_parameter(const struct sdax_lsms *lsms, char *text, size_t size);

#endif
