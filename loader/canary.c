// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The canary: a file on a small tmpfs of our own, so that sealing it makes no
 * other filesystem take the slow path and its umount can be tried as well.
 *
 * Nothing here does harm if a hook is dead: the file is truncated, appended
 * to, renamed or removed, and made anew by the next run.
 */
#define _GNU_SOURCE
#include "canary.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "util.h"

/*
 * Not in the root of the bpffs, which is sticky: only root's CAP_FOWNER could take
 * from there what another user made.
 */
#define CAGE_PATH SDAX_BPF_DIR "/cage"
#define DIR_PATH CAGE_PATH "/canary"
#define FILE_PATH DIR_PATH "/file"

#ifndef SYS_file_setattr
#define SYS_file_setattr 469 /* include/uapi/asm-generic/unistd.h, 6.17 */
#endif

/* Each returns 0 if it got through, else -errno. */

static int try_truncate(int fd)
{
	(void)fd;
	return truncate(FILE_PATH, 1) < 0 ? -errno : 0;
}

static int try_ftruncate(int fd)
{
	return ftruncate(fd, 1) < 0 ? -errno : 0;
}

static int try_fallocate(int fd)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 4096) < 0 ? -errno : 0;
}

static int try_extend(int fd)
{
	return pwrite(fd, "x", 1, 8192) < 0 ? -errno : 0;
}

static int try_append_open(int fd)
{
	_cleanup_close_ int again = -1;

	(void)fd;
	again = open(FILE_PATH, O_WRONLY | O_APPEND | O_CLOEXEC);
	return again < 0 ? -errno : 0;
}

static int try_append_flag(int fd)
{
	return fcntl(fd, F_SETFL, O_APPEND) < 0 ? -errno : 0;
}

static int try_setflags(int fd)
{
	int flags = 0;

	return ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 ? -errno : 0;
}

/* struct file_attr, include/uapi/linux/fs.h: 24 bytes, all unset. */
static int try_file_setattr(int fd)
{
	char attr[24] = {};

	(void)fd;
	return syscall(SYS_file_setattr, AT_FDCWD, FILE_PATH, attr,
		       sizeof(attr), 0) < 0 ? -errno : 0;
}

static int try_unlink(int fd)
{
	(void)fd;
	return unlink(FILE_PATH) < 0 ? -errno : 0;
}

static int try_rename(int fd)
{
	(void)fd;
	return rename(FILE_PATH, DIR_PATH "/renamed") < 0 ? -errno : 0;
}

/* MNT_EXPIRE: without the hook it only marks the mount and says EAGAIN. */
static int try_umount(int fd)
{
	int r;

	(void)fd;
	r = umount2(DIR_PATH, MNT_EXPIRE) < 0 ? -errno : 0;
	return r == -EAGAIN ? 0 : r;
}

/* The child did not come to its answer, and not for want of the operation. */
#define DIED -ECANCELED

/*
 * By clone(2), since a child that tells its end by no signal is waited for whatever
 * the caller does with SIGCHLD, and by nobody else. -ENOSYS if the processor did not
 * take what it tried.
 */
static int in_child(int (*act)(int fd), int fd)
{
	int *answer, r, status = 0;
	pid_t pid, ended;

	answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (answer == MAP_FAILED)
		return -errno;
	*answer = DIED;
	pid = syscall(SYS_clone, 0, NULL, NULL, NULL, 0);
	if (!pid) {
		*answer = act(fd);
		_exit(0);
	}
	r = pid < 0 ? -errno : 0;
	do
		ended = pid > 0 ? waitpid(pid, &status, __WALL) : -1;
	while (pid > 0 && ended < 0 && errno == EINTR);
	if (ended > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
		*answer = -ENOSYS;
	r = r ?: *answer;
	munmap(answer, sizeof(*answer));
	return r;
}

/*
 * Where something is mounted on a directory the kernel itself says that it is
 * busy. In another mount namespace nothing has to be.
 */
static int rmdir_elsewhere(int fd)
{
	(void)fd;
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, SDAX_BPF_DIR, NULL, MS_PRIVATE, NULL) < 0 ||
	    umount2(DIR_PATH, MNT_DETACH) < 0)
		return -errno;
	return rmdir(DIR_PATH) < 0 ? -errno : 0;
}

static int try_rmdir(int fd)
{
	return in_child(rmdir_elsewhere, fd);
}

#ifdef __x86_64__
/*
 * A 32-bit ioctl from a 64-bit program. Where the kernel does not take int
 * 0x80 the child gets SIGSEGV, and no 32-bit caller exists.
 */
static int ioctl_32(int fd)
{
	long eax;

	asm volatile("int $0x80"
		     : "=a"(eax)
		     : "a"(54), "b"(fd), "c"(FS_IOC32_SETFLAGS), "d"(0)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)eax;
}

static int try_ioctl_32(int fd)
{
	return in_child(ioctl_32, fd);
}
#endif

