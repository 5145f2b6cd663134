// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether facts and extents are judged as the contract says. */
#include <errno.h>
#include <linux/fiemap.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "../../loader/util.h"
#include "../../loader/verdict.h"
#include "../tap.h"

#define K 1024ULL
#define M (1024 * K)
#define BLOCK 4096

/* Facts: a fit file on ext4, with some things changed. */

#define KNOWN                                                                  \
	(STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_ENCRYPTED |     \
	 STATX_ATTR_VERITY | STATX_ATTR_DAX)

enum quirk {
	DIRECTORY = 1 << 0,
	DELETED = 1 << 1,
	EMPTY = 1 << 2,
	ZONED = 1 << 3,
	PRIVATE = 1 << 4,
	SWAPFILE = 1 << 5,
	STAGED = 1 << 6,
	NOT_DAX = 1 << 7,
	DAX_UNKNOWN = 1 << 8,
	NAMELESS = 1 << 9,
};

#define ANY STATICDAX_ANY_DEVICE

static const struct {
	const char *name;
	unsigned int quirks;
	uint64_t magic; /* 0: ext4 */
	uint64_t attributes; /* beside DAX */
	uint32_t flags;
	enum staticdax_reason reason;
	const char *detail; /* must be part of it */
} files[] = {
	{ "fit", 0, 0, 0, 0, STATICDAX_OK, NULL },
	{ "fit_on_xfs", 0, XFS_SUPER_MAGIC, 0, 0, STATICDAX_OK, NULL },
	{ "directory", DIRECTORY, 0, 0, 0, STATICDAX_NOT_REGULAR, NULL },
	{ "deleted", DELETED, 0, 0, 0, STATICDAX_DELETED, NULL },
	{ "btrfs", 0, BTRFS_SUPER_MAGIC, 0, 0, STATICDAX_FILESYSTEM, "ourfs: copy-on-write" },
	{ "bcachefs", 0, 0xca451a4e, 0, 0, STATICDAX_FILESYSTEM, "copy-on-write" },
	{ "f2fs", 0, F2FS_SUPER_MAGIC, 0, 0, STATICDAX_FILESYSTEM, "log-structured" },
	{ "nilfs2", 0, NILFS_SUPER_MAGIC, 0, 0, STATICDAX_FILESYSTEM, "log-structured" },
	{ "tmpfs", 0, TMPFS_MAGIC, 0, 0, STATICDAX_FILESYSTEM, "no block map" },
	{ "ramfs", 0, RAMFS_MAGIC, 0, 0, STATICDAX_FILESYSTEM, "no block map" },
	{ "hugetlbfs", 0, HUGETLBFS_MAGIC, 0, 0, STATICDAX_FILESYSTEM, "no block map" },
	{ "overlayfs", NAMELESS, OVERLAYFS_SUPER_MAGIC, 0, 0, STATICDAX_FILESYSTEM,
	  "overlayfs: stacked, seal the upper file by its own path" },
	{ "ecryptfs", 0, ECRYPTFS_SUPER_MAGIC, 0, 0, STATICDAX_FILESYSTEM, "stacked" },
	{ "fuse", 0, FUSE_SUPER_MAGIC, 0, 0, STATICDAX_FILESYSTEM, "a program" },
	{ "nfs", 0, NFS_SUPER_MAGIC, 0, 0, STATICDAX_FILESYSTEM, "another machine" },
	{ "unheard_of", 0, 0xabcdef01, 0, 0, STATICDAX_FILESYSTEM,
	  "ourfs: filesystem type 0xabcdef01" },
	{ "unheard_of_and_nameless", NAMELESS, 0x1234, 0, 0, STATICDAX_FILESYSTEM,
	  "filesystem type 0x1234" },
	{ "zoned", ZONED, XFS_SUPER_MAGIC, 0, 0, STATICDAX_ZONED, NULL },
	{ "private", PRIVATE, 0, 0, 0, STATICDAX_PRIVATE, NULL },
	{ "swapfile", SWAPFILE, 0, 0, 0, STATICDAX_SWAPFILE, NULL },
	{ "empty", EMPTY, 0, 0, 0, STATICDAX_EMPTY, NULL },
	{ "immutable", 0, 0, STATX_ATTR_IMMUTABLE, 0, STATICDAX_IMMUTABLE, NULL },
	{ "append_only", 0, 0, STATX_ATTR_APPEND, 0, STATICDAX_APPEND_ONLY, NULL },
	{ "encrypted", 0, 0, STATX_ATTR_ENCRYPTED, 0, STATICDAX_ENCRYPTED, NULL },
	{ "verity", 0, 0, STATX_ATTR_VERITY, ANY, STATICDAX_VERITY, NULL },
	{ "not_dax", NOT_DAX, 0, 0, 0, STATICDAX_NOT_DAX, NULL },
	{ "not_dax_but_any_device", NOT_DAX, 0, 0, ANY, STATICDAX_OK, NULL },
	{ "dax_unknown_to_the_kernel", DAX_UNKNOWN, 0, 0, 0, STATICDAX_NOT_DAX,
	  "the kernel does not say" },
	{ "attribute_that_does_not_matter", 0, 0, STATX_ATTR_COMPRESSED, 0, STATICDAX_OK,
	  NULL },
	{ "cow_staged", STAGED, XFS_SUPER_MAGIC, 0, 0, STATICDAX_COW_STAGED, NULL },
	/* the order, where several apply */
	{ "deleted_before_filesystem", DELETED, TMPFS_MAGIC, 0, 0, STATICDAX_DELETED, NULL },
	{ "filesystem_before_empty", EMPTY, TMPFS_MAGIC, 0, 0, STATICDAX_FILESYSTEM, "no block" },
	{ "swapfile_before_immutable", SWAPFILE, 0, STATX_ATTR_IMMUTABLE, 0, STATICDAX_SWAPFILE,
	  NULL },
	{ "immutable_before_not_dax", NOT_DAX, 0, STATX_ATTR_IMMUTABLE, 0, STATICDAX_IMMUTABLE,
	  NULL },
};

