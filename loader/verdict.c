// SPDX-License-Identifier: LGPL-2.1-or-later
/* Is the file fit? Facts and extents in, a reason out; pure, no system call. */
#define _GNU_SOURCE
#include "verdict.h"

#include <endian.h>
#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "util.h"

/* In no linux/magic.h: fs/bcachefs/bcachefs_format.h, OpenZFS sys/fs/zfs.h. */
#define BCACHEFS_MAGIC 0xca451a4e
#define ZFS_MAGIC 0x2fc12fc1

#define COW "copy-on-write, data moves at every write"
#define LOG "log-structured, data moves when written and when cleaned up"
#define NO_MAP "no block map, its pages belong to no device"
#define REMOTE "the blocks are another machine's"
#define STACKED "stacked, the blocks are those of a file below"

static const struct {
	uint64_t magic;
	const char *name;
	const char *why;
} unfit_filesystems[] = {
	{ BTRFS_SUPER_MAGIC, "btrfs", COW },
	{ BCACHEFS_MAGIC, "bcachefs", COW },
	{ ZFS_MAGIC, "zfs", COW },
	{ F2FS_SUPER_MAGIC, "f2fs", LOG },
	{ NILFS_SUPER_MAGIC, "nilfs2", LOG },
	{ TMPFS_MAGIC, "tmpfs", NO_MAP },
	{ RAMFS_MAGIC, "ramfs", NO_MAP },
	{ HUGETLBFS_MAGIC, "hugetlbfs", NO_MAP },
	{ OVERLAYFS_SUPER_MAGIC, "overlayfs",
	  "stacked, seal the upper file by its own path before it is used through the overlay" },
	{ ECRYPTFS_SUPER_MAGIC, "ecryptfs", STACKED },
	{ FUSE_SUPER_MAGIC, "fuse",
	  "the blocks are those of a program, not of the kernel" },
	{ NFS_SUPER_MAGIC, "nfs", REMOTE },
	{ CIFS_SUPER_MAGIC, "cifs", REMOTE },
	{ SMB2_SUPER_MAGIC, "smb3", REMOTE },
	{ CEPH_SUPER_MAGIC, "ceph", REMOTE },
	{ V9FS_MAGIC, "9p", REMOTE },
};

static enum staticdax_reason judge_filesystem(const struct sdax_facts *facts,
					      char *detail, size_t size)
{
	const char *name = facts->fs_name;

	if (facts->magic == EXT4_SUPER_MAGIC || facts->magic == XFS_SUPER_MAGIC)
		return STATICDAX_OK;
	for (size_t i = 0; i < ARRAY_SIZE(unfit_filesystems); i++) {
		if (unfit_filesystems[i].magic != facts->magic)
			continue;
		snprintf(detail, size, "%s: %s",
			 *name ? name : unfit_filesystems[i].name,
			 unfit_filesystems[i].why);
		return STATICDAX_FILESYSTEM;
	}
	snprintf(detail, size, "%s%sfilesystem type 0x%llx is not ext2, ext3, ext4 or XFS",
		 name, *name ? ": " : "", (unsigned long long)facts->magic);
	return STATICDAX_FILESYSTEM;
}

static const struct {
	uint64_t attribute;
	enum staticdax_reason reason;
} unfit_attributes[] = {
	{ STATX_ATTR_IMMUTABLE, STATICDAX_IMMUTABLE },
	{ STATX_ATTR_APPEND, STATICDAX_APPEND_ONLY },
	{ STATX_ATTR_ENCRYPTED, STATICDAX_ENCRYPTED },
	{ STATX_ATTR_VERITY, STATICDAX_VERITY },
};

