// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations that share or move blocks between two files, with the file in either role.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract.h"
#include "ext4_ioctl.h"
#include "xfs_ioctl.h"

static int copy_range(int in, off_t in_pos, int out, off_t out_pos, size_t length)
{
	loff_t from = in_pos, to = out_pos;

	return answer_length(copy_file_range(in, &from, out, &to, length, 0), length);
}

static int copy_to_in(struct target *t)
{
	return copy_range(t->peer_fd, 0, t->fd, BLOCK, BLOCK);
}

static int copy_to_cross(struct target *t)
{
	return copy_range(t->peer_fd, 0, t->fd, FIT_SIZE - BLOCK, 2 * BLOCK);
}

static int copy_to_at_end(struct target *t)
{
	return copy_range(t->peer_fd, 0, t->fd, FIT_SIZE, BLOCK);
}

static int copy_to_far_beyond(struct target *t)
{
	return copy_range(t->peer_fd, 0, t->fd, 16 * FIT_SIZE, BLOCK);
}

static int copy_from(struct target *t)
{
	return copy_range(t->fd, 0, t->peer_fd, BLOCK, BLOCK);
}

/* both ends in the file */
static int copy_within(struct target *t)
{
	return copy_range(t->fd, 0, t->fd, 8 * BLOCK, BLOCK);
}

static int clone_to(struct target *t)
{
	return answer(ioctl(t->fd, FICLONE, t->peer_fd));
}

static int clone_from(struct target *t)
{
	return answer(ioctl(t->peer_fd, FICLONE, t->fd));
}

static int clone_range(int in, int out, off_t out_pos)
{
	struct file_clone_range range = {
		.src_fd = in,
		.src_length = BLOCK,
		.dest_offset = out_pos,
	};

	return answer(ioctl(out, FICLONERANGE, &range));
}

static int clone_range_to(struct target *t)
{
	return clone_range(t->peer_fd, t->fd, BLOCK);
}

static int clone_range_within(struct target *t)
{
	return clone_range(t->fd, t->fd, 8 * BLOCK);
}

static int clone_range_to_end(struct target *t)
{
	return clone_range(t->peer_fd, t->fd, FIT_SIZE);
}

static int clone_range_from(struct target *t)
{
	return clone_range(t->fd, t->peer_fd, BLOCK);
}

/* The destination's answer is not the call's: it comes back in its slot of the array. */
static int dedupe(int in, int out)
{
	union {
		struct file_dedupe_range range;
		char room[sizeof(struct file_dedupe_range) +
			  sizeof(struct file_dedupe_range_info)];
	} u = {
		.range.src_length = FIT_SIZE,
		.range.dest_count = 1,
	};

	u.range.info[0].dest_fd = out;
	if (ioctl(in, FIDEDUPERANGE, &u.range))
		return -errno;
	if (u.range.info[0].status < 0)
		return u.range.info[0].status;
	return u.range.info[0].bytes_deduped == FIT_SIZE ? 0 : -EIO;
}

static int dedupe_to(struct target *t)
{
	return dedupe(t->peer_fd, t->fd);
}

static int dedupe_from(struct target *t)
{
	return dedupe(t->fd, t->peer_fd);
}

static int exchange_as_file2(struct target *t)
{
	return xfs_exchange_range(t->peer_fd, t->fd);
}

static int exchange_as_file1(struct target *t)
{
	return xfs_exchange_range(t->fd, t->peer_fd);
}

static int commit_as_file2(struct target *t)
{
	return xfs_commit_range(t->peer_fd, t->fd);
}

static int commit_as_file1(struct target *t)
{
	return xfs_commit_range(t->fd, t->peer_fd);
}

static int start_commit(struct target *t)
{
	struct xfs_commit range = { 0 };

	return answer(ioctl(t->fd, XFS_START_COMMIT, &range));
}

static int swapext_as_target(struct target *t)
{
	return xfs_swap_extents(t->fd, t->fd, t->peer_fd);
}

static int swapext_as_temporary(struct target *t)
{
	return xfs_swap_extents(t->peer_fd, t->peer_fd, t->fd);
}

/* the ioctl's own file is neither of the two: any file of any XFS will do */
static int swapext_through_third_file(struct target *t)
{
	_cleanup_close_ int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return op_broken(t, "open .");
	return xfs_swap_extents(fd, t->fd, t->peer_fd);
}

static int move_ext_as_orig(struct target *t)
{
	return ext4_move_extents(t->fd, t->peer_fd);
}

static int move_ext_as_donor(struct target *t)
{
	return ext4_move_extents(t->peer_fd, t->fd);
}

