/* SPDX-License-Identifier: CC0-1.0 */
/*
 * A file for persistent memory, from nothing to a store that survives a crash
 * without msync: made, written once, sealed, mapped, stored to, flushed.
 *
 *   seal_and_map /mnt/pmem/log
 *
 * Needs root and a DAX filesystem. Leaves the file behind, unsealed.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <immintrin.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "staticdax.h"

#define SIZE (4UL << 20)
#define CACHE_LINE 64

/*
 * fallocate makes the blocks contiguous if it can, the zeros make them
 * written, and fsync makes the map of both durable: a seal keeps that map.
 */
static int create_written(const char *path)
{
	static const char zeros[1 << 16];
	int fd, r = 0;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (fallocate(fd, 0, 0, SIZE) < 0)
		r = -errno;
	for (size_t at = 0; !r && at < SIZE; at += sizeof(zeros))
		if (pwrite(fd, zeros, sizeof(zeros), at) != sizeof(zeros))
			r = -EIO;
	if (!r && fsync(fd) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* A mapping outlives its descriptor. */
static void *map(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *addr;

	if (fd < 0)
		return MAP_FAILED;
	addr = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return addr;
}

__attribute__((target("clwb"))) static void write_back(char *line)
{
	_mm_clwb(line);
}

__attribute__((target("clflushopt"))) static void flush_weakly(char *line)
{
	_mm_clflushopt(line);
}

static void (*choose_flush(void))(char *line)
{
	unsigned int a, b = 0, c, d;

	__get_cpuid_count(7, 0, &a, &b, &c, &d);
	if (b & bit_CLWB)
		return write_back;
	return b & bit_CLFLUSHOPT ? flush_weakly : NULL;
}

/* What has left the caches is on the medium: there is no page cache here. */
static void persist(const void *addr, size_t length)
{
	void (*flush)(char *line) = choose_flush();
	char *line = (char *)((unsigned long)addr & ~(CACHE_LINE - 1UL));

	for (; line < (const char *)addr + length; line += CACHE_LINE) {
		if (flush)
			flush(line);
		else
			_mm_clflush(line);
	}
	_mm_sfence();
}

static int store(const char *path)
{
	static const char record[] = "stored without msync\n";
	char *log = map(path);

	if (log == MAP_FAILED)
		return -errno;
	memcpy(log, record, sizeof(record));
	persist(log, sizeof(record));
	munmap(log, SIZE);
	return 0;
}

static int complain(const char *path, const struct staticdax_result *result)
{
	char text[512];

	staticdax_explain(result, text, sizeof(text));
	fprintf(stderr, "%s: %s\n", path, text);
	return 1;
}

static int run(struct staticdax *sd, const char *path)
{
	struct staticdax_options options = STATICDAX_INIT(staticdax_options);
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	int r;

	if (staticdax_seal(sd, path, &options, &result) < 0)
		return complain(path, &result);
	printf("%s: sealed, %llu run(s)\n", path,
	       (unsigned long long)result.runs);
	r = store(path);
	printf("%s: store: %s\n", path, strerror(-r));
	r = truncate(path, 0) < 0 ? -errno : 0;
	printf("%s: truncate: %s\n", path, strerror(-r));
	if (staticdax_unseal(sd, path, 0, &result) < 0)
		return complain(path, &result);
	printf("%s: unsealed\n", path);
	return 0;
}

int main(int argc, char **argv)
{
	struct staticdax *sd;
	int r;

	if (argc != 2) {
		fprintf(stderr, "Usage: %s FILE\n", argv[0]);
		return 2;
	}
	r = create_written(argv[1]);
	if (!r)
		r = staticdax_new(&sd);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
		return 3;
	}
	r = run(sd, argv[1]);
	staticdax_free(sd);
	return r;
}
