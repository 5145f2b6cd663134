// SPDX-License-Identifier: LGPL-2.1-or-later
/* Bytes into a file that has its blocks already. */
#define _GNU_SOURCE
#include "fill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lease.h"
#include "util.h"

/* include/uapi/linux/falloc.h, 6.17 */
#ifndef FALLOC_FL_WRITE_ZEROES
#define FALLOC_FL_WRITE_ZEROES 0x80
#endif

#define CHUNK (1U << 20)
/* What a device zeroes without a sign of life. */
#define CHUNK_DEVICE (1ULL << 30)

static uint64_t part(uint64_t size, uint64_t done, uint64_t chunk)
{
	return size - done < chunk ? size - done : chunk;
}

static int zero_by_device(struct staticdax *sd, int fd, uint64_t size)
{
	uint64_t length;

	for (uint64_t done = 0; done < size; done += length) {
		length = part(size, done, CHUNK_DEVICE);
		if (fallocate(fd, FALLOC_FL_WRITE_ZEROES, done, length) < 0) {
			if (errno != EINTR)
				return -errno;
			length = 0;
		}
		sdax_progress(sd, done + length, size);
	}
	return 0;
}

static int write_all(int fd, const char *bytes, size_t length, uint64_t at)
{
	ssize_t n;

	while (length) {
		n = pwrite(fd, bytes, length, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes += n;
		length -= n;
		at += n;
	}
	return 0;
}

/* Begun at once, so that fsync(2) in the end is not what takes long. */
static void begin_writing_out(int fd, uint64_t at, size_t length)
{
	if (sync_file_range(fd, at, length, SYNC_FILE_RANGE_WRITE) < 0)
		errno = 0;
}

static int zero_by_write(struct staticdax *sd, int fd, uint64_t size)
{
	_cleanup_free_ char *zeroes = calloc(1, CHUNK);
	uint64_t length;
	int r;

	if (!zeroes)
		return -ENOMEM;
	for (uint64_t done = 0; done < size; done += length) {
		length = part(size, done, CHUNK);
		r = write_all(fd, zeroes, length, done);
		if (r < 0)
			return r;
		begin_writing_out(fd, done, length);
		sdax_progress(sd, done + length, size);
	}
	return 0;
}

static int read_all(int fd, char *bytes, size_t length, uint64_t at)
{
	ssize_t n;

	while (length) {
		n = pread(fd, bytes, length, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes += n;
		length -= n;
		at += n;
	}
	return 0;
}

int sdax_fill_copy(struct staticdax *sd, int from, int fd, uint64_t size)
{
	_cleanup_free_ char *bytes = malloc(CHUNK);
	uint64_t length;
	int r;

	if (!bytes)
		return -ENOMEM;
	for (uint64_t done = 0; done < size; done += length) {
		length = part(size, done, CHUNK);
		if (!sdax_lease_undisturbed(from))
			return -EBUSY;
		r = read_all(from, bytes, length, done);
		if (!r)
			r = write_all(fd, bytes, length, done);
		if (r < 0)
			return r;
		begin_writing_out(fd, done, length);
		sdax_progress(sd, done + length, size);
	}
	return 0;
}

int sdax_fill_zeroes(struct staticdax *sd, int fd, uint64_t size)
{
	int r = zero_by_device(sd, fd, size);

	/* EINVAL: the kernel, or for this file the filesystem, does not know it */
	if (r == -EOPNOTSUPP || r == -EINVAL)
		return zero_by_write(sd, fd, size);
	return r;
}
