// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tries one operation on one file.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attempt.h"

static int open_by(const struct context *by, const char *path, int flags)
{
	return by && by->open ? by->open(path, flags) : open(path, flags);
}

/* Opens what the row asks for, and tries. An open refused here is hardly ever the answer. */
static int open_and_try(const struct op *op, struct target *t, const struct context *by)
{
	int flags = (op->flags & READ_ONLY ? O_RDONLY : O_RDWR) |
		    (op->flags & DIRECT ? O_DIRECT : 0) | O_CLOEXEC;

	t->fd = t->peer_fd = -1;
	if (by && by->enter && by->enter())
		return op_broken(t, "entering context %s", by->name);
	if (!(op->flags & BY_PATH)) {
		t->fd = open_by(by, t->path, flags);
		if (t->fd < 0 && by && by->rule == WRITES_BEHIND)
			return -errno;
		if (t->fd < 0 && errno == EINVAL && flags & O_DIRECT)
			return op_skip(t, "no direct access here");
		if (t->fd < 0)
			return op_broken(t, "open %s", t->path);
		if (t->peer)
			t->peer_fd = open(t->peer, O_RDWR | O_CLOEXEC);
		if (t->peer && t->peer_fd < 0)
			return op_broken(t, "open %s", t->peer);
	}
	return op->run(t);
}

/*
 * In a process of its own: a fault kills no more than the operation, and nothing that one leaves
 * to its process, io_uring's workers for one, meets the next.
 */
int attempt(const struct op *op, struct target *t, const struct context *by)
{
	static struct outcome {
		int answer;
		char why[sizeof(t->why)];
	} *outcome;
	int status;
	pid_t pid;

	if (!outcome)
		outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid = outcome == MAP_FAILED ? -1 : fork();
	if (pid == 0) {
		outcome->answer = open_and_try(op, t, by);
		memcpy(outcome->why, t->why, sizeof(t->why));
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return op_broken(t, "a process to try it");
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS)
		return OP_BUS;
	if (WIFSIGNALED(status)) {
		snprintf(t->why, sizeof(t->why), "killed by SIG%s", sigabbrev_np(WTERMSIG(status)));
		return OP_BROKEN;
	}
	memcpy(t->why, outcome->why, sizeof(t->why));
	return outcome->answer;
}
