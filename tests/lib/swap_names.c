// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exchanges two names, over and over, until it is killed: what a lookup by one
 * of them finds is anybody's guess. Says its own pid when it has begun. With one
 * more argument it does so once.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc < 3 ||
	    renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE))
		return 1;
	if (argc > 3)
		return 0;
	printf("%d\n", getpid());
	fflush(stdout);
	for (;;)
		renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2],
			  RENAME_EXCHANGE);
}