static struct sdax_facts facts_of(unsigned int quirks, uint64_t magic, uint64_t attributes)
{
	struct sdax_facts facts = {
		.mode = quirks & DIRECTORY ? S_IFDIR | 0755 : S_IFREG | 0644,
		.nlink = !(quirks & DELETED),
		.size = quirks & EMPTY ? 0 : M,
		.blocksize = BLOCK,
		.magic = magic ? magic : EXT4_SUPER_MAGIC,
		.attributes = attributes | (quirks & NOT_DAX ? 0 : STATX_ATTR_DAX),
		.attributes_mask = quirks & DAX_UNKNOWN ? KNOWN & ~STATX_ATTR_DAX : KNOWN,
		.swapfile = quirks & SWAPFILE,
		.is_private = quirks & PRIVATE,
		.zoned = quirks & ZONED,
		.cow_staged = quirks & STAGED,
	};

	if (!(quirks & NAMELESS))
		strcpy(facts.fs_name, "ourfs");
	return facts;
}

static void test_file(size_t i)
{
	struct sdax_facts facts = facts_of(files[i].quirks, files[i].magic, files[i].attributes);
	enum staticdax_reason reason;
	char detail[160];

	memset(detail, 'x', sizeof(detail));
	reason = sdax_verdict_file(&facts, files[i].flags, detail, sizeof(detail));
	if (!tap_ok(reason == files[i].reason, "file_%s", files[i].name))
		tap_diag("reason %d, not %d", reason, files[i].reason);
	if (!tap_ok(files[i].detail ? !!strstr(detail, files[i].detail) : !*detail,
		    "file_%s_says_why", files[i].name))
		tap_diag("\"%s\"", detail);
}

