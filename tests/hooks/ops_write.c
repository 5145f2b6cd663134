// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * write(2) and its relatives: inside the file, across its end, behind it, appending.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "contract.h"

/* linux/fs.h, since 6.9, 6.11, 6.18 and 6.14 */
#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif
#ifndef RWF_ATOMIC
#define RWF_ATOMIC 0x40
#endif
#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x100
#endif
#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x80
#endif

static int write_at(struct target *t, off_t pos, size_t length)
{
	int r = answer_length(pwrite(t->fd, new_bytes, length, pos), length);

	return r ? r : read_back(t->fd, pos, length);
}

/* in two pieces, the border in the middle */
static int writev_at(struct target *t, off_t pos, size_t length, int flags)
{
	struct iovec iov[] = {
		{ new_bytes, length / 2 },
		{ new_bytes, length - length / 2 },
	};
	/* the kernel takes the position as two registers, and on 64 bit ignores the second */
	int r = answer_length(syscall(SYS_pwritev2, t->fd, iov, 2, (long)pos, 0L, flags), length);

	return r ? r : read_back(t->fd, pos, length);
}

static int write_by_position(struct target *t, off_t pos, size_t length)
{
	if (lseek(t->fd, pos, SEEK_SET) != pos)
		return op_broken(t, "lseek");
	return answer_length(write(t->fd, new_bytes, length), length);
}

static int write_in(struct target *t)
{
	int r = write_by_position(t, BLOCK, BLOCK);

	return r ? r : read_back(t->fd, BLOCK, BLOCK);
}

static int write_whole_file(struct target *t)
{
	int r = write_by_position(t, 0, FIT_SIZE);

	return r ? r : read_back(t->fd, 0, FIT_SIZE);
}

static int pwrite_in(struct target *t)
{
	return write_at(t, BLOCK, BLOCK);
}

/* The kernel takes the bit away while it writes, by the hook that sets attributes. */
static int write_in_to_setuid_file(struct target *t)
{
	struct stat st;
	int r;

	if (fchmod(t->fd, 04755))
		return op_broken(t, "chmod");
	/* by somebody who may not keep it */
	setfsuid(65534);
	r = write_at(t, BLOCK, BLOCK);
	setfsuid(0);
	if (!r && (fstat(t->fd, &st) || st.st_mode & S_ISUID))
		r = -EIO;
	return fchmod(t->fd, 0644) ? op_broken(t, "chmod back") : r;
}

static int pwrite_one_byte(struct target *t)
{
	return write_at(t, 100, 1);
}

static int pwrite_last_byte(struct target *t)
{
	return write_at(t, FIT_SIZE - 1, 1);
}

static int writev_in(struct target *t)
{
	struct iovec iov[] = { { new_bytes, 1000 }, { new_bytes, 3096 } };

	return answer_length(writev(t->fd, iov, 2), BLOCK);
}

static int pwritev_in(struct target *t)
{
	struct iovec iov[] = { { new_bytes, 1000 }, { new_bytes, 3096 } };

	return answer_length(pwritev(t->fd, iov, 2, BLOCK), BLOCK);
}

static int pwritev2_in(struct target *t)
{
	return writev_at(t, BLOCK, BLOCK, 0);
}

/* offset -1: the file position, which only pwritev2 knows */
static int pwritev2_in_at_position(struct target *t)
{
	struct iovec iov = { new_bytes, BLOCK };

	if (lseek(t->fd, BLOCK, SEEK_SET) < 0)
		return op_broken(t, "lseek");
	return answer_length(pwritev2(t->fd, &iov, 1, -1, RWF_DSYNC), BLOCK);
}

static int pwritev2_dsync_in(struct target *t)
{
	return writev_at(t, BLOCK, BLOCK, RWF_DSYNC);
}

static int pwritev2_sync_in(struct target *t)
{
	return writev_at(t, BLOCK, BLOCK, RWF_SYNC);
}

static int pwritev2_nowait_in(struct target *t)
{
	return writev_at(t, BLOCK, BLOCK, RWF_NOWAIT);
}

static int pwritev2_noappend_in(struct target *t)
{
	return writev_at(t, BLOCK, BLOCK, RWF_NOAPPEND);
}

