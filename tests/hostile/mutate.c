// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The random mutator: threads that do anything to a sealed file, the prey, and to the files next
 * to it, from one seed. First to an unsealed prey, which shows that the acts have teeth; then to
 * a sealed one, whose map, size and untouched blocks are compared all the while.
 *
 * Each thread has a stream of its own, so what it tries is repeated by the seed; in which order
 * threads meet is not. With one thread everything is, and the trace says so: a hash of all answers
 * that depend on the files alone.
 *
 * With --beside only the neighbours are touched, with what a seal must not refuse on them: the
 * trace and the content then have to be the same, whatever is sealed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "../hooks/tool.h"
#include "../tap.h"
#include "act.h"
#include "prey.h"

#define NEIGHBOURS 4
#define THREADS_MAX 64
/* A check costs as much as several acts, and each thread makes its own. */
#define CHECK_EVERY 32

static const struct act_group *const groups[] = {
	&acts_write, &acts_layout, &acts_remap, &acts_name,
};

static const char *const neighbours[NEIGHBOURS] = { "n0", "n1", "n2", "n3" };

struct tally {
	atomic_uint tried, passed; /* on the prey, where a denial is due */
};

static struct {
	uint64_t seed;
	unsigned int threads;
	unsigned long steps;
	time_t end; /* of CLOCK_MONOTONIC, or 0: steps count */
	bool beside, verbose, sealed;
	const char *label;
	unsigned int on;
	int shared_fd;
	struct prey prey;
	const struct act *acts[64];
	struct tally tally[64];
	size_t acts_count;
	atomic_ulong done, checks, writes, refused_in_error, holes;
	atomic_bool over;
	pthread_mutex_t checking;
	char why[500];
} hunt = { .threads = 4, .steps = 600, .checking = PTHREAD_MUTEX_INITIALIZER };

static void report_hole(const struct scene *s, const struct act *act, unsigned long step, int r)
{
	tap_diag("seed %" PRIu64 " thread %u step %lu: %s of %s with %s at %lld length %zu "
		 "detail %#x: %s", hunt.seed, s->thread, step, act->name, s->path, s->peer,
		 (long long)s->pos, s->length, s->detail, r ? strerrorname_np(-r) : "succeeded");
	hunt.holes++;
}

static bool concerns_prey(const struct scene *s, const struct act *act)
{
	return s->prey_is_target || (s->prey_is_peer && act->flags & ACT_BOTH);
}

static void judge(const struct scene *s, size_t i, unsigned long step, int r)
{
	const struct act *act = hunt.acts[i];

	if (!concerns_prey(s, act))
		return;
	if (s->due == DUE_DENIAL) {
		hunt.tally[i].tried++;
		hunt.tally[i].passed += !r;
		if (hunt.sealed && !r)
			report_hole(s, act, step, r);
	} else if (s->due == DUE_WRITE) {
		hunt.writes++;
		hunt.refused_in_error += r == -ETXTBSY;
	} else if (s->due == DUE_FREE && hunt.sealed && r == -ETXTBSY) {
		report_hole(s, act, step, r);
	}
}

static void check(unsigned int thread, unsigned long step)
{
	char why[400];

	pthread_mutex_lock(&hunt.checking);
	hunt.checks++;
	if (!prey_is_whole(&hunt.prey, why, sizeof(why)) && !hunt.over) {
		snprintf(hunt.why, sizeof(hunt.why), "seed %" PRIu64 ", found by thread %u at step %lu: %s",
			 hunt.seed, thread, step, why);
		hunt.over = true;
	}
	pthread_mutex_unlock(&hunt.checking);
}

/* A file that is gone is made anew, empty. */
static int open_any(struct scene *s, const char *path)
{
	static const int ways[] = { 0, 0, 0, 0, 0, O_SYNC, O_DSYNC, O_NOATIME };

	return open(path, O_RDWR | O_CREAT | O_CLOEXEC | ways[pick(s, ARRAY_SIZE(ways))], 0644);
}

