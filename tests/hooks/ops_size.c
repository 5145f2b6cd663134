// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations that set the size: truncate, ftruncate and every open that truncates.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "contract.h"

static int truncate_down(struct target *t)
{
	return answer(truncate(t->path, FIT_SIZE / 2));
}

static int truncate_up(struct target *t)
{
	return answer(truncate(t->path, FIT_SIZE * 2));
}

/* no change of size, but the blocks behind EOF go */
static int truncate_same(struct target *t)
{
	return answer(truncate(t->path, FIT_SIZE));
}

static int ftruncate_down(struct target *t)
{
	return answer(ftruncate(t->fd, FIT_SIZE / 2));
}

static int ftruncate_down_one_byte(struct target *t)
{
	return answer(ftruncate(t->fd, FIT_SIZE - 1));
}

static int ftruncate_to_zero(struct target *t)
{
	return answer(ftruncate(t->fd, 0));
}

static int ftruncate_up(struct target *t)
{
	return answer(ftruncate(t->fd, FIT_SIZE * 2));
}

static int ftruncate_up_one_byte(struct target *t)
{
	return answer(ftruncate(t->fd, FIT_SIZE + 1));
}

static int ftruncate_same(struct target *t)
{
	return answer(ftruncate(t->fd, FIT_SIZE));
}

static int open_trunc(struct target *t)
{
	return answer_open(open(t->path, O_RDWR | O_TRUNC));
}

static int open_wronly_trunc(struct target *t)
{
	return answer_open(open(t->path, O_WRONLY | O_TRUNC));
}

static int open_rdonly_trunc(struct target *t)
{
	return answer_open(open(t->path, O_RDONLY | O_TRUNC));
}

#ifdef SYS_open
/* open(2) itself: what a program linked with another C library calls */
static int open_2_trunc(struct target *t)
{
	return answer_open(syscall(SYS_open, t->path, O_RDWR | O_TRUNC, 0));
}

static int open_2_rdwr(struct target *t)
{
	return answer_open(syscall(SYS_open, t->path, O_RDWR, 0));
}
#endif

static int openat2_rdwr(struct target *t)
{
	struct open_how how = { .flags = O_RDWR };

	return answer_open(syscall(SYS_openat2, AT_FDCWD, t->path, &how, sizeof(how)));
}

static int map_files_trunc(struct target *t)
{
	char *map = mmap(NULL, FIT_SIZE, PROT_READ, MAP_SHARED, t->fd, 0), name[64];

	if (map == MAP_FAILED)
		return op_broken(t, "mmap");
	snprintf(name, sizeof(name), "/proc/self/map_files/%lx-%lx", (unsigned long)map,
		 (unsigned long)map + FIT_SIZE);
	return answer_open(open(name, O_RDWR | O_TRUNC));
}

static int creat_existing(struct target *t)
{
	return answer_open(creat(t->path, 0644));
}

static int openat2_trunc(struct target *t)
{
	struct open_how how = { .flags = O_RDWR | O_TRUNC };

	return answer_open(syscall(SYS_openat2, AT_FDCWD, t->path, &how, sizeof(how)));
}

static int proc_fd_trunc(struct target *t)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", t->fd);
	return answer_open(open(name, O_WRONLY | O_TRUNC));
}

/* O_PATH does not count as open: the reopen is the first real one */
static int proc_path_fd_trunc(struct target *t)
{
	_cleanup_close_ int fd = open(t->path, O_PATH | O_CLOEXEC);
	char name[32];

	if (fd < 0)
		return op_broken(t, "O_PATH");
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return answer_open(open(name, O_WRONLY | O_TRUNC));
}

static int open_by_handle(struct target *t, int flags)
{
	_cleanup_close_ int mount_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = { .handle.handle_bytes = MAX_HANDLE_SZ };
	int mount_id;

	if (mount_fd < 0 || name_to_handle_at(AT_FDCWD, t->path, &u.handle, &mount_id, 0))
		return -errno;
	return answer_open(open_by_handle_at(mount_fd, &u.handle, flags));
}

static int handle_trunc(struct target *t)
{
	return open_by_handle(t, O_RDWR | O_TRUNC);
}

static int handle_append(struct target *t)
{
	return open_by_handle(t, O_WRONLY | O_APPEND);
}

static int handle_rdwr(struct target *t)
{
	return open_by_handle(t, O_RDWR);
}

static const struct op ops[] = {
	{ "truncate_down", truncate_down, DENIED, BY_PATH },
	{ "truncate_up", truncate_up, ADDS, BY_PATH },
	{ "truncate_same_size", truncate_same, ADDS, BY_PATH },
	{ "ftruncate_down", ftruncate_down, DENIED },
	{ "ftruncate_down_one_byte", ftruncate_down_one_byte, DENIED },
	{ "ftruncate_to_zero", ftruncate_to_zero, DENIED },
	{ "ftruncate_up", ftruncate_up, ADDS },
	{ "ftruncate_up_one_byte", ftruncate_up_one_byte, ADDS },
	{ "ftruncate_same_size", ftruncate_same, ADDS },
	{ "open_trunc", open_trunc, DENIED, BY_PATH },
	{ "open_wronly_trunc", open_wronly_trunc, DENIED, BY_PATH },
	{ "open_rdonly_trunc", open_rdonly_trunc, DENIED, BY_PATH },
#ifdef SYS_open
	{ "open_2_trunc", open_2_trunc, DENIED, BY_PATH },
	{ "open_2_rdwr", open_2_rdwr, FREE, BY_PATH },
#endif
	{ "openat2_rdwr", openat2_rdwr, FREE, BY_PATH },
	{ "map_files_trunc", map_files_trunc, DENIED },
	{ "creat_existing", creat_existing, DENIED, BY_PATH },
	{ "openat2_trunc", openat2_trunc, DENIED, BY_PATH },
	{ "proc_fd_trunc", proc_fd_trunc, DENIED },
	{ "proc_path_fd_trunc", proc_path_fd_trunc, DENIED, BY_PATH },
	{ "handle_trunc", handle_trunc, DENIED, BY_PATH },
	{ "handle_append", handle_append, ADDS, BY_PATH },
	{ "handle_rdwr", handle_rdwr, FREE, BY_PATH },
};

const struct op_group ops_size = { "Size", ops, ARRAY_SIZE(ops), true };
