// SPDX-License-Identifier: LGPL-2.1-or-later
/* The runs of a sealed map, kept so that a difference can be named. */
#define _GNU_SOURCE
#include "drift.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "store.h"
#include "util.h"

#define LISTS SDAX_RUN_DIR "/maps"
#define MAGIC 0x6e75722d78616473ULL	/* "sdax-run" */

/* Written last, so that a list that was cut short has none. */
struct header {
	uint64_t magic;
	struct sdax_key key;
	uint64_t digest;
};

static void path_of(const struct sdax_key *key, char *path, size_t size)
{
	snprintf(path, size, LISTS "/%08x-%llx", key->dev, key->ino);
}

/* Keeping */

static int begin(struct sdax_kept *kept)
{
	const struct header nothing = {};
	_cleanup_close_ int fd = -1;
	char path[64];

	if (mkdir(LISTS, 0700) < 0 && errno != EEXIST)
		return -errno;
	path_of(&kept->key, path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		  0600);
	if (fd < 0)
		return -errno;
	kept->list = fdopen(fd, "w");
	if (!kept->list)
		return -errno;
	TAKE_FD(fd);
	if (fwrite(&nothing, sizeof(nothing), 1, kept->list) != 1 ||
	    fwrite(&kept->first, sizeof(kept->first), 1, kept->list) != 1)
		return -errno;
	return 0;
}

void sdax_kept_add(void *arg, const struct sdax_run *run)
{
	struct sdax_kept *kept = arg;

	if (!run->logical) {
		sdax_kept_close(kept);
		kept->count = 0;
		kept->error = 0;
		kept->first = *run;
	}
	kept->count++;
	if (kept->count == 2)
		kept->error = begin(kept);
	if (kept->error || !kept->list || kept->count > SDAX_KEPT_MAX)
		return;
	if (fwrite(run, sizeof(*run), 1, kept->list) != 1)
		kept->error = -errno;
}

int sdax_kept_finish(struct sdax_kept *kept, uint64_t digest)
{
	const struct header header = {
		.magic = MAGIC,
		.key = kept->key,
		.digest = digest,
	};

	if (kept->error || !kept->list)
		return kept->error;
	if (fflush(kept->list) || fseek(kept->list, 0, SEEK_SET) ||
	    fwrite(&header, sizeof(header), 1, kept->list) != 1 ||
	    fflush(kept->list))
		return -errno;
	return 0;
}

void sdax_kept_close(struct sdax_kept *kept)
{
	sdax_fclosep(&kept->list);
	kept->list = NULL;
}

/* Comparing */

void sdax_drift_open(struct sdax_drift *drift, const struct sdax_key *key,
		     uint64_t digest, uint64_t runs, uint64_t end)
{
	struct header header;
	char path[64];

	*drift = (struct sdax_drift){
		.digest = digest, .runs = runs, .end = end,
	};
	path_of(key, path, sizeof(path));
	drift->list = runs > 1 ? fopen(path, "re") : NULL;
	if (drift->list &&
	    (fread(&header, sizeof(header), 1, drift->list) != 1 ||
	     header.magic != MAGIC || header.digest != digest ||
	     memcmp(&header.key, key, sizeof(*key))))
		sdax_drift_close(drift);
}

/*
 * Of a single run only its address is not known; the digest tells whether it
 * is that of run.
 */
static bool recorded(struct sdax_drift *drift, const struct sdax_run *run,
		     struct sdax_run *ret)
{
	if (drift->runs > 1)
		return drift->list &&
		       fread(ret, sizeof(*ret), 1, drift->list) == 1;
	*ret = (struct sdax_run){
		.physical = run->physical, .length = drift->end,
	};
	if (sdax_run_digest(ret) != drift->digest)
		ret->physical = UINT64_MAX;
	return !drift->next;
}

static void found(struct sdax_drift *drift, uint64_t offset, uint64_t was,
		  uint64_t is)
{
	drift->found = true;
	drift->offset = offset;
	drift->was = was;
	drift->is = is;
}

/* Both are the same so far, and begin at the same offset. */
static void compare(struct sdax_drift *drift, const struct sdax_run *run,
		    const struct sdax_run *old)
{
	struct sdax_run more;

	if (run->physical != old->physical || run->logical != old->logical)
		found(drift, run->logical, old->physical, run->physical);
	else if (run->length < old->length)
		found(drift, run->logical + run->length,
		      old->physical + run->length, UINT64_MAX);
	else if (run->length > old->length)
		found(drift, old->logical + old->length,
		      recorded(drift, run, &more) ? more.physical : UINT64_MAX,
		      run->physical + old->length);
}

void sdax_drift_compare(void *arg, const struct sdax_run *run)
{
	struct sdax_drift *drift = arg;
	struct sdax_run old;

	if (!run->logical) {
		drift->next = 0;
		drift->found = drift->ended = false;
		if (drift->list)
			fseek(drift->list, sizeof(struct header), SEEK_SET);
	}
	if (drift->found && drift->is == UINT64_MAX &&
	    run->logical == drift->offset)
		drift->is = run->physical;
	if (drift->found || drift->ended)
		return;
	drift->same = run->logical;
	drift->ended = !recorded(drift, run, &old);
	drift->next++;
	if (!drift->ended)
		compare(drift, run, &old);
}

void sdax_drift_close(struct sdax_drift *drift)
{
	sdax_fclosep(&drift->list);
	drift->list = NULL;
}

/* Forgetting */

void sdax_drift_forget(const struct sdax_key *key)
{
	char path[64];

	path_of(key, path, sizeof(path));
	unlink(path);
}

void sdax_drift_forget_all(void)
{
	_cleanup_closedir_ DIR *d = opendir(LISTS);
	struct dirent *e;

	while (d && (e = readdir(d)))
		unlinkat(dirfd(d), e->d_name, 0);
	rmdir(LISTS);
}
