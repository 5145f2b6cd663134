// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fills one of the pinned maps to the last entry, with records that mean nothing: keys that no
 * inode and no device has, values of zeros. Prints how many went in.
 *
 * fill_map PIN            fails unless the map is full in the end
 * fill_map -d PIN COUNT   takes them out again
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM 64

/* The number, then ones: device 0xfffff:0xfff has no inode. */
static void make_key(char *key, uint32_t number)
{
	memset(key, 0xff, ROOM);
	memcpy(key, &number, sizeof(number));
}

/* Of a map whose key is nothing but the number of a device, those from the end. */
static uint32_t number_of(const struct bpf_map_info *info, uint32_t i)
{
	return info->key_size > sizeof(uint32_t) ? i : UINT32_MAX - i;
}

int main(int argc, char **argv)
{
	int take_out = argc == 4 && !strcmp(argv[1], "-d");
	const char *pin = argv[take_out ? 2 : 1];
	struct bpf_map_info info = { 0 };
	uint32_t length = sizeof(info), i, count;
	char key[ROOM], value[1024] = { 0 };
	int fd, r = 0;

	if (argc != 2 && !take_out)
		return 2;
	fd = bpf_obj_get(pin);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &length) || info.key_size > ROOM ||
	    info.value_size > sizeof(value))
		return 2;
	count = take_out ? strtoul(argv[3], NULL, 0) : info.max_entries + 1;
	for (i = 0; i < count && !r; i++) {
		make_key(key, number_of(&info, i));
		r = take_out ? bpf_map_delete_elem(fd, key) :
			       bpf_map_update_elem(fd, key, value, BPF_NOEXIST);
	}
	if (take_out)
		return r ? 1 : 0;
	printf("%u\n", i - 1);
	return errno == E2BIG ? 0 : 1;
}
