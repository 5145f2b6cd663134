// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What shares or moves blocks between two files, the prey in either role.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../hooks/ext4_ioctl.h"
#include "../hooks/loop.h"
#include "../hooks/xfs_ioctl.h"
#include "act.h"

/* XFS reflinks where it can; ext4 reads, which is free, and writes. */
static int copy_range(struct scene *s)
{
	loff_t from = pick(s, FIT_SIZE / BLOCK) * BLOCK, to;
	ssize_t n;

	place(s, pick(s, 2) ? BLOCK : 1);
	to = s->pos;
	if (s->on & ON_XFS)
		s->due = DUE_DENIAL;
	else if (s->prey_is_peer)
		s->due = DUE_FREE;
	n = copy_file_range(s->peer_fd, &from, s->fd, &to, s->length, 0);
	/* nothing there to be copied */
	return n < 0 ? -errno : n ? 0 : -ENODATA;
}

static int clone_file(struct scene *s)
{
	return answer(ioctl(s->fd, FICLONE, s->peer_fd));
}

static int clone_range(struct scene *s)
{
	struct file_clone_range range = {
		.src_fd = s->peer_fd,
		.src_offset = pick(s, FIT_SIZE / BLOCK) * BLOCK,
		.src_length = (1 + pick(s, 4)) * BLOCK,
		.dest_offset = pick(s, 2 * FIT_SIZE / BLOCK) * BLOCK,
	};

	s->pos = range.dest_offset;
	s->length = range.src_length;
	return answer(ioctl(s->fd, FICLONERANGE, &range));
}

static int dedupe(struct scene *s)
{
	union {
		struct file_dedupe_range range;
		char room[sizeof(struct file_dedupe_range) +
			  sizeof(struct file_dedupe_range_info)];
	} u = {
		.range.src_offset = pick(s, FIT_SIZE / BLOCK) * BLOCK,
		.range.src_length = BLOCK,
		.range.dest_count = 1,
	};

	u.range.info[0].dest_fd = s->fd;
	u.range.info[0].dest_offset = u.range.src_offset;
	s->pos = u.range.src_offset;
	if (ioctl(s->peer_fd, FIDEDUPERANGE, &u.range))
		return -errno;
	if (u.range.info[0].status)
		return u.range.info[0].status < 0 ? u.range.info[0].status : -EBADE;
	return u.range.info[0].bytes_deduped ? 0 : -ENODATA;
}

static int exchange(struct scene *s)
{
	return pick(s, 2) ? xfs_exchange_range(s->fd, s->peer_fd) :
			    xfs_exchange_range(s->peer_fd, s->fd);
}

static int commit(struct scene *s)
{
	return pick(s, 2) ? xfs_commit_range(s->fd, s->peer_fd) :
			    xfs_commit_range(s->peer_fd, s->fd);
}

static int swap_extents(struct scene *s)
{
	int through = pick(s, 2) ? s->fd : s->shared_fd;

	return pick(s, 2) ? xfs_swap_extents(through, s->fd, s->peer_fd) :
			    xfs_swap_extents(through, s->peer_fd, s->fd);
}

/* Refused on the whole filesystem, so whatever the shared descriptor is. */
static int move_extents(struct scene *s)
{
	switch (pick(s, 4)) {
	case 0:
		return ext4_move_extents(s->fd, s->shared_fd);
	case 1:
		return ext4_move_extents(s->shared_fd, s->fd);
	}
	return ext4_move_extents(s->fd, s->peer_fd);
}

static int attach_loop(struct scene *s)
{
	_cleanup_close_ int loop = loop_open_free(NULL, 0);
	struct loop_config config = { .fd = pick(s, 2) ? s->fd : s->shared_fd };
	int r;

	if (loop < 0)
		return loop;
	r = answer(pick(s, 2) ? ioctl(loop, LOOP_SET_FD, config.fd) :
				ioctl(loop, LOOP_CONFIGURE, &config));
	if (!r)
		loop_detach(loop);
	return r;
}

static const struct act acts[] = {
	{ "copy_file_range", copy_range, 0, ACT_BOTH },
	{ "ficlone", clone_file, DUE_DENIAL, ACT_BOTH },
	{ "ficlonerange", clone_range, DUE_DENIAL, ACT_BOTH },
	{ "fideduperange", dedupe, DUE_DENIAL, ACT_BOTH },
	{ "exchange_range", exchange, DUE_DENIAL, ACT_BOTH, ON_XFS },
	{ "commit_range", commit, DUE_DENIAL, ACT_BOTH, ON_XFS },
	{ "swapext", swap_extents, DUE_DENIAL, ACT_BOTH | ACT_WIDE | ACT_UNSTABLE, ON_XFS },
	{ "move_ext", move_extents, DUE_DENIAL, ACT_BOTH | ACT_WIDE | ACT_UNSTABLE, ON_EXT4 },
	{ "loop_attach", attach_loop, DUE_DENIAL, ACT_BOTH | ACT_WIDE | ACT_UNSTABLE },
};

const struct act_group acts_remap = { acts, ARRAY_SIZE(acts) };
