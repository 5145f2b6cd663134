// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes a file without holes that has as many extents as wanted: its blocks are
 * allocated one by one, each followed by one of another file.
 *
 * Usage: fragment FILE EXTENTS
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "fragment: %s: %s\n", what, strerror(errno));
	exit(3);
}

static int create(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		die(path);
	return fd;
}

int main(int argc, char **argv)
{
	static char block[65536];
	char between[4096];
	struct stat st;
	long count;
	int fds[2];

	if (argc != 3)
		return 2;
	count = atol(argv[2]);
	snprintf(between, sizeof(between), "%s.between", argv[1]);
	fds[0] = create(argv[1]);
	fds[1] = create(between);
	if (fstat(fds[0], &st) || (size_t)st.st_blksize > sizeof(block))
		die(argv[1]);
	for (long i = 0; i < count; i++)
		for (int f = 0; f < 2; f++)
			if (fallocate(fds[f], 0, i * st.st_blksize, st.st_blksize))
				die("fallocate");
	for (long i = 0; i < count; i++)
		if (pwrite(fds[0], block, st.st_blksize, i * st.st_blksize) !=
		    st.st_blksize)
			die("pwrite");
	if (fsync(fds[0]) || unlink(between))
		die(argv[1]);
	return 0;
}