static int pwritev2_dontcache_in(struct target *t)
{
	return writev_at(t, BLOCK, BLOCK, RWF_DONTCACHE);
}

static int direct_in(struct target *t)
{
	return write_at(t, BLOCK, BLOCK);
}

static int direct_cross(struct target *t)
{
	return write_at(t, FIT_SIZE - BLOCK, 2 * BLOCK);
}

static int direct_at_end(struct target *t)
{
	return write_at(t, FIT_SIZE, BLOCK);
}

static int write_cross(struct target *t)
{
	return write_by_position(t, FIT_SIZE - BLOCK, 2 * BLOCK);
}

static int write_at_end(struct target *t)
{
	return write_by_position(t, FIT_SIZE, BLOCK);
}

static int pwrite_cross(struct target *t)
{
	return write_at(t, FIT_SIZE - BLOCK, 2 * BLOCK);
}

static int pwrite_cross_by_one_byte(struct target *t)
{
	return write_at(t, FIT_SIZE - BLOCK, BLOCK + 1);
}

static int pwrite_at_end(struct target *t)
{
	return write_at(t, FIT_SIZE, 1);
}

static int pwrite_far_beyond(struct target *t)
{
	return write_at(t, 16 * FIT_SIZE, BLOCK);
}

static struct iovec two_blocks[] = { { new_bytes, BLOCK }, { new_bytes, BLOCK } };

static int writev_by_position(struct target *t, off_t pos)
{
	if (lseek(t->fd, pos, SEEK_SET) < 0)
		return op_broken(t, "lseek");
	return answer_length(writev(t->fd, two_blocks, 2), 2 * BLOCK);
}

static int pwritev_at(struct target *t, off_t pos)
{
	return answer_length(pwritev(t->fd, two_blocks, 2, pos), 2 * BLOCK);
}

static int writev_cross(struct target *t)
{
	return writev_by_position(t, FIT_SIZE - BLOCK);
}

static int writev_at_end(struct target *t)
{
	return writev_by_position(t, FIT_SIZE);
}

static int writev_far_beyond(struct target *t)
{
	return writev_by_position(t, 16 * FIT_SIZE);
}

static int pwritev_cross(struct target *t)
{
	return pwritev_at(t, FIT_SIZE - BLOCK);
}

static int pwritev_at_end(struct target *t)
{
	return pwritev_at(t, FIT_SIZE);
}

static int pwritev_far_beyond(struct target *t)
{
	return pwritev_at(t, 16 * FIT_SIZE);
}

static int pwritev2_cross(struct target *t)
{
	return writev_at(t, FIT_SIZE - BLOCK, 2 * BLOCK, 0);
}

static int pwritev2_at_end(struct target *t)
{
	return writev_at(t, FIT_SIZE, 2 * BLOCK, 0);
}

static int pwritev2_far_beyond(struct target *t)
{
	return writev_at(t, 16 * FIT_SIZE, 2 * BLOCK, 0);
}

static int pwritev2_hipri_cross(struct target *t)
{
	return writev_at(t, FIT_SIZE - BLOCK, 2 * BLOCK, RWF_HIPRI);
}

static int pwritev2_dsync_cross(struct target *t)
{
	return writev_at(t, FIT_SIZE - BLOCK, 2 * BLOCK, RWF_DSYNC);
}

static int pwritev2_sync_cross(struct target *t)
{
	return writev_at(t, FIT_SIZE - BLOCK, 2 * BLOCK, RWF_SYNC);
}

static int pwritev2_nowait_cross(struct target *t)
{
	return writev_at(t, FIT_SIZE - BLOCK, 2 * BLOCK, RWF_NOWAIT);
}

static int pwritev2_noappend_cross(struct target *t)
{
	return writev_at(t, FIT_SIZE - BLOCK, 2 * BLOCK, RWF_NOAPPEND);
}

static int pwritev2_dontcache_cross(struct target *t)
{
	return writev_at(t, FIT_SIZE - BLOCK, 2 * BLOCK, RWF_DONTCACHE);
}

static int pwritev2_nosignal_cross(struct target *t)
{
	return writev_at(t, FIT_SIZE - BLOCK, 2 * BLOCK, RWF_NOSIGNAL);
}

