// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What each operation takes on one file, in nanoseconds of the machine it runs
 * on: under QEMU's -icount shift=0 these are executed instructions.
 *
 * Usage: ops FILE [OPERATION...]
 *
 * A line for each: name, cost of one call, "ok" or the errno's name of what it
 * was answered. The best of several batches, since what an interrupt adds is
 * nobody's cost. FILE must hold 64 KiB; what is made beside it is removed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define BATCH 50
#define BATCHES 20

static const char *path;
static char other[4096];	/* a name beside it */
static int fd, dir_fd;
static struct io_uring ring;
static char block[4096];

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static long op_getppid(void)
{
	return syscall(SYS_getppid);
}

static long op_fstat(void)
{
	struct stat st;

	return fstat(fd, &st);
}

static long op_read1(void)
{
	return pread(fd, block, 1, 0);
}

static long op_read4k(void)
{
	return pread(fd, block, sizeof(block), 0);
}

static long op_write1(void)
{
	return pwrite(fd, block, 1, 0);
}

static long op_write4k(void)
{
	return pwrite(fd, block, sizeof(block), 0);
}

static long op_open(void)
{
	int new = open(path, O_RDWR | O_CLOEXEC);

	return new < 0 ? new : close(new);
}

static long op_fallocate(void)
{
	return fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4096);
}

static long op_truncate(void)
{
	return ftruncate(fd, 65536);
}

static long op_extend(void)
{
	return pwrite(fd, block, 1, 65536);
}

static long op_fiemap(void)
{
	struct {
		struct fiemap map;
		struct fiemap_extent extents[4];
	} f = { .map = { .fm_length = FIEMAP_MAX_OFFSET,
			 .fm_extent_count = 4 } };

	return ioctl(fd, FS_IOC_FIEMAP, &f);
}

static long op_statfs(void)
{
	struct statfs fs;

	return fstatfs(fd, &fs);
}

static long op_rename(void)
{
	static bool there;
	long r = there ? rename(other, path) : rename(path, other);

	there ^= !r;
	return r;
}

static long op_unlink(void)
{
	return unlink(path);
}

static long op_readdir(void)
{
	static char entries[16384];

	lseek(dir_fd, 0, SEEK_SET);
	return syscall(SYS_getdents64, dir_fd, entries, sizeof(entries));
}

static long op_uring_write(void)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
	struct io_uring_cqe *cqe;
	long r;

	io_uring_prep_write(sqe, fd, block, 1, 0);
	r = io_uring_submit_and_wait(&ring, 1);
	if (r < 0 || io_uring_peek_cqe(&ring, &cqe))
		return -1;
	r = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	if (r < 0)
		errno = -r;
	return r;
}

/* Of files of their own: each can be unlinked once. */
static long op_unlink_other(void)
{
	static int n;
	char name[4200];

	snprintf(name, sizeof(name), "%s.%d", path, n++);
	return unlink(name);
}

static void make_others(int n)
{
	static int made;
	char name[4200];

	for (; n; n--) {
		snprintf(name, sizeof(name), "%s.%d", path, made++);
		close(open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	}
}

static const struct op {
	const char *name;
	long (*run)(void);
	bool uses_up;		/* needs a file for each call */
	bool refused_only;	/* meant for a sealed file */
} ops[] = {
	{ "getppid", op_getppid, false, false },
	{ "fstat", op_fstat, false, false },
	{ "read-1", op_read1, false, false },
	{ "read-4k", op_read4k, false, false },
	{ "write-1", op_write1, false, false },
	{ "write-4k", op_write4k, false, false },
	{ "uring-write", op_uring_write, false, false },
	{ "open-close", op_open, false, false },
	{ "fiemap", op_fiemap, false, false },
	{ "statfs", op_statfs, false, false },
	{ "readdir", op_readdir, false, false },
	{ "fallocate", op_fallocate, false, false },
	{ "ftruncate", op_truncate, false, false },
	{ "rename", op_rename, false, false },
	{ "unlink", op_unlink_other, true, false },
	{ "unlink-sealed", op_unlink, false, true },
	{ "write-past-end", op_extend, false, true },
};

static void measure(const struct op *op)
{
	long best = -1, r = 0;
	int error = 0;

	for (int batch = -2; batch < BATCHES; batch++) {
		long t;

		if (op->uses_up)
			make_others(BATCH);
		t = now();
		for (int i = 0; i < BATCH; i++)
			r = op->run();
		error = errno;
		t = now() - t;
		if (batch >= 0 && (best < 0 || t < best))
			best = t;
	}
	printf("%s %.1f %s\n", op->name, (double)best / BATCH,
	       r < 0 ? strerrorname_np(error) : "ok");
}

static bool is_wanted(const struct op *op, int argc, char **argv)
{
	if (argc == 2)
		return !op->refused_only;
	for (int i = 2; i < argc; i++)
		if (!strcmp(argv[i], op->name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	char dir[4096];

	if (argc < 2)
		return 2;
	path = argv[1];
	snprintf(other, sizeof(other), "%s.renamed", path);
	snprintf(dir, sizeof(dir), "%.*s",
		 (int)(strrchr(path, '/') - path), path);
	/* reads do not write, whatever was written just before */
	fd = open(path, O_RDWR | O_NOATIME | O_CLOEXEC);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || dir_fd < 0 || io_uring_queue_init(4, &ring, 0)) {
		fprintf(stderr, "ops: '%s': %s\n", path, strerror(errno));
		return 3;
	}
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (is_wanted(&ops[i], argc, argv))
			measure(&ops[i]);
	return 0;
}
