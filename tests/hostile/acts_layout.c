// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What changes the size, the allocation or the flags of a file.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../hooks/ext4_ioctl.h"
#include "../hooks/uring.h"
#include "act.h"

/* linux/falloc.h, since 6.17 */
#ifndef FALLOC_FL_WRITE_ZEROES
#define FALLOC_FL_WRITE_ZEROES 0x80
#endif
/* linux/io_uring.h, since 6.9 */
#define OP_FTRUNCATE 55

/* Mostly near the end of a fit file, and never so large that the filesystem fills up. */
static off_t any_size(struct scene *s)
{
	switch (pick(s, 4)) {
	case 0:
		return s->pos = FIT_SIZE;
	case 1:
		return s->pos = pick(s, FIT_SIZE);
	case 2:
		return s->pos = pick(s, FIT_SIZE / BLOCK) * BLOCK;
	}
	return s->pos = FIT_SIZE + pick(s, FIT_SIZE);
}

static int truncate_path(struct scene *s)
{
	return answer(truncate(s->path, any_size(s)));
}

static int truncate_fd(struct scene *s)
{
	return answer(ftruncate(s->fd, any_size(s)));
}

static int truncate_ring(struct scene *s)
{
	struct io_uring_sqe sqe = { .opcode = OP_FTRUNCATE, .fd = s->fd, .off = any_size(s) };
	int r = uring_run(sqe, pick(s, URING_TASK_WORK));

	return r == URING_NONE ? -ENOSYS : r;
}

static int open_trunc(struct scene *s)
{
	struct open_how how = { .flags = O_RDWR | O_TRUNC | O_CLOEXEC };

	switch (s->detail = pick(s, 4)) {
	case 0:
		return answer_open(open(s->path, O_WRONLY | O_TRUNC | O_CLOEXEC));
	case 1:
		return answer_open(open(s->path, O_RDONLY | O_TRUNC | O_CLOEXEC));
	case 2:
		return answer_open(creat(s->path, 0644));
	}
	return answer_open(syscall(SYS_openat2, AT_FDCWD, s->path, &how, sizeof(how)));
}

/* The modes that mean something, then any bits at all. */
static unsigned int any_mode(struct scene *s)
{
	static const unsigned int modes[] = {
		0,
		FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_ZERO_RANGE,
		FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_COLLAPSE_RANGE,
		FALLOC_FL_INSERT_RANGE,
		FALLOC_FL_UNSHARE_RANGE,
		FALLOC_FL_WRITE_ZEROES,
	};
	unsigned int i = pick(s, ARRAY_SIZE(modes) + 1);

	return s->detail = i < ARRAY_SIZE(modes) ? modes[i] : pick(s, 256);
}

/* In bytes or in whole blocks, which some modes want. */
static void any_range(struct scene *s)
{
	unsigned int unit = pick(s, 3) ? BLOCK : 1;

	s->pos = pick(s, (FIT_SIZE + 4 * BLOCK) / unit) * unit;
	s->length = (1 + pick(s, 4 * BLOCK / unit)) * unit;
}

static int allocate(struct scene *s)
{
	any_range(s);
	return answer(fallocate(s->fd, any_mode(s), s->pos, s->length));
}

static int allocate_ring(struct scene *s)
{
	any_range(s);

	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_FALLOCATE,
		.fd = s->fd,
		.off = s->pos,
		.addr = s->length,
		.len = any_mode(s),
	};
	int r = uring_run(sqe, pick(s, URING_TASK_WORK));

	return r == URING_NONE ? -ENOSYS : r;
}

/* Only kinds that leave the content as it is, or the descriptor's file would have to be known. */
static int punch_shared_fd(struct scene *s)
{
	any_range(s);
	return answer(fallocate(s->shared_fd, any_mode(s), s->pos, s->length));
}

static int punch_after_write(struct scene *s)
{
	place(s, 1);
	if (s->due == DUE_WRITE && pwrite(s->fd, s->bytes, s->length, s->pos) < 0)
		return -errno;
	s->due = DUE_DENIAL;
	return allocate(s);
}

