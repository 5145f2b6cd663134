// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Active swapfiles, the kernel's own pinned files.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

#include "contract.h"
#include "swapfile.h"

/* mm/swapfile.c reads it from the first page: version 1, the last usable page, "SWAPSPACE2" */
int swapfile_make(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_CLOEXEC);
	uint32_t header[2] = { 1, FIT_SIZE / BLOCK - 1 };
	char boot[1024 + sizeof(header)] = { 0 };
	char page[BLOCK] = { 0 };

	if (fd < 0)
		return -errno;
	memcpy(boot + 1024, header, sizeof(header));
	memcpy(page, boot, sizeof(boot));
	memcpy(page + BLOCK - 10, "SWAPSPACE2", 10);
	return answer_length(pwrite(fd, page, BLOCK, 0), BLOCK);
}

int swapfile_on(const char *path)
{
	return answer(swapon(path, 0));
}

int swapfile_off(const char *path)
{
	return answer(swapoff(path));
}
