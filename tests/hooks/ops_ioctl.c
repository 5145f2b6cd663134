// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ioctls on the file itself, and file_setattr(2): flags, generation, format, verity; and those
 * that only ask.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fsmap.h>
#include <linux/fsverity.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
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

/* nobody has this number: what is not on the list of the harmless is denied */
static int unknown(struct target *t)
{
	return answer(ioctl(t->fd, _IO('!', 77)));
}

static int unknown_with_argument(struct target *t)
{
	char bytes[64] = { 0 };

	return answer(ioctl(t->fd, _IOWR('f', 250, char[64]), bytes));
}

static int get_map(struct target *t)
{
	struct fiemap map = { .fm_length = FIT_SIZE, .fm_flags = FIEMAP_FLAG_SYNC };

	return answer(ioctl(t->fd, FS_IOC_FIEMAP, &map));
}

static int get_block_size(struct target *t)
{
	int size;

	return answer(ioctl(t->fd, FIGETBSZ, &size));
}

static int get_flags(struct target *t)
{
	int flags;

	return answer(ioctl(t->fd, FS_IOC_GETFLAGS, &flags));
}

static int get_xattr_flags(struct target *t)
{
	struct fsxattr attr;

	return answer(ioctl(t->fd, FS_IOC_FSGETXATTR, &attr));
}

static int get_version(struct target *t)
{
	int generation;

	return answer(ioctl(t->fd, FS_IOC_GETVERSION, &generation));
}

static int ext4_get_version(struct target *t)
{
	int generation;

	return answer(ioctl(t->fd, EXT4_GETVERSION, &generation));
}

static int get_readable(struct target *t)
{
	int bytes;

	return answer(ioctl(t->fd, FIONREAD, &bytes));
}

static int get_queue_size(struct target *t)
{
	loff_t bytes;

	return answer(ioctl(t->fd, FIOQSIZE, &bytes));
}

static int close_on_exec(struct target *t)
{
	return answer(ioctl(t->fd, FIOCLEX));
}

static int nonblock(struct target *t)
{
	int on = 1;

	return answer(ioctl(t->fd, FIONBIO, &on));
}

static int get_fs_map(struct target *t)
{
	struct fsmap_head head = {
		.fmh_keys[1] = {
			.fmr_device = ~0U,
			.fmr_flags = ~0U,
			.fmr_physical = ~0ULL,
			.fmr_owner = ~0ULL,
			.fmr_offset = ~0ULL,
		},
	};

	return answer(ioctl(t->fd, FS_IOC_GETFSMAP, &head));
}

static int precache_extents(struct target *t)
{
	return answer(ioctl(t->fd, EXT4_PRECACHE_EXTENTS));
}

/* what isatty(3) asks: stdio and shells put it to every file */
static int is_a_terminal(struct target *t)
{
	return isatty(t->fd) ? -EIO : -errno;
}

static int get_block(struct target *t)
{
	int block = 0;

	return answer(ioctl(t->fd, FIBMAP, &block));
}

static int trim(struct target *t)
{
	struct fstrim_range range = { .len = FIT_SIZE };

	return answer(ioctl(t->fd, FITRIM, &range));
}

/* of a filesystem that is not frozen: a refusal could not leave it so */
static int thaw(struct target *t)
{
	return answer(ioctl(t->fd, FITHAW, 0));
}

/* XFS_IOC_DIOINFO */
static int direct_io_limits(struct target *t)
{
	__u32 limits[3];

	return answer(ioctl(t->fd, _IOR('X', 30, __u32[3]), limits));
}

#define NO_FLAG { { EOPNOTSUPP }, { EINVAL }, { EBUSY, ON_DAX } }
/* EPERM: a root without CAP_SYS_RESOURCE, in a container for one */
#define NO_JOURNAL { { EOPNOTSUPP }, { EINVAL }, { EBUSY, ON_DAX }, { EPERM, ON_EXT4 } }
#define NO_SYSCALL { { ENOSYS }, { EOPNOTSUPP } }
#define NOT_HERE { { ENOTTY }, { EOPNOTSUPP }, { EINVAL } }

/* libxfs's way to open a file it knows by number; the handle is the kernel's. */
static int open_by_xfs_handle(struct target *t, unsigned int flags)
{
	_cleanup_close_ int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = open(t->path, O_RDONLY | O_CLOEXEC);
	char handle[64];
	__u32 length;
	struct xfs_handle request = {
		.fd = fd,
		.out = handle,
		.out_length = &length,
	};

	if (ioctl(directory, XFS_FD_TO_HANDLE, &request))
		return op_broken(t, "XFS_IOC_FD_TO_HANDLE");
	request = (struct xfs_handle){ .flags = flags, .in = handle, .in_length = length };
	return answer_open(ioctl(directory, XFS_OPEN_BY_HANDLE, &request));
}

static int xfs_handle_rdwr(struct target *t)
{
	return open_by_xfs_handle(t, O_RDWR);
}

static int xfs_handle_append(struct target *t)
{
	return open_by_xfs_handle(t, O_WRONLY | O_APPEND);
}

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
	{ "unknown_ioctl", unknown, DENIED, FIRST | NEVER, 0, { { ENOTTY } } },
	{ "unknown_ioctl_with_argument", unknown_with_argument, DENIED, FIRST | NEVER, 0,
	  { { ENOTTY } } },
	{ "fiemap", get_map, FREE, READ_ONLY },
	{ "figetbsz", get_block_size, FREE, READ_ONLY },
	{ "getflags", get_flags, FREE, READ_ONLY },
	{ "fsgetxattr", get_xattr_flags, FREE, READ_ONLY },
	{ "getversion", get_version, FREE, READ_ONLY },
	{ "ext4_getversion", ext4_get_version, FREE, READ_ONLY, ON_EXT4 },
	{ "fionread", get_readable, FREE, READ_ONLY },
	{ "fioqsize", get_queue_size, FREE, READ_ONLY },
	{ "fioclex", close_on_exec, FREE },
	{ "fionbio", nonblock, FREE },
	{ "getfsmap", get_fs_map, FREE, READ_ONLY },
	{ "isatty", is_a_terminal, FREE, READ_ONLY | NEVER, 0, { { ENOTTY } } },
	{ "fibmap", get_block, FREE, READ_ONLY, 0, NOT_HERE },
	{ "fitrim", trim, FREE, READ_ONLY, 0, NOT_HERE },
	{ "fithaw", thaw, FREE, READ_ONLY | NEVER, 0, { { EINVAL } } },
	{ "ext4_precache_extents", precache_extents, FREE, READ_ONLY, ON_EXT4 },
	{ "xfs_open_by_handle_rdwr", xfs_handle_rdwr, FREE, BY_PATH, ON_XFS },
	{ "xfs_open_by_handle_append", xfs_handle_append, DENIED, BY_PATH, ON_XFS },
	{ "xfs_dioinfo", direct_io_limits, FREE, READ_ONLY, ON_XFS },
};

const struct op_group ops_ioctl = { ops, ARRAY_SIZE(ops) };
