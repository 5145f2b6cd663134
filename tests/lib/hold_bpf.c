// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keeps a way to a pinned map: a descriptor, or one on its way through a socket
 * that nobody reads. Says its own pid and waits to be killed.
 */
#include <bpf/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int send_away(int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = {}, byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int pair[2];

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) ||
	       sendmsg(pair[0], &msg, 0) != 1 || close(fd);
}

/* hold_bpf PIN [read|away] */
int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts);
	int fd;

	if (argc < 2)
		return 1;
	if (argc > 2 && !strcmp(argv[2], "read"))
		opts.file_flags = BPF_F_RDONLY;
	fd = bpf_obj_get_opts(argv[1], &opts);
	if (fd < 0 ||
	    (argc > 2 && !strcmp(argv[2], "away") && send_away(fd)))
		return 1;
	printf("%d\n", getpid());
	fflush(stdout);
	pause();
	return 0;
}