static const struct {
	const char *name;
	unsigned int quirks;
	uint64_t magic;
	uint64_t attributes;
	enum staticdax_reason reason;
} noshrinks[] = {
	{ "ext4", 0, 0, 0, STATICDAX_OK },
	{ "xfs", 0, 0x58465342, 0, STATICDAX_OK },
	{ "btrfs", 0, BTRFS_SUPER_MAGIC, 0, STATICDAX_OK },
	{ "tmpfs", 0, TMPFS_MAGIC, 0, STATICDAX_OK },
	{ "blocks_are_no_matter", EMPTY | NOT_DAX | ZONED | STAGED, 0, STATX_ATTR_ENCRYPTED,
	  STATICDAX_OK },
	{ "overlayfs", 0, OVERLAYFS_SUPER_MAGIC, 0, STATICDAX_NOSHRINK_FILESYSTEM },
	{ "ramfs", 0, RAMFS_MAGIC, 0, STATICDAX_NOSHRINK_FILESYSTEM },
	{ "unknown", 0, 0x1234, 0, STATICDAX_NOSHRINK_FILESYSTEM },
	{ "directory", DIRECTORY, 0, 0, STATICDAX_NOT_REGULAR },
	{ "deleted", DELETED, 0, 0, STATICDAX_DELETED },
	{ "swapfile", SWAPFILE, 0, 0, STATICDAX_SWAPFILE },
	{ "private", PRIVATE, 0, 0, STATICDAX_PRIVATE },
	{ "immutable", 0, 0, STATX_ATTR_IMMUTABLE, STATICDAX_IMMUTABLE },
	{ "append_only", 0, 0, STATX_ATTR_APPEND, STATICDAX_APPEND_ONLY },
	{ "verity", 0, 0, STATX_ATTR_VERITY, STATICDAX_VERITY },
};

static void test_noshrink(size_t i)
{
	struct sdax_facts facts = facts_of(noshrinks[i].quirks, noshrinks[i].magic,
					   noshrinks[i].attributes);
	enum staticdax_reason reason;
	char detail[160];

	reason = sdax_verdict_noshrink(&facts, detail, sizeof(detail));
	if (!tap_ok(reason == noshrinks[i].reason, "noshrink_%s", noshrinks[i].name))
		tap_diag("reason %d, not %d", reason, noshrinks[i].reason);
}

static void test_detail_is_bounded(void)
{
	struct sdax_facts facts = facts_of(0, OVERLAYFS_SUPER_MAGIC, 0);
	char detail[8] = "1234567";

	sdax_verdict_file(&facts, 0, detail, 4);
	tap_ok(!detail[3] && !strcmp(detail + 4, "567"), "file_detail_is_cut_to_its_size");
	tap_ok(sdax_verdict_file(&facts, 0, NULL, 0) == STATICDAX_FILESYSTEM,
	       "file_detail_may_be_absent");
}

static void test_align(void)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	const struct {
		uint64_t in;
		int r;
		uint64_t out;
	} cases[] = {
		{ 0, 0, page },
		{ page, 0, page },
		{ 2 * M, 0, 2 * M },
		{ 1ULL << 62, 0, 1ULL << 62 },
		{ 1ULL << 63, -EINVAL, 1ULL << 63 },
		{ page / 2, -EINVAL, page / 2 },
		{ 1, -EINVAL, 1 },
		{ page + 1, -EINVAL, page + 1 },
		{ 3 * page, -EINVAL, 3 * page },
		{ (uint64_t)-4096, -EINVAL, (uint64_t)-4096 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t align = cases[i].in;
		int r = sdax_verdict_align(&align);

		tap_ok(r == cases[i].r && align == cases[i].out, "align_%#llx",
		       (unsigned long long)cases[i].in);
	}
}

/* Extents; in blocks, to be readable. */

struct blocks {
	uint64_t logical, physical, length;
	uint32_t flags;
};

#define BAD (~0ULL)

