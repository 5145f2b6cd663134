// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What has to be asked of the kernel about each file in any case: open, fsync,
 * FIEMAP, close.
 *
 * Usage: bare FILE...
 */
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define EXTENTS 512

static struct {
	struct fiemap map;
	struct fiemap_extent extents[EXTENTS];
} f;

static int extents_of(int fd)
{
	const struct fiemap_extent *last;

	f.map = (struct fiemap){ .fm_length = FIEMAP_MAX_OFFSET,
				 .fm_extent_count = EXTENTS };
	for (;;) {
		if (ioctl(fd, FS_IOC_FIEMAP, &f))
			return -1;
		if (!f.map.fm_mapped_extents)
			return 0;
		last = &f.extents[f.map.fm_mapped_extents - 1];
		if (last->fe_flags & FIEMAP_EXTENT_LAST)
			return 0;
		f.map.fm_start = last->fe_logical + last->fe_length;
		f.map.fm_length = FIEMAP_MAX_OFFSET - f.map.fm_start;
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int fd = open(argv[i], O_RDWR | O_CLOEXEC);

		if (fd < 0 || fsync(fd) || extents_of(fd) || close(fd)) {
			perror(argv[i]);
			return 3;
		}
	}
	return 0;
}
