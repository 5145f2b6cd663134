// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A call that has begun, waits for a page of the caller's, and goes on when it is told:
 *   stalled move FILE VICTIM    EXT4_IOC_MOVE_EXT of FILE, with a donor that is opened
 *                               only then: the victim
 *   stalled flags VICTIM        FS_IOC_SETFLAGS by a descriptor of access mode 3
 *   stalled loop DEVICE VICTIM  LOOP_CONFIGURE of DEVICE by such a descriptor
 *   stalled list DIRECTORY      getdents64(2), which has the directory locked
 *   stalled fiemap FILE         FIEMAP by a descriptor of access mode 3, which on XFS has
 *                               the file locked
 * Says "stalled" once the call is under way, goes on when a line comes, and then says
 * "done" or with what errno the call ended, which is its exit status. Nobody waits for
 * it for ever: it is killed after ten minutes, and the call with it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096
#define BLOCKS 4
#define LAST_SECONDS 600

/* fs/ext4/ext4.h */
struct move_extent {
	uint32_t reserved;
	uint32_t donor_fd;
	uint64_t orig_start;
	uint64_t donor_start;
	uint64_t len;
	uint64_t moved_len;
};

#define EXT4_IOC_MOVE_EXT _IOWR('f', 15, struct move_extent)

struct call {
	int fd;
	unsigned long command;	/* of an ioctl, or 0: getdents64 */
	void *argument;
	int error;
};

static int faults;
static char *page;

static void die(const char *what)
{
	perror(what);
	exit(99);
}

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		die(path);
	return fd;
}

/* A page that whoever touches it waits for, behind one that is like any other. */
static void make_page(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	faults = syscall(SYS_userfaultfd, O_CLOEXEC);
	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		die("mmap");
	page += PAGE;
	range.range.start = (uintptr_t)page;
	range.range.len = PAGE;
	if (faults < 0 || ioctl(faults, UFFDIO_API, &api) ||
	    ioctl(faults, UFFDIO_REGISTER, &range))
		die("userfaultfd");
}

static void wait_for_reader(void)
{
	struct uffd_msg message;

	if (read(faults, &message, sizeof(message)) != sizeof(message) ||
	    message.event != UFFD_EVENT_PAGEFAULT)
		die("page fault");
}

static void give(const void *content, size_t size)
{
	static char whole[PAGE];
	struct uffdio_copy copy = {
		.dst = (uintptr_t)page, .src = (uintptr_t)whole, .len = PAGE,
	};

	memcpy(whole, content, size);
	if (ioctl(faults, UFFDIO_COPY, &copy))
		die("UFFDIO_COPY");
}

static void *run(void *arg)
{
	struct call *call = arg;

	if (!call->command) {
		if (syscall(SYS_getdents64, call->fd, call->argument, PAGE) < 0)
			call->error = errno;
	} else if (ioctl(call->fd, call->command, call->argument) < 0) {
		call->error = errno;
	}
	return NULL;
}

static pthread_t start(void *(*fn)(void *), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fn, arg))
		die("pthread_create");
	return thread;
}

static void wait_for_word(void)
{
	puts("stalled");
	fflush(stdout);
	if (getchar() == EOF)
		exit(98);
}

static void move(const char *file, const char *victim, struct call *call)
{
	struct move_extent move = { .len = BLOCKS };
	pthread_t thread;

	call->fd = open_or_die(file, O_RDWR);
	call->command = EXT4_IOC_MOVE_EXT;
	call->argument = page;
	thread = start(run, call);
	wait_for_reader();
	wait_for_word();
	move.donor_fd = open_or_die(victim, O_RDWR);
	give(&move, sizeof(move));
	pthread_join(thread, NULL);
}

static void flags(const char *victim, struct call *call)
{
	unsigned int flags;
	pthread_t thread;
	int fd = open_or_die(victim, O_RDONLY);

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		die("FS_IOC_GETFLAGS");
	close(fd);
	call->fd = open_or_die(victim, O_ACCMODE);
	call->command = FS_IOC_SETFLAGS;
	call->argument = page;
	thread = start(run, call);
	wait_for_reader();
	wait_for_word();
	flags ^= FS_NODUMP_FL;
	give(&flags, sizeof(flags));
	pthread_join(thread, NULL);
}

static void loop(const char *device, const char *victim, struct call *call)
{
	struct loop_config config = { .fd = open_or_die(victim, O_ACCMODE) };
	pthread_t thread;

	call->fd = open_or_die(device, O_RDWR);
	call->command = LOOP_CONFIGURE;
	call->argument = page;
	thread = start(run, call);
	wait_for_reader();
	wait_for_word();
	give(&config, sizeof(config));
	pthread_join(thread, NULL);
}

/* The page is where the answer goes to. */
static void lock(struct call *call)
{
	pthread_t thread = start(run, call);

	wait_for_reader();
	wait_for_word();
	give("", 1);
	pthread_join(thread, NULL);
}

static void list(const char *directory, struct call *call)
{
	call->fd = open_or_die(directory, O_RDONLY | O_DIRECTORY);
	call->argument = page;
	lock(call);
}

static void map(const char *file, struct call *call)
{
	struct fiemap *fiemap = (void *)(page - sizeof(*fiemap));

	fiemap->fm_length = FIEMAP_MAX_OFFSET;
	fiemap->fm_extent_count = 1;
	call->fd = open_or_die(file, O_ACCMODE);
	call->command = FS_IOC_FIEMAP;
	call->argument = fiemap;
	lock(call);
}

int main(int argc, char **argv)
{
	struct call call = {};

	alarm(LAST_SECONDS);
	make_page();
	if (argc == 4 && !strcmp(argv[1], "move"))
		move(argv[2], argv[3], &call);
	else if (argc == 3 && !strcmp(argv[1], "flags"))
		flags(argv[2], &call);
	else if (argc == 4 && !strcmp(argv[1], "loop"))
		loop(argv[2], argv[3], &call);
	else if (argc == 3 && !strcmp(argv[1], "list"))
		list(argv[2], &call);
	else if (argc == 3 && !strcmp(argv[1], "fiemap"))
		map(argv[2], &call);
	else
		return 97;
	puts(call.error ? strerror(call.error) : "done");
	return call.error;
}
