/* SPDX-License-Identifier: CC0-1.0 */
/*
 * The call of the 2017 proposal: ask, seal, ask, unseal, ask.
 *
 *   daxctl_call FILE [ALIGN]
 *
 * Asking needs the right to open FILE for reading and writing, the rest root.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "staticdax.h"

static int call(const char *path, const char *word, int flags, int align)
{
	int r = daxctl(path, flags, align);

	if (r < 0)
		printf("daxctl(\"%s\", %s, %d): %s\n", path, word, align,
		       strerror(errno));
	else
		printf("daxctl(\"%s\", %s, %d) = %s\n", path, word, align,
		       r & DAXCTL_F_STATIC ? "DAXCTL_F_STATIC" : "0");
	return r < 0;
}

int main(int argc, char **argv)
{
	int align = argc > 2 ? atoi(argv[2]) : 0;
	const char *path = argv[1];
	int failed = 0;

	if (argc < 2) {
		fprintf(stderr, "Usage: %s FILE [ALIGN]\n", argv[0]);
		return 2;
	}
	failed |= call(path, "DAXCTL_F_GET", DAXCTL_F_GET, 0);
	failed |= call(path, "DAXCTL_F_STATIC", DAXCTL_F_STATIC, align);
	failed |= call(path, "DAXCTL_F_GET", DAXCTL_F_GET, 0);
	failed |= call(path, "0", 0, 0);
	failed |= call(path, "DAXCTL_F_GET", DAXCTL_F_GET, 0);
	return failed;
}
