// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tries in turn, until SIGTERM, all that a sealed file does not allow, and one
 * write that it does: hammer FILE CLONE, where FILE lies at the root of a filesystem
 * that is mounted once. A line for each: its name, how often it was tried, how often
 * the answer was wrong, and the last wrong answer.
 *
 * Each turn ends with an fsync, which sleeps: the kernel lets go of a program only
 * when every task has slept or been in user space, and so what is hammered upon
 * would wait for the hammer, and be hammered upon less often.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

static const char *path, *clone_path, *root;
static int fd, clone_fd;
static char page[4096];

static int try_shrink(void)
{
	return truncate(path, 4096);
}

static int try_grow(void)
{
	return ftruncate(fd, 1 << 20);
}

static int try_punch(void)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096);
}

static int try_extend(void)
{
	return pwrite(fd, page, sizeof(page), 65536) < 0 ? -1 : 0;
}

static int try_clone_from(void)
{
	return ioctl(clone_fd, FICLONE, fd);
}

static int try_clone_into(void)
{
	return ioctl(fd, FICLONE, clone_fd);
}

static int try_append(void)
{
	int again = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	return again < 0 ? -1 : close(again);
}

static int try_empty(void)
{
	int again = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	return again < 0 ? -1 : close(again);
}

static int try_flags(void)
{
	int flags;

	return ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 ? -1 :
							ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

static int try_unlink(void)
{
	return unlink(path);
}

static int try_rename_over(void)
{
	return rename(clone_path, path);
}

static int try_rename_away(void)
{
	return rename(path, clone_path);
}

static int try_detach(void)
{
	return umount2(root, MNT_DETACH);
}

static int try_write(void)
{
	return pwrite(fd, page, sizeof(page), 4096) < 0 ? -1 : 0;
}

static struct attempt {
	const char *name;
	int (*act)(void);
	int expected;
	unsigned long tries, wrong;
	int last_wrong;
} attempts[] = {
	{ "shrink", try_shrink, ETXTBSY, 0, 0, 0 },
	{ "grow", try_grow, ETXTBSY, 0, 0, 0 },
	{ "punch", try_punch, ETXTBSY, 0, 0, 0 },
	{ "extend", try_extend, ETXTBSY, 0, 0, 0 },
	{ "clone_from", try_clone_from, ETXTBSY, 0, 0, 0 },
	{ "clone_into", try_clone_into, ETXTBSY, 0, 0, 0 },
	{ "append", try_append, ETXTBSY, 0, 0, 0 },
	{ "empty", try_empty, ETXTBSY, 0, 0, 0 },
	{ "flags", try_flags, ETXTBSY, 0, 0, 0 },
	{ "unlink", try_unlink, EPERM, 0, 0, 0 },
	{ "rename_over", try_rename_over, EPERM, 0, 0, 0 },
	{ "rename_away", try_rename_away, EPERM, 0, 0, 0 },
	{ "detach", try_detach, EBUSY, 0, 0, 0 },
	{ "write", try_write, 0, 0, 0, 0 },
};

#define COUNT (sizeof(attempts) / sizeof(attempts[0]))

static volatile sig_atomic_t stop;

static void on_term(int signal)
{
	(void)signal;
	stop = true;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	path = argv[1];
	clone_path = argv[2];
	root = dirname(strdup(path));
	fd = open(path, O_RDWR | O_CLOEXEC);
	clone_fd = open(clone_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || clone_fd < 0 || pwrite(clone_fd, page, sizeof(page), 0) < 0)
		return 3;
	signal(SIGTERM, on_term);
	while (!stop) {
		for (size_t i = 0; i < COUNT; i++) {
			struct attempt *a = attempts + i;
			int r = a->act() < 0 ? errno : 0;

			a->tries++;
			a->wrong += r != a->expected;
			a->last_wrong = r != a->expected ? r : a->last_wrong;
		}
		fsync(fd);
	}
	for (size_t i = 0; i < COUNT; i++)
		printf("%s %lu %lu %s\n", attempts[i].name, attempts[i].tries,
		       attempts[i].wrong, strerror(attempts[i].last_wrong));
	return 0;
}