static const struct {
	const char *name;
	uint64_t size; /* bytes */
	uint64_t align; /* blocks */
	uint64_t base; /* device address of physical 0, blocks */
	struct blocks extents[6];
	enum staticdax_reason reason;
	uint64_t offset, address; /* blocks, or BAD for none */
	uint64_t runs, past_eof; /* blocks */
} maps[] = {
	{ "one_extent", 64 * K, 1, 0, { { 0, 100, 16, 0 } }, STATICDAX_OK, BAD, BAD, 1, 0 },
	{ "last_and_merged_are_harmless",
	  64 * K, 1, 0,
	  { { 0, 100, 16, FIEMAP_EXTENT_LAST | FIEMAP_EXTENT_MERGED } },
	  STATICDAX_OK, BAD, BAD, 1, 0 },
	{ "size_is_rounded_up", 1, 1, 0, { { 0, 7, 1, 0 } }, STATICDAX_OK, BAD, BAD, 1, 0 },
	{ "adjacent_extents_are_one_run",
	  64 * K, 16, 0,
	  { { 0, 32, 4, 0 }, { 4, 36, 4, 0 }, { 8, 40, 8, 0 } },
	  STATICDAX_OK, BAD, BAD, 1, 0 },
	{ "three_runs",
	  64 * K, 1, 0,
	  { { 0, 100, 4, 0 }, { 4, 104, 4, 0 }, { 8, 90, 4, 0 }, { 12, 200, 4, 0 } },
	  STATICDAX_OK, BAD, BAD, 3, 0 },
	{ "no_extent", 64 * K, 1, 0, { { 0, 0, 0, 0 } }, STATICDAX_HOLE, 0, BAD, 0, 0 },
	{ "hole_at_the_start", 64 * K, 1, 0, { { 1, 1, 15, 0 } }, STATICDAX_HOLE, 0, BAD, 0, 0 },
	{ "hole_in_the_middle",
	  64 * K, 1, 0,
	  { { 0, 100, 4, 0 }, { 5, 105, 11, 0 } },
	  STATICDAX_HOLE, 4, BAD, 0, 0 },
	{ "hole_at_the_end", 64 * K, 1, 0, { { 0, 100, 15, 0 } }, STATICDAX_HOLE, 15, BAD, 0, 0 },
	{ "hole_in_the_last_partial_block",
	  60 * K + 1, 1, 0, { { 0, 100, 15, 0 } }, STATICDAX_HOLE, 15, BAD, 0, 0 },
	{ "hole_up_to_preallocation",
	  64 * K, 1, 0,
	  { { 0, 100, 8, 0 }, { 20, 200, 8, FIEMAP_EXTENT_UNWRITTEN } },
	  STATICDAX_HOLE, 8, BAD, 0, 8 },
	{ "unwritten",
	  64 * K, 1, 0,
	  { { 0, 100, 4, 0 }, { 4, 104, 12, FIEMAP_EXTENT_UNWRITTEN } },
	  STATICDAX_UNWRITTEN, 4, BAD, 0, 0 },
	{ "delalloc",
	  64 * K, 1, 0,
	  { { 0, 0, 16, FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_UNKNOWN } },
	  STATICDAX_DELALLOC, 0, BAD, 0, 0 },
	{ "shared", 64 * K, 1, 0, { { 0, 1, 16, FIEMAP_EXTENT_SHARED } },
	  STATICDAX_SHARED, 0, BAD, 0, 0 },
	{ "encoded", 64 * K, 1, 0, { { 0, 1, 16, FIEMAP_EXTENT_ENCODED } },
	  STATICDAX_ENCODED, 0, BAD, 0, 0 },
	{ "encrypted",
	  64 * K, 1, 0,
	  { { 0, 1, 16, FIEMAP_EXTENT_DATA_ENCRYPTED | FIEMAP_EXTENT_ENCODED } },
	  STATICDAX_ENCRYPTED, 0, BAD, 0, 0 },
	{ "inline",
	  100, 1, 0,
	  { { 0, 1, 1, FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_NOT_ALIGNED } },
	  STATICDAX_INLINE, 0, BAD, 0, 0 },
	{ "tail", 100, 1, 0, { { 0, 1, 1, FIEMAP_EXTENT_DATA_TAIL } },
	  STATICDAX_INLINE, 0, BAD, 0, 0 },
	{ "not_aligned", 100, 1, 0, { { 0, 1, 1, FIEMAP_EXTENT_NOT_ALIGNED } },
	  STATICDAX_UNMAPPED, 0, BAD, 0, 0 },
	{ "unknown", 100, 1, 0, { { 0, 1, 1, FIEMAP_EXTENT_UNKNOWN } },
	  STATICDAX_UNMAPPED, 0, BAD, 0, 0 },
	{ "flag_of_the_future", 100, 1, 0, { { 0, 1, 1, 1u << 31 } },
	  STATICDAX_UNMAPPED, 0, BAD, 0, 0 },
	{ "hole_before_flag",
	  64 * K, 1, 0,
	  { { 0, 1, 2, 0 }, { 4, 5, 12, FIEMAP_EXTENT_SHARED } },
	  STATICDAX_HOLE, 2, BAD, 0, 0 },
	{ "flag_before_hole",
	  64 * K, 1, 0,
	  { { 0, 1, 2, FIEMAP_EXTENT_SHARED }, { 4, 5, 12, 0 } },
	  STATICDAX_SHARED, 0, BAD, 0, 0 },
	{ "preallocation_is_not_judged",
	  64 * K, 1, 0,
	  { { 0, 100, 16, 0 }, { 16, 116, 8, FIEMAP_EXTENT_UNWRITTEN }, { 30, 7, 1, 0 } },
	  STATICDAX_OK, BAD, BAD, 1, 9 },
	{ "extent_across_the_end", 62 * K, 16, 0, { { 0, 16, 40, 0 } },
	  STATICDAX_OK, BAD, BAD, 1, 24 },
	/* alignment */
	{ "every_piece_aligned",
	  96 * K, 8, 0,
	  { { 0, 80, 8, 0 }, { 8, 160, 16, 0 } },
	  STATICDAX_OK, BAD, BAD, 2, 0 },
	{ "last_piece_may_be_partial",
	  40 * K, 8, 0, { { 0, 80, 8, 0 }, { 8, 160, 2, 0 } }, STATICDAX_OK, BAD, BAD, 2, 0 },
	{ "last_partial_piece_must_be_contiguous",
	  40 * K, 8, 0,
	  { { 0, 80, 8, 0 }, { 8, 160, 1, 0 }, { 9, 170, 1, 0 } },
	  STATICDAX_SPLIT, 9, 170, 0, 0 },
	{ "split_piece",
	  64 * K, 8, 0,
	  { { 0, 80, 4, 0 }, { 4, 160, 12, 0 } },
	  STATICDAX_SPLIT, 4, 160, 0, 0 },
	{ "misaligned_start", 64 * K, 8, 0, { { 0, 81, 16, 0 } },
	  STATICDAX_MISALIGNED, 0, 81, 0, 0 },
	{ "misaligned_later",
	  64 * K, 8, 0,
	  { { 0, 80, 8, 0 }, { 8, 92, 8, 0 } },
	  STATICDAX_MISALIGNED, 8, 92, 0, 0 },
	{ "offset_of_the_device_misaligns",
	  64 * K, 8, 1, { { 0, 80, 16, 0 } }, STATICDAX_MISALIGNED, 0, 81, 0, 0 },
	{ "offset_of_the_device_aligns", 64 * K, 8, 7, { { 0, 81, 16, 0 } },
	  STATICDAX_OK, BAD, BAD, 1, 0 },
	{ "split_past_the_end_is_not_judged",
	  32 * K, 8, 0, { { 0, 80, 8, 0 }, { 8, 3, 1, 0 } }, STATICDAX_OK, BAD, BAD, 1, 1 },
	/* what no sane filesystem answers */
	{ "overlap", 64 * K, 1, 0, { { 0, 1, 8, 0 }, { 7, 50, 9, 0 } },
	  STATICDAX_UNMAPPED, 7, BAD, 0, 0 },
	{ "backwards", 64 * K, 1, 0, { { 0, 1, 8, 0 }, { 0, 1, 8, 0 } },
	  STATICDAX_UNMAPPED, 0, BAD, 0, 0 },
	{ "wrapping_offset",
	  64 * K, 1, 0,
	  { { 0, 1, 8, 0 }, { 8, 9, (1ULL << 52) - 8, 0 } },
	  STATICDAX_UNMAPPED, 8, BAD, 0, 0 },
	{ "wrapping_address",
	  64 * K, 1, 0, { { 0, (1ULL << 52) - 8, 16, 0 } }, STATICDAX_UNMAPPED, 0, BAD, 0, 0 },
};

