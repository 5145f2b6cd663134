// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../hooks/contract.h"
#include "../hooks/ext4_ioctl.h"
#include "../hooks/file.h"
#include "../hooks/file_attr.h"
#include "../hooks/loop.h"
#include "../hooks/swapfile.h"
#include "../hooks/uring.h"
#include "../hooks/xfs_ioctl.h"
#include "mutators.h"

static int open_file(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC);
}

static int allocate(int mode, off_t pos, off_t length)
{
	_cleanup_close_ int fd = open_file(PATH, O_RDWR);

	return answer(fd < 0 ? fd : fallocate(fd, mode, pos, length));
}

static int truncate_down(void)
{
	return answer(truncate(PATH, FIT_SIZE / 2));
}

static int truncate_up(void)
{
	return answer(truncate(PATH, 2 * FIT_SIZE));
}

static int ftruncate_down(void)
{
	_cleanup_close_ int fd = open_file(PATH, O_RDWR);

	return answer(fd < 0 ? fd : ftruncate(fd, BLOCK));
}

static int open_trunc(void)
{
	return answer_open(open_file(PATH, O_RDWR | O_TRUNC));
}

static int write_beyond(void)
{
	_cleanup_close_ int fd = open_file(PATH, O_RDWR);

	return fd < 0 ? -errno :
			answer_length(pwrite(fd, new_bytes, BLOCK + 1, FIT_SIZE - BLOCK), BLOCK + 1);
}

static int append(void)
{
	_cleanup_close_ int fd = open_file(PATH, O_WRONLY | O_APPEND);

	return fd < 0 ? -errno : answer_length(write(fd, new_bytes, BLOCK), BLOCK);
}

static int set_append(void)
{
	_cleanup_close_ int fd = open_file(PATH, O_RDWR);

	if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND))
		return -errno;
	return answer_length(write(fd, new_bytes, BLOCK), BLOCK);
}

static int write_inside(void)
{
	_cleanup_close_ int fd = open_file(PATH, O_RDWR);

	return fd < 0 ? -errno : answer_length(pwrite(fd, new_bytes, BLOCK, BLOCK), BLOCK);
}

static int write_direct(void)
{
	_cleanup_close_ int fd = open_file(PATH, O_RDWR | O_DIRECT);

	return fd < 0 ? -errno : answer_length(pwrite(fd, new_bytes, BLOCK, BLOCK), BLOCK);
}

static int store(void)
{
	_cleanup_close_ int fd = open_file(PATH, O_RDWR);
	char *map = fd < 0 ? MAP_FAILED :
			     mmap(NULL, FIT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	map[BLOCK]++;
	munmap(map, FIT_SIZE);
	return 0;
}

static int punch(void)
{
	return allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, BLOCK, BLOCK);
}

static int collapse(void)
{
	return allocate(FALLOC_FL_COLLAPSE_RANGE, BLOCK, BLOCK);
}

static int insert(void)
{
	return allocate(FALLOC_FL_INSERT_RANGE, BLOCK, BLOCK);
}

static int zero(void)
{
	return allocate(FALLOC_FL_ZERO_RANGE, BLOCK, 2 * BLOCK);
}

static int allocate_beyond(void)
{
	return allocate(FALLOC_FL_KEEP_SIZE, FIT_SIZE, FIT_SIZE);
}

static int punch_in_worker(void)
{
	_cleanup_close_ int fd = open_file(PATH, O_RDWR);
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_FALLOCATE,
		.fd = fd,
		.off = BLOCK,
		.addr = BLOCK,
		.len = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	};
	int r = fd < 0 ? -errno : uring_run(sqe, URING_ASYNC);

	return r == URING_NONE ? -ENOSYS : r;
}

