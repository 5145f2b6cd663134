// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * staticdax apply: what the policy asks for and is not so yet. The whole policy
 * is read before the first file is touched; then each file stands for itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "args.h"
#include "log.h"
#include "outcome.h"
#include "plan.h"
#include "quote.h"
#include "report.h"
#include "report_apply.h"
#include "util.h"

struct applying {
	struct staticdax *sd;
	struct report *report;
	const struct policy *policy;
	const struct plan *plan;
	uint32_t wait_ms;
	bool dry_run;
	bool asked;		/* whether the seals that there are are in force */
	bool in_force;
	struct staticdax_result failed;	/* what keeps them from being so */
	enum staticdax_answer worst;
};

static enum staticdax_answer refuse(struct policy_error *error, int r)
{
	_cleanup_free_ char *name = NULL;
	_cleanup_free_ char *text = quote_escape(error->text,
						 strlen(error->text),
						 QUOTE_PROSE);

	if (error->file)
		name = quote_escape(error->file, strlen(error->file),
				    QUOTE_BARE);
	if (error->line)
		log_error("%s:%u:%u: %s", quote_or(name), error->line,
			  error->column, quote_or(text));
	else
		log_error("%s: %s", quote_or(name), quote_or(text));
	policy_error_done(error);
	return r == -EINVAL ? STATICDAX_USAGE : STATICDAX_FAILED;
}

static void settle(struct applying *applying, struct applied *applied)
{
	const struct policy_rule *rule = applied->rule;

	report_applied(applying->report, applied);
	outcome_log(applied->path, &applied->result);
	if (rule && applied->result.reason != STATICDAX_OK)
		log_more("as %s:%u asks", rule->file, rule->line);
	applying->worst = outcome_worse(applying->worst,
		staticdax_answer_of(applied->result.reason));
}

static void keep(const struct staticdax_seal *seal, struct applied *applied)
{
	struct stat st;

	applied->action = APPLY_KEEP;
	applied->result = outcome_of_errno(0);
	applied->result.file_size = seal->file_size;
	/* it may have grown since */
	if (seal->mode == STATICDAX_MODE_NOSHRINK && !stat(applied->path, &st))
		applied->result.file_size = st.st_size;
	applied->result.align = seal->align;
	applied->result.runs = seal->runs;
	applied->result.digest = seal->digest;
}

/*
 * An alignment larger than is asked for is what is asked for. A file that is not DAX
 * may be sealed by hand: the policy that demands DAX would fail at the next boot.
 */
static bool is_as_wanted(const struct staticdax_seal *seal,
			 const struct staticdax_options *wanted)
{
	return seal->mode == wanted->mode &&
	       seal->audit == !!(wanted->flags & STATICDAX_AUDIT) &&
	       seal->align >= wanted->align &&
	       (seal->dax || wanted->flags & STATICDAX_ANY_DEVICE ||
		wanted->mode == STATICDAX_MODE_NOSHRINK);
}

/* Does it say something about every file? */
static bool is_of_all(const struct staticdax_result *result)
{
	switch (staticdax_answer_of(result->reason)) {
	case STATICDAX_FAILED:
	case STATICDAX_CANNOT:
		return true;
	default:
		return false;
	}
}

/* With dry_run what it would say, as far as that can be known without doing it. */
static void make_so(struct applying *applying, struct applied *applied)
{
	struct staticdax_options options = applied->rule->options;
	int r;

	applied->result = outcome_of_errno(0);
	options.wait_ms = applying->wait_ms;
	options.flags |= STATICDAX_CHANGE;
	if (applying->dry_run)
		r = staticdax_check(applying->sd, applied->path,
				    &applied->rule->options, &applied->result);
	else
		r = staticdax_seal(applying->sd, applied->path, &options,
				   &applied->result);
	outcome_settle(&applied->result, r);
}

static bool is_in_force(struct applying *applying)
{
	struct staticdax_status status = STATICDAX_INIT(staticdax_status);

	if (!applying->asked)
		applying->in_force =
			!staticdax_status(applying->sd, &status) &&
			status.enforcing;
	applying->asked = true;
	return applying->in_force;
}

/*
 * What the registry calls sealed is so only if the programs enforce it. Sealed again
 * they are attached again; if they cannot be, the first answer is that of all.
 */
static void keep_sealed(struct applying *applying,
			const struct staticdax_seal *seal,
			struct applied *applied)
{
	applied->action = APPLY_KEEP;
	if (applying->dry_run || is_in_force(applying)) {
		keep(seal, applied);
		return;
	}
	if (applying->failed.reason != STATICDAX_OK) {
		applied->result = applying->failed;
		return;
	}
	make_so(applying, applied);
	applying->in_force = applied->result.reason == STATICDAX_OK;
	if (is_of_all(&applied->result))
		applying->failed = applied->result;
}

