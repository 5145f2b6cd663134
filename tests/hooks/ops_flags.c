// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What changes the inode otherwise: flags, attributes, generation, format, verity, repair.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "contract.h"
#include "ext4_ioctl.h"
#include "file_attr.h"
#include "xfs_ioctl.h"

/* Sets and clears flags, and puts back what it changed: an immutable file could not be removed. */
static int set_flags(struct target *t, int set, int clear)
{
	int before, after, r;

	if (ioctl(t->fd, FS_IOC_GETFLAGS, &before))
		return op_broken(t, "GETFLAGS");
	after = (before | set) & ~clear;
	r = answer(ioctl(t->fd, FS_IOC_SETFLAGS, &after));
	if (!r && after != before && ioctl(t->fd, FS_IOC_SETFLAGS, &before))
		return op_broken(t, "putting the flags back");
	return r;
}

static int flags_same(struct target *t)
{
	return set_flags(t, 0, 0);
}

static int flags_noatime(struct target *t)
{
	return set_flags(t, FS_NOATIME_FL, 0);
}

static int flags_immutable(struct target *t)
{
	return set_flags(t, FS_IMMUTABLE_FL, 0);
}

static int flags_append(struct target *t)
{
	return set_flags(t, FS_APPEND_FL, 0);
}

static int flags_journal_data(struct target *t)
{
	return set_flags(t, FS_JOURNAL_DATA_FL, 0);
}

static int flags_no_extents(struct target *t)
{
	return set_flags(t, 0, EXT4_EXTENTS_FLAG);
}

static int flags_dax(struct target *t)
{
	return set_flags(t, FS_DAX_FL, 0);
}

static int flags_nocow(struct target *t)
{
	return set_flags(t, FS_NOCOW_FL, 0);
}

static int set_xattr_flags(struct target *t, unsigned int set, unsigned int projid,
			   unsigned int cow_extent_size)
{
	struct fsxattr before, after;
	int r;

	if (ioctl(t->fd, FS_IOC_FSGETXATTR, &before))
		return op_broken(t, "FSGETXATTR");
	after = before;
	after.fsx_xflags |= set;
	after.fsx_projid += projid;
	after.fsx_cowextsize += cow_extent_size;
	r = answer(ioctl(t->fd, FS_IOC_FSSETXATTR, &after));
	if (!r && ioctl(t->fd, FS_IOC_FSSETXATTR, &before))
		return op_broken(t, "putting the attributes back");
	return r;
}

static int fssetxattr_same(struct target *t)
{
	return set_xattr_flags(t, 0, 0, 0);
}

static int fssetxattr_dax(struct target *t)
{
	return set_xattr_flags(t, FS_XFLAG_DAX, 0, 0);
}

static int fssetxattr_nodump(struct target *t)
{
	return set_xattr_flags(t, FS_XFLAG_NODUMP, 0, 0);
}

static int fssetxattr_projid(struct target *t)
{
	return set_xattr_flags(t, 0, 1, 0);
}

static int fssetxattr_cowextsize(struct target *t)
{
	return set_xattr_flags(t, FS_XFLAG_COWEXTSIZE, 0, BLOCK);
}

/*
 * The answer of a series: a denial only if none got through. What the kernel refuses by itself, as
 * it does a project of the mapped root's, is no matter. index tells which got through.
 */
struct series {
	int denied, passed, tried, last;
};

static void series_add(struct series *s, int r, int index)
{
	s->tried++;
	s->denied += r == -ETXTBSY;
	if (!r) {
		s->passed++;
		s->last = index;
	}
}

static int series_answer(struct target *t, const struct series *s)
{
	if (s->denied && s->passed)
		return op_broken(t, "%d of %d not denied, number %d for one", s->passed, s->tried,
				 s->last);
	return s->denied ? -ETXTBSY : 0;
}

/* Flags of which some would keep the file from being written, or removed, ever again. */
static int each_flag(struct target *t, int clear)
{
	struct series s = { 0 };
	int before;

	if (ioctl(t->fd, FS_IOC_GETFLAGS, &before))
		return op_broken(t, "GETFLAGS");
	for (int bit = 0; bit < 32; bit++) {
		int after = clear ? before & ~(1U << bit) : before | 1U << bit;
		int r = answer(ioctl(t->fd, FS_IOC_SETFLAGS, &after));

		if (!r)
			ioctl(t->fd, FS_IOC_SETFLAGS, &before);
		series_add(&s, r, bit);
	}
	return series_answer(t, &s);
}

static int flags_set_each_bit(struct target *t)
{
	return each_flag(t, 0);
}

static int flags_clear_each_bit(struct target *t)
{
	return each_flag(t, 1);
}

