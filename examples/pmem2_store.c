/* SPDX-License-Identifier: CC0-1.0 */
/*
 * A file for PMDK's libpmem2: made, written once, sealed, mapped, stored to and
 * flushed. libpmem2 flushes by whatever the platform has, and neither it nor
 * this program calls msync.
 *
 *   pmem2_store /mnt/pmem/log		cc pmem2_store.c -lstaticdax -lpmem2
 *
 * Needs root and a DAX filesystem. Leaves the file behind, sealed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libpmem2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "staticdax.h"

#define SIZE (4UL << 20)

/* A new file with all its blocks written; a negative errno, or it is open. */
static int create_written(const char *path)
{
	static const char zeros[1 << 16];
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	for (size_t at = 0; at < SIZE; at += sizeof(zeros)) {
		if (pwrite(fd, zeros, sizeof(zeros), at) != sizeof(zeros)) {
			close(fd);
			return -EIO;
		}
	}
	return fd;
}

/* The caller may have the file open itself: see libstaticdax(3). */
static int seal(const char *path)
{
	struct staticdax_options options = STATICDAX_INIT(staticdax_options);
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	struct staticdax *sd;
	char text[512];
	int r;

	r = staticdax_new(&sd);
	if (r < 0)
		return r;
	r = staticdax_seal(sd, path, &options, &result);
	if (r < 0) {
		staticdax_explain(&result, text, sizeof(text));
		fprintf(stderr, "%s: %s\n", path, text);
	}
	staticdax_free(sd);
	return r;
}

/* Granularity: the caches need to be flushed, and nothing else. */
static int map(int fd, struct pmem2_map **ret_map)
{
	struct pmem2_config *config = NULL;
	struct pmem2_source *source = NULL;
	int r;

	r = pmem2_config_new(&config);
	if (!r)
		r = pmem2_config_set_required_store_granularity(config,
				PMEM2_GRANULARITY_CACHE_LINE);
	if (!r)
		r = pmem2_source_from_fd(&source, fd);
	if (!r)
		r = pmem2_map_new(ret_map, config, source);
	pmem2_source_delete(&source);
	pmem2_config_delete(&config);
	return r;
}

static int store(const char *path, int fd)
{
	static const char record[] = "stored without msync\n";
	struct pmem2_map *log = NULL;
	char *address;

	if (map(fd, &log)) {
		fprintf(stderr, "%s: libpmem2: %s\n", path, pmem2_errormsg());
		return 1;
	}
	address = pmem2_map_get_address(log);
	memcpy(address, record, sizeof(record));
	pmem2_get_persist_fn(log)(address, sizeof(record));
	printf("%s: stored and flushed\n", path);
	return pmem2_map_delete(&log) != 0;
}

int main(int argc, char **argv)
{
	int fd, r;

	if (argc != 2) {
		fprintf(stderr, "Usage: %s FILE\n", argv[0]);
		return 2;
	}
	fd = create_written(argv[1]);
	r = fd < 0 ? fd : seal(argv[1]);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
		return 3;
	}
	printf("%s: sealed\n", argv[1]);
	r = store(argv[1], fd);
	close(fd);
	return r;
}