static enum staticdax_reason judge_attributes(const struct sdax_facts *facts,
					      uint32_t flags, char *detail,
					      size_t size)
{
	uint64_t attributes = facts->attributes & facts->attributes_mask;

	for (size_t i = 0; i < ARRAY_SIZE(unfit_attributes); i++)
		if (attributes & unfit_attributes[i].attribute)
			return unfit_attributes[i].reason;
	if (flags & STATICDAX_ANY_DEVICE || attributes & STATX_ATTR_DAX)
		return STATICDAX_OK;
	if (!(facts->attributes_mask & STATX_ATTR_DAX))
		snprintf(detail, size, "the kernel does not say which are");
	return STATICDAX_NOT_DAX;
}

enum staticdax_reason sdax_verdict_file(const struct sdax_facts *facts,
					uint32_t flags, char *detail,
					size_t size)
{
	enum staticdax_reason reason;

	if (size)
		detail[0] = '\0';
	if (!S_ISREG(facts->mode))
		return STATICDAX_NOT_REGULAR;
	if (!facts->nlink)
		return STATICDAX_DELETED;
	reason = judge_filesystem(facts, detail, size);
	if (reason != STATICDAX_OK)
		return reason;
	if (facts->zoned)
		return STATICDAX_ZONED;
	if (facts->is_private)
		return STATICDAX_PRIVATE;
	if (facts->swapfile)
		return STATICDAX_SWAPFILE;
	if (!facts->size)
		return STATICDAX_EMPTY;
	reason = judge_attributes(facts, flags, detail, size);
	if (reason != STATICDAX_OK)
		return reason;
	return facts->cow_staged ? STATICDAX_COW_STAGED : STATICDAX_OK;
}

/*
 * Filesystems whose inodes can be told apart for sure, and where whatever shrinks
 * a file is known.
 */
static bool is_noshrink_filesystem(uint64_t magic)
{
	return magic == EXT4_SUPER_MAGIC || magic == XFS_SUPER_MAGIC ||
	       magic == BTRFS_SUPER_MAGIC || magic == TMPFS_MAGIC;
}

enum staticdax_reason sdax_verdict_noshrink(const struct sdax_facts *facts,
					    char *detail, size_t size)
{
	enum staticdax_reason reason;

	if (size)
		detail[0] = '\0';
	if (!S_ISREG(facts->mode))
		return STATICDAX_NOT_REGULAR;
	if (!facts->nlink)
		return STATICDAX_DELETED;
	if (!is_noshrink_filesystem(facts->magic)) {
		snprintf(detail, size, "%s (type 0x%llx)", facts->fs_name,
			 (unsigned long long)facts->magic);
		return STATICDAX_NOSHRINK_FILESYSTEM;
	}
	if (facts->is_private)
		return STATICDAX_PRIVATE;
	if (facts->swapfile)
		return STATICDAX_SWAPFILE;
	reason = judge_attributes(facts, STATICDAX_ANY_DEVICE, detail, size);
	return reason == STATICDAX_ENCRYPTED ? STATICDAX_OK : reason;
}

static bool is_power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

int sdax_verdict_align(uint64_t *align)
{
	uint64_t page = sysconf(_SC_PAGESIZE);

	if (!*align) {
		*align = page;
		return 0;
	}
	if (*align < page || *align > 1ULL << 62 || !is_power_of_two(*align))
		return -EINVAL;
	return 0;
}

int sdax_judge_init(struct sdax_judge *j, uint64_t size, uint32_t blocksize,
		    uint64_t align, sdax_address_fn address_fn, void *ctx)
{
	XXH3_state_t *hash;

	if (!is_power_of_two(blocksize) || !is_power_of_two(align) ||
	    size > INT64_MAX)
		return -EINVAL;
	hash = XXH3_createState();
	if (!hash)
		return -ENOMEM;
	XXH3_64bits_reset(hash);
	*j = (struct sdax_judge){
		.address_fn = address_fn,
		.ctx = ctx,
		.hash = hash,
		.end = (size + blocksize - 1) & ~((uint64_t)blocksize - 1),
		.align = align,
		.offset = STATICDAX_NO_OFFSET,
		.address = STATICDAX_NO_OFFSET,
	};
	return 0;
}

void sdax_judge_free(struct sdax_judge *j)
{
	XXH3_freeState(j->hash);
	j->hash = NULL;
}

