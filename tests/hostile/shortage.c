// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many threads, each of which wants a token of its own, at a time when the kernel may have no
 * memory to give: each writes inside a sealed file, across its end, and punches a hole. All stay
 * until the last is done, so that no token is freed before.
 *
 * shortage [-n THREADS] FILE
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../hooks/contract.h"
#include "../tap.h"
#include "prey.h"

#define STACK 65536

static pthread_barrier_t all;
static atomic_uint written, refused, passed, other;

static void *work(void *argument)
{
	int fd = *(int *)argument;

	if (pwrite(fd, new_bytes, BLOCK, BLOCK) == BLOCK)
		written++;
	else if (errno == ETXTBSY)
		refused++;
	else
		other++;
	passed += pwrite(fd, new_bytes, BLOCK, FIT_SIZE - 1) >= 0;
	passed += !fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2 * BLOCK, BLOCK);
	pthread_barrier_wait(&all);
	return NULL;
}

static void run(int fd, unsigned int threads)
{
	pthread_t *ids = calloc(threads, sizeof(*ids));
	pthread_attr_t attr;
	unsigned int n = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_barrier_init(&all, NULL, threads);
	while (ids && n < threads && !pthread_create(&ids[n], &attr, work, &fd))
		n++;
	if (n < threads)
		exit(2);
	while (n)
		pthread_join(ids[--n], NULL);
	free(ids);
}

int main(int argc, char **argv)
{
	unsigned int threads = 1500;
	struct prey prey;
	char why[400];
	int c, fd;

	while ((c = getopt(argc, argv, "n:")) != -1) {
		if (c != 'n')
			return 2;
		threads = strtoul(optarg, NULL, 0);
	}
	if (optind != argc - 1 || prey_remember(&prey, argv[optind]))
		return 2;
	fd = open(argv[optind], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return 2;
	run(fd, threads);
	tap_diag("%u writes inside of %u threads, %u refused", written, threads, refused);
	tap_ok(written + refused == threads && !other, "each_write_inside_is_done_or_refused");
	tap_ok(!passed, "deny_when_sealed: %u tries to change the map", 2 * threads);
	if (!tap_ok(prey_is_whole(&prey, why, sizeof(why)), "map_and_untouched_blocks_unchanged"))
		tap_diag("%s", why);
	return tap_done();
}
