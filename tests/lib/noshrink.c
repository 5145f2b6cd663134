// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program that maps a file and touches every page of it, against others that
 * take its pages away in every way there is, while one appends.
 *
 * Usage: noshrink DIRECTORY FILESYSTEM ROUNDS
 *
 * First each way alone on a file that is not sealed: it must work, and what is
 * mapped must be lost, by SIGBUS or by another content. Then all ways at once on
 * a file that is not sealed: SIGBUS must come. Then the same on one sealed by
 * staticdax_noshrink(): not one SIGBUS, no other content, each way that works
 * here refused with ETXTBSY each time, and the appender never.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "staticdax.h"
#include "tap.h"

#define PAGE 4096L
#define PAGES 64
#define LENGTH (PAGES * PAGE)
#define MOST_RACES 50
#define ACTS 10			/* of each in a round on the sealed file */

#ifndef FALLOC_FL_WRITE_ZEROES
#define FALLOC_FL_WRITE_ZEROES 0x80	/* include/uapi/linux/falloc.h, 6.17 */
#endif

/* include/linux/falloc.h, which is not for user space */
struct space_resv {
	int16_t l_type;
	int16_t l_whence;
	int64_t l_start;
	int64_t l_len;
	int32_t l_sysid;
	uint32_t l_pid;
	int32_t l_pad[4];
};

#define FS_IOC_UNRESVSP64 _IOW('X', 43, struct space_resv)

static const char *filesystem;
static char path[4096], other_path[4096];
static int fd, other;	/* the file, and one of the same length full of zeros */

/* What page n of the file is full of. */
static char content_of(long n)
{
	return 'a' + n % 26;
}

static int reply(long r)
{
	return r < 0 ? -errno : 0;
}

/* The ways: 0 or a negative errno */

static int by_truncate(void)
{
	return reply(truncate(path, PAGE));
}

static int by_ftruncate(void)
{
	return reply(ftruncate(fd, 0));
}

static int by_one_byte(void)
{
	struct stat st;

	return fstat(fd, &st) ? -errno : reply(ftruncate(fd, st.st_size - PAGE));
}

static int by_opening(int flags)
{
	int again = open(path, O_CLOEXEC | flags, 0600);

	if (again < 0)
		return -errno;
	close(again);
	return 0;
}

static int by_open_trunc(void)
{
	return by_opening(O_RDWR | O_TRUNC);
}

static int by_read_only_trunc(void)
{
	return by_opening(O_RDONLY | O_TRUNC);
}

static int by_creat(void)
{
	return by_opening(O_WRONLY | O_CREAT | O_TRUNC);
}

static int by_punch(void)
{
	return reply(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			       LENGTH));
}

static int by_collapse(void)
{
	return reply(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, PAGE));
}

static int by_insert(void)
{
	return reply(fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, PAGE));
}

static int by_zero_range(void)
{
	return reply(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, LENGTH));
}

static int by_zero_keeping_size(void)
{
	return reply(fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0,
			       LENGTH));
}

static int by_write_zeroes(void)
{
	return reply(fallocate(fd, FALLOC_FL_WRITE_ZEROES, 0, LENGTH));
}

static int by_madv_remove(void)
{
	char *map = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int r;

	if (map == MAP_FAILED)
		return -errno;
	r = reply(madvise(map, LENGTH, MADV_REMOVE));
	munmap(map, LENGTH);
	return r;
}

static int by_unresvsp(void)
{
	struct space_resv range = { .l_len = LENGTH };

	return reply(ioctl(fd, FS_IOC_UNRESVSP64, &range));
}

static int by_clone(void)
{
	struct file_clone_range range = { .src_fd = other, .src_length = LENGTH };

	return reply(ioctl(fd, FICLONERANGE, &range));
}

#define BLOCKS "ext4 xfs btrfs"
#define ALL "tmpfs " BLOCKS

