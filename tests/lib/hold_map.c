// SPDX-License-Identifier: GPL-2.0-or-later
/* Maps a file, closes it, says its own pid and waits to be killed. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDWR) : -1;

	if (fd < 0 || mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			   0) == MAP_FAILED)
		return 1;
	close(fd);
	printf("%d\n", getpid());
	fflush(stdout);
	pause();
	return 0;
}
