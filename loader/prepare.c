// SPDX-License-Identifier: LGPL-2.1-or-later
/* Makes an existing file fit without changing a byte of its content. */
#define _GNU_SOURCE
#include "prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "extents.h"
#include "fit.h"
#include "holders.h"
#include "lease.h"
#include "mend.h"
#include "query.h"
#include "relocate.h"
#include "runs.h"
#include "survey.h"
#include "util.h"

struct preparation {
	struct staticdax *sd;
	const char *path;
	const struct staticdax_options *options;
	struct staticdax_work *work;
	struct staticdax_result *result;
	uint64_t align;
	struct sdax_target target;
	struct sdax_device *device;
	struct sdax_survey survey;
	struct stat before;
	bool leased;
};

static void preparation_done(struct preparation *p)
{
	if (p->leased)
		sdax_lease_drop(p->target.fd);
	sdax_target_close(&p->target);
	sdax_device_free(p->device);
	sdax_survey_done(&p->survey);
}

static bool asked(const struct preparation *p, uint32_t flag)
{
	return p->options->flags & flag;
}

static int failed(struct preparation *p, int error, const char *what)
{
	if (error == -EBUSY)
		return sdax_fail(p->result, STATICDAX_HELD, 0,
				 "somebody came for it; what is done stays done");
	return sdax_fail(p->result, STATICDAX_SYSTEM, error, "%s", what);
}

static int parse(struct preparation *p)
{
	p->align = p->options->align;
	if (sdax_verdict_align(&p->align) < 0)
		return sdax_fail(p->result, STATICDAX_BAD_ALIGN, 0, "%s", "");
	p->result->align = p->align;
	p->survey.align = p->align;
	return 0;
}

/* What no other blocks would help against, except not to be DAX. */
static int judge_file(struct preparation *p)
{
	uint32_t flags = p->options->flags;
	int r;

	p->target.facts.swapfile = sdax_target_is_swap(&p->target);
	if (asked(p, STATICDAX_RELOCATE))
		flags |= STATICDAX_ANY_DEVICE;
	r = sdax_fit_file(&p->target, flags, p->result);
	if (r < 0)
		return r;
	p->work->relocate = !asked(p, STATICDAX_ANY_DEVICE) &&
			    !(p->target.facts.attributes & STATX_ATTR_DAX);
	return 0;
}

/* By name, for the words only: the kernel refuses whatever could be tried. */
static int refuse_sealed(struct preparation *p)
{
	struct staticdax_seal seal = STATICDAX_INIT(staticdax_seal);

	if (sdax_query_path(p->sd, p->path, &seal) < 0 ||
	    (seal.state != STATICDAX_STATE_SEALED &&
	     seal.state != STATICDAX_STATE_PENDING))
		return 0;
	return sdax_fail(p->result, STATICDAX_SEALED, 0, "%s", "");
}

/* Who it is takes privilege to find out; that somebody has it does not. */
static int refuse_held(struct preparation *p)
{
	struct staticdax_result found = *p->result;
	struct sdax_identity id;
	struct sdax_holding holding;
	struct sdax_key key;

	if (!sdax_handle_identify(p->sd, p->target.fd, &id, &found)) {
		key = sdax_store_key(&id);
		sdax_holders_of(p->sd->inspect, &key, p->target.fd, &holding,
				p->result);
	}
	p->result->reason = STATICDAX_HELD;
	p->result->error = -EBUSY;
	return -EBUSY;
}

static int exclude_others(struct preparation *p)
{
	int r = sdax_lease_take(p->target.fd);

	p->leased = !r;
	if (r == -EAGAIN)
		return refuse_held(p);
	if (r == -EINVAL)
		return sdax_fail(p->result, STATICDAX_NO_LEASES, 0, "%s", "");
	if (r == -EACCES || r == -EPERM)
		return sdax_fail(p->result, STATICDAX_NO_PRIVILEGE, 0,
				 "a lease needs CAP_LEASE");
	return r < 0 ? failed(p, r, "F_SETLEASE") : 0;
}

static int on_extent(void *arg, const struct fiemap_extent *extent)
{
	return sdax_runs_extent(arg, extent);
}

static int survey(struct preparation *p)
{
	struct sdax_facts *facts = &p->target.facts;
	struct sdax_runs runs = {
		.fn = sdax_survey_run,
		.arg = &p->survey,
	};
	int r;

	r = sdax_fit_device(&p->target, &p->device, p->result);
	if (r < 0)
		return r;
	if (p->device) {
		sdax_device_need(p->device, p->align,
				 facts->attributes & STATX_ATTR_DAX);
		runs.locate = sdax_device_locate;
		runs.ctx = p->device;
	}
	runs.end = (facts->size + facts->blocksize - 1) / facts->blocksize *
		   facts->blocksize;
	r = sdax_extents_walk(p->target.fd, true, on_extent, &runs);
	if (!r)
		r = sdax_runs_end(&runs);
	if (r < 0)
		return failed(p, r, "reading the extents");
	p->work->holes = p->survey.holes;
	p->work->unwritten = p->survey.unwritten;
	p->work->shared = p->survey.shared;
	p->work->past_eof = runs.past_eof;
	p->work->relocate |= p->survey.misplaced != STATICDAX_OK;
	return 0;
}

