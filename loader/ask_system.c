// SPDX-License-Identifier: LGPL-2.1-or-later
/* Questions about what the system was set to. */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include "ask.h"
#include "mounts.h"
#include "util.h"

static FILE *open_file(const struct sdax_probe *p, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", p->root, name);
	return fopen(path, "re");
}

/* What follows prefix on the first line that begins so; no newline. */
static int find_line(const struct sdax_probe *p, const char *name,
		     const char *prefix, char *rest, size_t size)
{
	_cleanup_fclose_ FILE *f = open_file(p, name);
	char line[512];

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, prefix, strlen(prefix)))
			continue;
		snprintf(rest, size, "%s", line + strlen(prefix));
		rest[strcspn(rest, "\n")] = '\0';
		return 0;
	}
	return -ENODATA;
}

static int first_line(const struct sdax_probe *p, const char *name, char *line,
		      size_t size)
{
	return find_line(p, name, "", line, size);
}

/* The machine and its rights */

enum sdax_reply sdax_ask_machine(struct sdax_probe *p)
{
	struct utsname name;

	if (*p->root || uname(&name) < 0)
		return sdax_found(p, SDAX_UNKNOWN, "unknown");
	return sdax_found(p, !strcmp(name.machine, "x86_64"), "%s",
			  name.machine);
}

static const struct {
	int number;
	const char *name;
} capabilities[] = {
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
	{ CAP_LINUX_IMMUTABLE, "CAP_LINUX_IMMUTABLE" },
	{ CAP_LEASE, "CAP_LEASE" },
};

/* Capabilities of a user namespace are worth nothing to BPF. */
static bool is_initial_namespace(const struct sdax_probe *p)
{
	unsigned int inside, outside, count;
	char line[64];

	if (first_line(p, "/proc/self/uid_map", line, sizeof(line)) < 0)
		return true;
	return sscanf(line, "%u %u %u", &inside, &outside, &count) == 3 &&
	       !inside && !outside && count == UINT32_MAX;
}

enum sdax_reply sdax_ask_privilege(struct sdax_probe *p)
{
	unsigned long long effective;
	char rest[64];
	size_t n = 0;

	if (find_line(p, "/proc/self/status", "CapEff:", rest,
		      sizeof(rest)) < 0)
		return sdax_found(p, SDAX_UNKNOWN, "unknown without /proc");
	if (!is_initial_namespace(p))
		return sdax_found(p, SDAX_NO, "in a user namespace");
	effective = strtoull(rest, NULL, 16);
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++)
		if (!(effective & 1ULL << capabilities[i].number))
			n += snprintf(p->detail + n, sizeof(p->detail) - n,
				      "%s%s", n ? ", " : "missing: ",
				      capabilities[i].name);
	return n ? SDAX_NO : sdax_found(p, SDAX_YES, "all capabilities needed");
}

/* Security modules */

int sdax_ask_lsms(const struct sdax_probe *p, struct sdax_lsms *ret)
{
	char text[512];

	if (!first_line(p, "/sys/kernel/security/lsm", text, sizeof(text)))
		return sdax_lsm_parse(text, ret);
	return *p->root ? -ENODATA : sdax_lsm_ask(ret);
}

enum sdax_reply sdax_ask_lsm_list(struct sdax_probe *p)
{
	struct sdax_lsms lsms;
	char parameter[300];

	if (sdax_ask_lsms(p, &lsms) < 0)
		return sdax_found(p, SDAX_UNKNOWN,
				  "unknown without securityfs on /sys/kernel/security");
	if (lsms.has_bpf)
		return sdax_found(p, SDAX_YES, "bpf is active");
	sdax_lsm_parameter(&lsms, parameter, sizeof(parameter));
	snprintf(p->remedy, sizeof(p->remedy), "boot with %s", parameter);
	return sdax_found(p, SDAX_NO, "bpf is not among the active modules");
}

enum sdax_reply sdax_ask_lockdown(struct sdax_probe *p)
{
	char text[64];

	if (first_line(p, "/sys/kernel/security/lockdown", text,
		       sizeof(text)) < 0)
		return sdax_found(p, SDAX_YES, "not there");
	return sdax_found(p, !strstr(text, "[confidentiality]"), "%s", text);
}

/* Switches */

static enum sdax_reply ask_switch(struct sdax_probe *p, const char *file)
{
	char text[32];

	if (first_line(p, file, text, sizeof(text)) < 0)
		return sdax_found(p, SDAX_UNKNOWN, "%s is not there", file);
	return sdax_found(p, !!strcmp(text, "0"), "%s", text);
}

enum sdax_reply sdax_ask_ftrace(struct sdax_probe *p)
{
	return ask_switch(p, "/proc/sys/kernel/ftrace_enabled");
}

enum sdax_reply sdax_ask_leases(struct sdax_probe *p)
{
	return ask_switch(p, "/proc/sys/fs/leases-enable");
}

enum sdax_reply sdax_ask_bpffs(struct sdax_probe *p)
{
	char rest[8];
	int r;

	r = find_line(p, "/proc/filesystems", "nodev\tbpf\n", rest,
		      sizeof(rest));
	if (r == -ENODATA)
		return sdax_found(p, SDAX_NO, "not in /proc/filesystems");
	if (r < 0)
		return sdax_found(p, SDAX_UNKNOWN, "unknown without /proc");
	return sdax_found(p, SDAX_YES, "can be mounted");
}

/* DAX */

/*
 * The mount option, or else a device that can and no option against it: then
 * files may be DAX one by one. A partition has the queue of its disk.
 */
static bool is_dax(const struct sdax_probe *p, const struct sdax_mount *mount)
{
	static const char *const queues[] = { "queue", "../queue" };
	char value[16], name[96], text[8];

	if (strncmp(mount->type, "ext", 3) && strcmp(mount->type, "xfs"))
		return false;
	if (sdax_mounts_option(mount, "dax", value, sizeof(value)))
		return strcmp(value, "never");
	for (size_t i = 0; i < ARRAY_SIZE(queues); i++) {
		snprintf(name, sizeof(name), "/sys/dev/block/%u:%u/%s/dax",
			 major(mount->dev), minor(mount->dev), queues[i]);
		if (!first_line(p, name, text, sizeof(text)))
			return !strcmp(text, "1");
	}
	return false;
}

struct dax_search {
	struct sdax_probe *p;
	bool found;
};

static int find_dax(void *arg, const struct sdax_mount *mount)
{
	struct dax_search *search = arg;

	search->found = is_dax(search->p, mount);
	if (search->found)
		sdax_found(search->p, SDAX_YES, "%s on %s", mount->type,
			   mount->point);
	return search->found;
}

enum sdax_reply sdax_ask_dax(struct sdax_probe *p)
{
	struct dax_search search = { .p = p };
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/proc/self/mountinfo", p->root);
	if (sdax_mounts_walk(path, find_dax, &search) < 0)
		return sdax_found(p, SDAX_UNKNOWN, "unknown without /proc");
	if (!search.found)
		return sdax_found(p, SDAX_NO, "no DAX filesystem is mounted");
	return SDAX_YES;
}

/* Of none of these a kernel can be asked whether it would do it. */
enum sdax_reply sdax_ask_closed(struct sdax_probe *p)
{
	return sdax_found(p, SDAX_NO,
			  "pNFS layouts, NFS_LOCALIO on the server, the end of a mount "
			  "namespace, flags set by ecryptfs before 6.17, a mark that "
			  "io_uring's open leaves behind");
}
