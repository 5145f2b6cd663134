// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program as persistent memory users write it: stores through a mapping,
 * flushes the cache line from user space, and never asks the kernel.
 *
 * mmap_writer FILE                    counts in the first 8 bytes until killed
 * mmap_writer --progress FILE [N]     prints the count; with N: 0 if it is >= N
 */
#include <fcntl.h>
#include <immintrin.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int progress(const char *path, const char *wanted)
{
	uint64_t count = 0;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || pread(fd, &count, sizeof(count), 0) != sizeof(count))
		return 1;
	if (wanted)
		return count >= strtoull(wanted, NULL, 10) ? 0 : 1;
	printf("%" PRIu64 "\n", count);
	return 0;
}

int main(int argc, char **argv)
{
	volatile uint64_t *counter;
	int fd;

	if (argc >= 3 && !strcmp(argv[1], "--progress"))
		return progress(argv[2], argv[3]);
	fd = argc == 2 ? open(argv[1], O_RDWR) : -1;
	if (fd < 0)
		return 2;
	counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (counter == MAP_FAILED)
		return 1;
	close(fd);
	for (;;) {
		(*counter)++;
		_mm_clflush((const void *)counter);
		_mm_sfence();
	}
}
