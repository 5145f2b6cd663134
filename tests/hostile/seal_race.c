// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Seals a file again and again while another process does one thing to it, without a pause:
 * either the seal is refused, or the map is the one that was recorded, and what changes maps no
 * longer succeeds. One row a mutator; each runs in a process of its own, which opens the file
 * anew each time (mutators.c), so that there are moments in which a seal can begin.
 *
 * seal_race [-n ROUNDS] [-f MUTATOR] DIRECTORY     something must be sealed elsewhere already
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../hooks/contract.h"
#include "../hooks/file.h"
#include "../tap.h"
#include "mutators.h"
#include "random.h"
#include "staticdax.h"

/* Rounds of a row that has had no sealed one yet, for each round asked for. */
#define PATIENCE 20

/* Shared with the process that mutates. */
static struct {
	atomic_uint epoch; /* odd: sealed */
	atomic_uint tries, passed, refused, holes, wrongs;
	atomic_bool racing;
} *shared;

static struct {
	unsigned int rounds;
	const char *filter;
	unsigned int on;
	struct staticdax *sd;
	char label[32];
} race = { .rounds = 10, .filter = "*" };

/* Makes the file, and the peer, fit again, as far as a seal that came between lets it. */
static void mend(void)
{
	_cleanup_close_ int fd = open(PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (access(PEER, F_OK) && fit_create(PEER))
		return;
	if (fd < 0 || ftruncate(fd, FIT_SIZE))
		return;
	if (pwrite(fd, new_bytes, FIT_SIZE, 0) != FIT_SIZE)
		return;
}

/*
 * An act that began and ended within one sealed epoch must have been refused; a harmless one
 * passes in any.
 */
static void act(const struct mutator *m)
{
	unsigned int epoch = shared->epoch;
	int r = m->once();

	if (r)
		shared->refused++;
	else
		shared->passed++;
	if (epoch & 1 && epoch == shared->epoch && !r && !m->harmless)
		shared->holes++;
	if (r && m->harmless)
		shared->wrongs++;
	shared->tries++;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* The processor is the other process's, if it wants it. */
static void let_pass(uint64_t ns)
{
	uint64_t end = now_ns() + ns;

	while (now_ns() < end)
		sched_yield();
}

/*
 * A round: wait for its start, and act until it is over, each time letting a part of the seal's
 * time go by. The file is fit before and after.
 */
static void __attribute__((noreturn)) mutate(const struct mutator *m, int start, int end)
{
	uint64_t random = random_stream(getpid(), 0), reach;

	while (read(start, &reach, sizeof(reach)) == sizeof(reach)) {
		do {
			let_pass(random_below(&random, reach));
			act(m);
			if (!m->harmless)
				mend();
		} while (shared->racing);
		/* what the last one was refused, or left, after the seal was gone */
		if (!m->harmless)
			mend();
		if (write(end, "", 1) != 1)
			break;
	}
	_exit(0);
}

/* Lets the other process try something, which it cannot do without the processor. */
static void let_it_try(unsigned int times)
{
	const unsigned int from = shared->tries;

	while (shared->tries - from < times)
		sched_yield();
}

/* Is the map the one of the record, and does it stay? */
static bool holds(const struct staticdax_result *sealed, char *why, size_t length)
{
	const struct staticdax_options options = {
		.size = sizeof(options),
		.flags = STATICDAX_ANY_DEVICE,
	};
	struct staticdax_result now = STATICDAX_INIT(staticdax_result);
	struct snapshot before, after;
	int r = snapshot_take(PATH, &before);

	let_it_try(2);
	if (!r)
		r = snapshot_take(PATH, &after);
	if (!r)
		r = staticdax_check(race.sd, PATH, &options, &now);
	if (r) {
		snprintf(why, length, "cannot look at it: %s", strerror(-r));
		return false;
	}
	if (snapshot_compare(&before, &after, 1, why, length))
		return false;
	snprintf(why, length, "sealed with digest %016" PRIx64 " and %" PRIu64
		 " bytes, but it has %016" PRIx64 " and %" PRIu64 " (%s)", sealed->digest,
		 sealed->file_size, now.digest, now.file_size, staticdax_reason_word(now.reason));
	return now.digest == sealed->digest && now.file_size == sealed->file_size;
}

/* 1: sealed, and held; 0: refused; -1: see why. */
static int one_round(char *why, size_t length)
{
	const struct staticdax_options options = {
		.size = sizeof(options),
		.flags = STATICDAX_ANY_DEVICE,
	};
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	struct staticdax_seal seal = STATICDAX_INIT(staticdax_seal);
	int r = staticdax_seal(race.sd, PATH, &options, &result);
	bool held;

	if (r)
		return 0;
	shared->epoch++;
	held = holds(&result, why, length);
	if (held && (staticdax_get(race.sd, PATH, &seal) ||
		     seal.state != STATICDAX_STATE_SEALED)) {
		snprintf(why, length, "the seal succeeded, but the file of this name has none");
		held = false;
	}
	shared->epoch++;
	r = staticdax_unseal(race.sd, PATH, STATICDAX_FORCE, &result);
	if (held && r) {
		snprintf(why, length, "unseal: %s", strerror(-r));
		held = false;
	}
	return held ? 1 : -1;
}

/* The other process acts within reach, in ns, and again after each act. */
static int race_once(int start, int end, uint64_t reach, char *why, size_t length)
{
	char byte;
	int r;

	shared->racing = true;
	if (write(start, &reach, sizeof(reach)) != sizeof(reach))
		return -1;
	r = one_round(why, length);
	shared->racing = false;
	return read(end, &byte, 1) == 1 ? r : -1;
}

/*
 * How long a seal takes that nobody disturbs, in ns; 0: it fails. The second one: the first may
 * have tried the canary as well.
 */
static uint64_t quiet_seal(void)
{
	const struct staticdax_options options = {
		.size = sizeof(options),
		.flags = STATICDAX_ANY_DEVICE,
	};
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	uint64_t took = 0;

	for (int i = 0; i < 2; i++) {
		took = now_ns();
		if (staticdax_seal(race.sd, PATH, &options, &result))
			return 0;
		took = now_ns() - took;
		if (staticdax_unseal(race.sd, PATH, STATICDAX_FORCE, &result))
			return 0;
	}
	return took;
}

static int make_files(void)
{
	int r;

	unlink(PATH);
	unlink(PEER);
	r = fit_create(PATH);
	if (!r)
		r = fit_create(PEER);
	sync();
	return r;
}

/* Some rows want a file that is not DAX. 0 or -errno. */
static int find_kind(void)
{
	struct statx stx;
	int r = make_files();

	if (!r && statx(AT_FDCWD, PATH, 0, 0, &stx))
		r = -errno;
	if (!r)
		race.on |= stx.stx_attributes & STATX_ATTR_DAX ? ON_DAX : ON_PAGES;
	return r;
}

static void run_one(const struct mutator *m)
{
	unsigned int sealed = 0, refused = 0;
	int start[2], end[2], r = make_files();
	uint64_t quiet = r ? 0 : quiet_seal(), reach;
	char why[400] = "";
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	if (!r && (!quiet || pipe2(start, O_CLOEXEC) || pipe2(end, O_CLOEXEC)))
		r = -EIO;
	pid = r ? -1 : fork();
	if (pid == 0) {
		close(start[1]);
		mutate(m, start[0], end[1]);
	}
	while (pid > 0 && r >= 0 &&
	       (sealed + refused < race.rounds || (!sealed && refused < PATIENCE * race.rounds))) {
		/* a seal that always comes late gets more and more time */
		reach = 2 * quiet * (sealed ? 1 : 1 + refused / race.rounds);
		r = race_once(start[1], end[0], reach, why, sizeof(why));
		sealed += r > 0;
		refused += !r;
	}
	if (!tap_ok(pid > 0 && r >= 0 && sealed && !shared->holes && !shared->wrongs,
		    "%s: seal_against_%s: %u sealed, %u refused; of %u acts %u passed",
		    race.label, m->name, sealed, refused, shared->tries, shared->passed)) {
		tap_diag("%u passed while sealed, %u harmless ones refused", shared->holes,
			 shared->wrongs);
		tap_diag("%s", why);
	}
	if (pid <= 0)
		return;
	/* a row whose act never does anything proves nothing */
	if (!shared->passed)
		tap_diag("%s never succeeded", m->name);
	close(start[0]);
	close(start[1]);
	close(end[0]);
	close(end[1]);
	waitpid(pid, NULL, 0);
}

static bool find_file_system(const char *directory)
{
	const char *slash = strrchr(directory, '/');
	struct statfs sfs;

	snprintf(race.label, sizeof(race.label), "%s", slash ? slash + 1 : directory);
	if (statfs(directory, &sfs))
		return false;
	if (sfs.f_type == EXT4_SUPER_MAGIC)
		race.on = ON_EXT4;
	else if (sfs.f_type == XFS_SUPER_MAGIC)
		race.on = ON_XFS;
	return race.on;
}

int main(int argc, char **argv)
{
	char work[PATH_MAX];
	int c;

	while ((c = getopt(argc, argv, "n:f:")) != -1) {
		if (c == 'n')
			race.rounds = strtoul(optarg, NULL, 0);
		else if (c == 'f')
			race.filter = optarg;
		else
			return 2;
	}
	if (optind != argc - 1)
		return 2;
	if (!find_file_system(argv[optind]))
		tap_skip_all("neither ext4 nor XFS");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	snprintf(work, sizeof(work), "%s/race.XXXXXX", argv[optind]);
	if (shared == MAP_FAILED || !mkdtemp(work) || chdir(work) || find_kind() ||
	    staticdax_new(&race.sd)) {
		perror(work);
		return TAP_EXIT_NOT_OK;
	}
	for (size_t i = 0; i < mutator_count; i++)
		if ((!mutators[i].only || mutators[i].only & race.on) &&
		    !fnmatch(race.filter, mutators[i].name, 0))
			run_one(&mutators[i]);
	staticdax_free(race.sd);
	return tap_done();
}
