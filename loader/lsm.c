// SPDX-License-Identifier: LGPL-2.1-or-later
/* The active security modules, and what lsm= would have to be. */
#define _GNU_SOURCE
#include "lsm.h"

#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "util.h"

#ifndef SYS_lsm_list_modules
#define SYS_lsm_list_modules 461
#endif

/* Numbers of include/uapi/linux/lsm.h, which older systems lack. */
#define FIRST_ID 100

static const char *const id_names[] = {
	"capability", "selinux", "smack", "tomoyo", "apparmor", "yama",
	"loadpin", "safesetid", "lockdown", "bpf", "landlock", "ima", "evm",
	"ipe",
};

/* capability is always there and first, named or not. */
static bool is_implied(const char *name)
{
	return !strcmp(name, "capability");
}

static int add_name(struct sdax_lsms *lsms, const char *name)
{
	size_t used = strlen(lsms->names);
	size_t room = sizeof(lsms->names) - used;

	if (!strcmp(name, "bpf"))
		lsms->has_bpf = true;
	if (is_implied(name))
		return 0;
	if ((size_t)snprintf(lsms->names + used, room, "%s%s",
			     used ? "," : "", name) >= room)
		return -ENOBUFS;
	return 0;
}

int sdax_lsm_parse(const char *text, struct sdax_lsms *ret)
{
	struct sdax_lsms lsms = {};
	char copy[sizeof(lsms.names)], *name, *save = NULL;
	int r;

	if ((size_t)snprintf(copy, sizeof(copy), "%s", text) >= sizeof(copy))
		return -ENOBUFS;
	for (name = strtok_r(copy, ",\n", &save); name;
	     name = strtok_r(NULL, ",\n", &save)) {
		r = add_name(&lsms, name);
		if (r < 0)
			return r;
	}
	*ret = lsms;
	return 0;
}

static const char *name_of(uint64_t id)
{
	if (id < FIRST_ID || id - FIRST_ID >= ARRAY_SIZE(id_names))
		return NULL;
	return id_names[id - FIRST_ID];
}

int sdax_lsm_ask(struct sdax_lsms *ret)
{
	struct sdax_lsms lsms = {};
	uint64_t ids[64];
	uint32_t size = sizeof(ids);
	long count;
	int r;

	count = syscall(SYS_lsm_list_modules, ids, &size, 0);
	if (count < 0)
		return -errno;
	for (long i = 0; i < count; i++) {
		if (!name_of(ids[i])) {
			lsms.unknown = true;
			continue;
		}
		r = add_name(&lsms, name_of(ids[i]));
		if (r < 0)
			return r;
	}
	*ret = lsms;
	return 0;
}

void sdax_lsm_parameter(const struct sdax_lsms *lsms, char *text, size_t size)
{
	/* a list that would drop a module is worse than none */
	if (lsms->unknown)
		snprintf(text, size, "lsm=...,bpf (... is what is active now)");
	else
		snprintf(text, size, "lsm=%s%sbpf", lsms->names,
			 *lsms->names ? "," : "");
}
