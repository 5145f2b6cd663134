// SPDX-License-Identifier: LGPL-2.1-or-later
/* Asking filesystems for inodes by number, and the kernel for filesystems. */
#define _GNU_SOURCE
#include "gone.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <xfs/xfs.h>

#include "hot.h"
#include "mounts.h"
#include "roots.h"
#include "subvolume.h"
#include "util.h"

/* include/linux/exportfs.h: an inode number and a generation, 32 bits each */
#define FILEID_INO32_GEN 1

/* A filesystem that is asked about its inodes. */
struct asked {
	__u32 dev;		/* of the keys */
	int root;		/* a directory of it, or -1: it cannot be asked */
	int errors;		/* what it says about its own errors, or -1 */
	unsigned long magic;
};

#define ASKED_NONE { .root = -1, .errors = -1 }

static void asked_close(struct asked *fs)
{
	sdax_closep(&fs->root);
	sdax_closep(&fs->errors);
	*fs = (struct asked)ASKED_NONE;
}

static int bulkstat(int root, __u64 ino)
{
	struct xfs_bstat found;
	struct xfs_fsop_bulkreq request = {
		.lastip = &ino,
		.icount = 1,
		.ubuffer = &found,
	};

	return ioctl(root, XFS_IOC_FSBULKSTAT_SINGLE, &request);
}

/*
 * By way of an idmapped mount XFS says EINVAL of each inode, as of one that is free:
 * there, or where it is not allowed, it does so of one that is there.
 * fs/xfs/xfs_itable.c, xfs_bulkstat_one()
 */
static bool answers(int root)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(root, &fs) < 0 || fstat(root, &st) < 0)
		return false;
	return fs.f_type != XFS_SUPER_MAGIC || !bulkstat(root, st.st_ino);
}

/*
 * What is mounted there may itself lie below another mount. st_dev would not tell:
 * on btrfs it is the subvolume's.
 */
static int open_if_same(void *arg, const struct sdax_mount *mount)
{
	struct asked *fs = arg;
	_cleanup_close_ int fd = -1;
	__u32 dev;

	if (mount->dev != makedev(fs->dev >> 20, fs->dev & 0xfffff))
		return 0;
	fd = open(mount->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || sdax_subvolume_dev(fd, &dev) < 0 || dev != fs->dev ||
	    !answers(fd))
		return 0;
	fs->root = TAKE_FD(fd);
	return 1;
}

/*
 * ext4 says ESTALE for an inode that is free, and the system call also for one
 * that cannot be read. The latter the filesystem announces before it answers.
 */
static int open_errors(int root)
{
	_cleanup_close_ int fd = -1;

	fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC |
			   FAN_NONBLOCK, O_RDONLY);
	if (fd < 0 || fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				    FAN_FS_ERROR, root, NULL) < 0)
		return -1;
	return TAKE_FD(fd);
}

static void asked_find(struct asked *fs, __u32 dev)
{
	asked_close(fs);
	fs->dev = dev;
	sdax_mounts_walk("/proc/self/mountinfo", open_if_same, fs);
}

static void asked_open(struct asked *fs, __u32 dev)
{
	struct statfs stat;

	asked_find(fs, dev);
	if (fs->root < 0 || fstatfs(fs->root, &stat) < 0)
		return;
	fs->magic = stat.f_type;
	if (fs->magic == EXT4_SUPER_MAGIC)
		fs->errors = open_errors(fs->root);
}

/*
 * Generation 0 stands for any: an inode that another file has by now is not free,
 * and the programs end that seal as replaced. A filesystem that was shut down
 * answers anything, and fails to write out.
 */
static bool is_free_on_ext4(const struct asked *fs, __u64 ino)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + 2 * sizeof(__u32)];
	} id = { .handle = { .handle_bytes = 2 * sizeof(__u32),
			     .handle_type = FILEID_INO32_GEN } };
	const __u32 ino_gen[2] = { (__u32)ino, 0 };
	_cleanup_close_ int fd = -1;
	char event[512];

	if (fs->errors < 0 || ino > UINT32_MAX)
		return false;
	memcpy(id.handle.f_handle, ino_gen, sizeof(ino_gen));
	fd = open_by_handle_at(fs->root, &id.handle, O_PATH | O_CLOEXEC);
	if (fd >= 0 || errno != ESTALE)
		return false;
	return !fsync(fs->root) &&
	       read(fs->errors, event, sizeof(event)) < 0 && errno == EAGAIN;
}

/* Of a damaged inode it says EUCLEAN or EIO. fs/xfs/xfs_itable.c */
static bool is_free_on_xfs(const struct asked *fs, __u64 ino)
{
	return bulkstat(fs->root, ino) < 0 &&
	       (errno == EINVAL || errno == ENOENT);
}

/*
 * An inode has its item in the tree of its subvolume from when it is made until it is
 * freed, and its number is given to no other. Where there is no such tree, as after
 * the subvolume was deleted, it says ENOENT, and where the tree cannot be read EIO.
 */