static int remove_mapped(struct scene *s)
{
	char *map = mmap(NULL, FIT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	int r;

	if (map == MAP_FAILED)
		return -errno;
	s->pos = pick(s, FIT_SIZE / BLOCK) * BLOCK;
	s->length = BLOCK;
	r = answer(madvise(map + s->pos, s->length, MADV_REMOVE));
	munmap(map, FIT_SIZE);
	return r;
}

/* struct space_resv of linux/falloc.h, which that has behind an #ifdef */
struct reservation {
	__s16 l_type;
	__s16 l_whence;
	__s64 l_start;
	__s64 l_len;
	__s32 l_sysid;
	__u32 l_pid;
	__s32 l_pad[4];
};

static int reserve(struct scene *s)
{
	static const unsigned long commands[] = {
		_IOW('X', 40, struct reservation), _IOW('X', 41, struct reservation),
		_IOW('X', 42, struct reservation), _IOW('X', 43, struct reservation),
		_IOW('X', 57, struct reservation),
	};

	any_range(s);

	struct reservation r = { .l_start = s->pos, .l_len = s->length };

	s->detail = pick(s, ARRAY_SIZE(commands));
	return answer(ioctl(s->fd, commands[s->detail], &r));
}

/* Of the flags only those that leave the file as usable as it was. */
static int set_flags(struct scene *s)
{
	static const int bits[] = { FS_NOATIME_FL, FS_NODUMP_FL, FS_SYNC_FL };
	int flags = EXT4_EXTENTS_FLAG;

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		flags |= pick(s, 2) ? bits[i] : 0;
	s->detail = flags;
	if (s->on & ON_XFS)
		flags &= ~EXT4_EXTENTS_FLAG;
	return answer(ioctl(s->fd, FS_IOC_SETFLAGS, &flags));
}

static int set_attributes(struct scene *s)
{
	struct fsxattr attr = { .fsx_xflags = pick(s, 2) ? FS_XFLAG_NOATIME : 0 };

	if (s->on & ON_XFS && pick(s, 2)) {
		attr.fsx_xflags |= FS_XFLAG_EXTSIZE;
		attr.fsx_extsize = (1 + pick(s, 4)) * BLOCK;
	}
	return answer(ioctl(s->fd, FS_IOC_FSSETXATTR, &attr));
}

static int set_version(struct scene *s)
{
	int generation = random_next(&s->random);

	return answer(ioctl(s->fd, EXT4_SETVERSION, &generation));
}

static int migrate(struct scene *s)
{
	return answer(ioctl(s->fd, EXT4_MIGRATE));
}

/* Numbers that no filesystem has. */
static int unknown_ioctl(struct scene *s)
{
	s->detail = pick(s, 256);
	return answer(ioctl(s->fd, _IO('!', s->detail), s->bytes));
}

/* Of the inode, but of nothing that a seal is about. */
static int set_metadata(struct scene *s)
{
	switch (pick(s, 4)) {
	case 0:
		return answer(fchmod(s->fd, 0600 | pick(s, 0100)));
	case 1:
		return answer(futimens(s->fd, NULL));
	case 2:
		return answer(fchown(s->fd, getuid(), getgid()));
	}
	return answer(fsetxattr(s->fd, "user.hostile", s->bytes, 1 + pick(s, 16), 0));
}

static const struct act acts[] = {
	{ "truncate", truncate_path, DUE_DENIAL },
	{ "ftruncate", truncate_fd, DUE_DENIAL },
	{ "uring_ftruncate", truncate_ring, DUE_DENIAL },
	{ "open_trunc", open_trunc, DUE_DENIAL },
	{ "fallocate", allocate, DUE_DENIAL },
	{ "uring_fallocate", allocate_ring, DUE_DENIAL },
	{ "fallocate_after_write", punch_after_write, DUE_DENIAL },
	{ "shared_fd_fallocate", punch_shared_fd, DUE_EITHER, ACT_UNSTABLE },
	{ "madv_remove", remove_mapped, DUE_DENIAL },
	{ "reserve", reserve, DUE_DENIAL },
	{ "setflags", set_flags, DUE_DENIAL },
	/* XFS looks at what writeback has allocated so far */
	{ "fssetxattr", set_attributes, DUE_DENIAL, ACT_UNSTABLE },
	{ "setversion", set_version, DUE_DENIAL, 0, ON_EXT4 },
	{ "migrate", migrate, DUE_DENIAL, 0, ON_EXT4 },
	{ "unknown_ioctl", unknown_ioctl, DUE_DENIAL },
	{ "metadata", set_metadata, DUE_FREE },
};

const struct act_group acts_layout = { acts, ARRAY_SIZE(acts) };