/* The mapping alone keeps the file in use. */
static int remove_mapped(void)
{
	int fd = open_file(PATH, O_RDWR), r;
	char *map = fd < 0 ? MAP_FAILED :
			     mmap(NULL, FIT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	close(fd);
	r = answer(madvise(map + BLOCK, BLOCK, MADV_REMOVE));
	munmap(map, FIT_SIZE);
	return r;
}

static int with_both(int (*once)(int fd, int peer_fd))
{
	_cleanup_close_ int fd = open_file(PATH, O_RDWR);
	_cleanup_close_ int peer_fd = open_file(PEER, O_RDWR);

	return fd < 0 || peer_fd < 0 ? -errno : once(fd, peer_fd);
}

static int clone_into(int fd, int peer_fd)
{
	return answer(ioctl(fd, FICLONE, peer_fd));
}

static int clone_from(int fd, int peer_fd)
{
	return answer(ioctl(peer_fd, FICLONE, fd));
}

static int copy_into(int fd, int peer_fd)
{
	loff_t from = 0, to = BLOCK;

	return answer_length(copy_file_range(peer_fd, &from, fd, &to, BLOCK, 0), BLOCK);
}

static int swap(int fd, int peer_fd)
{
	return xfs_swap_extents(fd, fd, peer_fd);
}

static int exchange(int fd, int peer_fd)
{
	return xfs_exchange_range(peer_fd, fd);
}

static int ficlone_into(void)
{
	return with_both(clone_into);
}

static int ficlone_from(void)
{
	return with_both(clone_from);
}

static int copy_file_range_into(void)
{
	return with_both(copy_into);
}

static int swapext(void)
{
	return with_both(swap);
}

static int exchange_range(void)
{
	return with_both(exchange);
}

static int move_ext(void)
{
	return with_both(ext4_move_extents);
}

static int attach_loop(void)
{
	_cleanup_close_ int loop = loop_open_free(NULL, 0);
	_cleanup_close_ int fd = open_file(PATH, O_RDWR);
	int r;

	if (loop < 0 || fd < 0)
		return loop < 0 ? loop : -errno;
	r = answer(ioctl(loop, LOOP_SET_FD, fd));
	if (!r)
		loop_detach(loop);
	return r;
}

static int set_flags(void)
{
	_cleanup_close_ int fd = open_file(PATH, O_RDONLY);
	struct fsxattr attr = { .fsx_xflags = FS_XFLAG_NOATIME };

	return answer(fd < 0 ? fd : ioctl(fd, FS_IOC_FSSETXATTR, &attr));
}

static int rename_over(void)
{
	return answer(rename(PEER, PATH));
}

static int rename_exchange(void)
{
	return answer(renameat2(AT_FDCWD, PEER, AT_FDCWD, PATH, RENAME_EXCHANGE));
}

static int unlink_file(void)
{
	return answer(unlink(PATH));
}

/* What is compared has to be equal, or nothing would be shared. */
static int dedupe(int fd, int peer_fd)
{
	union {
		struct file_dedupe_range range;
		char room[sizeof(struct file_dedupe_range) +
			  sizeof(struct file_dedupe_range_info)];
	} u = {
		.range.src_length = BLOCK,
		.range.dest_count = 1,
	};
	static char bytes[BLOCK];

	if (pread(fd, bytes, BLOCK, 0) != BLOCK || pwrite(peer_fd, bytes, BLOCK, 0) != BLOCK)
		return -EIO;
	u.range.info[0].dest_fd = fd;
	if (ioctl(peer_fd, FIDEDUPERANGE, &u.range))
		return -errno;
	if (u.range.info[0].status < 0)
		return u.range.info[0].status;
	return u.range.info[0].bytes_deduped == BLOCK ? 0 : -EIO;
}

static int fideduperange(void)
{
	return with_both(dedupe);
}

static int commit(int fd, int peer_fd)
{
	return xfs_commit_range(peer_fd, fd);
}

static int commit_range(void)
{
	return with_both(commit);
}

static int set_attributes(void)
{
	struct file_attr_0 attr = { .xflags = FS_XFLAG_NOATIME };

	return answer(syscall(SYS_FILE_SETATTR, AT_FDCWD, PATH, &attr, sizeof(attr), 0));
}

/* A file that has extents is first made one that has none, as far as a seal lets it. */
static void take_extents(void)
{
	_cleanup_close_ int fd = open_file(PATH, O_RDWR);
	int flags;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) || !(flags & EXT4_EXTENTS_FLAG))
		return;
	flags &= ~EXT4_EXTENTS_FLAG;
	if (ftruncate(fd, 0) || ioctl(fd, FS_IOC_SETFLAGS, &flags))
		return;
	if (pwrite(fd, new_bytes, FIT_SIZE, 0) != FIT_SIZE || fsync(fd))
		return;
}