static void change(struct applying *applying, const struct staticdax_seal *seal,
		   struct applied *applied)
{
	applied->action = APPLY_CHANGE;
	applied->was_mode = seal->mode;
	applied->was_audit = seal->audit;
	applied->was_align = seal->align;
	make_so(applying, applied);
}

/* The pattern may name more than was found, the path another file or none. */
static void apply_unread(struct applying *applying, const struct plan_file *file)
{
	struct applied applied = {
		.path = file->path,
		.rule = file->rule,
		.action = file->rule->exact ? APPLY_SEAL : APPLY_SEARCH,
		.dry_run = applying->dry_run,
		.result = outcome_of_errno(file->error),
	};
	_cleanup_free_ char *name = quote_escape(file->unread,
						 strlen(file->unread),
						 QUOTE_INSIDE);

	applied.result.reason = STATICDAX_SYSTEM;
	snprintf(applied.result.detail, sizeof(applied.result.detail),
		 file->unmounted ? "nothing is mounted on '%.110s', which fstab(5) has" :
				   "reading '%.140s'", quote_or(name));
	settle(applying, &applied);
	if (file->unmounted)
		log_more("for what boot does not wait for see staticdax(8), BOOT");
}

static void apply_file(struct applying *applying, const struct plan_file *file)
{
	struct applied applied = {
		.path = file->path,
		.rule = file->rule,
		.dry_run = applying->dry_run,
		.action = APPLY_SEAL,
	};
	struct staticdax_seal seal = STATICDAX_INIT(staticdax_seal);
	const struct staticdax_options *options = &file->rule->options;
	int r = file->error;

	if (file->unread) {
		apply_unread(applying, file);
		return;
	}
	if (file->none || file->taken) {
		applied.action = file->none ? APPLY_NONE : APPLY_TAKEN;
		applied.result = outcome_of_errno(0);
		settle(applying, &applied);
		return;
	}
	if (!r)
		r = staticdax_get(applying->sd, file->path, &seal);
	if (r < 0)
		applied.result = outcome_of_errno(r);
	else if (seal.state != STATICDAX_STATE_SEALED)
		make_so(applying, &applied);
	else if (is_as_wanted(&seal, options))
		keep_sealed(applying, &seal, &applied);
	else
		change(applying, &seal, &applied);
	settle(applying, &applied);
}

/* --prune */

struct surplus {
	char *path;		/* NULL: not known */
	dev_t dev;
	ino_t ino;
	uint32_t subvolume;	/* of a btrfs, where dev is not stat's; or 0 */
};

struct surpluses {
	const struct applying *applying;
	struct surplus *found;
	size_t count;
	size_t room;
};

static void surpluses_done(struct surpluses *surpluses)
{
	for (size_t i = 0; i < surpluses->count; i++)
		free(surpluses->found[i].path);
	free(surpluses->found);
}

/* A wanted file whose path is gone for the moment is wanted still. */
static bool is_named(const struct policy *policy, const char *path)
{
	for (size_t i = 0; path && i < policy->count; i++)
		if (policy_names(&policy->rules[i], path))
			return true;
	return false;
}

static int note_surplus(void *arg, const struct staticdax_seal *seal)
{
	struct surpluses *surpluses = arg;
	const struct applying *applying = surpluses->applying;
	dev_t dev = makedev(seal->dev >> 20, seal->dev & 0xfffff);
	struct surplus *one;

	if (seal->state != STATICDAX_STATE_SEALED ||
	    plan_wants(applying->plan, dev, seal->ino) ||
	    is_named(applying->policy, seal->path))
		return 0;
	if (surpluses->count == surpluses->room) {
		size_t room = surpluses->room ? 2 * surpluses->room : 64;

		one = reallocarray(surpluses->found, room, sizeof(*one));
		if (!one)
			return -ENOMEM;
		surpluses->found = one;
		surpluses->room = room;
	}
	one = &surpluses->found[surpluses->count];
	*one = (struct surplus){
		.dev = dev, .ino = seal->ino, .subvolume = seal->subvolume,
	};
	if (seal->path) {
		one->path = strdup(seal->path);
		if (!one->path)
			return -ENOMEM;
	}
	surpluses->count++;
	return 0;
}

