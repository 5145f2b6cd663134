// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A library without a kernel: it answers what the name of the file says, so
 * that each verb's output can be tried anywhere. Linked with loader/words.c.
 *
 * A file called like a reason ("hole", "/x/held.1") meets that reason. Names
 * that begin with sealed, audit, swap, pending, lapsed or gone have a seal in
 * that state. FAKE_SEALS is how many records there are; FAKE_LIST,
 * FAKE_STATUS and FAKE_DOCTOR name the reason or errno of a failure. FAKE_EVENTS
 * is how many denials of one kind happen before SIGTERM comes.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "staticdax.h"
#include "words.h"

struct staticdax {
	int verbose;
	staticdax_log_fn log;
	void *log_arg;
	staticdax_progress_fn progress;
	void *progress_arg;
};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool begins(const char *path, const char *word)
{
	return !strncmp(base_of(path), word, strlen(word));
}

static enum staticdax_reason reason_of(const char *path)
{
	const char *base = path ? base_of(path) : "";
	size_t length = strcspn(base, ".");

	for (int i = 1; i < STATICDAX_REASON_MAX_; i++) {
		const char *word = staticdax_reason_word(i);

		if (strlen(word) == length && !strncmp(base, word, length))
			return i;
	}
	return STATICDAX_OK;
}

static void fill_holders(struct staticdax_result *result)
{
	static const char *const comms[] = {
		"editor", "\033[31mred", "line\nbreak", "it's", "\xff\xfe",
		"sixteen-bytes-xy", "", "caf\xc3\xa9",
	};

	result->holders_count = 11;
	for (int i = 0; i < STATICDAX_HOLDERS; i++) {
		struct staticdax_holder *holder = &result->holders[i];

		holder->pid = 100 + i;
		holder->fd = i % 2 ? -1 : i + 3;
		holder->start = i % 2 ? 0x7f0000001000 : 0;
		holder->writable = i < 4;
		memcpy(holder->comm, comms[i],
		       strnlen(comms[i], sizeof(holder->comm)));
	}
}

static int answer(const char *path, struct staticdax_result *result)
{
	enum staticdax_reason reason = reason_of(path);

	*result = (struct staticdax_result) {
		.size = sizeof(*result),
		.reason = reason,
		.error = -sdax_reason_errno(reason),
		.offset = STATICDAX_NO_OFFSET,
		.address = STATICDAX_NO_OFFSET,
		.align = 2097152,
		.file_size = 1073741824,
		.extents = 4,
		.runs = 2,
		.digest = 0xabcdef,
	};
	if (reason >= STATICDAX_HOLE && reason <= STATICDAX_NO_ADDRESS)
		result->offset = 4096;
	if (reason == STATICDAX_MISALIGNED)
		result->address = 0x1234000;
	if (reason == STATICDAX_HELD)
		fill_holders(result);
	if (reason == STATICDAX_FILESYSTEM)
		strcpy(result->detail, "btrfs\nwrites\033[2Jelsewhere");
	if (reason == STATICDAX_SYSTEM) {
		result->error = -ENOENT;
		strcpy(result->detail, "open");
	}
	return result->error;
}

int staticdax_new(struct staticdax **ret)
{
	struct staticdax *sd = calloc(1, sizeof(*sd));

	if (!sd)
		return -ENOMEM;
	*ret = sd;
	return 0;
}

void staticdax_free(struct staticdax *sd)
{
	free(sd);
}

void staticdax_set_patience(struct staticdax *sd, int milliseconds)
{
	(void)sd;
	(void)milliseconds;
}

void staticdax_set_log(struct staticdax *sd, int verbose, staticdax_log_fn fn,
		       void *arg)
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

static void say(struct staticdax *sd)
{
	if (sd->verbose > 0)
		sd->log(sd->log_arg, 1, "opening\n");
	if (sd->verbose > 1)
		sd->log(sd->log_arg, 2, "libbpf: first\nlibbpf: \033second\n");
}

int staticdax_check(struct staticdax *sd, const char *path,
		    const struct staticdax_options *options,
		    struct staticdax_result *result)
{
	say(sd);
	answer(path, result);
	result->align = options->align ? options->align : 4096;
	result->past_eof = begins(path, "long") ? 8192 : 0;
	if (staticdax_answer_of(result->reason) == STATICDAX_NO)
		return 0;
	return result->error;
}

int staticdax_seal(struct staticdax *sd, const char *path,
		   const struct staticdax_options *options,
		   struct staticdax_result *result)
{
	int r = answer(path, result);

