// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernfuncs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int sdax_kernfuncs_want(struct sdax_kernfuncs *funcs, const char *name)
{
	struct sdax_kernfunc *next = funcs->of + funcs->count;

	for (size_t i = 0; i < funcs->count; i++)
		if (!strcmp(funcs->of[i].name, name))
			return 0;
	if (funcs->count == SDAX_KERNFUNCS_MAX ||
	    strlen(name) >= sizeof(next->name))
		return -E2BIG;
	strcpy(next->name, name);
	next->id = 0;
	funcs->count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct sdax_kernfunc *one = a, *other = b;

	return strcmp(one->name, other->name);
}

static int compare_name(const void *name, const void *func)
{
	return strcmp(name, ((const struct sdax_kernfunc *)func)->name);
}

static struct sdax_kernfunc *look_up(const struct sdax_kernfuncs *funcs,
				     const char *name)
{
	return bsearch(name, funcs->of, funcs->count, sizeof(*funcs->of),
		       compare_name);
}

void sdax_kernfuncs_find(struct sdax_kernfuncs *funcs, const struct btf *btf)
{
	__u32 end = btf__type_cnt(btf);

	qsort(funcs->of, funcs->count, sizeof(*funcs->of), compare);
	for (__u32 id = 1; id < end; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		struct sdax_kernfunc *func;

		if (!btf_is_func(type))
			continue;
		func = look_up(funcs, btf__name_by_offset(btf, type->name_off));
		if (func && !func->id)
			func->id = id;
	}
}

int sdax_kernfuncs_id(const struct sdax_kernfuncs *funcs, const char *name)
{
	const struct sdax_kernfunc *func = look_up(funcs, name);

	return func && func->id ? func->id : -ENOENT;
}
