// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Handing the file to a part of the kernel that writes to it later without asking: loop devices,
 * process accounting, swap, core dumps.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
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

/* Where the ioctl reaches the device. */
enum loop_node { LOOP_ITSELF, LOOP_PARTITION };

/* A node for the partition that was added, opened; nobody but this process needs its name. */
static int open_partition(const char *loop_name, const struct target *t)
{
	const char *loop = strrchr(loop_name, '/') + 1;
	unsigned int major, minor;
	char path[NAME_MAX];
	FILE *f;
	int fd, n;

	snprintf(path, sizeof(path), "/sys/block/%s/%sp1/dev", loop, loop);
	f = fopen(path, "re");
	if (!f)
		return -1;
	n = fscanf(f, "%u:%u", &major, &minor);
	fclose(f);
	snprintf(path, sizeof(path), "/dev/contract-%s", t->tag);
	if (n != 2 || mknod(path, S_IFBLK | 0600, makedev(major, minor)))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	unlink(path);
	return fd;
}

/* On a partition of the device the ioctl has the same effect, and another device number. */
static int add_partition(int loop, const char *loop_name, const struct target *t)
{
	struct blkpg_partition partition = { .start = BLOCK, .length = FIT_SIZE / 2, .pno = 1 };
	struct blkpg_ioctl_arg arg = {
		.op = BLKPG_ADD_PARTITION,
		.datalen = sizeof(partition),
		.data = &partition,
	};

	return ioctl(loop, BLKPG, &arg) ? -1 : open_partition(loop_name, t);
}

/* Only a read-only device can change its file, and only to one of the same size. */
static int change_fd(struct target *t, enum loop_node node)
{
	char name[32];
	_cleanup_close_ int loop = loop_open_free(name, sizeof(name));
	_cleanup_close_ int peer = open(t->peer, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int fd = -1, partition = -1;
	struct loop_config config = {
		.fd = peer,
		.info.lo_flags = LO_FLAGS_READ_ONLY |
				 (node == LOOP_PARTITION ? LO_FLAGS_PARTSCAN : 0),
	};
	int r;

	if (loop < 0)
		return op_skip(t, "no loop device: %s", strerror(-loop));
	if (ioctl(loop, LOOP_CONFIGURE, &config))
		return op_broken(t, "LOOP_CONFIGURE of the peer");
	if (node == LOOP_PARTITION)
		partition = add_partition(loop, name, t);
	if (node == LOOP_PARTITION && partition < 0) {
		loop_detach(loop);
		return op_broken(t, "a partition of the loop device");
	}
	/* not before: no descriptor of a caller may be a sealed file, used or not */
	fd = open(t->path, O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? op_broken(t, "open") :
		     answer(ioctl(partition < 0 ? loop : partition, LOOP_CHANGE_FD, fd));
	loop_detach(loop);
	return r;
}

static int loop_change_fd(struct target *t)
{
	return change_fd(t, LOOP_ITSELF);
}

static int loop_change_fd_by_partition(struct target *t)
{
	return change_fd(t, LOOP_PARTITION);
}

/* more than bpf_loop() goes through */
#define MANY_DESCRIPTORS ((1 << 23) + 64)

/*
 * The sealed file is the last descriptor of a table that is longer than a program can walk. Files
 * that are not sealed are refused as well then.
 */
static int loop_set_fd_in_long_table(struct target *t)
{
	_cleanup_close_ int loop = loop_open_free(NULL, 0);
	_cleanup_close_ int limit = open("/proc/sys/fs/nr_open", O_WRONLY | O_CLOEXEC);
	static const char enough[] = "16777216";
	struct rlimit many = { MANY_DESCRIPTORS + 1, MANY_DESCRIPTORS + 1 };
	int r;

	if (loop < 0)
		return op_skip(t, "no loop device: %s", strerror(-loop));
	if (write(limit, enough, strlen(enough)) < 0 || setrlimit(RLIMIT_NOFILE, &many) ||
	    dup2(t->fd, MANY_DESCRIPTORS) < 0)
		return op_broken(t, "%d descriptors", MANY_DESCRIPTORS);
	r = answer(ioctl(loop, LOOP_SET_FD, MANY_DESCRIPTORS));
	if (!r)
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

/* Whether there is a core. */
static bool die_dumping(void)
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
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	       WCOREDUMP(status);
}

static int core_dump(struct target *t)
{
	char before[256], pattern[256], directory[200];
	bool dumped;
	int r;

	if (!getcwd(directory, sizeof(directory)))
		return op_broken(t, "getcwd");
	r = snprintf(pattern, sizeof(pattern), "%s/%s", directory, t->path);
	if (r >= 127)
		return op_skip(t, "the path is too long for core_pattern");
	if (get_core_pattern(before, sizeof(before)) || set_core_pattern(pattern))
		return op_skip(t, "core_pattern cannot be set");
	dumped = die_dumping();
	if (set_core_pattern(before))
		return op_broken(t, "putting core_pattern back");
	if (dumped)
		return 0;
	/* nobody is told why there is none; the kernel does this first, so the answer is the same */
	r = answer(unlink(t->path));
	return r ? r : op_broken(t, "no core, although the name can be removed");
}

static const struct op ops[] = {
	{ "loop_set_fd", loop_set_fd, DENIED },
	{ "loop_set_fd_read_only", loop_set_fd, DENIED, READ_ONLY },
	{ "loop_configure", loop_configure, DENIED },
	{ "loop_change_fd", loop_change_fd, DENIED, BY_PATH | WITH_PEER },
	{ "loop_change_fd_by_partition", loop_change_fd_by_partition, DENIED,
	  BY_PATH | WITH_PEER },
	{ "loop_set_fd_in_long_table", loop_set_fd_in_long_table, DENIED, VARIES,
	  .plain = { { ETXTBSY } } },
	{ "loop_write", loop_write, DENIED },
	{ "loop_discard", loop_discard, DENIED },
	{ "loop_zero_out", loop_zero_out, DENIED },
	{ "acct", account, DENIED, BY_PATH },
	/* iomap_swapfile_activate() refuses DAX files */
	{ "swapon", swap_on, DENIED, BY_PATH, .plain = { { EINVAL, ON_DAX } },
	  .prepare = swapfile_make },
	/* the kernel removes the name first, and dumps into a new file */
	{ "core_dump", core_dump, NAMED, BY_PATH },
};

const struct op_group ops_attach = { "Handing the file to the kernel", ops, ARRAY_SIZE(ops) };