	say(sd);
	result->align = options->align ? options->align : 4096;
	result->changed = !r && !begins(path, "sealed");
	result->unshared = begins(path, "unshared");
	return r;
}

int staticdax_create(struct staticdax *sd, const char *path, uint64_t size,
		     const struct staticdax_options *options,
		     struct staticdax_result *result)
{
	int r = answer(path, result);

	say(sd);
	for (uint64_t done = 0; done <= size; done += size / 4)
		sd->progress(sd->progress_arg, done, size);
	result->align = options->align ? options->align : 4096;
	result->file_size = size;
	result->changed = !r && options->flags & STATICDAX_SEAL;
	return r;
}

int staticdax_prepare(struct staticdax *sd, const char *path,
		      const struct staticdax_options *options,
		      struct staticdax_work *ret_work,
		      struct staticdax_result *result)
{
	int r = answer(path, result);

	say(sd);
	*ret_work = (struct staticdax_work){ .size = sizeof(*ret_work) };
	if (begins(path, "fit"))
		return 0;
	ret_work->relocate = options->flags & STATICDAX_RELOCATE;
	ret_work->holes = 8192;
	ret_work->unwritten = 1;
	ret_work->past_eof = 4096;
	result->changed = !r && !(options->flags & STATICDAX_DRY_RUN);
	return r;
}

int staticdax_unseal(struct staticdax *sd, const char *path, uint32_t flags,
		     struct staticdax_result *result)
{
	int r = answer(path, result);

	say(sd);
	if (r == -EBUSY && (flags & STATICDAX_FORCE)) {
		result->reason = STATICDAX_OK;
		r = result->error = 0;
	}
	result->changed = !r && !begins(path, "unsealed");
	return r;
}

int staticdax_map(struct staticdax *sd, const char *path, staticdax_run_fn fn,
		  void *arg, struct staticdax_map *ret_map,
		  struct staticdax_result *result)
{
	static const struct staticdax_run runs[] = {
		{ 0, 4 << 20, 8 << 20, 16 << 20, "written", 259 << 20, NULL },
		{ 4 << 20, 1 << 20, STATICDAX_NO_OFFSET, STATICDAX_NO_OFFSET,
		  "hole", 0, NULL },
		{ 5 << 20, 3 << 20, 4096, STATICDAX_NO_OFFSET, "unwritten", 0, NULL },
	};
	static const struct staticdax_run stacked[] = {
		{ 0, 4 << 20, 8 << 20, 16 << 20, "written", 259 << 20 | 1, NULL },
		{ 4 << 20, 2 << 20, 12 << 20, 20 << 20, "written", 259 << 20 | 2, NULL },
		{ 6 << 20, 2 << 20, 14 << 20, 2 << 20, "written", 9 << 20, "md" },
	};
	const struct staticdax_run *run = begins(path, "stacked") ? stacked : runs;
	int r = answer(path, result);

	say(sd);
	if (r)
		return r;
	*ret_map = (struct staticdax_map){
		.size = sizeof(*ret_map), .blocksize = 4096,
		.file_size = 8 << 20, .past_eof = 4096, .dev = 259 << 20 | 1,
		.dax = true,
	};
	if (begins(path, "anonymous")) {
		ret_map->dev = 38;
		ret_map->dax = false;
		run = &runs[2];
		return fn(arg, run);
	}
	for (int i = 0; i < 3 && !r; i++)
		r = fn(arg, &run[i]);
	return r;
}

static void fill_seal(const char *path, struct staticdax_seal *seal)
{
	*seal = (struct staticdax_seal) {
		.size = sizeof(*seal),
		.state = STATICDAX_STATE_SEALED,
		.dax = true,
		.dev = 259 << 20 | 1,
		.ino = 12,
		.denials = 3,
		.file_size = 1073741824,
		.align = 2097152,
		.digest = 0xfedcba9876543210,
		.runs = 1,
		.sealed_at = 1935919997000000000,
		.path = path,
	};
	if (begins(path, "pending"))
		seal->state = STATICDAX_STATE_PENDING;
	else if (begins(path, "lapsed"))
		seal->state = STATICDAX_STATE_LAPSED;
	if (seal->state == STATICDAX_STATE_LAPSED) {
		seal->lapse = "unmounted";
		seal->lapsed_at = 5000000000;
		seal->lapsed_time = 1935919998000000000;
	}
	if (begins(path, "swap"))
		seal->mode = STATICDAX_MODE_SWAPFILE;
	seal->audit = begins(path, "audit");
	if (begins(path, "audit")) {
		seal->last_op = "truncate";
		seal->last_comm = "tru\xffncate";
		seal->last_pid = 4711;
		seal->last_uid = 1000;
		seal->last_time = 1935919997000000000;
		seal->last_offset = 5;
		seal->last_length = STATICDAX_NO_OFFSET;
		seal->last_error = -ETXTBSY;
	}
}

