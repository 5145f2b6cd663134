// SPDX-License-Identifier: LGPL-2.1-or-later
/* The exported calls: handles, and the way from each call to its part. */
#define _GNU_SOURCE
#include "staticdax.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "create.h"
#include "handle.h"
#include "map.h"
#include "metrics.h"
#include "prepare.h"
#include "probe.h"
#include "query.h"
#include "seal.h"
#include "seal_lock.h"
#include "unseal.h"
#include "upgrade.h"
#include "util.h"
#include "verify.h"

/* libbpf has one printer for the process; the handle in use gets its lines. */
static __thread struct staticdax *printing;

static int print_libbpf(enum libbpf_print_level level, const char *format,
			va_list ap)
{
	_cleanup_free_ char *text = NULL;
	char *line, *rest;
	int n;

	if (!printing || !printing->log || printing->verbose < 2 ||
	    (level == LIBBPF_DEBUG && printing->verbose < 3))
		return 0;
	n = vasprintf(&text, format, ap);
	if (n < 0) {
		text = NULL;
		return 0;
	}
	for (rest = text; (line = strsep(&rest, "\n"));)
		if (*line)
			printing->log(printing->log_arg, 2, line);
	return n;
}

static void enter(struct staticdax *sd)
{
	printing = sd;
	libbpf_set_print(print_libbpf);
}

static const struct staticdax_result nothing = {
	.size = sizeof(nothing),
	.offset = STATICDAX_NO_OFFSET,
	.address = STATICDAX_NO_OFFSET,
};

/*
 * What a structure has gained since the caller's header is left out: there is no
 * room for it. Returns r.
 */
static int hand_over(int r, void *ret, const void *from, size_t known)
{
	uint32_t room = *(uint32_t *)ret;

	memcpy(ret, from, room < known ? room : known);
	*(uint32_t *)ret = room;
	return r;
}

static int tell(int r, struct staticdax_result *ret,
		const struct staticdax_result *from)
{
	return hand_over(r, ret, from, sizeof(*from));
}

int staticdax_new(struct staticdax **ret)
{
	struct staticdax *sd = calloc(1, sizeof(*sd));

	if (!sd)
		return -ENOMEM;
	sd->patience = -1;
	sd->kept = (struct sdax_store)SDAX_STORE_NONE;
	sd->recent = (struct sdax_recent)SDAX_RECENT_NONE;
	*ret = sd;
	return 0;
}

void staticdax_free(struct staticdax *sd)
{
	if (!sd)
		return;
	sdax_inspect_free(sd->inspect);
	sdax_store_close(&sd->kept);
	sdax_recent_done(&sd->recent);
	sdax_events_free(sd->events);
	free(sd->path);
	if (printing == sd)
		printing = NULL;
	free(sd);
}

void staticdax_set_patience(struct staticdax *sd, int milliseconds)
{
	sd->patience = milliseconds;
}

void staticdax_set_log(struct staticdax *sd, int verbose,
			      staticdax_log_fn fn, void *arg)
{
	sd->verbose = verbose;
	sd->log = fn;
	sd->log_arg = arg;
}

void staticdax_set_progress(struct staticdax *sd, staticdax_progress_fn fn,
			    void *arg)
{
	sd->progress = fn;
	sd->progress_arg = arg;
}

#define KNOWN_FLAGS							\
	(STATICDAX_ANY_DEVICE | STATICDAX_AUDIT | STATICDAX_FORCE |	\
	 STATICDAX_SEAL | STATICDAX_RELOCATE | STATICDAX_DRY_RUN |	\
	 STATICDAX_CHANGE)

/* What a later header has besides would otherwise be left out without a word. */
static int know_flags(uint32_t flags, struct staticdax_result *said)
{
	return flags & ~KNOWN_FLAGS ?
		       sdax_fail(said, STATICDAX_BAD_OPTION, 0, "flags") : 0;
}

int staticdax_create(struct staticdax *sd, const char *path, uint64_t size,
		     const struct staticdax_options *options,
		     struct staticdax_result *result)
{
	struct staticdax_result said = nothing;
	int r;

	enter(sd);
	r = know_flags(options->flags, &said);
	if (!r)
		r = sdax_create(sd, path, size, options, &said);
	return tell(r, result, &said);
}

int staticdax_prepare(struct staticdax *sd, const char *path,
		      const struct staticdax_options *options,
		      struct staticdax_work *ret_work,
		      struct staticdax_result *result)
{
	struct staticdax_work work = STATICDAX_INIT(staticdax_work);
	struct staticdax_result said = nothing;
	int r;

	enter(sd);
	r = know_flags(options->flags, &said);
	if (!r)
		r = sdax_prepare(sd, path, options, &work, &said);
	hand_over(r, ret_work, &work, sizeof(work));
	return tell(r, result, &said);
}

int staticdax_check(struct staticdax *sd, const char *path,
			   const struct staticdax_options *options,
			   struct staticdax_result *result)
{
	struct staticdax_result said = nothing;
	int r;

	enter(sd);
	r = know_flags(options->flags, &said);
	if (r < 0)
		return tell(r, result, &said);
	r = sdax_seal_check(sd, path, options, &said);
	/* "no" is an answer, not a failure */
	if (staticdax_answer_of(said.reason) != STATICDAX_FAILED)
		r = 0;
	return tell(r, result, &said);
}

int staticdax_seal(struct staticdax *sd, const char *path,
			  const struct staticdax_options *options,
			  struct staticdax_result *result)
{
	struct staticdax_result said = nothing;
	int r;

	enter(sd);
	r = know_flags(options->flags, &said);
	if (!r)
		r = sdax_seal_file(sd, path, options, &said);
	return tell(r, result, &said);
}

