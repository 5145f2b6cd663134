// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the guard is put around: programs, and the maps that they have. */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>

#include "guard.h"
#include "util.h"

static int add_map(struct sdax_guard *guard, __u32 id)
{
	_cleanup_close_ int fd = -1;
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	for (__u32 i = 0; i < guard->maps_count; i++)
		if (guard->maps[i].id == id)
			return 0;
	if (guard->maps_count == SDAX_GUARD_MAPS)
		return -E2BIG;
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -errno;
	guard->maps[guard->maps_count++] = (struct sdax_guard_map){
		.id = id,
		.type = info.type,
		.key_size = info.key_size,
		.value_size = info.value_size,
	};
	return 0;
}

int sdax_guard_list(struct sdax_guard *guard, int program, bool door)
{
	__u32 maps[SDAX_GUARD_MAPS], len = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = {
		.map_ids = (uintptr_t)maps,
		.nr_map_ids = SDAX_GUARD_MAPS,
	};
	int r = 0;

	if (bpf_obj_get_info_by_fd(program, &info, &len) < 0)
		return -errno;
	if (info.nr_map_ids > SDAX_GUARD_MAPS ||
	    guard->programs_count == SDAX_GUARD_PROGRAMS)
		return -E2BIG;
	if (door)
		guard->door = info.id;
	else
		guard->programs[guard->programs_count++] = info.id;
	for (__u32 i = 0; !r && i < info.nr_map_ids; i++)
		r = add_map(guard, maps[i]);
	return r;
}

static int add_link(struct sdax_guard *guard, const char *name)
{
	_cleanup_close_ int link = -1, prog = -1;
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	char path[sizeof(SDAX_PIN_DIR) + NAME_MAX + 1];

	snprintf(path, sizeof(path), SDAX_PIN_DIR "/%s", name);
	link = bpf_obj_get(path);
	if (link < 0)
		return link;
	if (bpf_obj_get_info_by_fd(link, &info, &len) < 0)
		return -errno;
	prog = bpf_prog_get_fd_by_id(info.prog_id);
	return prog < 0 ? prog : sdax_guard_list(guard, prog, false);
}

int sdax_guard_list_enforcing(struct sdax_guard *guard)
{
	_cleanup_closedir_ DIR *d = opendir(SDAX_PIN_DIR);
	struct dirent *e;
	int r = 0;

	if (!d)
		return -errno;
	while (!r && (e = readdir(d)))
		if (!strncmp(e->d_name, "sdax_", 5))
			r = add_link(guard, e->d_name);
	return r;
}