static void stop(struct sdax_judge *j, enum staticdax_reason reason,
		 uint64_t offset, const char *detail)
{
	if (j->reason != STATICDAX_OK)
		return;
	j->reason = reason;
	j->offset = offset;
	snprintf(j->detail, sizeof(j->detail), "%s", detail);
}

static void stop_at(struct sdax_judge *j, enum staticdax_reason reason,
		    uint64_t offset, uint64_t address)
{
	stop(j, reason, offset, "");
	j->address = address;
}

#define HARMLESS_FLAGS (FIEMAP_EXTENT_LAST | FIEMAP_EXTENT_MERGED)

/* DELALLOC also sets UNKNOWN, and so on: the most telling flag comes first. */
static const struct {
	uint32_t flag;
	enum staticdax_reason reason;
	const char *detail;
} unfit_flags[] = {
	{ FIEMAP_EXTENT_DELALLOC, STATICDAX_DELALLOC, "" },
	{ FIEMAP_EXTENT_DATA_ENCRYPTED, STATICDAX_ENCRYPTED, "" },
	{ FIEMAP_EXTENT_ENCODED, STATICDAX_ENCODED, "" },
	{ FIEMAP_EXTENT_DATA_INLINE, STATICDAX_INLINE, "" },
	{ FIEMAP_EXTENT_DATA_TAIL, STATICDAX_INLINE,
	  "it shares a block with the tails of other files" },
	{ FIEMAP_EXTENT_UNKNOWN, STATICDAX_UNMAPPED, "" },
	{ FIEMAP_EXTENT_NOT_ALIGNED, STATICDAX_UNMAPPED,
	  "the extent is not made of whole blocks" },
	{ FIEMAP_EXTENT_UNWRITTEN, STATICDAX_UNWRITTEN, "" },
	{ FIEMAP_EXTENT_SHARED, STATICDAX_SHARED, "" },
	{ ~(uint32_t)HARMLESS_FLAGS, STATICDAX_UNMAPPED,
	  "the extent has a flag of unknown meaning" },
};

static void judge_flags(struct sdax_judge *j, const struct fiemap_extent *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(unfit_flags); i++) {
		if (!(e->fe_flags & unfit_flags[i].flag))
			continue;
		stop(j, unfit_flags[i].reason, e->fe_logical,
		     unfit_flags[i].detail);
		return;
	}
}

static const char *why_no_address(int error)
{
	switch (error) {
	case -EACCES:
	case -EPERM:
		return "reading it needs root";
	case -ERANGE:
		return "the block is beyond the end of the device";
	default:
		return "the system does not say where the device begins";
	}
}

/*
 * Pieces of the file that begin inside a run are contiguous and aligned if the
 * run's own beginning is: only beginnings have to be looked at.
 */
static void judge_piece(struct sdax_judge *j, uint64_t logical,
			uint64_t address, uint64_t length)
{
	bool goes_on = logical && address == j->next_address;

	if (!goes_on && logical & (j->align - 1))
		stop_at(j, STATICDAX_SPLIT, logical, address);
	else if (!goes_on && address & (j->align - 1))
		stop_at(j, STATICDAX_MISALIGNED, logical, address);
	j->next_address = address + length;
}

static int address_of(struct sdax_judge *j, uint64_t physical, uint64_t length,
		      uint64_t *ret_address, uint64_t *ret_length)
{
	int r;

	if (!j->address_fn) {
		*ret_address = physical;
		*ret_length = length;
		return 0;
	}
	r = j->address_fn(j->ctx, physical, length, ret_address, ret_length);
	if (r < 0)
		return r;
	if (!*ret_length || *ret_length > length ||
	    *ret_address > UINT64_MAX - *ret_length)
		return -ENODATA;
	return 0;
}

