/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The single questions of probe.c: what was found, and is that a yes? */
#ifndef SDAX_ASK_H
#define SDAX_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "lsm.h"

struct btf;

enum sdax_reply {
	SDAX_NO = 0,
	SDAX_YES,
	SDAX_UNKNOWN,		/* counts as yes */
};

struct sdax_probe {
	const char *root;	/* before every file name; "" is this system */
	struct btf *btf;	/* of the kernel, or NULL */
	char detail[256];	/* what was found */
	char remedy[384];	/* if it is not the one of the table */
};

/* Fills in detail and returns reply. */
__attribute__((format(printf, 3, 4)))
enum sdax_reply sdax_found(struct sdax_probe *p, enum sdax_reply reply,
			   const char *fmt, ...);

/* ask_bpf.c: what the kernel can be made to run */
void sdax_ask_load_btf(struct sdax_probe *p);
void sdax_ask_done(struct sdax_probe *p);
enum sdax_reply sdax_ask_bpf(struct sdax_probe *p);
enum sdax_reply sdax_ask_btf(struct sdax_probe *p);
enum sdax_reply sdax_ask_bpf_lsm(struct sdax_probe *p);
enum sdax_reply sdax_ask_load(struct sdax_probe *p);
enum sdax_reply sdax_ask_hooks(struct sdax_probe *p);
enum sdax_reply sdax_ask_more_hooks(struct sdax_probe *p);
enum sdax_reply sdax_ask_functions(struct sdax_probe *p);
enum sdax_reply sdax_ask_ia32(struct sdax_probe *p);
enum sdax_reply sdax_ask_lock(struct sdax_probe *p);

/* ask_system.c: what the system was set to */
enum sdax_reply sdax_ask_machine(struct sdax_probe *p);
enum sdax_reply sdax_ask_privilege(struct sdax_probe *p);
enum sdax_reply sdax_ask_lsm_list(struct sdax_probe *p);
enum sdax_reply sdax_ask_ftrace(struct sdax_probe *p);
enum sdax_reply sdax_ask_leases(struct sdax_probe *p);
enum sdax_reply sdax_ask_bpffs(struct sdax_probe *p);
enum sdax_reply sdax_ask_lockdown(struct sdax_probe *p);
enum sdax_reply sdax_ask_dax(struct sdax_probe *p);
enum sdax_reply sdax_ask_closed(struct sdax_probe *p);

/* ENODATA and the like: the list is not to be had. */
int sdax_ask_lsms(const struct sdax_probe *p, struct sdax_lsms *ret);

#endif