/* Half of all acts are aimed at the prey, and half of the others have it as the second file. */
static void choose_files(struct scene *s)
{
	unsigned int n = pick(s, NEIGHBOURS), aim = pick(s, 4);

	s->path = neighbours[n];
	s->peer = neighbours[(n + 1 + pick(s, NEIGHBOURS - 1)) % NEIGHBOURS];
	s->prey_is_target = !hunt.beside && aim < 2;
	s->prey_is_peer = !hunt.beside && aim == 2;
	if (s->prey_is_target)
		s->path = hunt.prey.path;
	if (s->prey_is_peer)
		s->peer = hunt.prey.path;
	s->fd = open_any(s, s->path);
	s->peer_fd = open_any(s, s->peer);
}

/*
 * Work that io_uring has left for the task interrupts an act now and then, tmpfs's fallocate for
 * one, which then undoes what it did. It is the same act that is done again.
 */
static int run_act(const struct act *act, struct scene *s)
{
	uint64_t random = s->random;
	int r;

	while ((r = act->run(s)) == -EINTR)
		s->random = random;
	return r;
}

static int step(struct scene *s, unsigned long number)
{
	size_t i = pick(s, hunt.acts_count);
	const struct act *act = hunt.acts[i];
	int r = -EBADF;

	choose_files(s);
	s->due = act->due;
	s->pos = s->length = s->detail = 0;
	memset(s->bytes, pick(s, 256), FIT_SIZE);
	if (s->fd >= 0 && s->peer_fd >= 0)
		r = run_act(act, s);
	if (s->fd >= 0)
		close(s->fd);
	if (s->peer_fd >= 0)
		close(s->peer_fd);
	judge(s, i, number, r);
	if (hunt.verbose)
		tap_diag("%u.%lu %s of %s with %s at %lld+%zu (%#x): %d", s->thread, number,
			 act->name, s->path, s->peer, (long long)s->pos, s->length, s->detail, r);
	return act->flags & ACT_UNSTABLE ? 0 : r;
}

static bool is_time_over(void)
{
	struct timespec now;

	if (!hunt.end)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec >= hunt.end;
}

/* Returns the trace. */
static uint64_t work(unsigned int thread)
{
	struct scene s = {
		.random = random_stream(hunt.seed, thread),
		.shared_fd = hunt.shared_fd,
		.on = hunt.on,
		.thread = thread,
		.sealed = hunt.sealed,
		.bytes = aligned_alloc(BLOCK, FIT_SIZE),
	};
	uint64_t trace = hunt.seed;

	for (unsigned long n = 0; s.bytes && !hunt.over && !is_time_over() &&
	     (hunt.end || n < hunt.steps); n++) {
		trace = (trace ^ (uint32_t)step(&s, n)) * 0x100000001b3ULL;
		hunt.done++;
		if (hunt.sealed && n % CHECK_EVERY == 0)
			check(thread, n);
	}
	free(s.bytes);
	return trace;
}

static void *work_in_thread(void *number)
{
	work((uintptr_t)number);
	return NULL;
}