static int migrate(void)
{
	_cleanup_close_ int fd = -1;

	take_extents();
	fd = open_file(PATH, O_RDWR);
	return answer(fd < 0 ? fd : ioctl(fd, EXT4_MIGRATE));
}

static int write_beyond_by_aio(void)
{
	_cleanup_close_ int fd = open_file(PATH, O_RDWR);
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_PWRITE,
		.aio_fildes = fd,
		.aio_buf = (uintptr_t)new_bytes,
		.aio_nbytes = 2 * BLOCK,
		.aio_offset = FIT_SIZE - BLOCK,
	};
	struct iocb *list[] = { &cb };
	aio_context_t context = 0;
	struct io_event event;
	int r;

	if (fd < 0 || syscall(SYS_io_setup, 1, &context))
		return -errno;
	r = syscall(SYS_io_submit, context, 1, list) == 1 ? 0 : -errno;
	if (!r && syscall(SYS_io_getevents, context, 1, 1, &event, NULL) == 1)
		r = event.res < 0 ? (int)event.res : event.res == 2 * BLOCK ? 0 : -EIO;
	syscall(SYS_io_destroy, context);
	return r;
}

/* It is allowed first, and then waits for its pipe, which another process fills. */
static int splice_that_waits(void)
{
	_cleanup_close_ int fd = open_file(PATH, O_RDWR), in = -1, out = -1;
	loff_t position = FIT_SIZE;
	int ends[2], r;
	pid_t pid;

	if (fd < 0 || pipe2(ends, O_CLOEXEC))
		return -errno;
	in = ends[0];
	out = ends[1];
	pid = fork();
	if (pid == 0)
		_exit(write(out, new_bytes, BLOCK) != BLOCK);
	if (pid < 0)
		return -errno;
	close(out);
	out = -1;
	r = answer_length(splice(in, NULL, fd, &position, BLOCK, 0), BLOCK);
	waitpid(pid, NULL, 0);
	return r;
}

/* The child's end is written down in it. */
static int account(void)
{
	int r = answer(acct(PATH));
	pid_t pid = r ? -1 : fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (!r)
		acct(NULL);
	return r;
}

static int swap_on(void)
{
	int r = swapfile_make(PATH);

	if (!r)
		r = swapfile_on(PATH);
	if (!r)
		r = swapfile_off(PATH);
	return r;
}

const struct mutator mutators[] = {
	{ "write_inside", write_inside, true },
	{ "direct_write_inside", write_direct, true },
	{ "store", store, true },
	{ "truncate_down", truncate_down },
	{ "truncate_up", truncate_up },
	{ "ftruncate_down", ftruncate_down },
	{ "open_trunc", open_trunc },
	{ "write_beyond", write_beyond },
	{ "append", append },
	{ "fcntl_append", set_append },
	{ "punch_hole", punch },
	{ "uring_punch_hole", punch_in_worker },
	{ "madv_remove", remove_mapped },
	{ "collapse_range", collapse },
	{ "insert_range", insert },
	{ "zero_range", zero },
	{ "fallocate_beyond", allocate_beyond },
	{ "ficlone_into", ficlone_into, false, ON_XFS },
	{ "ficlone_from", ficlone_from, false, ON_XFS },
	{ "copy_file_range_into", copy_file_range_into, false, ON_XFS },
	{ "fideduperange_into", fideduperange, false, ON_XFS },
	{ "swapext", swapext, false, ON_XFS },
	{ "exchange_range", exchange_range, false, ON_XFS },
	{ "commit_range", commit_range, false, ON_XFS },
	{ "move_ext", move_ext, false, ON_EXT4 },
	{ "migrate", migrate, false, ON_EXT4 },
	{ "loop_attach", attach_loop },
	{ "aio_write_beyond", write_beyond_by_aio },
	{ "splice_that_waits", splice_that_waits },
	{ "acct", account },
	{ "swapon", swap_on, false, ON_PAGES },
	{ "fssetxattr", set_flags },
	{ "file_setattr", set_attributes },
	{ "rename_over", rename_over },
	{ "rename_exchange", rename_exchange },
	{ "unlink", unlink_file },
};
const size_t mutator_count = ARRAY_SIZE(mutators);