int staticdax_noshrink(struct staticdax *sd, int fd, uint32_t flags,
		       struct staticdax_result *result)
{
	struct staticdax_options options = STATICDAX_INIT(staticdax_options);
	struct staticdax_result said = nothing;
	char path[64];
	int r;

	enter(sd);
	options.flags = flags;
	options.mode = STATICDAX_MODE_NOSHRINK;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (flags & ~STATICDAX_AUDIT)
		r = sdax_fail(&said, STATICDAX_BAD_OPTION, 0, "flags");
	else
		r = sdax_seal_file(sd, path, &options, &said);
	return tell(r, result, &said);
}

int staticdax_unseal(struct staticdax *sd, const char *path,
			    uint32_t flags, struct staticdax_result *result)
{
	struct staticdax_result said = nothing;
	int r;

	enter(sd);
	r = know_flags(flags, &said);
	if (!r)
		r = sdax_unseal_file(sd, path, flags, &said);
	return tell(r, result, &said);
}

int staticdax_unseal_all(struct staticdax *sd, const char *mountpoint,
				uint32_t flags, staticdax_unseal_fn fn,
				void *arg, uint64_t *ret_count)
{
	struct staticdax_result said = nothing;
	int r;

	enter(sd);
	r = know_flags(flags, &said);
	if (r < 0 && fn)
		fn(arg, NULL, &said);
	return r ?: sdax_unseal_all(sd, mountpoint, flags, fn, arg, ret_count);
}

struct mapping {
	staticdax_run_fn fn;
	void *arg;
	const struct staticdax_map *map;
	struct staticdax_map *ret_map;
};

/* The caller's fn may look at the caller's map. */
static int hand_out_run(void *arg, const struct staticdax_run *run)
{
	struct mapping *mapping = arg;

	hand_over(0, mapping->ret_map, mapping->map, sizeof(*mapping->map));
	return mapping->fn(mapping->arg, run);
}

int staticdax_map(struct staticdax *sd, const char *path, staticdax_run_fn fn,
		  void *arg, struct staticdax_map *ret_map,
		  struct staticdax_result *result)
{
	struct staticdax_map map = STATICDAX_INIT(staticdax_map);
	struct staticdax_result said = nothing;
	struct mapping mapping = { fn, arg, &map, ret_map };
	int r;

	enter(sd);
	r = sdax_map_file(path, fn ? hand_out_run : NULL, &mapping, &map, &said);
	hand_over(r, ret_map, &map, sizeof(map));
	return tell(r, result, &said);
}

int staticdax_upgrade(struct staticdax *sd, uint32_t flags,
			     struct staticdax_result *result)
{
	struct staticdax_result said = nothing;
	int r;

	enter(sd);
	r = know_flags(flags, &said);
	if (!r)
		r = sdax_upgrade(sd, flags, &said);
	return tell(r, result, &said);
}

int staticdax_get(struct staticdax *sd, const char *path,
			 struct staticdax_seal *ret_seal)
{
	struct staticdax_seal seal = STATICDAX_INIT(staticdax_seal);
	int r;

	enter(sd);
	r = sdax_query_path(sd, path, &seal);
	return r < 0 ? r : hand_over(r, ret_seal, &seal, sizeof(seal));
}

int staticdax_list(struct staticdax *sd, staticdax_list_fn fn, void *arg)
{
	enter(sd);
	return sdax_query_list(sd, fn, arg);
}

int staticdax_events(struct staticdax *sd, staticdax_event_fn fn, void *arg,
		     uint64_t *ret_lost)
{
	enter(sd);
	return sdax_events_read(sd, fn, arg, ret_lost);
}

/* What was found out is an answer; what prevented it, a failure. */
int staticdax_verify(struct staticdax *sd, const char *path,
			    struct staticdax_seal *ret_seal,
			    struct staticdax_result *result)
{
	struct staticdax_seal seal = STATICDAX_INIT(staticdax_seal);
	struct staticdax_result said = nothing;
	int r;

	enter(sd);
	r = sdax_verify_file(sd, path, &seal, &said);
	switch (staticdax_answer_of(said.reason)) {
	case STATICDAX_FAILED:
	case STATICDAX_CANNOT:
		break;
	default:
		r = 0;
	}
	if (ret_seal)
		hand_over(r, ret_seal, &seal, sizeof(seal));
	return tell(r, result, &said);
}

int staticdax_verify_all(struct staticdax *sd, staticdax_verify_fn fn,
				void *arg, struct staticdax_result *result)
{
	struct staticdax_result said = nothing;
	int r;

	enter(sd);
	r = sdax_verify_all(sd, fn, arg, &said);
	return tell(r, result, &said);
}

int staticdax_status(struct staticdax *sd,
			    struct staticdax_status *ret_status)
{
	struct staticdax_status status = STATICDAX_INIT(staticdax_status);
	int r;

	enter(sd);
	r = sdax_query_status(sd, &status);
	return hand_over(r, ret_status, &status, sizeof(status));
}

int staticdax_metrics(struct staticdax *sd,
		      struct staticdax_metrics *ret_metrics)
{
	struct staticdax_metrics metrics = STATICDAX_INIT(staticdax_metrics);
	int r;

	enter(sd);
	r = sdax_metrics_read(&metrics);
	return r < 0 ? r : hand_over(r, ret_metrics, &metrics, sizeof(metrics));
}

int staticdax_lock(struct staticdax *sd, struct staticdax_result *result)
{
	struct staticdax_result said = nothing;
	int r;

	enter(sd);
	r = sdax_seal_lock(sd, &said);
	return tell(r, result, &said);
}

int staticdax_doctor(struct staticdax *sd, staticdax_doctor_fn fn,
			    void *arg)
{
	enter(sd);
	return sdax_probe_run(fn, arg);
}