/* One thread is this one: a second would share the table of descriptors with it. */
static uint64_t work_all(void)
{
	pthread_t threads[THREADS_MAX];
	unsigned int n = 0;

	if (hunt.threads == 1)
		return work(0);
	while (n < hunt.threads &&
	       !pthread_create(&threads[n], NULL, work_in_thread, (void *)(uintptr_t)n))
		n++;
	if (n < hunt.threads)
		tap_diag("only %u threads", n);
	for (unsigned int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static int make_files(const char *prey)
{
	int r = prey ? fit_create(prey) : 0;

	for (size_t i = 0; !r && i < NEIGHBOURS; i++) {
		unlink(neighbours[i]);
		r = fit_create(neighbours[i]);
	}
	sync();
	return r;
}

static uint64_t hunt_once(void)
{
	uint64_t trace;

	hunt.done = hunt.checks = hunt.writes = hunt.refused_in_error = hunt.holes = 0;
	hunt.shared_fd = open(neighbours[0], O_RDWR | O_CLOEXEC);
	trace = work_all();
	close(hunt.shared_fd);
	sync();
	return trace;
}

static void diag_toothless(void)
{
	for (size_t i = 0; i < hunt.acts_count; i++) {
		if (hunt.tally[i].tried && !hunt.tally[i].passed)
			tap_diag("never succeeded in %u tries: %s", hunt.tally[i].tried,
				 hunt.acts[i]->name);
		hunt.tally[i].tried = hunt.tally[i].passed = 0;
	}
}

static size_t acts_with_teeth(void)
{
	size_t n = 0;

	for (size_t i = 0; i < hunt.acts_count; i++)
		n += hunt.tally[i].passed != 0;
	return n;
}

/* Nothing is sealed: what the acts can do to a file. */
static void hunt_plain(void)
{
	struct snapshot after;
	size_t teeth;
	int r = make_files("plain");
	bool changed;

	r = r ? r : prey_remember(&hunt.prey, "plain");
	if (!r)
		hunt_once();
	changed = snapshot_take("plain", &after) ||
		  memcmp(&hunt.prey.before, &after, sizeof(after));
	teeth = acts_with_teeth();
	tap_ok(!r && changed && teeth > hunt.acts_count / 4,
	       "%s: allow_when_not_sealed: %zu of %zu acts succeed, and the file is another",
	       hunt.label, teeth, hunt.acts_count);
	diag_toothless();
}

static void drop_caches(void)
{
	_cleanup_close_ int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "3", 1) != 1)
		tap_diag("drop_caches: %s", strerror(errno));
}

static void hunt_sealed(void)
{
	static const char *const files[] = { "prey", NULL };
	uint64_t trace = 0;
	unsigned int tried = 0;
	int r = make_files("prey");

	if (!tap_ok(!r && tool_seal(MODE_STATIC, files) == TOOL_DONE, "%s: seal", hunt.label)) {
		tap_diag("%s", r ? strerror(-r) : tool_output());
		return;
	}
	hunt.sealed = true;
	r = prey_remember(&hunt.prey, "prey");
	if (!r)
		trace = hunt_once();
	for (size_t i = 0; i < hunt.acts_count; i++)
		tried += hunt.tally[i].tried;
	tap_ok(!r && tried && !hunt.holes, "%s: deny_when_sealed: %u mutations by %u threads in %lu acts",
	       hunt.label, tried, hunt.threads, hunt.done);
	if (!tap_ok(!hunt.over && hunt.checks,
		    "%s: map_and_untouched_blocks_unchanged, looked at %lu times", hunt.label,
		    hunt.checks))
		tap_diag("%s", hunt.why);
	drop_caches();
	if (!tap_ok(prey_is_whole(&hunt.prey, hunt.why, sizeof(hunt.why)),
		    "%s: map_and_untouched_blocks_unchanged_on_disk", hunt.label))
		tap_diag("%s", hunt.why);
	/* both programs that vouch for a write can be skipped, hardly ever */
	tap_ok(hunt.writes && hunt.refused_in_error * 1000 <= hunt.writes,
	       "%s: allow_writes_in_place: %lu, of these refused in error %lu", hunt.label,
	       hunt.writes, hunt.refused_in_error);
	if (hunt.threads == 1)
		tap_diag("trace %016" PRIx64, trace);
	if (!tap_ok(tool_get(files) == TOOL_DONE, "%s: still_sealed", hunt.label) ||
	    !tap_ok(tool_unseal(files) == TOOL_DONE, "%s: unseal", hunt.label))
		tap_diag("%s", tool_output());
	tap_ok(!truncate("prey", 0), "%s: allow_truncate_when_unsealed", hunt.label);
}

