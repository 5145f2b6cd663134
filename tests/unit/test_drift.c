// SPDX-License-Identifier: GPL-2.0-or-later
/* The runs of a map, kept, and compared with those of another. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "store.h"

/* A directory of the test's own, which it is in. */
#undef SDAX_RUN_DIR
#define SDAX_RUN_DIR "."
#include "../../loader/drift.c"

#define B 4096ULL
#define LIST "maps/00000801-c"
#define DIGEST 0x1234

static const struct sdax_key key = { .dev = 8 << 8 | 1, .ino = 12 };

/* Of 8 blocks in four runs. */
static const struct sdax_run four[] = {
	{ 0, 100 * B, 2 * B }, { 2 * B, 200 * B, 2 * B },
	{ 4 * B, 300 * B, 2 * B }, { 6 * B, 400 * B, 2 * B },
};

static int keep(const struct sdax_run *runs, size_t n, uint64_t digest)
{
	_cleanup_(sdax_kept_close) struct sdax_kept kept = { .key = key };

	for (size_t i = 0; i < n; i++)
		sdax_kept_add(&kept, &runs[i]);
	return digest ? sdax_kept_finish(&kept, digest) : 0;
}

/* What is found in the map of these runs, if that of n runs was recorded. */
static struct sdax_drift drift_of(const struct sdax_run *runs, size_t n,
				  uint64_t digest, uint64_t recorded)
{
	struct sdax_drift drift;

	sdax_drift_open(&drift, &key, digest, recorded, 8 * B);
	for (size_t i = 0; i < n; i++)
		sdax_drift_compare(&drift, &runs[i]);
	sdax_drift_close(&drift);
	return drift;
}

static bool is(const struct sdax_drift *drift, uint64_t offset, uint64_t was,
	       uint64_t is)
{
	return drift->found && drift->offset == offset && drift->was == was &&
	       drift->is == is;
}

static void test_of_four(void)
{
	struct sdax_run now[4];
	struct sdax_drift drift;

	tap_ok(!keep(four, 4, DIGEST), "kept");
	drift = drift_of(four, 4, DIGEST, 4);
	tap_ok(!drift.found && !drift.ended, "the_same_runs_do_not_differ");

	memcpy(now, four, sizeof(now));
	now[2].physical = 500 * B;
	drift = drift_of(now, 4, DIGEST, 4);
	tap_ok(is(&drift, 4 * B, 300 * B, 500 * B), "third_run_elsewhere");

	memcpy(now, four, sizeof(now));
	now[1].length = B;
	now[2] = (struct sdax_run){ 3 * B, 600 * B, 3 * B };
	drift = drift_of(now, 4, DIGEST, 4);
	tap_ok(is(&drift, 3 * B, 201 * B, 600 * B), "end_of_a_run_elsewhere");

	now[0] = (struct sdax_run){ 0, 100 * B, 8 * B };
	drift = drift_of(now, 1, DIGEST, 4);
	tap_ok(is(&drift, 2 * B, 200 * B, 102 * B), "runs_are_one_now");

	drift = drift_of(four, 1, DIGEST, 4);
	tap_ok(!drift.found, "what_was_not_compared_does_not_differ");
}

static void test_begun_again(void)
{
	_cleanup_(sdax_kept_close) struct sdax_kept kept = { .key = key };
	struct sdax_run now[7];
	struct sdax_drift drift;

	for (int i = 0; i < 3; i++)
		sdax_kept_add(&kept, &four[i]);
	for (int i = 0; i < 4; i++)
		sdax_kept_add(&kept, &four[i]);
	tap_ok(!sdax_kept_finish(&kept, DIGEST) && kept.count == 4,
	       "kept_begun_again");
	memcpy(now, four, 3 * sizeof(*now));
	now[1].physical = 900 * B;
	memcpy(now + 3, four, 4 * sizeof(*now));
	drift = drift_of(now, 7, DIGEST, 4);
	tap_ok(!drift.found && !drift.ended, "compared_again");
}