/* Does the path lead to it? Asked of the registry, which knows subvolumes. */
static int find_by_get(struct staticdax *sd, const char *path,
		       const struct surplus *surplus)
{
	struct staticdax_seal seal = STATICDAX_INIT(staticdax_seal);
	int r;

	r = staticdax_get(sd, path, &seal);
	if (r < 0)
		return r;
	return makedev(seal.dev >> 20, seal.dev & 0xfffff) == surplus->dev &&
	       seal.ino == surplus->ino &&
	       seal.subvolume == surplus->subvolume ? 0 : -ESTALE;
}

static bool is_wanted_on_btrfs(const struct applying *applying,
			       const struct surplus *surplus)
{
	const struct plan *plan = applying->plan;

	for (size_t i = 0; surplus->subvolume && i < plan->count; i++)
		if (!plan->files[i].error && !plan->files[i].none &&
		    !plan->files[i].taken &&
		    plan->files[i].ino == surplus->ino &&
		    !find_by_get(applying->sd, plan->files[i].path, surplus))
			return true;
	return false;
}

static int compare(const struct applying *applying,
		   const struct surplus *surplus, int fd, const char *path)
{
	struct stat st;

	if (surplus->subvolume)
		return find_by_get(applying->sd, path, surplus);
	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_dev == surplus->dev && st.st_ino == surplus->ino ?
	       0 : -ESTALE;
}

/*
 * The path is of the time of sealing; another file may go by it now, and yet another
 * when it is unsealed. So it is followed once, to what ret_path stands for while the
 * descriptor is open that is returned.
 */
static int open_surplus(const struct applying *applying,
			const struct surplus *surplus, char ret_path[32])
{
	_cleanup_close_ int fd = -1;
	int r;

	if (!surplus->path)
		return -ENOENT;
	fd = open(surplus->path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(ret_path, 32, "/proc/self/fd/%d", fd);
	r = compare(applying, surplus, fd, ret_path);
	return r ?: TAKE_FD(fd);
}

static void prune_file(struct applying *applying, const struct surplus *surplus)
{
	struct applied applied = {
		.path = surplus->path,
		.dry_run = applying->dry_run,
		.action = APPLY_UNSEAL,
		.result = outcome_of_errno(0),
	};
	_cleanup_close_ int fd = -1;
	char path[32];
	int r = 0;

	fd = open_surplus(applying, surplus, path);
	if (fd < 0)
		r = fd;
	else if (!applying->dry_run)
		r = staticdax_unseal(applying->sd, path, 0, &applied.result);
	outcome_settle(&applied.result, r);
	settle(applying, &applied);
}

/* What is hidden may be sealed under another path than the pattern's. */
static int prune(struct applying *applying)
{
	_cleanup_(surpluses_done) struct surpluses surpluses = {
		.applying = applying,
	};
	int r;

	if (!plan_is_whole(applying->plan)) {
		log_error("nothing is unsealed: what cannot be read may hide what is named");
		return 0;
	}
	r = staticdax_list(applying->sd, note_surplus, &surpluses);
	for (size_t i = 0; !r && i < surpluses.count; i++)
		if (!is_wanted_on_btrfs(applying, &surpluses.found[i]))
			prune_file(applying, &surpluses.found[i]);
	return r;
}

static int read_policy(const struct args *args, struct policy *policy,
		       struct policy_error *error)
{
	int r = 0;

	if (!args->operands_count)
		return policy_read_path(policy, POLICY_DIR, error);
	for (int i = 0; !r && i < args->operands_count; i++)
		r = policy_read_path(policy, args->operands[i], error);
	return r;
}

enum staticdax_answer cmd_apply(struct staticdax *sd, const struct args *args,
				struct report *report)
{
	_cleanup_(policy_done) struct policy policy = {};
	_cleanup_(plan_done) struct plan plan = {};
	struct applying applying = {
		.sd = sd,
		.report = report,
		.policy = &policy,
		.plan = &plan,
		.wait_ms = args->wait_ms,
		.dry_run = args_given(args, ARG_DRY_RUN),
		.worst = STATICDAX_YES,
	};
	struct policy_error error = {};
	struct staticdax_result whole;
	int r;

	r = read_policy(args, &policy, &error);
	if (!r)
		r = plan_make(&policy, &plan, &error);
	if (r < 0)
		return refuse(&error, r);
	report_begin(report, "files");
	for (size_t i = 0; i < plan.count; i++)
		apply_file(&applying, &plan.files[i]);
	if (args_given(args, ARG_PRUNE))
		r = prune(&applying);
	whole = outcome_of_errno(r);
	report_end(report, &whole);
	outcome_log(NULL, &whole);
	return outcome_worse(applying.worst, staticdax_answer_of(whole.reason));
}