static uint64_t content_of_neighbours(void)
{
	uint64_t all = hunt.seed;

	for (size_t i = 0; i < NEIGHBOURS; i++)
		all = (all ^ content_hash(neighbours[i])) * 0x100000001b3ULL;
	return all;
}

static void hunt_beside(void)
{
	uint64_t trace = 0;
	int r = make_files(NULL);

	if (!r)
		trace = hunt_once();
	if (tap_ok(!r && hunt.done == hunt.steps, "beside: %lu acts", hunt.done))
		tap_diag("trace %016" PRIx64 " content %016" PRIx64, trace, content_of_neighbours());
}

static void choose_acts(void)
{
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		for (size_t i = 0; i < groups[g]->count; i++) {
			const struct act *act = &groups[g]->acts[i];

			if ((!act->only || act->only & hunt.on) &&
			    !(hunt.beside && act->flags & ACT_WIDE))
				hunt.acts[hunt.acts_count++] = act;
		}
}

static bool find_file_system(const char *directory)
{
	struct statfs sfs;

	if (statfs(directory, &sfs))
		return false;
	if (sfs.f_type == EXT4_SUPER_MAGIC)
		hunt.on = ON_EXT4;
	else if (sfs.f_type == XFS_SUPER_MAGIC)
		hunt.on = ON_XFS;
	return hunt.beside || hunt.on;
}

static void __attribute__((noreturn)) usage(void)
{
	fprintf(stderr, "usage: mutate [-s SEED] [-t THREADS] [-n STEPS | -m MINUTES] [-v] "
			"[--beside] DIRECTORY\n"
			"STEPS and MINUTES are those of each thread. The program is $STATICDAX.\n");
	exit(2);
}

static const char *parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "beside", no_argument, NULL, 'b' },
		{ 0 },
	};
	struct timespec now;
	int c;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (getrandom(&hunt.seed, sizeof(hunt.seed), 0) != sizeof(hunt.seed))
		hunt.seed = now.tv_nsec;
	while ((c = getopt_long(argc, argv, "s:t:n:m:v", options, NULL)) != -1) {
		if (c == 's')
			hunt.seed = strtoull(optarg, NULL, 0);
		else if (c == 't')
			hunt.threads = strtoul(optarg, NULL, 0);
		else if (c == 'n')
			hunt.steps = strtoul(optarg, NULL, 0);
		else if (c == 'm')
			hunt.end = now.tv_sec + 60 * strtoul(optarg, NULL, 0);
		else if (c == 'v')
			hunt.verbose = true;
		else if (c == 'b')
			hunt.beside = true;
		else
			usage();
	}
	if (optind != argc - 1 || !hunt.threads || hunt.threads > THREADS_MAX ||
	    (hunt.beside && hunt.threads != 1))
		usage();
	return argv[optind];
}

int main(int argc, char **argv)
{
	const char *directory = parse(argc, argv);
	const char *slash = strrchr(directory, '/');
	char work_directory[PATH_MAX + sizeof("/hostile.XXXXXX")];

	hunt.label = slash ? slash + 1 : directory;
	if (!hunt.beside && tool_find())
		tap_skip_all("no program: STATICDAX does not name one");
	if (!find_file_system(directory))
		tap_skip_all("neither ext4 nor XFS");
	if (!realpath(directory, work_directory) || !strcat(work_directory, "/hostile.XXXXXX") ||
	    !mkdtemp(work_directory) || chdir(work_directory)) {
		perror(directory);
		return TAP_EXIT_NOT_OK;
	}
	tap_diag("seed %" PRIu64 ", %u threads, in %s", hunt.seed, hunt.threads, work_directory);
	choose_acts();
	if (hunt.beside) {
		hunt_beside();
	} else {
		hunt_plain();
		hunt_sealed();
	}
	return tap_done();
}
