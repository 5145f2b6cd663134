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
#include "xfs_ioctl.h"

/* system calls 468 and 469 and linux/fs.h's struct file_attr, since 6.17 */
#define SYS_FILE_SETATTR 469
struct file_attr_0 {
	__u64 xflags;
	__u32 extsize;
	__u32 nextents;
	__u32 projid;
	__u32 cowextsize;
};

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

static int scrub_repair(struct target *t)
{
	struct xfs_scrub scrub = { .type = XFS_SCRUB_BMBTD, .flags = XFS_SCRUB_REPAIR };

	return answer(ioctl(t->fd, XFS_SCRUB_METADATA, &scrub));
}

#define NO_FLAG { { EOPNOTSUPP }, { EINVAL }, { EBUSY, ON_DAX } }
/* EPERM: a root without CAP_SYS_RESOURCE, in a container for one */
#define NO_JOURNAL { { EOPNOTSUPP }, { EINVAL }, { EBUSY, ON_DAX }, { EPERM, ON_EXT4 } }
#define NO_SYSCALL { { ENOSYS }, { EOPNOTSUPP } }
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
	{ "file_setattr", file_setattr, DENIED, BY_PATH, 0, NO_SYSCALL },
	{ "file_setattr_empty_path", file_setattr_empty_path, DENIED, 0, 0, NO_SYSCALL },
	{ "setversion", set_version, DENIED, FIRST, 0, NOT_HERE },
	{ "ext4_setversion", ext4_set_version, DENIED, FIRST, ON_EXT4, NOT_HERE },
	{ "ext4_migrate", migrate, DENIED, FIRST, ON_EXT4, NOT_HERE },
	{ "ext4_alloc_da_blks", alloc_da_blocks, DENIED, FIRST, ON_EXT4 },
	{ "ext4_swap_boot", swap_boot, DENIED, FIRST, ON_EXT4 },
	{ "enable_verity", enable_verity, DENIED, READ_ONLY | FIRST, 0, NOT_HERE },
	{ "xfs_scrub_repair", scrub_repair, DENIED, FIRST | NEIGHBOUR, ON_XFS, NOT_HERE },
};

const struct op_group ops_flags = { ops, ARRAY_SIZE(ops) };