static int fssetxattr_each_bit(struct target *t)
{
	struct series s = { 0 };
	struct fsxattr before;

	if (ioctl(t->fd, FS_IOC_FSGETXATTR, &before))
		return op_broken(t, "FSGETXATTR");
	for (int bit = 0; bit < 32; bit++) {
		struct fsxattr after = before;
		int r;

		after.fsx_xflags ^= 1U << bit;
		r = answer(ioctl(t->fd, FS_IOC_FSSETXATTR, &after));
		if (!r)
			ioctl(t->fd, FS_IOC_FSSETXATTR, &before);
		series_add(&s, r, bit);
	}
	return series_answer(t, &s);
}

/* Each with the flag that makes it count, where there is one. */
static int fssetxattr_each_field(struct target *t)
{
	struct series s = { 0 };
	struct fsxattr before;

	if (ioctl(t->fd, FS_IOC_FSGETXATTR, &before))
		return op_broken(t, "FSGETXATTR");

	const struct fsxattr changes[] = {
		{ .fsx_xflags = FS_XFLAG_EXTSIZE, .fsx_extsize = BLOCK },
		{ .fsx_xflags = FS_XFLAG_COWEXTSIZE, .fsx_cowextsize = BLOCK },
		{ .fsx_projid = 1 },
		{ .fsx_nextents = 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct fsxattr after = before;
		int r;

		after.fsx_xflags |= changes[i].fsx_xflags;
		after.fsx_extsize += changes[i].fsx_extsize;
		after.fsx_cowextsize += changes[i].fsx_cowextsize;
		after.fsx_projid += changes[i].fsx_projid;
		after.fsx_nextents += changes[i].fsx_nextents;
		r = answer(ioctl(t->fd, FS_IOC_FSSETXATTR, &after));
		if (!r)
			ioctl(t->fd, FS_IOC_FSSETXATTR, &before);
		series_add(&s, r, i);
	}
	return series_answer(t, &s);
}

static int file_setattr(struct target *t)
{
	struct file_attr_0 attr = { .xflags = FS_XFLAG_NODUMP };

	return answer(syscall(SYS_FILE_SETATTR, AT_FDCWD, t->path, &attr, sizeof(attr), 0));
}

static int file_setattr_empty_path(struct target *t)
{
	struct file_attr_0 attr = { 0 };

	return answer(syscall(SYS_FILE_SETATTR, t->fd, "", &attr, sizeof(attr), AT_EMPTY_PATH));
}

static int file_setattr_each_field(struct target *t)
{
	static const struct file_attr_0 changes[] = {
		{ .xflags = FS_XFLAG_EXTSIZE, .extsize = BLOCK },
		{ .xflags = FS_XFLAG_COWEXTSIZE, .cowextsize = BLOCK },
		{ .xflags = FS_XFLAG_DAX },
		{ .projid = 1 },
		{ .nextents = 1 },
	};
	struct file_attr_0 nothing = { 0 };
	struct series s = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		int r = answer(syscall(SYS_FILE_SETATTR, AT_FDCWD, t->path, &changes[i],
				       sizeof(changes[i]), 0));

		if (r == -ENOSYS)
			return r;
		if (!r)
			syscall(SYS_FILE_SETATTR, AT_FDCWD, t->path, &nothing, sizeof(nothing), 0);
		series_add(&s, r, i);
	}
	return series_answer(t, &s);
}

static int set_version(struct target *t)
{
	int generation = 12345;

	return answer(ioctl(t->fd, FS_IOC_SETVERSION, &generation));
}

static int ext4_set_version(struct target *t)
{
	int generation = 12345;

	return answer(ioctl(t->fd, EXT4_SETVERSION, &generation));
}

static int migrate(struct target *t)
{
	return answer(ioctl(t->fd, EXT4_MIGRATE));
}

/* The file without extents: both ways of giving it some would move what maps its blocks. */
static int make_indirect(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_TRUNC | O_CLOEXEC);
	int flags;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags))
		return -errno;
	flags &= ~EXT4_EXTENTS_FLAG;
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags))
		return -errno;
	return answer_length(pwrite(fd, new_bytes, FIT_SIZE, 0), FIT_SIZE);
}

/* there is no way back for set_flags() */
static int flags_extents(struct target *t)
{
	int flags;

	if (ioctl(t->fd, FS_IOC_GETFLAGS, &flags))
		return op_broken(t, "GETFLAGS");
	flags |= EXT4_EXTENTS_FLAG;
	return answer(ioctl(t->fd, FS_IOC_SETFLAGS, &flags));
}

static int alloc_da_blocks(struct target *t)
{
	return answer(ioctl(t->fd, EXT4_ALLOC_DA_BLKS));
}

static int swap_boot(struct target *t)
{
	return answer(ioctl(t->fd, EXT4_SWAP_BOOT));
}

static int enable_verity(struct target *t)
{
	struct fsverity_enable_arg arg = {
		.version = 1,
		.hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.block_size = BLOCK,
	};

	return answer(ioctl(t->fd, FS_IOC_ENABLE_VERITY, &arg));
}

/* whether it is to repair stands in memory that can change after any look at it */
static int scrub(struct target *t)
{
	struct xfs_scrub scrub = { .type = XFS_SCRUB_BMBTD };

	return answer(ioctl(t->fd, XFS_SCRUB_METADATA, &scrub));
}

