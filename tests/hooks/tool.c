// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs the program under test, as a user would, and keeps what it printed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"
#include "tool.h"

static char program[PATH_MAX];
static char output[256 << 10];

int tool_find(void)
{
	const char *name = getenv("STATICDAX");

	return realpath(name ? name : "build/staticdax-static", program) ? 0 : -errno;
}

const char *tool_output(void)
{
	return output;
}

/* Reads to the end, though only the first part is kept: a full pipe would stop the program. */
static void keep_output(int fd)
{
	size_t used = 0;
	char rest[512];
	ssize_t n;

	while ((n = read(fd, rest, sizeof(rest))) > 0) {
		size_t keep = sizeof(output) - 1 - used;

		keep = (size_t)n < keep ? (size_t)n : keep;
		memcpy(output + used, rest, keep);
		used += keep;
	}
	output[used] = '\0';
}

int tool_spawn(char *const *argv)
{
	int pipe_fd[2], status;
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0) {
		dup2(pipe_fd[1], STDOUT_FILENO);
		dup2(pipe_fd[1], STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(pipe_fd[1]);
	if (pid > 0)
		keep_output(pipe_fd[0]);
	close(pipe_fd[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

static size_t list_length(const char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

static int run(const char *verb, const char *const *options, const char *const *files)
{
	size_t n_options = list_length(options), n_files = list_length(files);
	const char **argv = calloc(2 + n_options + n_files + 1, sizeof(*argv));
	int r;

	if (!argv)
		return -ENOMEM;
	argv[0] = program;
	argv[1] = verb;
	memcpy(argv + 2, options, n_options * sizeof(*argv));
	memcpy(argv + 2 + n_options, files, n_files * sizeof(*argv));
	r = tool_spawn((char *const *)argv);
	free(argv);
	return r;
}

int tool_seal(enum seal_mode mode, const char *const *files)
{
	static const char *const options[][4] = {
		[MODE_STATIC] = { "--no-dax", NULL },
		[MODE_SWAPFILE] = { "--no-dax", "--mode", "swapfile", NULL },
		[MODE_NOSHRINK] = { "--mode", "noshrink", NULL },
		[MODE_AUDIT] = { "--no-dax", "--audit", NULL },
	};

	return run("seal", options[mode], files);
}

int tool_unseal(const char *const *files)
{
	/* a ring that was closed may still be letting go of its files */
	static const char *const options[] = { "--force", NULL };

	return run("unseal", options, files);
}

int tool_get(const char *const *files)
{
	static const char *const options[] = { NULL };

	return run("get", options, files);
}

int tool_list(void)
{
	static const char *const none[] = { NULL };

	return run("list", none, none);
}
