// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records that are acknowledged once they should be durable, for a machine that
 * is killed meanwhile. The writer stores through plain MAP_SHARED, flushes from
 * user space, and never calls msync, fsync or anything like it.
 *
 * durable write SEED FILE...        record after record into each FILE, and "ack N"
 *                                   when N records are stored; waits when all are
 * durable verify SEED COUNT FILE    are the first COUNT records there? 1 if not, and
 *                                   prints how many are lost
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "persist.h"

#define RECORD 4096
#define WORDS (RECORD / sizeof(uint64_t))
#define FILES_MAX 8

static void die(const char *what)
{
	perror(what);
	exit(3);
}

/* xorshift64*: the records of one seed have nothing in common with another's. */
static uint64_t next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717ULL;
}

static void make(uint64_t seed, uint64_t n, uint64_t *record)
{
	uint64_t state = (seed << 32 | n) + 1;

	for (size_t i = 0; i < WORDS; i++)
		record[i] = next(&state);
}

/* A record each, in no order that a filesystem could guess. */
static uint64_t place(uint64_t seed, uint64_t n, uint64_t records)
{
	return (seed + n * 619) % records;
}

static char *map(const char *path, int prot, uint64_t *ret_records)
{
	int fd = open(path, prot & PROT_WRITE ? O_RDWR : O_RDONLY);
	struct stat st;
	char *addr;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(path);
	addr = mmap(NULL, st.st_size, prot, MAP_SHARED, fd, 0);
	if (addr == MAP_FAILED)
		die(path);
	close(fd);
	*ret_records = st.st_size / RECORD;
	return addr;
}

__attribute__((noreturn)) static void write_all(uint64_t seed, char **paths, int count)
{
	uint64_t record[WORDS], records = 0;
	char *files[FILES_MAX], *at;

	for (int i = 0; i < count; i++)
		files[i] = map(paths[i], PROT_READ | PROT_WRITE, &records);
	for (uint64_t n = 0; n < records; n++) {
		make(seed, n, record);
		for (int i = 0; i < count; i++) {
			at = files[i] + place(seed, n, records) * RECORD;
			memcpy(at, record, RECORD);
			persist(at, RECORD);
		}
		dprintf(STDOUT_FILENO, "ack %llu\n", (unsigned long long)n + 1);
	}
	for (;;)
		pause();
}

static int verify(uint64_t seed, uint64_t count, const char *path)
{
	uint64_t record[WORDS], records, lost = 0;
	const char *file = map(path, PROT_READ, &records);

	for (uint64_t n = 0; n < count; n++) {
		make(seed, n, record);
		lost += !!memcmp(file + place(seed, n, records) * RECORD,
				 record, RECORD);
	}
	printf("%llu\n", (unsigned long long)lost);
	return lost ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc > 3 && argc - 3 <= FILES_MAX && !strcmp(argv[1], "write"))
		write_all(strtoull(argv[2], NULL, 0), argv + 3, argc - 3);
	if (argc == 5 && !strcmp(argv[1], "verify"))
		return verify(strtoull(argv[2], NULL, 0),
			      strtoull(argv[3], NULL, 0), argv[4]);
	fprintf(stderr, "Usage: durable write SEED FILE...\n"
			"       durable verify SEED COUNT FILE\n");
	return 2;
}
