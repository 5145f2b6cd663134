// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Turns what a system call returned into an operation's answer.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "contract.h"

char new_bytes[2 * FIT_SIZE] __attribute__((aligned(BLOCK)));

__attribute__((constructor)) static void fill_new_bytes(void)
{
	memset(new_bytes, 0xee, sizeof(new_bytes));
}

void cleanup_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

int op_skip(struct target *t, const char *why, ...)
{
	va_list ap;

	va_start(ap, why);
	vsnprintf(t->why, sizeof(t->why), why, ap);
	va_end(ap);
	return OP_SKIP;
}

int op_broken(struct target *t, const char *why, ...)
{
	const char *reason = strerror(errno);
	va_list ap;
	int n;

	va_start(ap, why);
	n = vsnprintf(t->why, sizeof(t->why), why, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(t->why))
		snprintf(t->why + n, sizeof(t->why) - n, ": %s", reason);
	return OP_BROKEN;
}

int answer_open(int fd)
{
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

int read_back(int fd, off_t pos, size_t length)
{
	static char bytes[2 * FIT_SIZE] __attribute__((aligned(BLOCK)));

	if (length > sizeof(bytes) || pread(fd, bytes, length, pos) != (ssize_t)length)
		return -EIO;
	return memcmp(bytes, new_bytes, length) ? -EIO : 0;
}