static void test_of_one(void)
{
	const struct sdax_run was = { 0, 100 * B, 8 * B };
	const struct sdax_run elsewhere = { 0, 500 * B, 8 * B };
	const struct sdax_run end[] = { { 0, 100 * B, 5 * B },
					{ 5 * B, 700 * B, 3 * B } };
	uint64_t digest = sdax_run_digest(&was);
	struct sdax_drift drift;

	sdax_drift_forget_all();
	tap_ok(!keep(&was, 1, digest) && access("maps", F_OK) < 0,
	       "one_run_needs_no_list");
	drift = drift_of(&was, 1, digest, 1);
	tap_ok(!drift.found, "one_run_the_same");
	drift = drift_of(&elsewhere, 1, digest, 1);
	tap_ok(is(&drift, 0, UINT64_MAX, 500 * B), "one_run_elsewhere");
	drift = drift_of(end, 2, digest, 1);
	tap_ok(is(&drift, 5 * B, 105 * B, 700 * B), "its_end_elsewhere");
}

/* Of no use, and no harm: nothing is known of the place. */
static void test_useless_lists(void)
{
	struct sdax_run now[4];
	struct sdax_drift drift;

	memcpy(now, four, sizeof(now));
	now[0].physical = 0;
	keep(four, 4, DIGEST);
	drift = drift_of(now, 4, DIGEST + 1, 4);
	tap_ok(!drift.found && !drift.same, "list_of_another_seal");
	keep(four, 4, 0);
	drift = drift_of(now, 4, DIGEST, 4);
	tap_ok(!drift.found && !drift.same, "list_that_was_not_finished");
	drift = drift_of(now, 4, 0, 4);
	tap_ok(!drift.found && !drift.same, "... whatever the digest");
	keep(four, 4, DIGEST);
	if (truncate(LIST, sizeof(struct header) + sizeof(*four)) < 0)
		tap_ok(false, "list_can_be_cut");
	now[0].physical = four[0].physical;
	now[1].physical = 0;
	drift = drift_of(now, 4, DIGEST, 4);
	tap_ok(!drift.found && drift.same == 2 * B, "list_that_was_cut");
}

static void test_limit(void)
{
	_cleanup_free_ struct sdax_run *many =
		calloc(SDAX_KEPT_MAX + 2, sizeof(*many));
	struct sdax_drift drift;
	struct stat st;

	for (uint64_t i = 0; many && i < SDAX_KEPT_MAX + 2; i++)
		many[i] = (struct sdax_run){ i * B, (2 * i + 7) * B, B };
	tap_ok(many && !keep(many, SDAX_KEPT_MAX + 2, DIGEST) &&
	       !stat(LIST, &st) &&
	       st.st_size == sizeof(struct header) +
			     SDAX_KEPT_MAX * sizeof(*many),
	       "only_so_many_are_kept");
	if (many)
		many[SDAX_KEPT_MAX + 1].physical = 0;
	drift = drift_of(many, SDAX_KEPT_MAX + 2, DIGEST, SDAX_KEPT_MAX + 2);
	tap_ok(!drift.found && drift.same == SDAX_KEPT_MAX * B,
	       "of_more_there_is_no_record");
}

static void test_forgotten(void)
{
	keep(four, 4, DIGEST);
	sdax_drift_forget(&key);
	tap_ok(access(LIST, F_OK) < 0 && !access("maps", F_OK), "forgotten");
	sdax_drift_forget(&key);
	keep(four, 4, DIGEST);
	sdax_drift_forget_all();
	tap_ok(access("maps", F_OK) < 0, "all_forgotten");
	sdax_drift_forget_all();
}

static void test_not_kept(void)
{
	const struct rlimit none = { 0, RLIM_INFINITY };
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	FILE *blocker;
	int r;

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &none);
	r = keep(four, 4, DIGEST);
	setrlimit(RLIMIT_FSIZE, &all);
	tap_ok(r == -EFBIG, "what_cannot_be_written_is_an_error");
	tap_ok(!keep(four, 4, DIGEST), "... and is written later");
	sdax_drift_forget_all();
	blocker = fopen("maps", "w");
	tap_ok(blocker && keep(four, 4, DIGEST) == -ENOTDIR,
	       "no_directory_is_an_error");
	sdax_fclosep(&blocker);
	unlink("maps");
}

int main(void)
{
	char dir[] = "/tmp/drift-XXXXXX";

	if (!mkdtemp(dir) || chdir(dir) < 0) {
		perror(dir);
		return 1;
	}
	test_of_four();
	test_begun_again();
	test_of_one();
	test_useless_lists();
	test_limit();
	test_forgotten();
	test_not_kept();
	rmdir(dir);
	return tap_done();
}