static bool is_free_on_btrfs(const struct asked *fs, const struct sdax_key *key)
{
	struct btrfs_ioctl_search_args search = {
		.key = {
			.tree_id = key->part / SDAX_PART_PIECES,
			.min_objectid = key->ino,
			.max_objectid = key->ino,
			.min_type = BTRFS_INODE_ITEM_KEY,
			.max_type = BTRFS_INODE_ITEM_KEY,
			.max_offset = UINT64_MAX,
			.max_transid = UINT64_MAX,
			.nr_items = 1,
		},
	};

	/* 0 would stand for the subvolume of the directory */
	return search.key.tree_id &&
	       !ioctl(fs->root, BTRFS_IOC_TREE_SEARCH, &search) &&
	       !search.key.nr_items;
}

static bool is_free(const struct asked *fs, const struct sdax_key *key)
{
	switch (fs->magic) {
	case EXT4_SUPER_MAGIC:
		return is_free_on_ext4(fs, key->ino);
	case XFS_SUPER_MAGIC:
		return is_free_on_xfs(fs, key->ino);
	case BTRFS_SUPER_MAGIC:
		return is_free_on_btrfs(fs, key);
	}
	/* a handle of tmpfs finds only what was asked for one before */
	return false;
}

struct search {
	struct asked fs;
	struct sdax_key *gone;
	size_t count;
};

static void search_done(struct search *search)
{
	asked_close(&search->fs);
	free(search->gone);
}

static bool is_in_force(const struct sdax_slot *slot)
{
	return slot->entry.state == SDAX_STATE_ACTIVE &&
	       !(slot->entry.flags & SDAX_F_CANARY);
}

static int note(struct search *search, const struct sdax_key *key)
{
	struct sdax_key *more;

	more = reallocarray(search->gone, search->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	search->gone = more;
	more[search->count++] = *key;
	return 0;
}

static int look(void *arg, const struct sdax_key *key,
		const struct sdax_slot *slot)
{
	struct search *search = arg;

	if (!is_in_force(slot))
		return 0;
	if (search->fs.dev != key->dev)
		asked_open(&search->fs, key->dev);
	if (search->fs.root < 0 || !is_free(&search->fs, key))
		return 0;
	return note(search, key);
}

int sdax_gone_sweep(struct sdax_store *store)
{
	_cleanup_(search_done) struct search search = { .fs = ASKED_NONE };
	int r;

	r = sdax_store_walk(store, look, &search);
	if (r < 0 || !search.count)
		return r;
	return sdax_store_lapse(store, search.gone, search.count,
				SDAX_LAPSE_DELETED);
}

/* The filesystems with seals that are not there any more. */
struct absence {
	struct search search;
	__u32 *devs;
	size_t count;
};

static void absence_done(struct absence *absence)
{
	search_done(&absence->search);
	free(absence->devs);
}

static int note_absent(struct absence *absence, __u32 dev)
{
	__u32 *more;

	more = reallocarray(absence->devs, absence->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	absence->devs = more;
	more[absence->count++] = dev;
	return 0;
}

static int call_roll(struct absence *absence, const struct sdax_store *store)
{
	__u32 dev, *prev = NULL;
	struct sdax_fs fs;
	int r, unknown = 0;

	for (; !bpf_map_get_next_key(store->filesystems, prev, &dev); prev = &dev) {
		if (bpf_map_lookup_elem(store->filesystems, &dev, &fs) < 0 ||
		    (!fs.seals && !fs.audits))
			continue;
		r = sdax_roots_ask(dev);
		if (r < 0)
			unknown = r;
		if (!r && note_absent(absence, dev) < 0)
			return -ENOMEM;
	}
	return unknown;
}

/*
 * Read after the superblocks were asked for: had the programs seen this one go, the
 * seal would have ended before.
 */
static int note_if_absent(void *arg, const struct sdax_key *key,
			  const struct sdax_slot *slot)
{
	struct absence *absence = arg;

	if (!is_in_force(slot))
		return 0;
	for (size_t i = 0; i < absence->count; i++)
		if (absence->devs[i] == key->dev)
			return note(&absence->search, key);
	return 0;
}

int sdax_gone_unmounted(struct sdax_store *store, struct sdax_key *ret_first,
			size_t *ret_count)
{
	_cleanup_(absence_done) struct absence absence = {
		.search.fs = ASKED_NONE,
	};
	struct search *search = &absence.search;
	int r, unknown;

	*ret_count = 0;
	unknown = call_roll(&absence, store);
	r = absence.count ? sdax_store_walk(store, note_if_absent, &absence) : 0;
	if (r < 0 || !search->count)
		return r ?: unknown;
	if (!sdax_store_guarded(store))
		r = sdax_store_lapse(store, search->gone, search->count,
				     SDAX_LAPSE_UNMOUNTED);
	if (r < 0)
		return r;
	/* all that are left are on the superblocks that were marked */
	if (!unknown && !sdax_store_guarded(store))
		sdax_hot_all_known(store->filter);
	*ret_first = search->gone[0];
	*ret_count = search->count;
	return unknown;
}