static struct way {
	const char *name;
	int (*act)(void);
	const char *on;		/* the filesystems that have it; NULL: not known */
	bool works;		/* did so on the file that was not sealed */
	atomic_int refused;	/* with ETXTBSY */
	atomic_int passed;
	atomic_int other;	/* errno of the last other failure */
} ways[] = {
	{ .name = "truncate", .act = by_truncate, .on = ALL },
	{ .name = "ftruncate_to_nothing", .act = by_ftruncate, .on = ALL },
	{ .name = "ftruncate_by_a_page", .act = by_one_byte, .on = ALL },
	{ .name = "open_O_TRUNC", .act = by_open_trunc, .on = ALL },
	{ .name = "open_read_only_O_TRUNC", .act = by_read_only_trunc, .on = ALL },
	{ .name = "creat", .act = by_creat, .on = ALL },
	{ .name = "punch_hole", .act = by_punch, .on = ALL },
	{ .name = "madv_remove", .act = by_madv_remove, .on = ALL },
	{ .name = "unresvsp", .act = by_unresvsp, .on = ALL },
	{ .name = "collapse_range", .act = by_collapse, .on = "ext4 xfs" },
	{ .name = "insert_range", .act = by_insert, .on = "ext4 xfs" },
	{ .name = "zero_range", .act = by_zero_range, .on = BLOCKS },
	{ .name = "zero_range_keeping_size", .act = by_zero_keeping_size, .on = BLOCKS },
	{ .name = "write_zeroes", .act = by_write_zeroes },
	{ .name = "clone_over_it", .act = by_clone, .on = "xfs btrfs" },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* The file, and who looks at it */

static void fail(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(3);
}

static void fill(int to, bool zeros)
{
	char page[PAGE];

	if (ftruncate(to, LENGTH))
		fail("ftruncate");
	for (long n = 0; n < PAGES; n++) {
		memset(page, zeros ? 0 : content_of(n), sizeof(page));
		if (pwrite(to, page, PAGE, n * PAGE) != PAGE)
			fail("pwrite");
	}
	if (fsync(to))
		fail("fsync");
}

static void make(void)
{
	unlink(path);
	unlink(other_path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	other = open(other_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || other < 0)
		fail("open");
	fill(fd, false);
	fill(other, true);
}

static void unmake(void)
{
	close(fd);
	close(other);
	unlink(path);
	unlink(other_path);
}

static _Thread_local sigjmp_buf torn;
static atomic_int sigbus, wrong, passes;

static void on_sigbus(int signal)
{
	(void)signal;
	siglongjmp(torn, 1);
}

/* Touches every page of the first LENGTH bytes and of what has been added. */
static void look(char *map, long length)
{
	if (sigsetjmp(torn, 1)) {
		sigbus++;
		return;
	}
	for (long n = 0; n < length / PAGE; n++) {
		char is = *(volatile char *)(map + n * PAGE + n % PAGE);

		if (n < PAGES && is != content_of(n))
			wrong++;
	}
	*(volatile char *)map = content_of(0);
	passes++;
}

static char *map_all(long *ret_length)
{
	struct stat st;
	char *map;

	if (fstat(fd, &st))
		fail("fstat");
	*ret_length = st.st_size > LENGTH ? st.st_size & -PAGE : LENGTH;
	map = mmap(NULL, *ret_length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		fail("mmap");
	return map;
}

/* Each way alone */

static void try_way(struct way *way)
{
	long length;
	char *map;
	int r;

	make();
	map = map_all(&length);
	sigbus = wrong = 0;
	look(map, length);
	if (sigbus || wrong)
		tap_diag("the file is not what it should be before %s", way->name);
	r = way->act();
	way->works = !r;
	look(map, length);
	if (!r || (way->on && strstr(way->on, filesystem)))
		tap_ok(!r && (sigbus || wrong),
		       "unsealed_%s_takes_away_what_is_mapped", way->name);
	if (r)
		tap_diag("%s: %s", way->name, strerror(-r));
	munmap(map, length);
	unmake();
}

/* All at once */

static pthread_barrier_t start, end;
static atomic_int busy;
static int rounds, acts;
static int append_error;
static long appended;

static void attack(struct way *way)
{
	int r = way->act();

	if (!r)
		way->passed++;
	else if (r == -ETXTBSY)
		way->refused++;
	else
		way->other = -r;
}

static void *attacker(void *arg)
{
	for (int i = 0; i < rounds; i++) {
		pthread_barrier_wait(&start);
		for (int n = 0; n < acts; n++)
			attack(arg);
		busy--;
		pthread_barrier_wait(&end);
	}
	return NULL;
}

/*
 * Truncates to what the size was a moment ago, which is no shrinking unless the
 * appender has been there in between.
 */
static void *setter(void *arg)
{
	struct stat st;

	(void)arg;
	for (int i = 0; i < rounds; i++) {
		pthread_barrier_wait(&start);
		if (fstat(fd, &st))
			fail("fstat");
		for (int n = 0; n < 5; n++)
			if (ftruncate(fd, st.st_size) && errno != ETXTBSY)
				fail("ftruncate");
		busy--;
		pthread_barrier_wait(&end);
	}
	return NULL;
}

/* Until the others are done, and once after that. */
static void *reader(void *arg)
{
	(void)arg;
	for (int i = 0; i < rounds; i++) {
		bool last = false;
		long length;
		char *map;

		pthread_barrier_wait(&start);
		map = map_all(&length);
		while (!last) {
			last = !busy;
			look(map, length);
		}
		munmap(map, length);
		pthread_barrier_wait(&end);
	}
	return NULL;
}

/* Every way of growing; each adds a page, but the last, which keeps the size. */
static int grow(int appending)
{
	static const char page[PAGE] = "appended";
	struct stat st;
	long size;

	if (write(appending, page, PAGE) != PAGE || fstat(fd, &st))
		return errno;
	size = st.st_size;
	if (pwrite(fd, page, PAGE, size) != PAGE ||
	    ftruncate(fd, size + 2 * PAGE) ||
	    fallocate(fd, 0, 0, size + 3 * PAGE) ||
	    fallocate(fd, FALLOC_FL_KEEP_SIZE, size + 3 * PAGE, PAGE))
		return errno;
	appended += 4 * PAGE;
	return 0;
}

static void *appender(void *arg)
{
	int appending = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	(void)arg;
	if (appending < 0)
		append_error = errno;
	for (int i = 0; i < rounds; i++) {
		pthread_barrier_wait(&start);
		for (int n = 0; n < acts && !append_error; n++)
			append_error = grow(appending);
		busy--;
		pthread_barrier_wait(&end);
	}
	close(appending);
	return NULL;
}

static void race(bool sealed)
{
	int actors = WAYS + (sealed ? 2 : 0);
	pthread_t threads[WAYS + 3];
	size_t n = 0;

	sigbus = wrong = passes = 0;
	acts = sealed ? ACTS : 1;
	pthread_barrier_init(&start, NULL, actors + 2);
	pthread_barrier_init(&end, NULL, actors + 2);
	for (size_t i = 0; i < WAYS; i++) {
		ways[i].refused = ways[i].passed = ways[i].other = 0;
		pthread_create(&threads[n++], NULL, attacker, &ways[i]);
	}
	if (sealed) {
		pthread_create(&threads[n++], NULL, appender, NULL);
		pthread_create(&threads[n++], NULL, setter, NULL);
	}
	pthread_create(&threads[n++], NULL, reader, NULL);
	for (int i = 0; i < rounds; i++) {
		if (!sealed)
			fill(fd, false);
		busy = actors;
		pthread_barrier_wait(&start);
		pthread_barrier_wait(&end);
	}
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&start);
	pthread_barrier_destroy(&end);
}

/* Who comes last may have made the file long again before anybody looked. */
static void race_unsealed(void)
{
	int races = 0;

	do {
		make();
		race(false);
		unmake();
	} while (!sigbus && ++races < MOST_RACES);
	tap_ok(sigbus > 0, "unsealed_mapping_gets_SIGBUS");
	tap_diag("%d SIGBUS, %d passes, %d bytes of another content", sigbus,
		 passes, wrong);
}

static void judge_way(struct way *way)
{
	if (way->works)
		tap_ok(way->refused == rounds * acts && !way->passed,
		       "sealed_%s_is_refused", way->name);
	else
		tap_ok(!way->passed, "sealed_%s_does_not_begin_to_work",
		       way->name);
	if (way->works && way->refused != rounds * acts)
		tap_diag("refused %d of %d, passed %d, last other: %s",
			 way->refused, rounds * acts, way->passed,
			 strerror(way->other));
}

static void race_sealed(struct staticdax *sd)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	char text[512];
	struct stat st;
	int r;

	make();
	r = staticdax_noshrink(sd, fd, 0, &result);
	staticdax_explain(&result, text, sizeof(text));
	tap_ok(!r && result.changed, "staticdax_noshrink_seals");
	if (r) {
		tap_diag("%s", text);
		return;
	}
	race(true);
	tap_ok(!sigbus, "sealed_mapping_gets_no_SIGBUS");
	tap_ok(!wrong && passes >= rounds, "sealed_mapping_keeps_its_content");
	tap_diag("%d SIGBUS, %d passes, %d bytes of another content", sigbus,
		 passes, wrong);
	tap_ok(!append_error, "sealed_file_is_appended_to_all_the_while");
	if (append_error)
		tap_diag("%s", strerror(append_error));
	fstat(fd, &st);
	tap_ok(st.st_size == LENGTH + appended, "sealed_file_has_grown");
	for (size_t i = 0; i < WAYS; i++)
		judge_way(&ways[i]);
	tap_ok(!truncate(path, st.st_size), "same_size_is_no_shrinking");
	tap_ok(truncate(path, st.st_size - 1) && errno == ETXTBSY,
	       "the_floor_has_followed_the_growth");
	unlink(path);
	tap_ok(by_ftruncate() == -ETXTBSY, "a_mapped_file_without_a_name_stays");
	unmake();
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_sigbus };
	struct staticdax *sd;

	if (argc != 4)
		return 2;
	filesystem = argv[2];
	snprintf(path, sizeof(path), "%s/noshrink", argv[1]);
	snprintf(other_path, sizeof(other_path), "%s/noshrink-other", argv[1]);
	rounds = atoi(argv[3]);
	sigaction(SIGBUS, &action, NULL);
	if (staticdax_new(&sd))
		fail("staticdax_new");
	for (size_t i = 0; i < WAYS; i++)
		try_way(&ways[i]);
	race_unsealed();
	race_sealed(sd);
	staticdax_free(sd);
	return tap_done();
}