static const char *name_of(long i)
{
	static const char *const names[] = {
		"/pmem/sealed", "/pmem/audit\nline", "/pmem/swap\033[2J",
		"/pmem/pending\xff", "/pmem/lapsed-one", "/pmem/caf\xc3\xa9",
		"/pmem/with space", "/pmem/held.1",
	};
	static char name[64];

	if (i < (long)(sizeof(names) / sizeof(names[0])))
		return names[i];
	snprintf(name, sizeof(name), "/pmem/file%ld", i);
	return name;
}

static long seals(void)
{
	const char *count = getenv("FAKE_SEALS");

	return count ? atol(count) : 8;
}

int staticdax_unseal_all(struct staticdax *sd, const char *mountpoint,
			 uint32_t flags, staticdax_unseal_fn fn, void *arg,
			 uint64_t *ret_count)
{
	struct staticdax_result result;
	struct staticdax_seal seal;
	uint64_t count = 0;
	int first = 0;
	int r;

	if (mountpoint && !strcmp(mountpoint, "/missing"))
		return -ENOENT;
	if (mountpoint && reason_of(mountpoint)) {
		r = answer(mountpoint, &result);
		fn(arg, NULL, &result);
		return r;
	}
	for (long i = 0; i < seals(); i++) {
		fill_seal(name_of(i), &seal);
		r = staticdax_unseal(sd, seal.path, flags, &result);
		fn(arg, &seal, &result);
		count += r == 0;
		first = first ? first : r;
	}
	*ret_count = count;
	return first;
}

int staticdax_upgrade(struct staticdax *sd, uint32_t flags,
		      struct staticdax_result *result)
{
	const char *reason = getenv("FAKE_UPGRADE");
	int r = answer(reason ? reason : "", result);

	say(sd);
	if (result->reason == STATICDAX_PROGRAMS_NEWER &&
	    flags & STATICDAX_FORCE) {
		result->reason = STATICDAX_OK;
		r = result->error = 0;
	}
	result->changed = !r && seals();
	return r;
}

int staticdax_get(struct staticdax *sd, const char *path,
		  struct staticdax_seal *ret_seal)
{
	static const char *const words[] = {
		"sealed", "audit", "swap", "pending", "lapsed",
	};

	(void)sd;
	if (begins(path, "eacces"))
		return -EACCES;
	if (begins(path, "eproto"))
		return -EPROTO;
	*ret_seal = (struct staticdax_seal) { .size = sizeof(*ret_seal) };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (begins(path, words[i]))
			fill_seal(path, ret_seal);
	return 0;
}

int staticdax_verify(struct staticdax *sd, const char *path,
		     struct staticdax_seal *ret_seal,
		     struct staticdax_result *result)
{
	int r = answer(path, result);

	staticdax_get(sd, path, ret_seal);
	if (result->reason == STATICDAX_MOVED)
		result->offset = 8192;
	return staticdax_answer_of(result->reason) == STATICDAX_FAILED ? r : 0;
}

int staticdax_verify_all(struct staticdax *sd, staticdax_verify_fn fn,
			 void *arg, struct staticdax_result *result)
{
	const char *why = getenv("FAKE_STATUS");
	struct staticdax_result of_file;
	struct staticdax_seal seal;
	int r = 0;

	(void)sd;
	for (long i = 0; i < seals() && r == 0; i++) {
		fill_seal(name_of(i), &seal);
		answer(seal.state == STATICDAX_STATE_LAPSED ? "lapsed" : seal.path,
		       &of_file);
		r = fn(arg, &seal, &of_file);
	}
	answer(why ? why : "", result);
	return result->error ? result->error : r;
}

int staticdax_list(struct staticdax *sd, staticdax_list_fn fn, void *arg)
{
	struct staticdax_seal seal;
	int r = 0;

	(void)sd;
	if (getenv("FAKE_LIST"))
		return -sdax_reason_errno(reason_of(getenv("FAKE_LIST")));
	for (long i = 0; i < seals() && r == 0; i++) {
		fill_seal(name_of(i), &seal);
		r = fn(arg, &seal);
	}
	return r;
}

static const struct staticdax_event lapse = {
	.dev = 259 << 20 | 1, .ino = 12, .time = 1935919997123456789,
	.path = "/pmem/lapsed-one", .lapse = "unmounted",
	.offset = STATICDAX_NO_OFFSET, .length = STATICDAX_NO_OFFSET,
};

