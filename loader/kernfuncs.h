/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Functions of the running kernel by name, all of them looked for in one walk over
 * its type information, which is long, and sorted by nothing.
 */
#ifndef SDAX_KERNFUNCS_H
#define SDAX_KERNFUNCS_H

#include <bpf/btf.h>
#include <stddef.h>

#define SDAX_KERNFUNCS_MAX 128

struct sdax_kernfunc {
	char name[64];
	int id; /* of the BTF_KIND_FUNC; 0: the kernel has none of that name */
};

struct sdax_kernfuncs {
	struct sdax_kernfunc of[SDAX_KERNFUNCS_MAX];
	size_t count;
};

/* Looked for by the next sdax_kernfuncs_find(). E2BIG. */
int sdax_kernfuncs_want(struct sdax_kernfuncs *funcs, const char *name);

/* The first of each name; nothing is added afterwards. */
void sdax_kernfuncs_find(struct sdax_kernfuncs *funcs, const struct btf *btf);

/* The id of what was looked for. ENOENT: not there, or never wanted. */
int sdax_kernfuncs_id(const struct sdax_kernfuncs *funcs, const char *name);

#endif