static int pwritev2_hipri_in(struct target *t)
{
	return writev_at(t, BLOCK, BLOCK, RWF_HIPRI);
}

static int pwritev2_nosignal_in(struct target *t)
{
	return writev_at(t, BLOCK, BLOCK, RWF_NOSIGNAL);
}

static int write_far_beyond(struct target *t)
{
	return write_by_position(t, 16 * FIT_SIZE, BLOCK);
}

static int direct_far_beyond(struct target *t)
{
	return write_at(t, 16 * FIT_SIZE, BLOCK);
}

static int pwritev2_append(struct target *t)
{
	struct iovec iov = { new_bytes, BLOCK };

	/* the position is inside the file, and RWF_APPEND overrules it */
	return answer_length(pwritev2(t->fd, &iov, 1, 0, RWF_APPEND), BLOCK);
}

static int pwritev2_append_at_position(struct target *t)
{
	struct iovec iov = { new_bytes, BLOCK };

	return answer_length(pwritev2(t->fd, &iov, 1, -1, RWF_APPEND), BLOCK);
}

static int pwritev2_append_dsync(struct target *t)
{
	struct iovec iov = { new_bytes, BLOCK };

	return answer_length(pwritev2(t->fd, &iov, 1, 0, RWF_APPEND | RWF_DSYNC), BLOCK);
}

static int pwritev2_atomic(struct target *t)
{
	struct iovec iov = { new_bytes, BLOCK };

	return answer_length(pwritev2(t->fd, &iov, 1, BLOCK, RWF_ATOMIC), BLOCK);
}

static int open_append(struct target *t)
{
	return answer_open(open(t->path, O_WRONLY | O_APPEND));
}

static int open_append_rdwr(struct target *t)
{
	return answer_open(open(t->path, O_RDWR | O_APPEND));
}

/* nothing can be written through it, and it may be made one that does not wait */
static int open_append_rdonly(struct target *t)
{
	int fd = open(t->path, O_RDONLY | O_APPEND | O_CLOEXEC);
	int r = fd;

	if (fd >= 0)
		r = fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	r = answer(r);
	if (fd >= 0)
		close(fd);
	return r;
}

static int fcntl_append(struct target *t)
{
	int flags = fcntl(t->fd, F_GETFL);

	if (flags < 0)
		return op_broken(t, "F_GETFL");
	return answer(fcntl(t->fd, F_SETFL, flags | O_APPEND));
}

static int fcntl_append_then_write(struct target *t)
{
	int r = fcntl_append(t);

	return r ? r : answer_length(write(t->fd, new_bytes, BLOCK), BLOCK);
}

static int fcntl_nonblock(struct target *t)
{
	return answer(fcntl(t->fd, F_SETFL, O_NONBLOCK));
}

/* not every kernel, filesystem and device has the flag; EAGAIN: a page that had to be read */
#define SOME_HAVE_IT { { EOPNOTSUPP }, { EINVAL } }
#define SOME_HAVE_IT_NOW { { EOPNOTSUPP }, { EINVAL }, { EAGAIN } }