static const struct staticdax_event shrink = {
	.dev = 259 << 20 | 1, .ino = 12, .time = 1935919997123456789,
	.path = "/pmem/line\nbreak\xff", .op = "shrink",
	.hook = "inode_setattr", .why = "contract", .error = -ETXTBSY,
	.offset = 5, .length = STATICDAX_NO_OFFSET, .cgroup = 1,
	.pid = 4711, .tid = 4712, .uid = 1000, .comm = "\033[31mred\xff",
};

static const struct staticdax_event umount = {
	.dev = 259 << 20 | 1, .time = 1935919997123456789, .op = "umount",
	.hook = "sb_umount", .why = "filesystem", .error = -EBUSY,
	.audit = true, .offset = 4096, .length = 512, .comm = "umount",
};

int staticdax_events(struct staticdax *sd, staticdax_event_fn fn, void *arg,
		     uint64_t *ret_lost)
{
	const char *count = getenv("FAKE_EVENTS");
	int r = 0;

	(void)sd;
	for (long i = count ? atol(count) : 1; i > 0 && !r; i--)
		r = fn(arg, &shrink);
	r = r ? r : fn(arg, &umount);
	r = r ? r : fn(arg, &lapse);
	*ret_lost = 7;
	raise(SIGTERM);
	return r;
}

int staticdax_status(struct staticdax *sd, struct staticdax_status *ret_status)
{
	static const struct staticdax_hook hooks[] = {
		{ "inode_setattr", true, true, true, true },
		{ "file_permission", true, true, true, false },
		{ "task_free", true, true, false, false },
		{ "sb_umount", true, false, true, false },
		{ "inode_file_setattr", false, false, false, false },
	};
	const char *why = getenv("FAKE_STATUS");
	struct staticdax_status *s = ret_status;
	enum staticdax_reason reason = reason_of(why);

	(void)sd;
	if (why && !strcmp(why, "nothing"))
		return 0;
	answer(why ? why : "", &s->result);
	if (reason == STATICDAX_NO_PRIVILEGE)
		return -EPERM;
	s->attached = true;
	s->enforcing = reason == STATICDAX_OK;
	s->abi = 1;
	s->seals = 3;
	s->lapsed = 1;
	s->capacity = 1048576;
	s->denied = UINT64_MAX;
	s->swept = 1;
	s->hooks_count = sizeof(hooks) / sizeof(hooks[0]);
	memcpy(s->hooks, hooks, sizeof(hooks));
	return s->result.error;
}

const char *staticdax_op_word(unsigned int op)
{
	static const char *const words[] = { "shrink", "truncate", "grow" };

	return op < sizeof(words) / sizeof(words[0]) ? words[op] : NULL;
}

int staticdax_metrics(struct staticdax *sd, struct staticdax_metrics *ret)
{
	const char *why = getenv("FAKE_STATUS");

	(void)sd;
	if (why && !strcmp(why, "pins_version"))
		return -EPROTO;
	ret->denied[0] = UINT64_MAX;
	ret->audited[2] = 3;
	ret->events = 2000;
	ret->events_overwritten = 976;
	ret->capacity = 65536;
	ret->proved_at = why && !strcmp(why, "nothing") ? 0 :
							  1935919997123456789;
	if (why && !strcmp(why, "no_privilege"))
		return 0;
	ret->programs_count = 1;
	ret->programs[0] = (struct staticdax_program){
		.name = "sdax_permission", .runs = 7, .run_ns = 1500000001,
		.misses = 1,
	};
	return 0;
}

int staticdax_lock(struct staticdax *sd, struct staticdax_result *result)
{
	const char *why = getenv("FAKE_LOCK");

	(void)sd;
	answer(why ? why : "", result);
	result->changed = !result->error;
	return result->error;
}

int staticdax_doctor(struct staticdax *sd, staticdax_doctor_fn fn, void *arg)
{
	const char *mood = getenv("FAKE_DOCTOR");
	bool cannot = mood && !strcmp(mood, "cannot");
	const struct staticdax_answer_line lines[] = {
		{ "btf", true, true, "/sys/kernel/btf/vmlinux", NULL },
		{ "bpf-lsm", !cannot, true, "lsm=landlock,yama",
		  "boot with lsm=landlock,yama,bpf" },
		{ "json", false, false, "optional\nthing", "install it" },
	};

	(void)sd;
	if (mood && !strcmp(mood, "eperm"))
		return -EPERM;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		fn(arg, &lines[i]);
	return cannot ? -EOPNOTSUPP : 0;
}
