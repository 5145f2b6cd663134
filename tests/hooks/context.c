// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The contexts: mounts are entered by changing into them, since operations use relative paths.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "context.h"

/* sys/mount.h and linux/mount.h cannot both be included */
int mount(const char *source, const char *target, const char *type, unsigned long flags,
	  const void *data);
int umount2(const char *target, int flags);
#define BIND_FLAG 4096 /* MS_BIND */

static char place[] = "/tmp/context.XXXXXX";

static int make_place(void)
{
	strcpy(place + strlen(place) - 6, "XXXXXX");
	return mkdtemp(place) ? 0 : -errno;
}

static void leave_place(void)
{
	umount2(place, 0);
	rmdir(place);
}

static int enter_place(void)
{
	return chdir(place);
}

static int bind_set_up(void)
{
	int r = make_place();

	return r ? r : answer(mount(".", place, NULL, BIND_FLAG, NULL));
}

static int put(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ? -1 : 0;
}

/* Root and the first user are who they are; everybody else is shifted by one. */
static int map_users(pid_t pid)
{
	static const char *const maps[] = { "uid_map", "gid_map" };
	char path[64];
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(maps) && !r; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, maps[i]);
		r = put(path, "0 0 2\n2 3 65533\n");
	}
	return r;
}

/* Only a process left behind has the right to write the map. */
static int enter_user_namespace(void)
{
	pid_t self = getpid(), helper;
	int ready[2], status;
	char byte;

	if (pipe2(ready, O_CLOEXEC))
		return -1;
	helper = fork();
	if (helper == 0) {
		close(ready[1]);
		_exit(read(ready[0], &byte, 1) == 1 && map_users(self) ? 1 : 0);
	}
	close(ready[0]);
	if (helper < 0 || unshare(CLONE_NEWUSER) || write(ready[1], "", 1) != 1)
		return -1;
	close(ready[1]);
	return waitpid(helper, &status, 0) == helper && !status ? 0 : -1;
}

/* A namespace that lives as long as the descriptor. */
static int open_user_namespace(void)
{
	char path[64];
	int ready[2], fd = -1;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		return -1;
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) || write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	close(ready[1]);
	if (pid > 0 && read(ready[0], path, 1) == 1 && !map_users(pid)) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	close(ready[0]);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return fd;
}

static int idmapped_set_up(void)
{
	_cleanup_close_ int users = open_user_namespace(), tree = -1;
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = users };
	int r = make_place();

	if (r || users < 0)
		return r ? r : -EPERM;
	tree = syscall(SYS_open_tree, AT_FDCWD, ".", OPEN_TREE_CLONE | O_CLOEXEC);
	if (tree < 0 ||
	    syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) ||
	    syscall(SYS_move_mount, tree, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH))
		return -errno;
	return 0;
}

/* The directory of the files is one layer, the others are beside it and new each time. */
static int mount_overlay(const char *lower, const char *upper)
{
	static int number;
	char beside[32], names[3][48], options[256];
	const char *const layer[] = { "empty", "upper", "work" };
	int r = make_place();

	snprintf(beside, sizeof(beside), "../overlay.%d", number++);
	r = r ? r : answer(mkdir(beside, 0755));
	for (size_t i = 0; i < ARRAY_SIZE(layer) && !r; i++) {
		snprintf(names[i], sizeof(names[i]), "%s/%s", beside, layer[i]);
		r = answer(mkdir(names[i], 0755));
	}
	if (r)
		return r;
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s",
		 lower ? lower : names[0], upper ? upper : names[1], names[2]);
	return answer(mount("overlay", place, "overlay", 0, options));
}

static int upper_set_up(void)
{
	return mount_overlay(NULL, ".");
}

static int lower_set_up(void)
{
	return mount_overlay(".", NULL);
}

/* What was done to the copy must not meet the next operation. */
static int lower_renew(void)
{
	leave_place();
	return lower_set_up();
}

/* The way of lsof's user: what another process has, opened anew. O_PATH counts as no open. */
static int open_by_proc(const char *path, int flags)
{
	int other = open(path, O_PATH | O_CLOEXEC), fd;
	char name[64];
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	close(other);
	snprintf(name, sizeof(name), "/proc/%d/fd/%d", pid, other);
	fd = open(name, flags);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}

union fd_message {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

static int send_fd(int socket_fd, int fd)
{
	union fd_message u = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
					   .cmsg_level = SOL_SOCKET,
					   .cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { "", 1 };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &u,
		.msg_controllen = sizeof(u.room),
	};

	memcpy(CMSG_DATA(&u.header), &fd, sizeof(fd));
	return sendmsg(socket_fd, &message, 0) == 1 ? 0 : -1;
}

static int receive_fd(int socket_fd)
{
	union fd_message u;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &u,
		.msg_controllen = sizeof(u.room),
	};
	int fd;

	if (recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&message))
		return -1;
	memcpy(&fd, CMSG_DATA(&u.header), sizeof(fd));
	return fd;
}

/* Opened by a process that is gone by the time it is used. */
static int open_by_message(const char *path, int flags)
{
	int sockets[2], fd;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return -1;
	pid = fork();
	if (pid == 0)
		_exit(send_fd(sockets[1], open(path, flags)) ? 1 : 0);
	close(sockets[1]);
	fd = receive_fd(sockets[0]);
	close(sockets[0]);
	waitpid(pid, NULL, 0);
	return fd;
}

static int open_by_file_handle(const char *path, int flags)
{
	_cleanup_close_ int mount_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = { .handle.handle_bytes = MAX_HANDLE_SZ };
	int mount_id;

	if (mount_fd < 0 || name_to_handle_at(AT_FDCWD, path, &u.handle, &mount_id, 0))
		return -1;
	return open_by_handle_at(mount_fd, &u.handle, flags);
}

const struct context contexts[] = {
	{ "bind mount", 'b', AS_DIRECT, false, bind_set_up, leave_place,
	  .enter = enter_place },
	{ "idmapped mount", 'i', AS_DIRECT, false, idmapped_set_up, leave_place,
	  .enter = enter_place },
	{ "user namespace", 'u', FEWER_RIGHTS, false, .enter = enter_user_namespace },
	{ "/proc/PID/fd", 'p', AS_DIRECT, true, .open = open_by_proc },
	{ "SCM_RIGHTS", 's', AS_DIRECT, true, .open = open_by_message },
	{ "file handle", 'h', AS_DIRECT, true, .open = open_by_file_handle },
	{ "overlay, upper", 'o', WRITES_BEHIND, false, upper_set_up, leave_place,
	  .enter = enter_place },
	{ "overlay, lower", 'l', WRITES_TO_COPY, false, lower_set_up, leave_place,
	  .enter = enter_place, .renew = lower_renew },
};
const size_t context_count = ARRAY_SIZE(contexts);

bool context_is_named(const struct context *context, const char *letters)
{
	return strchr(letters, context->letter);
}

bool context_suits(const struct context *context, const struct op_group *group,
		   const struct op *op)
{
	if (!group->everywhere || (context->only_open && op->flags & BY_PATH))
		return false;
	/* which of these open the file for writing, an overlay knows and the row does not */
	return context->rule != WRITES_BEHIND ||
	       !(op->flags & BY_PATH && (op->class == FREE || op->class == IN_PLACE));
}