/* ext4 has no remap at all, an XFS may be made without */
#define NO_REFLINK { { EOPNOTSUPP, ON_EXT4 }, { EINVAL, ON_EXT4 }, { EOPNOTSUPP, ON_XFS } }
/* 6.10 brought the exchange, 6.12 the commit, and mkfs -i exchange=1 the feature */
#define NO_EXCHANGE { { ENOTTY }, { EOPNOTSUPP }, { EINVAL } }

/* the kernel moves the extents of DAX files as little as those that are not there */
#define NO_MOVE { { EOPNOTSUPP, ON_DAX }, { EOPNOTSUPP, ON_EXT2 } }

static const struct op ops[] = {
	/* XFS and btrfs reflink where they can, ext4 and tmpfs copy bytes */
	{ "copy_file_range_to_inside", copy_to_in, DENIED, WITH_PEER, CLONES },
	{ "copy_file_range_to_inside", copy_to_in, IN_PLACE, WITH_PEER | NEW_BYTES, COPIES },
	{ "copy_file_range_to_cross", copy_to_cross, DENIED, WITH_PEER, CLONES },
	{ "copy_file_range_to_cross", copy_to_cross, ADDS, WITH_PEER, COPIES },
	{ "copy_file_range_to_end", copy_to_at_end, DENIED, WITH_PEER, CLONES },
	{ "copy_file_range_to_end", copy_to_at_end, ADDS, WITH_PEER, COPIES },
	{ "copy_file_range_to_far_beyond", copy_to_far_beyond, DENIED, WITH_PEER, CLONES },
	{ "copy_file_range_to_far_beyond", copy_to_far_beyond, ADDS, WITH_PEER, COPIES },
	{ "copy_file_range_from", copy_from, ADDS, WITH_PEER | READ_ONLY, CLONES },
	{ "copy_file_range_from", copy_from, FREE, WITH_PEER | READ_ONLY, COPIES },
	{ "copy_file_range_within", copy_within, DENIED, 0, CLONES },
	{ "copy_file_range_within", copy_within, IN_PLACE, NEW_BYTES, COPIES },
	{ "ficlone_to", clone_to, DENIED, WITH_PEER | FIRST, .plain = NO_REFLINK },
	{ "ficlone_from", clone_from, ADDS, WITH_PEER | READ_ONLY, .plain = NO_REFLINK },
	{ "ficlonerange_to", clone_range_to, DENIED, WITH_PEER | FIRST, .plain = NO_REFLINK },
	{ "ficlonerange_to_end", clone_range_to_end, DENIED, WITH_PEER | FIRST,
	  .plain = NO_REFLINK },
	{ "ficlonerange_within", clone_range_within, DENIED, FIRST, .plain = NO_REFLINK },
	{ "ficlonerange_from", clone_range_from, ADDS, WITH_PEER | READ_ONLY,
	  .plain = NO_REFLINK },
	{ "fideduperange_to", dedupe_to, DENIED, WITH_PEER, .plain = NO_REFLINK },
	{ "fideduperange_to_read_only", dedupe_to, DENIED, WITH_PEER | READ_ONLY,
	  .plain = NO_REFLINK },
	{ "fideduperange_from", dedupe_from, ADDS, WITH_PEER | READ_ONLY | FIRST,
	  .plain = NO_REFLINK },
	{ "exchange_range_as_file2", exchange_as_file2, DENIED, WITH_PEER | FIRST, ON_XFS,
	  NO_EXCHANGE },
	{ "exchange_range_as_file1", exchange_as_file1, DENIED, WITH_PEER, ON_XFS, NO_EXCHANGE },
	{ "start_commit", start_commit, FREE, 0, ON_XFS, NO_EXCHANGE },
	{ "commit_range_as_file2", commit_as_file2, DENIED, WITH_PEER, ON_XFS, NO_EXCHANGE },
	{ "commit_range_as_file1", commit_as_file1, DENIED, WITH_PEER, ON_XFS, NO_EXCHANGE },
	{ "swapext_as_target", swapext_as_target, DENIED, WITH_PEER | FIRST | NEIGHBOUR, ON_XFS },
	{ "swapext_as_temporary", swapext_as_temporary, DENIED, WITH_PEER | FIRST | NEIGHBOUR,
	  ON_XFS },
	{ "swapext_through_third_file", swapext_through_third_file, DENIED,
	  WITH_PEER | FIRST | NEIGHBOUR, ON_XFS },
	{ "move_ext_as_orig", move_ext_as_orig, DENIED, WITH_PEER | FIRST | NEIGHBOUR, ON_EXT4,
	  NO_MOVE },
	{ "move_ext_as_donor", move_ext_as_donor, DENIED, WITH_PEER | FIRST | NEIGHBOUR, ON_EXT4,
	  NO_MOVE },
};

const struct op_group ops_remap = { "Sharing and exchanging blocks", ops, ARRAY_SIZE(ops), true };
