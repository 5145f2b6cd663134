// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a sealed file must go on doing: being read, stored to through a mapping, synced, run,
 * copied, and having attributes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "contract.h"

static int open_rdonly(struct target *t)
{
	return answer_open(open(t->path, O_RDONLY));
}

static int open_rdwr(struct target *t)
{
	return answer_open(open(t->path, O_RDWR));
}

static int open_wronly(struct target *t)
{
	return answer_open(open(t->path, O_WRONLY));
}

/* creates nothing, the file is there */
static int open_creat(struct target *t)
{
	return answer_open(open(t->path, O_RDWR | O_CREAT, 0644));
}

static int open_direct(struct target *t)
{
	return answer_open(open(t->path, O_RDWR | O_DIRECT));
}

static int open_dsync(struct target *t)
{
	return answer_open(open(t->path, O_RDWR | O_DSYNC));
}

static int read_file(struct target *t)
{
	char bytes[BLOCK];

	return answer_length(read(t->fd, bytes, BLOCK), BLOCK);
}

static int read_vector(struct target *t)
{
	char bytes[BLOCK];
	struct iovec iov[] = { { bytes, 100 }, { bytes + 100, BLOCK - 100 } };

	return answer_length(preadv2(t->fd, iov, 2, BLOCK, 0), BLOCK);
}

static int read_at_end(struct target *t)
{
	char bytes[BLOCK];

	return answer_length(pread(t->fd, bytes, BLOCK, FIT_SIZE), 0);
}

static int read_direct(struct target *t)
{
	static char bytes[BLOCK] __attribute__((aligned(BLOCK)));

	return answer_length(pread(t->fd, bytes, BLOCK, BLOCK), BLOCK);
}

static int store(struct target *t, int flags)
{
	char *map = mmap(NULL, FIT_SIZE, PROT_READ | PROT_WRITE, flags, t->fd, 0);
	int r;

	if (map == MAP_FAILED)
		return -errno;
	memset(map + BLOCK, new_bytes[0], 2 * BLOCK);
	r = answer(msync(map, FIT_SIZE, MS_SYNC));
	if (!r)
		r = read_back(t->fd, BLOCK, 2 * BLOCK);
	munmap(map, FIT_SIZE);
	return r;
}

static int mmap_store(struct target *t)
{
	return store(t, MAP_SHARED);
}

static int mmap_store_synchronous(struct target *t)
{
	return store(t, MAP_SHARED_VALIDATE | MAP_SYNC);
}

static int mmap_populate(struct target *t)
{
	return store(t, MAP_SHARED | MAP_POPULATE);
}

/* a store to the last byte of the last page must stay inside as well */
static int mmap_store_last_byte(struct target *t)
{
	char *map = mmap(NULL, FIT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	map[FIT_SIZE - 1] = new_bytes[0];
	munmap(map, FIT_SIZE);
	return read_back(t->fd, FIT_SIZE - 1, 1);
}

static int mmap_store_by_proc_mem(struct target *t)
{
	_cleanup_close_ int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	char *map = mmap(NULL, FIT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	int r;

	if (map == MAP_FAILED || mem < 0)
		return -errno;
	r = answer_length(pwrite(mem, new_bytes, BLOCK, (unsigned long)map + BLOCK), BLOCK);
	munmap(map, FIT_SIZE);
	return r ? r : read_back(t->fd, BLOCK, BLOCK);
}

static int mprotect_then_store(struct target *t)
{
	char *map = mmap(NULL, FIT_SIZE, PROT_READ, MAP_SHARED, t->fd, 0);
	int r;

	if (map == MAP_FAILED)
		return -errno;
	r = answer(mprotect(map, FIT_SIZE, PROT_READ | PROT_WRITE));
	if (!r)
		map[0] = new_bytes[0];
	munmap(map, FIT_SIZE);
	return r ? r : read_back(t->fd, 0, 1);
}

static int madv_dontneed(struct target *t)
{
	char *map = mmap(NULL, FIT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	int r;

	if (map == MAP_FAILED)
		return -errno;
	map[0] = map[1];
	r = answer(madvise(map, FIT_SIZE, MADV_DONTNEED));
	munmap(map, FIT_SIZE);
	return r;
}

static int fsync_file(struct target *t)
{
	return answer(fsync(t->fd));
}

static int fdatasync_file(struct target *t)
{
	return answer(fdatasync(t->fd));
}

static int sync_range(struct target *t)
{
	return answer(sync_file_range(t->fd, 0, FIT_SIZE, SYNC_FILE_RANGE_WRITE));
}

static int change_mode(struct target *t)
{
	return answer(fchmod(t->fd, 0640));
}

static int change_mode_by_path(struct target *t)
{
	return answer(chmod(t->path, 0600));
}

static int change_owner(struct target *t)
{
	return answer(fchown(t->fd, 1, 1));
}

static int change_times(struct target *t)
{
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 2 } };

	return answer(futimens(t->fd, times));
}

static int set_xattr(struct target *t)
{
	return answer(fsetxattr(t->fd, "user.contract", "value", 5, 0));
}

static int set_and_remove_xattr(struct target *t)
{
	if (fsetxattr(t->fd, "user.contract", "value", 5, 0))
		return -errno;
	return answer(fremovexattr(t->fd, "user.contract"));
}

static int stat_extended(struct target *t)
{
	struct statx stx;

	return answer(statx(AT_FDCWD, t->path, 0, STATX_ALL, &stx));
}

static int lock_file(struct target *t)
{
	return answer(flock(t->fd, LOCK_EX | LOCK_NB));
}

static int lock_range(struct target *t)
{
	struct flock lock = { .l_type = F_WRLCK };

	return answer(fcntl(t->fd, F_OFD_SETLK, &lock));
}

static int take_lease(struct target *t)
{
	return answer(fcntl(t->fd, F_SETLEASE, F_RDLCK));
}

static int advise(struct target *t)
{
	return -posix_fadvise(t->fd, 0, 0, POSIX_FADV_DONTNEED);
}

static int read_ahead(struct target *t)
{
	return answer(readahead(t->fd, 0, FIT_SIZE));
}

static int seek_hole(struct target *t)
{
	return lseek(t->fd, 0, SEEK_HOLE) == FIT_SIZE ? 0 : -EIO;
}

/* As cp(1): clone, then copy_file_range, then by hand, whichever is the first not refused. */
static int copy_file(struct target *t)
{
	static char bytes[FIT_SIZE];
	loff_t from = 0, to = 0;

	if (!ioctl(t->peer_fd, FICLONE, t->fd))
		return 0;
	if (copy_file_range(t->fd, &from, t->peer_fd, &to, FIT_SIZE, 0) == FIT_SIZE)
		return 0;
	if (pread(t->fd, bytes, FIT_SIZE, 0) != FIT_SIZE)
		return -errno;
	return answer_length(pwrite(t->peer_fd, bytes, FIT_SIZE, 0), FIT_SIZE);
}

/* This very program; "--list" prints the operations and exits 0. */
static int make_program(const char *path)
{
	_cleanup_close_ int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int out = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	static char bytes[FIT_SIZE];
	ssize_t n;

	if (in < 0 || out < 0 || fchmod(out, 0755))
		return -errno;
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		if (write(out, bytes, n) != n)
			return -EIO;
	return n < 0 ? -errno : 0;
}

static int execute(struct target *t)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl(t->path, t->path, "--list", NULL);
		_exit(errno);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return op_broken(t, "running the file");
	return -WEXITSTATUS(status);
}