static int shifted(void *ctx, uint64_t physical, uint64_t length, uint64_t *ret_address,
		   uint64_t *ret_length)
{
	*ret_address = physical + *(const uint64_t *)ctx * BLOCK;
	*ret_length = length;
	return 0;
}

static uint64_t bytes(uint64_t blocks)
{
	return blocks == BAD ? STATICDAX_NO_OFFSET : blocks * BLOCK;
}

static void judge(uint64_t size, uint64_t align, sdax_address_fn fn, void *ctx,
		  const struct blocks *extents, size_t count, struct staticdax_result *result)
{
	_cleanup_(sdax_judge_free) struct sdax_judge j = SDAX_JUDGE_NONE;

	if (!tap_ok(!sdax_judge_init(&j, size, BLOCK, align, fn, ctx), "judge_init"))
		return;
	for (size_t i = 0; i < count; i++) {
		struct fiemap_extent e = {
			.fe_logical = extents[i].logical * BLOCK,
			.fe_physical = extents[i].physical * BLOCK,
			.fe_length = extents[i].length * BLOCK,
			.fe_flags = extents[i].flags,
		};

		sdax_judge_extent(&j, &e);
	}
	sdax_judge_done(&j, result);
}

static void test_maps(void)
{
	struct staticdax_result result;

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		uint64_t base = maps[i].base;
		size_t count = 0;

		while (count < ARRAY_SIZE(maps[i].extents) && maps[i].extents[count].length)
			count++;
		result = (struct staticdax_result){ 0 };
		judge(maps[i].size, maps[i].align * BLOCK, shifted, &base, maps[i].extents, count,
		      &result);
		if (tap_ok(result.reason == maps[i].reason &&
				   result.offset == bytes(maps[i].offset) &&
				   result.address == bytes(maps[i].address) &&
				   result.runs == maps[i].runs &&
				   result.past_eof == bytes(maps[i].past_eof) &&
				   result.extents == count &&
				   !result.digest == (result.reason != STATICDAX_OK),
			   "map_%s", maps[i].name))
			continue;
		tap_diag("reason %d at %#llx address %#llx runs %llu past %#llx extents %llu",
			 result.reason, (unsigned long long)result.offset,
			 (unsigned long long)result.address, (unsigned long long)result.runs,
			 (unsigned long long)result.past_eof, (unsigned long long)result.extents);
	}
}