/* Only other blocks would do, and they are not asked for: nothing is touched. */
static int refuse_misplaced(struct preparation *p)
{
	p->result->offset = p->survey.offset;
	p->result->address = p->survey.address;
	return sdax_fail(p->result, p->survey.misplaced, 0, "%s", "");
}

static int drop_staged(struct preparation *p)
{
	if (!p->target.cow_staged)
		return 0;
	if (fallocate(p->target.fd, FALLOC_FL_UNSHARE_RANGE, 0,
		      p->target.facts.size) < 0)
		return failed(p, -errno, "unsharing it");
	p->result->unshared = true;
	return 0;
}

/* Its content is what it was, and so are its times. */
static int keep_times(const struct preparation *p)
{
	const struct timespec times[] = { p->before.st_atim,
					  p->before.st_mtim };

	if (!sdax_lease_undisturbed(p->target.fd))
		return -EBUSY;
	return futimens(p->target.fd, times) < 0 ? -errno : 0;
}

/* Known before anything is written: what is begun would leave no room for others. */
static int refuse_without_room(struct preparation *p)
{
	uint64_t wanted = p->survey.holes + p->survey.shared;
	struct statvfs fs;

	if (!wanted || fstatvfs(p->target.fd, &fs) < 0 ||
	    wanted / fs.f_frsize <= (geteuid() ? fs.f_bavail : fs.f_bfree))
		return 0;
	return failed(p, -ENOSPC, "writing it out");
}

static int write_out(struct preparation *p)
{
	int fd = p->target.fd;
	int r;

	r = drop_staged(p);
	if (r < 0)
		return r;
	r = sdax_mend(p->sd, fd, p->target.facts.size, &p->survey);
	if (r < 0)
		return failed(p, r, "writing it out");
	/* to the size that it has: nobody is in who could have changed it */
	if (!sdax_lease_undisturbed(fd))
		return failed(p, -EBUSY, "");
	if (p->work->past_eof && ftruncate(fd, p->target.facts.size) < 0)
		return failed(p, -errno, "freeing what is beyond its end");
	return 0;
}

static int mend(struct preparation *p)
{
	int fd = p->target.fd;
	int r, kept;

	r = refuse_without_room(p);
	if (r < 0)
		return r;
	r = write_out(p);
	kept = keep_times(p);
	if (r < 0)
		return r;
	if (kept < 0)
		return failed(p, kept, "keeping its times");
	if (fsync(fd) < 0)
		return failed(p, -errno, "fsync");
	return sdax_fit_map(&p->target, p->align, &p->device, NULL, p->result);
}

static int relocate(struct preparation *p)
{
	p->work->relocate = true;
	return sdax_relocate(p->sd, p->path, &p->target, p->align,
			     p->options->flags, p->result);
}

/* What is filled in finds its place only then, and may find a wrong one. */
static int act(struct preparation *p)
{
	const struct sdax_survey *s = &p->survey;
	bool idle = !s->count && !p->work->past_eof && !p->target.cow_staged;
	int r;

	if (p->work->relocate)
		return relocate(p);
	if (idle)
		return sdax_fit_map(&p->target, p->align, &p->device, NULL,
				    p->result);
	r = mend(p);
	if (p->result->reason != STATICDAX_MISALIGNED &&
	    p->result->reason != STATICDAX_SPLIT)
		return r;
	return asked(p, STATICDAX_RELOCATE) ? relocate(p) : r;
}

static int prepare(struct preparation *p)
{
	bool dry_run = asked(p, STATICDAX_DRY_RUN);
	struct sdax_exchange exchange;
	int r;

	r = sdax_target_open(p->path, !dry_run, NULL, &p->target,
			     p->result);
	if (!r)
		r = refuse_sealed(p);
	if (!r)
		r = judge_file(p);
	if (!r && fstat(p->target.fd, &p->before) < 0)
		r = failed(p, -errno, "stat");
	if (!r && !dry_run)
		r = exclude_others(p);
	if (!r)
		r = survey(p);
	if (r < 0)
		return r;
	if (p->survey.misplaced != STATICDAX_OK &&
	    !asked(p, STATICDAX_RELOCATE))
		return refuse_misplaced(p);
	if (p->work->relocate && p->before.st_nlink > 1 &&
	    !sdax_relocate_keeps(&p->target, p->options->flags, &exchange))
		return sdax_fail(p->result, STATICDAX_LINKED, 0, "%s", "");
	if (dry_run)
		return 0;
	r = act(p);
	p->result->changed = !r && (p->survey.count || p->work->past_eof ||
				    p->target.cow_staged || p->work->relocate);
	return r;
}

int sdax_prepare(struct staticdax *sd, const char *path,
		 const struct staticdax_options *options,
		 struct staticdax_work *ret, struct staticdax_result *result)
{
	_cleanup_(preparation_done) struct preparation p = {
		.sd = sd,
		.path = path,
		.options = options,
		.work = ret,
		.result = result,
		.target = SDAX_TARGET_NONE,
	};
	int r;

	*ret = (struct staticdax_work){ .size = ret->size };
	r = parse(&p);
	return r ?: prepare(&p);
}