static int try_write_in_place(int fd)
{
	return pwrite(fd, "x", 1, 0) == 1 ? 0 : -errno;
}

static const struct trial {
	const char *name;
	int (*act)(int fd);
	int expected;
	int absent;		/* answer of a kernel without the operation */
	enum sdax_hook hook;	/* proved by absence too */
} trials[] = {
	{ "truncate", try_truncate, -ETXTBSY, 0, 0 },
	{ "ftruncate", try_ftruncate, -ETXTBSY, 0, 0 },
	{ "fallocate", try_fallocate, -ETXTBSY, 0, 0 },
	{ "write past the end", try_extend, -ETXTBSY, 0, 0 },
	{ "write in place", try_write_in_place, 0, 0, 0 },
	{ "open to append", try_append_open, -ETXTBSY, 0, 0 },
	{ "F_SETFL O_APPEND", try_append_flag, -ETXTBSY, 0, 0 },
	{ "ioctl FS_IOC_SETFLAGS", try_setflags, -ETXTBSY, 0, 0 },
	{ "file_setattr", try_file_setattr, -ETXTBSY, -ENOSYS, 0 },
	{ "unlink", try_unlink, -EPERM, 0, 0 },
	{ "rename", try_rename, -EPERM, 0, 0 },
	{ "umount", try_umount, -EBUSY, 0, 0 },
	{ "rmdir of the directory it is mounted on", try_rmdir, -EBUSY, 0, 0 },
#ifdef __x86_64__
	{ "32-bit ioctl", try_ioctl_32, -ETXTBSY, -ENOSYS,
	  SDAX_HOOK_FILE_IOCTL_COMPAT },
#endif
};

/* Not access(2), for which a user who is not root has no capabilities. */
static bool is_own(void)
{
	struct stat st;

	return !stat(DIR_PATH "/.own", &st);
}

static int mount_own(void)
{
	struct statfs fs;

	if (mkdir(CAGE_PATH, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (mkdir(DIR_PATH, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (statfs(DIR_PATH, &fs) < 0)
		return -errno;
	if (fs.f_type == TMPFS_MAGIC && is_own())
		return 0;
	if (mount("staticdax", DIR_PATH, "tmpfs",
		  MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700,size=64k") < 0)
		return -errno;
	return mknod(DIR_PATH "/.own", S_IFREG | 0600, 0) < 0 ? -errno : 0;
}

/*
 * Another user's file is not ours to change, which the kernel says (EPERM) before it
 * asks the programs.
 */
static void remove_foreign(void)
{
	struct stat st;

	if (!lstat(FILE_PATH, &st) && st.st_uid != geteuid())
		unlink(FILE_PATH);
}

static int make_file(int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	char page[4096] = {};

	remove_foreign();
	fd = open(FILE_PATH, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, 0) < 0)
		return -errno;
	if (pwrite(fd, page, sizeof(page), 0) != sizeof(page))
		return -EIO;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

#define KILLED "killed, as by a filter of system calls"

static void try_all(int fd, __u64 *proved, char *detail, size_t size)
{
	detail[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(trials); i++) {
		const struct trial *t = trials + i;
		int r = t->act(fd);

		if (r == t->expected)
			continue;
		if (t->absent && r == t->absent) {
			*proved |= t->hook ? 1ULL << t->hook : 0;
			continue;
		}
		snprintf(detail, size, "%s: %s, expected %s", t->name,
			 r == DIED ? KILLED :
			 r ? strerror(-r) : "it was allowed",
			 t->expected ? strerror(-t->expected) : "success");
		return;
	}
}

int sdax_canary_run(struct sdax_store *store, struct sdax_inspect *inspect,
		    __u64 *ret_proved, char *detail, size_t size)
{
	struct sdax_entry entry = {
		.deny = SDAX_DENY_STATIC,
		.state = SDAX_STATE_ACTIVE,
		.flags = SDAX_F_CANARY,
	};
	_cleanup_close_ int fd = -1;
	struct sdax_identity id;
	struct sdax_key key = {};
	__u64 proved = 0;
	int r, removed;

	r = mount_own();
	if (!r)
		r = make_file(&fd);
	if (!r)
		r = sdax_inspect_identity(inspect, fd, &id);
	if (r < 0)
		return r;
	key = sdax_store_key(&id);
	entry.generation = id.generation;
	entry.size = id.size;
	sdax_store_unprove(store);
	r = sdax_store_put(store, &key, &entry, &id, FILE_PATH);
	if (r < 0)
		return r;
	try_all(fd, &proved, detail, size);
	removed = sdax_store_del(store, &key);
	if (removed < 0)
		return removed;
	*ret_proved = proved | sdax_store_proved(store);
	return 0;
}

void sdax_canary_remove(void)
{
	if (is_own())
		umount2(DIR_PATH, MNT_DETACH);
	rmdir(DIR_PATH);
	rmdir(CAGE_PATH);
}
