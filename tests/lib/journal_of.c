// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Usage: journal_of COUNT COMMAND...
 *
 * Runs the command as systemd would, its output connected to the journal, and
 * is that journal: prints the fields of the first COUNT entries, one a line and
 * an empty line after each, then ends the command. What the command writes to
 * its output is printed as well.
 */
#include <endian.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static int listen_as_journal(void)
{
	const struct sockaddr_un address = {
		.sun_family = AF_UNIX,
		.sun_path = "/run/systemd/journal/socket",
	};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	mkdir("/run/systemd", 0755);
	mkdir("/run/systemd/journal", 0755);
	unlink(address.sun_path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address,
			   sizeof(address)) < 0)
		die(address.sun_path);
	return fd;
}

static pid_t run_connected(char **argv)
{
	char stream[64];
	struct stat st;
	pid_t pid = fork();

	if (pid)
		return pid;
	if (fstat(STDOUT_FILENO, &st) < 0)
		die("fstat");
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	execvp(argv[0], argv);
	die(argv[0]);
	return -1;
}

/* Returns behind the field, or NULL if there is none. */
static const char *print_field(const char *at, const char *end)
{
	const char *name_end = memchr(at, '\n', end - at);
	uint64_t length;

	if (!name_end || end - name_end < 1 + (long)sizeof(length))
		return NULL;
	memcpy(&length, name_end + 1, sizeof(length));
	length = le64toh(length);
	printf("%.*s=", (int)(name_end - at), at);
	at = name_end + 1 + sizeof(length);
	if (length >= (uint64_t)(end - at))
		return NULL;
	printf("%.*s\n", (int)length, at);
	return at[length] == '\n' ? at + length + 1 : NULL;
}

int main(int argc, char **argv)
{
	static char entry[65536];
	int count, fd, status = 0;
	pid_t pid;

	if (argc < 3)
		return 2;
	count = atoi(argv[1]);
	fd = listen_as_journal();
	pid = run_connected(argv + 2);
	while (count--) {
		ssize_t n = recv(fd, entry, sizeof(entry), 0);
		const char *at = entry;

		if (n < 0)
			die("recv");
		while (at && at < entry + n)
			at = print_field(at, entry + n);
		if (!at)
			status = 1;
		printf("\n");
		fflush(stdout);
	}
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	return status;
}
