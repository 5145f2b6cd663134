// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command while opening and reading on one filesystem is asked of this
 * process, which allows everything: a fanotify permission mark, the way of virus
 * scanners.
 *
 * Usage: fanotify DIRECTORY COMMAND [ARG...]
 * Exit status 4: this kernel has none.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MASK (FAN_OPEN_PERM | FAN_ACCESS_PERM)

static void allow(int group)
{
	struct fanotify_event_metadata events[64], *e = events;
	ssize_t len = read(group, events, sizeof(events));

	for (; FAN_EVENT_OK(e, len); e = FAN_EVENT_NEXT(e, len)) {
		struct fanotify_response answer = {
			.fd = e->fd,
			.response = FAN_ALLOW,
		};

		if (write(group, &answer, sizeof(answer)) < 0)
			perror("fanotify: answer");
		close(e->fd);
	}
}

int main(int argc, char **argv)
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	int status = 0;
	pid_t pid;

	if (argc < 3)
		return 2;
	fds[0].fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
	if (fds[0].fd < 0 ||
	    fanotify_mark(fds[0].fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, MASK,
			  AT_FDCWD, argv[1])) {
		fprintf(stderr, "fanotify: %s\n", strerror(errno));
		return 4;
	}
	pid = fork();
	if (!pid) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(3);
	}
	fds[1].fd = syscall(SYS_pidfd_open, pid, 0);
	while (poll(fds, 2, -1) > 0 && !fds[1].revents)
		allow(fds[0].fd);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}