static void test_zero_length(void)
{
	const struct blocks extents[] = { { 0, 5, 8, 0 }, { 8, 13, 0, 0 }, { 8, 13, 8, 0 } };
	struct staticdax_result result = { 0 };

	judge(64 * K, BLOCK, NULL, NULL, extents, ARRAY_SIZE(extents), &result);
	tap_ok(result.reason == STATICDAX_UNMAPPED && result.offset == 32 * K &&
		       result.extents == 3,
	       "map_zero_length_extent");
}

static void test_empty(void)
{
	struct staticdax_result result = { 0 };

	judge(0, BLOCK, NULL, NULL, NULL, 0, &result);
	tap_ok(result.reason == STATICDAX_EMPTY && !result.digest, "map_of_an_empty_file");
}

static void test_init(void)
{
	struct sdax_judge j = SDAX_JUDGE_NONE;

	tap_ok(sdax_judge_init(&j, 1, 0, BLOCK, NULL, NULL) == -EINVAL, "init_without_blocksize");
	tap_ok(sdax_judge_init(&j, 1, 3000, BLOCK, NULL, NULL) == -EINVAL, "init_odd_blocksize");
	tap_ok(sdax_judge_init(&j, 1, BLOCK, 0, NULL, NULL) == -EINVAL, "init_without_align");
	tap_ok(sdax_judge_init(&j, 1, BLOCK, 5000, NULL, NULL) == -EINVAL, "init_odd_align");
	tap_ok(sdax_judge_init(&j, 1ULL << 63, BLOCK, BLOCK, NULL, NULL) == -EINVAL,
	       "init_size_no_file_has");
	tap_ok(!sdax_judge_init(&j, INT64_MAX, BLOCK, BLOCK, NULL, NULL), "init_largest_size");
	sdax_judge_free(&j);
	sdax_judge_free(&j);
}

/* Answers for one block at a time, jumping at block 8 of the device. */
static int one_by_one(void *ctx, uint64_t physical, uint64_t length, uint64_t *ret_address,
		      uint64_t *ret_length)
{
	(void)length;
	++*(unsigned int *)ctx;
	*ret_address = physical + (physical >= 8 * BLOCK ? 64 * BLOCK : 0);
	*ret_length = BLOCK;
	return 0;
}