static void judge_addresses(struct sdax_judge *j, struct sdax_run run)
{
	uint64_t address = 0, length = 0;
	int r;

	while (run.length && j->reason == STATICDAX_OK) {
		r = address_of(j, run.physical, run.length, &address, &length);
		if (r < 0) {
			stop(j, STATICDAX_NO_ADDRESS, run.logical,
			     why_no_address(r));
			return;
		}
		judge_piece(j, run.logical, address, length);
		run.logical += length;
		run.physical += length;
		run.length -= length;
	}
}

struct triple {
	uint64_t n[3];
};

static struct triple hashed(const struct sdax_run *run)
{
	return (struct triple){ {
		htole64(run->logical),
		htole64(run->physical),
		htole64(run->length),
	} };
}

uint64_t sdax_run_digest(const struct sdax_run *run)
{
	struct triple triple = hashed(run);

	return XXH3_64bits(&triple, sizeof(triple));
}

static void hash_run(struct sdax_judge *j, const struct sdax_run *run)
{
	struct triple triple = hashed(run);

	XXH3_64bits_update(j->hash, &triple, sizeof(triple));
	if (j->run_fn)
		j->run_fn(j->run_arg, run);
}

static void add_to_runs(struct sdax_judge *j, const struct sdax_run *more)
{
	struct sdax_run *run = &j->open_run;

	if (run->length && run->physical + run->length == more->physical) {
		run->length += more->length;
		return;
	}
	if (run->length)
		hash_run(j, run);
	*run = *more;
	j->runs++;
}

static void judge_inside(struct sdax_judge *j, const struct fiemap_extent *e)
{
	struct sdax_run run = {
		.logical = e->fe_logical,
		.physical = e->fe_physical,
		.length = e->fe_length,
	};

	if (run.length > j->end - run.logical)
		run.length = j->end - run.logical;
	judge_flags(j, e);
	if (e->fe_physical > UINT64_MAX - e->fe_length)
		stop(j, STATICDAX_UNMAPPED, e->fe_logical,
		     "the extent ends beyond every device");
	if (j->reason != STATICDAX_OK)
		return;
	add_to_runs(j, &run);
	judge_addresses(j, run);
}

static uint64_t bytes_past(const struct fiemap_extent *e, uint64_t end)
{
	if (e->fe_logical >= end)
		return e->fe_length;
	if (e->fe_length > end - e->fe_logical)
		return e->fe_length - (end - e->fe_logical);
	return 0;
}

void sdax_judge_extent(struct sdax_judge *j, const struct fiemap_extent *e)
{
	j->extents++;
	if (e->fe_logical > j->next && j->next < j->end)
		stop(j, STATICDAX_HOLE, j->next, "");
	if (e->fe_logical < j->next || !e->fe_length ||
	    e->fe_logical > UINT64_MAX - e->fe_length) {
		stop(j, STATICDAX_UNMAPPED, e->fe_logical,
		     "the filesystem's extents overlap or are out of order");
		return;
	}
	j->next = e->fe_logical + e->fe_length;
	j->past_eof += bytes_past(e, j->end);
	if (e->fe_logical < j->end && j->reason == STATICDAX_OK)
		judge_inside(j, e);
}

void sdax_judge_done(struct sdax_judge *j, struct staticdax_result *result)
{
	if (!j->end)
		stop(j, STATICDAX_EMPTY, STATICDAX_NO_OFFSET, "");
	else if (j->next < j->end)
		stop(j, STATICDAX_HOLE, j->next, "");
	if (j->open_run.length)
		hash_run(j, &j->open_run);
	j->open_run.length = 0;
	result->reason = j->reason;
	result->offset = j->offset;
	result->address = j->address;
	result->align = j->align;
	result->extents = j->extents;
	result->past_eof = j->past_eof;
	result->runs = j->reason == STATICDAX_OK ? j->runs : 0;
	result->digest = j->reason == STATICDAX_OK ?
			 XXH3_64bits_digest(j->hash) : 0;
	result->detail[0] = '\0';
	if (j->detail[0])
		snprintf(result->detail, sizeof(result->detail), "%s", j->detail);
}
