// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file that is fit to be sealed, and what must not change about it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "contract.h"
#include "file.h"

/* Two blocks never look alike, so an exchange or a collapse shows in the content as well. */
static void fill_pattern(uint64_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		words[i] = (i + 1) * 0x9e3779b97f4a7c15ULL;
}

static int write_pattern(int fd)
{
	static uint64_t bytes[FIT_SIZE / sizeof(uint64_t)] __attribute__((aligned(BLOCK)));

	if (!bytes[0])
		fill_pattern(bytes, ARRAY_SIZE(bytes));
	return pwrite(fd, bytes, FIT_SIZE, 0) == FIT_SIZE ? 0 : -errno;
}

static int fill(int fd)
{
	if (fd < 0)
		return -errno;
	/* one extent on a filesystem that can, and no speculative preallocation behind EOF */
	if (fallocate(fd, 0, 0, FIT_SIZE) && errno != EOPNOTSUPP)
		return -errno;
	return write_pattern(fd);
}

int fit_create(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	return fill(fd);
}

int fit_again(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_TRUNC | O_CLOEXEC);

	return fill(fd);
}

int fit_restore(const char *path)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : write_pattern(fd);
}

/* Where a file's blocks are nobody's promise, there is no map. */
static bool has_map(int fd)
{
	struct statfs sfs;

	if (fstatfs(fd, &sfs))
		return true;
	return (unsigned long)sfs.f_type != BTRFS_SUPER_MAGIC && sfs.f_type != TMPFS_MAGIC;
}

static int read_map(int fd, struct snapshot *s)
{
	union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + SNAPSHOT_EXTENTS * sizeof(struct fiemap_extent)];
	} u = {
		.map.fm_length = (s->size + BLOCK - 1) / BLOCK * BLOCK,
		.map.fm_flags = FIEMAP_FLAG_SYNC,
		.map.fm_extent_count = SNAPSHOT_EXTENTS,
	};

	if (!has_map(fd))
		return 0;
	if (ioctl(fd, FS_IOC_FIEMAP, &u.map))
		return -errno;
	if (u.map.fm_mapped_extents == SNAPSHOT_EXTENTS)
		return -EFBIG;
	s->extents = u.map.fm_mapped_extents;
	for (unsigned int i = 0; i < s->extents; i++) {
		const struct fiemap_extent *e = &u.map.fm_extents[i];

		s->extent[i].logical = e->fe_logical;
		s->extent[i].physical = e->fe_physical;
		s->extent[i].length = e->fe_length;
		/* LAST moves when blocks behind EOF are trimmed, which is no business of ours */
		s->extent[i].flags = e->fe_flags & ~(FIEMAP_EXTENT_LAST | FIEMAP_EXTENT_MERGED);
	}
	return 0;
}

/* What is beyond the first 32 blocks, none of a file that is fit, has no bit in used. */
static int read_content(int fd, struct snapshot *s)
{
	static uint64_t words[FIT_SIZE / sizeof(uint64_t)];
	const size_t in_block = BLOCK / sizeof(uint64_t);
	uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a, eight bytes at a time */
	ssize_t n;

	for (off_t pos = 0; (n = pread(fd, words, sizeof(words), pos)) > 0; pos += n) {
		memset((char *)words + n, 0, sizeof(words) - n);
		for (size_t i = 0; i < ((size_t)n + 7) / 8; i++) {
			size_t block = pos / BLOCK + i / in_block;

			hash = (hash ^ words[i]) * 0x100000001b3ULL;
			if (words[i] && block < 32)
				s->used |= 1U << block;
		}
	}
	s->content = hash;
	return n < 0 ? -errno : 0;
}

int snapshot_take(const char *path, struct snapshot *ret_snapshot)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct snapshot s = { 0 };
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	s.size = st.st_size;
	r = read_map(fd, &s);
	if (r)
		return r;
	r = read_content(fd, &s);
	if (r)
		return r;
	*ret_snapshot = s;
	return 0;
}

static int compare_maps(const struct snapshot *before, const struct snapshot *after, char *text,
			size_t length)
{
	unsigned int i = 0;

	while (i < before->extents && i < after->extents &&
	       !memcmp(&before->extent[i], &after->extent[i], sizeof(before->extent[i])))
		i++;
	if (i == before->extents && i == after->extents)
		return 0;
	if (i == before->extents || i == after->extents)
		snprintf(text, length, "map changed: %u extents became %u", before->extents,
			 after->extents);
	else
		snprintf(text, length,
			 "map changed at extent %u: %#llx->%#llx+%#llx flags %#x became "
			 "%#llx->%#llx+%#llx flags %#x",
			 i, (unsigned long long)before->extent[i].logical,
			 (unsigned long long)before->extent[i].physical,
			 (unsigned long long)before->extent[i].length, before->extent[i].flags,
			 (unsigned long long)after->extent[i].logical,
			 (unsigned long long)after->extent[i].physical,
			 (unsigned long long)after->extent[i].length, after->extent[i].flags);
	return 1;
}

int snapshot_compare(const struct snapshot *before, const struct snapshot *after, int any_content,
		     char *text, size_t length)
{
	int differences = 0;

	text[0] = '\0';
	if (before->size != after->size) {
		snprintf(text, length, "size changed: %lld became %lld; ", (long long)before->size,
			 (long long)after->size);
		differences++;
	}
	if (!any_content && before->content != after->content) {
		snprintf(text + strlen(text), length - strlen(text), "content changed; ");
		differences++;
	}
	differences += compare_maps(before, after, text + strlen(text), length - strlen(text));
	return differences;
}

bool snapshot_lost(const struct snapshot *before, int fd, char *text, size_t length)
{
	_cleanup_close_ int again = -1;
	char name[32];
	struct snapshot now = { 0 };
	struct stat st;

	text[0] = '\0';
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	again = open(name, O_RDONLY | O_CLOEXEC);
	if (again < 0 || fstat(again, &st) || read_content(again, &now)) {
		snprintf(text, length, "cannot look at the file: %s", strerror(errno));
		return true;
	}
	if (st.st_size < before->size)
		snprintf(text, length, "%lld bytes became %lld", (long long)before->size,
			 (long long)st.st_size);
	else if (before->used & ~now.used)
		snprintf(text, length, "blocks that are zero now: %#x", before->used & ~now.used);
	return text[0];
}
