// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes files of one block in an empty directory.
 *
 * Usage: many DIRECTORY COUNT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const char block[4096];
	char name[4200];

	if (argc != 3)
		return 2;
	for (long i = 0; i < atol(argv[2]); i++) {
		int fd;

		snprintf(name, sizeof(name), "%s/%ld", argv[1], i);
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 ||
		    write(fd, block, sizeof(block)) != sizeof(block)) {
			perror(name);
			return 3;
		}
		close(fd);
	}
	sync();
	return 0;
}
