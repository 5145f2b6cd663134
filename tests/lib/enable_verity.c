// SPDX-License-Identifier: GPL-2.0-or-later
/* Turns a file into a verity file. */
#include <fcntl.h>
#include <linux/fsverity.h>
#include <stdio.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	struct fsverity_enable_arg arg = {
		.version = 1,
		.hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.block_size = 4096,
	};
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0 || ioctl(fd, FS_IOC_ENABLE_VERITY, &arg) < 0) {
		perror("FS_IOC_ENABLE_VERITY");
		return 1;
	}
	return 0;
}
