// SPDX-License-Identifier: GPL-2.0-or-later
/* Zeroes the elements of a pinned array, of whatever size. */
#include <bpf/bpf.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	int fd = argc == 2 ? bpf_obj_get(argv[1]) : -1;
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	void *zeros;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return 1;
	/* a per-CPU element has a value of 8 bytes or more for each CPU */
	zeros = calloc(1, info.value_size < 65536 ? 65536 : info.value_size);
	if (!zeros)
		return 1;
	for (__u32 key = 0; key < info.max_entries; key++)
		if (bpf_map_update_elem(fd, &key, zeros, BPF_ANY))
			return 1;
	return 0;
}
