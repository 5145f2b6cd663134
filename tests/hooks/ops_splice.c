// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Data that reaches or leaves the file without a user buffer: splice, vmsplice, sendfile.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "contract.h"

/* Moves one block of new bytes from a pipe into the file. */
static int splice_to(struct target *t, loff_t pos, int by_vmsplice)
{
	struct iovec iov = { new_bytes, BLOCK };
	int fd[2];
	ssize_t n;
	int r;

	if (pipe2(fd, O_CLOEXEC))
		return op_broken(t, "pipe");
	n = by_vmsplice ? vmsplice(fd[1], &iov, 1, 0) : write(fd[1], new_bytes, BLOCK);
	if (n != BLOCK) {
		r = op_broken(t, "filling the pipe");
	} else {
		/* the kernel counts the position on in its argument */
		loff_t at = pos;

		r = answer_length(splice(fd[0], NULL, t->fd, &at, BLOCK, 0), BLOCK);
		if (!r)
			r = read_back(t->fd, pos, BLOCK);
	}
	close(fd[0]);
	close(fd[1]);
	return r;
}

static int splice_in(struct target *t)
{
	return splice_to(t, BLOCK, 0);
}

static int splice_cross(struct target *t)
{
	return splice_to(t, FIT_SIZE - 100, 0);
}

static int splice_at_end(struct target *t)
{
	return splice_to(t, FIT_SIZE, 0);
}

static int vmsplice_in(struct target *t)
{
	return splice_to(t, BLOCK, 1);
}

static int vmsplice_at_end(struct target *t)
{
	return splice_to(t, FIT_SIZE, 1);
}

static int splice_source(struct target *t)
{
	loff_t pos = BLOCK;
	int fd[2];
	int r;

	if (pipe2(fd, O_CLOEXEC))
		return op_broken(t, "pipe");
	r = answer_length(splice(t->fd, &pos, fd[1], NULL, BLOCK, 0), BLOCK);
	close(fd[0]);
	close(fd[1]);
	return r;
}

/* sendfile has no position for its output: the file's own is used */
static int sendfile_to(struct target *t, off_t pos, size_t length)
{
	off_t from = 0;

	if (lseek(t->fd, pos, SEEK_SET) < 0)
		return op_broken(t, "lseek");
	return answer_length(sendfile(t->fd, t->peer_fd, &from, length), length);
}

static int sendfile_in(struct target *t)
{
	return sendfile_to(t, BLOCK, BLOCK);
}

static int sendfile_cross(struct target *t)
{
	return sendfile_to(t, FIT_SIZE - BLOCK, 2 * BLOCK);
}

static int sendfile_at_end(struct target *t)
{
	return sendfile_to(t, FIT_SIZE, BLOCK);
}

static int sendfile_source(struct target *t)
{
	off_t from = BLOCK;

	return answer_length(sendfile(t->peer_fd, t->fd, &from, BLOCK), BLOCK);
}

static const struct op ops[] = {
	{ "splice_in", splice_in, IN_PLACE, NEW_BYTES },
	{ "splice_cross", splice_cross, DENIED },
	{ "splice_at_end", splice_at_end, DENIED },
	{ "vmsplice_in", vmsplice_in, IN_PLACE, NEW_BYTES },
	{ "vmsplice_at_end", vmsplice_at_end, DENIED },
	{ "splice_source", splice_source, FREE, READ_ONLY },
	{ "sendfile_in", sendfile_in, IN_PLACE, NEW_BYTES | WITH_PEER },
	{ "sendfile_cross", sendfile_cross, DENIED, WITH_PEER },
	{ "sendfile_at_end", sendfile_at_end, DENIED, WITH_PEER },
	{ "sendfile_source", sendfile_source, FREE, READ_ONLY | WITH_PEER },
};

const struct op_group ops_splice = { ops, ARRAY_SIZE(ops) };