static int scrub_repair(struct target *t)
{
	struct xfs_scrub scrub = { .type = XFS_SCRUB_BMBTD, .flags = XFS_SCRUB_REPAIR };

	return answer(ioctl(t->fd, XFS_SCRUB_METADATA, &scrub));
}

/* by a pointer to more such memory */
static int scrub_by_vector(struct target *t)
{
	struct xfs_scrub_one one = { .type = XFS_SCRUB_BMBTD };
	struct xfs_scrub_vector vector = { .count = 1, .ones = (uintptr_t)&one };
	int r = answer(ioctl(t->fd, XFS_SCRUBV_METADATA, &vector));

	return r ? r : one.ret;
}

#define NO_FLAG { { EOPNOTSUPP }, { EINVAL }, { EBUSY, ON_DAX } }
/* EPERM: a root without CAP_SYS_RESOURCE, in a container for one */
#define NO_JOURNAL { { EOPNOTSUPP }, { EINVAL }, { EBUSY, ON_DAX }, { EPERM, ON_EXT4 } }
#define NO_SYSCALL { { ENOSYS }, { EOPNOTSUPP } }
/* ext4 has them for 64-bit programs only */
#ifdef __x86_64__
#define NOT_32 { { 0 } }
#else
#define NOT_32 { { ENOTTY } }
#endif
#define NOT_HERE { { ENOTTY }, { EOPNOTSUPP }, { EINVAL } }

static const struct op ops[] = {
	{ "setflags_same", flags_same, DENIED, FIRST },
	{ "setflags_noatime", flags_noatime, DENIED, FIRST },
	{ "setflags_immutable", flags_immutable, DENIED, FIRST },
	{ "setflags_append", flags_append, DENIED, FIRST },
	{ "setflags_journal_data", flags_journal_data, DENIED, FIRST, 0, NO_JOURNAL },
	{ "setflags_no_extents", flags_no_extents, DENIED, FIRST, ON_EXT4, NO_FLAG },
	{ "setflags_dax", flags_dax, DENIED, FIRST, 0, NO_FLAG },
	{ "setflags_nocow", flags_nocow, DENIED, FIRST, 0, NO_FLAG },
	{ "fssetxattr_same", fssetxattr_same, DENIED, FIRST },
	{ "fssetxattr_dax", fssetxattr_dax, DENIED, FIRST, 0, NO_FLAG },
	{ "fssetxattr_nodump", fssetxattr_nodump, DENIED, FIRST },
	{ "fssetxattr_projid", fssetxattr_projid, DENIED, FIRST, 0, NO_FLAG },
	{ "fssetxattr_cowextsize", fssetxattr_cowextsize, DENIED, FIRST, ON_XFS, NO_FLAG },
	{ "setflags_set_each_bit", flags_set_each_bit, DENIED, FIRST },
	{ "setflags_clear_each_bit", flags_clear_each_bit, DENIED, FIRST },
	{ "fssetxattr_each_bit", fssetxattr_each_bit, DENIED, FIRST },
	{ "fssetxattr_each_field", fssetxattr_each_field, DENIED, FIRST },
	{ "file_setattr_each_field", file_setattr_each_field, DENIED, BY_PATH, 0, NO_SYSCALL },
	{ "file_setattr", file_setattr, DENIED, BY_PATH, 0, NO_SYSCALL },
	{ "file_setattr_empty_path", file_setattr_empty_path, DENIED, 0, 0, NO_SYSCALL },
	{ "setversion", set_version, DENIED, FIRST, 0, NOT_HERE },
	{ "ext4_setversion", ext4_set_version, DENIED, FIRST, ON_EXT4, NOT_HERE },
	{ "ext4_migrate", migrate, DENIED, FIRST, ON_EXT4, NOT_HERE },
	{ "ext4_migrate_to_extents", migrate, DENIED, FIRST, ON_EXT4, NOT_HERE,
	  .prepare = make_indirect },
	{ "setflags_extents", flags_extents, DENIED, FIRST, ON_EXT4, NO_FLAG,
	  .prepare = make_indirect },
	{ "ext4_alloc_da_blks", alloc_da_blocks, DENIED, FIRST, ON_EXT4, NOT_32 },
	{ "ext4_swap_boot", swap_boot, DENIED, FIRST, ON_EXT4, NOT_32 },
	{ "enable_verity", enable_verity, DENIED, READ_ONLY | FIRST, 0, NOT_HERE },
	{ "xfs_scrub", scrub, DENIED, FIRST | NEIGHBOUR, ON_XFS, NOT_HERE },
	{ "xfs_scrub_repair", scrub_repair, DENIED, FIRST | NEIGHBOUR, ON_XFS, NOT_HERE },
	{ "xfs_scrub_by_vector", scrub_by_vector, DENIED, FIRST | NEIGHBOUR, ON_XFS, NOT_HERE },
};

const struct op_group ops_flags = { "Flags, generation, format", ops, ARRAY_SIZE(ops), true };
