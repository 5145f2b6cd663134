// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What ustat(2) of the filesystem of a file says: plainly, or to a question about its
 * mark, see bpf/roots.bpf.c.
 *
 * Usage: marks plain|ask|mark FILE
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "staticdax_abi.h"

int main(int argc, char **argv)
{
	char room[64];
	unsigned long long what = (unsigned long)room;
	struct stat st;

	if (argc != 3 || stat(argv[2], &st) < 0)
		return 2;
	if (!strcmp(argv[1], "ask"))
		what = SDAX_ROOT_ASK;
	if (!strcmp(argv[1], "mark"))
		what = SDAX_ROOT_MARK;
	errno = 0;
	syscall(SYS_ustat, (unsigned int)st.st_dev, what);
	puts(strerror(errno));
	return 0;
}
