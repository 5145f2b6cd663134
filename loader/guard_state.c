// SPDX-License-Identifier: LGPL-2.1-or-later
/* Is the registry guarded? */
#include <bpf/bpf.h>
#include <errno.h>

#include "guard.h"
#include "util.h"

int sdax_guard_read(struct sdax_guard *ret)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = BPF_F_RDONLY);
	_cleanup_close_ int fd = bpf_obj_get_opts(SDAX_GUARD_STATE, &opts);
	__u32 key = 0;

	return fd < 0 ? fd : bpf_map_lookup_elem(fd, &key, ret);
}

enum sdax_guard_state sdax_guard_state(void)
{
	struct sdax_guard guard;
	int r = sdax_guard_read(&guard);

	if (r == -ENOENT)
		return SDAX_GUARD_OFF;
	if (r < 0)
		return SDAX_GUARD_ON;
	return guard.active < SDAX_GUARD_ON ?
		       (enum sdax_guard_state)guard.active : SDAX_GUARD_ON;
}