static int never(void *ctx, uint64_t physical, uint64_t length, uint64_t *ret_address,
		 uint64_t *ret_length)
{
	(void)physical, (void)length, (void)ret_address, (void)ret_length;
	return *(int *)ctx;
}

/* Nonsense of three kinds. */
static int nonsense(void *ctx, uint64_t physical, uint64_t length, uint64_t *ret_address,
		    uint64_t *ret_length)
{
	int kind = *(int *)ctx;

	*ret_address = kind == 2 ? UINT64_MAX - 1 : physical;
	*ret_length = kind == 0 ? 0 : kind == 1 ? length + 1 : length;
	return 0;
}

static void test_addresses(void)
{
	const struct blocks extents[] = { { 0, 0, 16, 0 } };
	struct staticdax_result result = { 0 };
	unsigned int calls = 0;
	int r = -EACCES;

	judge(64 * K, 8 * BLOCK, one_by_one, &calls, extents, 1, &result);
	tap_ok(result.reason == STATICDAX_OK && calls == 16 && result.runs == 1,
	       "address_in_parts_splits_no_run_of_the_digest");
	judge(64 * K, 16 * BLOCK, one_by_one, &calls, extents, 1, &result);
	tap_ok(result.reason == STATICDAX_SPLIT && result.offset == 8 * BLOCK &&
		       result.address == 72 * BLOCK,
	       "address_jump_inside_a_piece");
	judge(64 * K, BLOCK, never, &r, extents, 1, &result);
	tap_ok(result.reason == STATICDAX_NO_ADDRESS && !result.offset &&
		       strstr(result.detail, "root"),
	       "address_only_root_may_know");
	r = -ERANGE;
	judge(64 * K, BLOCK, never, &r, extents, 1, &result);
	tap_ok(result.reason == STATICDAX_NO_ADDRESS && strstr(result.detail, "beyond"),
	       "address_beyond_the_device");
	for (r = 0; r < 3; r++) {
		judge(64 * K, BLOCK, nonsense, &r, extents, 1, &result);
		tap_ok(result.reason == STATICDAX_NO_ADDRESS, "address_nonsense_%d", r);
	}
}

static uint64_t digest_of(uint64_t size, const struct blocks *extents, size_t count)
{
	struct staticdax_result result = { 0 };

	judge(size, BLOCK, NULL, NULL, extents, count, &result);
	return result.digest;
}

/* The digest is a promise to other programs: pinned to its definition. */
static void test_digest(void)
{
	const struct blocks split[] = { { 0, 5, 4, 0 }, { 4, 9, 4, 0 }, { 8, 50, 8, 0 } };
	const struct blocks whole[] = { { 0, 5, 8, 0 }, { 8, 50, 20, 0 }, { 30, 90, 2, 0 } };
	const struct blocks moved[] = { { 0, 5, 8, 0 }, { 8, 51, 8, 0 } };
	const unsigned char bytes_of_runs[48] = {
		/* 0, 0x5000, 0x8000; 0x8000, 0x32000, 0x8000 */
		[9] = 0x50, [17] = 0x80, [25] = 0x80, [33] = 0x20, [34] = 0x03, [41] = 0x80,
	};
	uint64_t digest = digest_of(64 * K, split, ARRAY_SIZE(split));

	tap_ok(digest == XXH3_64bits(bytes_of_runs, sizeof(bytes_of_runs)),
	       "digest_is_xxh3_of_the_runs");
	tap_ok(digest == digest_of(64 * K, whole, ARRAY_SIZE(whole)),
	       "digest_ignores_extent_borders_and_what_is_past_the_end");
	tap_ok(digest != digest_of(64 * K, moved, ARRAY_SIZE(moved)), "digest_sees_a_move");
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		test_file(i);
	for (size_t i = 0; i < ARRAY_SIZE(noshrinks); i++)
		test_noshrink(i);
	test_detail_is_bounded();
	test_align();
	test_maps();
	test_zero_length();
	test_empty();
	test_init();
	test_addresses();
	test_digest();
	return tap_done();
}