/* a mount without user xattrs */
#define NO_XATTR { { EOPNOTSUPP } }

static const struct op ops[] = {
	{ "open_rdonly", open_rdonly, FREE, BY_PATH },
	{ "open_rdwr", open_rdwr, FREE, BY_PATH },
	{ "open_wronly", open_wronly, FREE, BY_PATH },
	{ "open_creat", open_creat, FREE, BY_PATH },
	{ "open_direct", open_direct, FREE, BY_PATH },
	{ "open_dsync", open_dsync, FREE, BY_PATH },
	{ "read", read_file, FREE, READ_ONLY },
	{ "preadv2", read_vector, FREE, READ_ONLY },
	{ "read_at_end", read_at_end, FREE, READ_ONLY },
	{ "read_direct", read_direct, FREE, READ_ONLY | DIRECT },
	{ "mmap_store", mmap_store, FREE, NEW_BYTES },
	{ "mmap_store_synchronous", mmap_store_synchronous, FREE, NEW_BYTES, ON_DAX },
	{ "mmap_store_populated", mmap_populate, FREE, NEW_BYTES },
	{ "mmap_store_last_byte", mmap_store_last_byte, FREE, NEW_BYTES },
	{ "mmap_store_by_proc_mem", mmap_store_by_proc_mem, FREE, NEW_BYTES },
	{ "mprotect_then_store", mprotect_then_store, FREE, NEW_BYTES },
	{ "madv_dontneed", madv_dontneed, FREE, NEW_BYTES },
	{ "fsync", fsync_file, FREE },
	{ "fdatasync", fdatasync_file, FREE },
	{ "sync_file_range", sync_range, FREE },
	{ "fchmod", change_mode, FREE },
	{ "chmod", change_mode_by_path, FREE, BY_PATH },
	{ "fchown", change_owner, FREE },
	{ "futimens", change_times, FREE },
	{ "fsetxattr", set_xattr, FREE, 0, 0, NO_XATTR },
	{ "fremovexattr", set_and_remove_xattr, FREE, 0, 0, NO_XATTR },
	{ "statx", stat_extended, FREE, BY_PATH },
	{ "flock", lock_file, FREE },
	{ "fcntl_lock", lock_range, FREE },
	{ "fcntl_lease", take_lease, FREE, READ_ONLY },
	{ "fadvise_dontneed", advise, FREE },
	{ "readahead", read_ahead, FREE, READ_ONLY },
	{ "seek_hole", seek_hole, FREE, READ_ONLY },
	{ "cp", copy_file, FREE, READ_ONLY | WITH_PEER },
	{ "execve", execute, FREE, BY_PATH, .prepare = make_program },
};

const struct op_group ops_free = { "What stays free", ops, ARRAY_SIZE(ops), true };
