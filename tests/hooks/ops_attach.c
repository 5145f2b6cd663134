// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Handing the file to a part of the kernel that writes to it later without asking: loop devices,
 * process accounting, swap, core dumps.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"
#include "loop.h"
#include "swapfile.h"

static int loop_set_fd(struct target *t)
{
	_cleanup_close_ int loop = loop_open_free(NULL, 0);
	int r;

	if (loop < 0)
		return op_skip(t, "no loop device: %s", strerror(-loop));
	r = answer(ioctl(loop, LOOP_SET_FD, t->fd));
	if (!r)
		loop_detach(loop);
	return r;
}

static int loop_configure(struct target *t)
{
	_cleanup_close_ int loop = loop_open_free(NULL, 0);
	struct loop_config config = { .fd = t->fd };
	int r;

	if (loop < 0)
		return op_skip(t, "no loop device: %s", strerror(-loop));
	r = answer(ioctl(loop, LOOP_CONFIGURE, &config));
	if (!r)
		loop_detach(loop);
	return r;
}

/* What a loop device does to its file, with no hook on it. */
static int through_loop(struct target *t, int (*use)(int loop))
{
	_cleanup_close_ int loop = loop_open_free(NULL, 0);
	struct loop_config config = { .fd = t->fd };
	int r;

	if (loop < 0)
		return op_skip(t, "no loop device: %s", strerror(-loop));
	r = answer(ioctl(loop, LOOP_CONFIGURE, &config));
	if (r)
		return r;
	r = use(loop);
	loop_detach(loop);
	return r;
}

static int write_to_loop(int loop)
{
	int r = answer_length(pwrite(loop, new_bytes, BLOCK, BLOCK), BLOCK);

	return r ? r : answer(fsync(loop));
}

static int discard_on_loop(int loop)
{
	return answer(ioctl(loop, BLKDISCARD, (uint64_t[]){ BLOCK, BLOCK }));
}

static int zero_out_on_loop(int loop)
{
	return answer(ioctl(loop, BLKZEROOUT, (uint64_t[]){ BLOCK, BLOCK }));
}

static int loop_write(struct target *t)
{
	return through_loop(t, write_to_loop);
}

static int loop_discard(struct target *t)
{
	return through_loop(t, discard_on_loop);
}

static int loop_zero_out(struct target *t)
{
	return through_loop(t, zero_out_on_loop);
}

/* Only a read-only device can change its file, and only to one of the same size. */
static int loop_change_fd(struct target *t)
{
	_cleanup_close_ int loop = loop_open_free(NULL, 0);
	_cleanup_close_ int peer = open(t->peer, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int fd = -1;
	struct loop_config config = { .fd = peer, .info.lo_flags = LO_FLAGS_READ_ONLY };
	int r;

	if (loop < 0)
		return op_skip(t, "no loop device: %s", strerror(-loop));
	if (ioctl(loop, LOOP_CONFIGURE, &config))
		return op_broken(t, "LOOP_CONFIGURE of the peer");
	/* not before: no descriptor of a caller may be a sealed file, used or not */
	fd = open(t->path, O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? op_broken(t, "open") : answer(ioctl(loop, LOOP_CHANGE_FD, fd));
	loop_detach(loop);
	return r;
}

static int account(struct target *t)
{
	int r = answer(acct(t->path));

	if (r == -ENOSYS)
		return op_skip(t, "no process accounting in this kernel");
	if (!r)
		acct(NULL);
	return r;
}

static int swap_on(struct target *t)
{
	int r = swapfile_on(t->path);

	if (!r && swapfile_off(t->path))
		return op_broken(t, "swapoff");
	return r;
}

static int set_core_pattern(const char *pattern)
{
	_cleanup_close_ int fd = open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : answer_length(write(fd, pattern, strlen(pattern)),
					       strlen(pattern));
}

static int get_core_pattern(char *pattern, size_t length)
{
	_cleanup_close_ int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, pattern, length - 1);

	if (n < 0)
		return -errno;
	pattern[n] = '\0';
	return 0;
}

static int die_dumping(void)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &unlimited);
		prctl(PR_SET_DUMPABLE, 1);
		signal(SIGABRT, SIG_DFL);
		raise(SIGABRT);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	/* the process that could not be dumped is not told why */
	return WIFSIGNALED(status) && WCOREDUMP(status) ? 0 : -ETXTBSY;
}

static int core_dump(struct target *t)
{
	char before[256], pattern[256], directory[200];
	int r;

	if (!getcwd(directory, sizeof(directory)))
		return op_broken(t, "getcwd");
	r = snprintf(pattern, sizeof(pattern), "%s/%s", directory, t->path);
	if (r >= 127)
		return op_skip(t, "the path is too long for core_pattern");
	if (get_core_pattern(before, sizeof(before)) || set_core_pattern(pattern))
		return op_skip(t, "core_pattern cannot be set");
	r = die_dumping();
	if (set_core_pattern(before))
		return op_broken(t, "putting core_pattern back");
	return r;
}

static const struct op ops[] = {
	{ "loop_set_fd", loop_set_fd, DENIED },
	{ "loop_set_fd_read_only", loop_set_fd, DENIED, READ_ONLY },
	{ "loop_configure", loop_configure, DENIED },
	{ "loop_change_fd", loop_change_fd, DENIED, BY_PATH | WITH_PEER },
	{ "loop_write", loop_write, DENIED },
	{ "loop_discard", loop_discard, DENIED },
	{ "loop_zero_out", loop_zero_out, DENIED },
	{ "acct", account, DENIED, BY_PATH },
	/* iomap_swapfile_activate() refuses DAX files */
	{ "swapon", swap_on, DENIED, BY_PATH, .plain = { { EINVAL, ON_DAX } },
	  .prepare = swapfile_make },
	/* the kernel removes the name first, and dumps into a new file */
	{ "core_dump", core_dump, ADDS, BY_PATH },
};

const struct op_group ops_attach = { "Handing the file to the kernel", ops, ARRAY_SIZE(ops) };
