// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Data that reaches or leaves the file without a user buffer: splice, vmsplice, tee, sendfile.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "contract.h"

enum source {
	WRITTEN,
	VMSPLICED,
	TEED,
};

/* New bytes into a pipe: copied, lent, or shared with another pipe. */
static int fill(const int *pipe_fd, enum source source)
{
	struct iovec iov = { new_bytes, BLOCK };
	int other[2];
	ssize_t n;

	if (source == VMSPLICED)
		return answer_length(vmsplice(pipe_fd[1], &iov, 1, 0), BLOCK);
	if (source == WRITTEN)
		return answer_length(write(pipe_fd[1], new_bytes, BLOCK), BLOCK);
	if (pipe2(other, O_CLOEXEC))
		return -errno;
	n = write(other[1], new_bytes, BLOCK);
	if (n == BLOCK)
		n = tee(other[0], pipe_fd[1], BLOCK, 0);
	close(other[0]);
	close(other[1]);
	return n == BLOCK ? 0 : -EIO;
}

/* Moves one block of new bytes from a pipe into the file. */
static int splice_to(struct target *t, loff_t pos, enum source source)
{
	int fd[2];
	int r;

	if (pipe2(fd, O_CLOEXEC))
		return op_broken(t, "pipe");
	if (fill(fd, source)) {
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
	return splice_to(t, BLOCK, WRITTEN);
}

static int splice_cross(struct target *t)
{
	return splice_to(t, FIT_SIZE - 100, WRITTEN);
}

static int splice_at_end(struct target *t)
{
	return splice_to(t, FIT_SIZE, WRITTEN);
}

static int vmsplice_in(struct target *t)
{
	return splice_to(t, BLOCK, VMSPLICED);
}

static int vmsplice_at_end(struct target *t)
{
	return splice_to(t, FIT_SIZE, VMSPLICED);
}

static int splice_far_beyond(struct target *t)
{
	return splice_to(t, 16 * FIT_SIZE, WRITTEN);
}

static int vmsplice_cross(struct target *t)
{
	return splice_to(t, FIT_SIZE - 100, VMSPLICED);
}

static int vmsplice_far_beyond(struct target *t)
{
	return splice_to(t, 16 * FIT_SIZE, VMSPLICED);
}

static int tee_in(struct target *t)
{
	return splice_to(t, BLOCK, TEED);
}

static int tee_cross(struct target *t)
{
	return splice_to(t, FIT_SIZE - 100, TEED);
}

static int tee_at_end(struct target *t)
{
	return splice_to(t, FIT_SIZE, TEED);
}

static int tee_far_beyond(struct target *t)
{
	return splice_to(t, 16 * FIT_SIZE, TEED);
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

static int sendfile_far_beyond(struct target *t)
{
	return sendfile_to(t, 16 * FIT_SIZE, BLOCK);
}

static int sendfile_source(struct target *t)
{
	off_t from = BLOCK;

	return answer_length(sendfile(t->peer_fd, t->fd, &from, BLOCK), BLOCK);
}

static const struct op ops[] = {
	{ "splice_in", splice_in, IN_PLACE, NEW_BYTES },
	{ "splice_cross", splice_cross, ADDS },
	{ "splice_at_end", splice_at_end, ADDS },
	{ "splice_far_beyond", splice_far_beyond, ADDS },
	{ "vmsplice_in", vmsplice_in, IN_PLACE, NEW_BYTES },
	{ "vmsplice_cross", vmsplice_cross, ADDS },
	{ "vmsplice_at_end", vmsplice_at_end, ADDS },
	{ "vmsplice_far_beyond", vmsplice_far_beyond, ADDS },
	{ "tee_in", tee_in, IN_PLACE, NEW_BYTES },
	{ "tee_cross", tee_cross, ADDS },
	{ "tee_at_end", tee_at_end, ADDS },
	{ "tee_far_beyond", tee_far_beyond, ADDS },
	{ "splice_source", splice_source, FREE, READ_ONLY },
	{ "sendfile_in", sendfile_in, IN_PLACE, NEW_BYTES | WITH_PEER },
	{ "sendfile_cross", sendfile_cross, ADDS, WITH_PEER },
	{ "sendfile_at_end", sendfile_at_end, ADDS, WITH_PEER },
	{ "sendfile_far_beyond", sendfile_far_beyond, ADDS, WITH_PEER },
	{ "sendfile_source", sendfile_source, FREE, READ_ONLY | WITH_PEER },
};

const struct op_group ops_splice = { "Splicing", ops, ARRAY_SIZE(ops), true };