static const struct op ops[] = {
	{ "write_in", write_in, IN_PLACE, NEW_BYTES },
	{ "write_whole_file", write_whole_file, IN_PLACE, NEW_BYTES },
	{ "write_in_to_setuid_file", write_in_to_setuid_file, IN_PLACE, NEW_BYTES },
	{ "pwrite_in", pwrite_in, IN_PLACE, NEW_BYTES },
	{ "pwrite_one_byte", pwrite_one_byte, IN_PLACE, NEW_BYTES },
	{ "pwrite_last_byte", pwrite_last_byte, IN_PLACE, NEW_BYTES },
	{ "writev_in", writev_in, IN_PLACE, NEW_BYTES },
	{ "pwritev_in", pwritev_in, IN_PLACE, NEW_BYTES },
	{ "pwritev2_in", pwritev2_in, IN_PLACE, NEW_BYTES },
	{ "pwritev2_in_at_position", pwritev2_in_at_position, IN_PLACE, NEW_BYTES },
	{ "pwritev2_dsync_in", pwritev2_dsync_in, IN_PLACE, NEW_BYTES },
	{ "pwritev2_sync_in", pwritev2_sync_in, IN_PLACE, NEW_BYTES },
	{ "pwritev2_nowait_in", pwritev2_nowait_in, IN_PLACE, NEW_BYTES | VARIES,
	  .plain = SOME_HAVE_IT_NOW },
	{ "pwritev2_noappend_in", pwritev2_noappend_in, IN_PLACE, NEW_BYTES,
	  .plain = SOME_HAVE_IT },
	{ "pwritev2_dontcache_in", pwritev2_dontcache_in, IN_PLACE, NEW_BYTES,
	  .plain = SOME_HAVE_IT },
	{ "pwritev2_hipri_in", pwritev2_hipri_in, IN_PLACE, NEW_BYTES, .plain = SOME_HAVE_IT },
	{ "pwritev2_nosignal_in", pwritev2_nosignal_in, IN_PLACE, NEW_BYTES,
	  .plain = SOME_HAVE_IT },
	{ "direct_write_in", direct_in, IN_PLACE, NEW_BYTES | DIRECT },
	{ "direct_write_cross", direct_cross, ADDS, DIRECT },
	{ "direct_write_at_end", direct_at_end, ADDS, DIRECT },
	{ "direct_write_far_beyond", direct_far_beyond, ADDS, DIRECT },
	{ "write_cross", write_cross, ADDS },
	{ "write_far_beyond", write_far_beyond, ADDS },
	{ "write_at_end", write_at_end, ADDS },
	{ "pwrite_cross", pwrite_cross, ADDS },
	{ "pwrite_cross_by_one_byte", pwrite_cross_by_one_byte, ADDS },
	{ "pwrite_at_end", pwrite_at_end, ADDS },
	{ "pwrite_far_beyond", pwrite_far_beyond, ADDS },
	{ "writev_cross", writev_cross, ADDS },
	{ "writev_at_end", writev_at_end, ADDS },
	{ "writev_far_beyond", writev_far_beyond, ADDS },
	{ "pwritev_cross", pwritev_cross, ADDS },
	{ "pwritev_at_end", pwritev_at_end, ADDS },
	{ "pwritev_far_beyond", pwritev_far_beyond, ADDS },
	{ "pwritev2_cross", pwritev2_cross, ADDS },
	{ "pwritev2_at_end", pwritev2_at_end, ADDS },
	{ "pwritev2_far_beyond", pwritev2_far_beyond, ADDS },
	{ "pwritev2_hipri_cross", pwritev2_hipri_cross, ADDS, .plain = SOME_HAVE_IT },
	{ "pwritev2_dsync_cross", pwritev2_dsync_cross, ADDS },
	{ "pwritev2_sync_cross", pwritev2_sync_cross, ADDS },
	{ "pwritev2_nowait_cross", pwritev2_nowait_cross, ADDS, VARIES, .plain = SOME_HAVE_IT_NOW },
	{ "pwritev2_noappend_cross", pwritev2_noappend_cross, ADDS, .plain = SOME_HAVE_IT },
	{ "pwritev2_dontcache_cross", pwritev2_dontcache_cross, ADDS, .plain = SOME_HAVE_IT },
	{ "pwritev2_nosignal_cross", pwritev2_nosignal_cross, ADDS, .plain = SOME_HAVE_IT },
	{ "pwritev2_append", pwritev2_append, ADDS },
	{ "pwritev2_append_at_position", pwritev2_append_at_position, ADDS },
	{ "pwritev2_append_dsync", pwritev2_append_dsync, ADDS },
	{ "pwritev2_atomic", pwritev2_atomic, ADDS, DIRECT, .plain = SOME_HAVE_IT },
	{ "open_append", open_append, ADDS, BY_PATH },
	{ "open_append_rdwr", open_append_rdwr, ADDS, BY_PATH },
	{ "open_append_rdonly", open_append_rdonly, FREE, BY_PATH },
	{ "fcntl_append", fcntl_append, ADDS },
	{ "fcntl_append_then_write", fcntl_append_then_write, ADDS },
	{ "fcntl_nonblock", fcntl_nonblock, FREE },
};

const struct op_group ops_write = { "Writing", ops, ARRAY_SIZE(ops), true };
