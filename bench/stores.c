// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a durable update through a mapping takes, in nanoseconds of the machine it
 * runs on: under QEMU's -icount shift=0 these are executed instructions.
 *
 * stores updates HOW FILE [PAGE]
 *                             a line for each: bytes, order, cost of one update
 * stores first HOW FILE PAGE  cost of the first store to each page of PAGE bytes,
 *                             4096 or 2097152, flushed: median, 99th percentile,
 *                             most
 *   HOW  flush   plain MAP_SHARED, flushed from user space
 *        sync    MAP_SYNC, flushed from user space
 *        msync   plain MAP_SHARED, msync for each update
 *
 * The first SIZE bytes of FILE, a device too, are used. Updates are to pages that
 * were stored to before, and the best of several batches counts, since what an
 * interrupt adds is nobody's cost.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "persist.h"

#define SIZE (8UL << 20)
#define PAGE 4096UL
#define HUGE (2UL << 20)
#define BATCH 128
#define BATCHES 12

static char record[PAGE] __attribute__((aligned(CACHE_LINE)));
static char *base;

static void die(const char *what)
{
	fprintf(stderr, "stores: %s: %s\n", what, strerror(errno));
	exit(3);
}

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void with_msync(char *at, size_t size)
{
	memcpy(at, record, size);
	if (msync((char *)((unsigned long)at & ~(PAGE - 1)), PAGE, MS_SYNC))
		die("msync");
}

static void with_flush(char *at, size_t size)
{
	memcpy(at, record, size);
	persist(at, size);
}

typedef void (*update_fn)(char *at, size_t size);

static size_t place(size_t n, size_t size, int at_random)
{
	size_t places = SIZE / size;

	return (at_random ? n * 2654435761UL : n) % places * size;
}

static void updates(update_fn update, size_t size, int at_random)
{
	long best = -1, t;
	size_t n = 0;

	for (int batch = -1; batch < BATCHES; batch++) {
		t = now();
		for (int i = 0; i < BATCH; i++)
			update(base + place(n++, size, at_random), size);
		t = now() - t;
		if (batch >= 0 && (best < 0 || t < best))
			best = t;
	}
	printf("%zu %s %.1f\n", size, at_random ? "random" : "sequential",
	       (double)best / BATCH);
}

static int longer(const void *a, const void *b)
{
	const long *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void first(update_fn update, size_t page)
{
	static long took[SIZE / PAGE];
	const size_t n = SIZE / page;

	for (size_t i = 0; i < n; i++) {
		took[i] = now();
		update(base + place(i, page, 1), CACHE_LINE);
		took[i] = now() - took[i];
	}
	qsort(took, n, sizeof(*took), longer);
	printf("%ld %ld %ld\n", took[n / 2], took[n * 99 / 100], took[n - 1]);
}

/* A mapping that is off by a page is served in small pages. */
static void map(const char *path, int flags, int small_pages)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char *at = NULL;

	if (fd < 0)
		die(path);
	if (small_pages) {
		at = mmap(NULL, SIZE + 2 * HUGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at == MAP_FAILED)
			die("mmap");
		at = (char *)(((unsigned long)at + HUGE) & ~(HUGE - 1)) + PAGE;
		flags |= MAP_FIXED;
	}
	base = mmap(at, SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (base == MAP_FAILED)
		die(path);
	close(fd);
}

int main(int argc, char **argv)
{
	update_fn update = with_flush;
	int flags = MAP_SHARED;
	size_t page;

	if (argc < 4) {
		fprintf(stderr, "Usage: stores updates HOW FILE [PAGE]\n"
				"       stores first HOW FILE PAGE\n");
		return 2;
	}
	page = argc > 4 ? strtoul(argv[4], NULL, 10) : HUGE;
	if (page != PAGE && page != HUGE)
		return 2;
	if (!strcmp(argv[2], "msync"))
		update = with_msync;
	else if (!strcmp(argv[2], "sync"))
		flags = MAP_SHARED_VALIDATE | MAP_SYNC;
	map(argv[3], flags, page == PAGE);
	memset(record, 0x5a, sizeof(record));
	if (!strcmp(argv[1], "first")) {
		first(update, page);
		return 0;
	}
	memset(base, 0, SIZE);
	for (int at_random = 0; at_random < 2; at_random++) {
		updates(update, 64, at_random);
		updates(update, PAGE, at_random);
	}
	return 0;
}
