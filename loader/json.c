// SPDX-License-Identifier: GPL-2.0-or-later
/* The library's answers as JSON objects. */
#include "json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "quote.h"
#include "rate.h"
#include "report.h"
#include "util.h"
#include "words.h"

#define NS_PER_S 1000000000ULL

/* What the library documents and open(2) says; glibc < 2.32 has no table. */
#define ERRNO(name) { name, #name }

static const struct {
	int error;
	const char *word;
} errno_words[] = {
	ERRNO(EPERM), ERRNO(ENOENT), ERRNO(EINTR), ERRNO(EIO), ERRNO(ENXIO),
	ERRNO(E2BIG), ERRNO(EBADF), ERRNO(EAGAIN), ERRNO(ENOMEM),
	ERRNO(EACCES), ERRNO(EFAULT), ERRNO(EBUSY), ERRNO(EEXIST),
	ERRNO(EXDEV), ERRNO(ENODEV), ERRNO(ENOTDIR), ERRNO(EISDIR),
	ERRNO(EINVAL), ERRNO(ENFILE), ERRNO(EMFILE), ERRNO(ENOTTY),
	ERRNO(ETXTBSY), ERRNO(EFBIG), ERRNO(ENOSPC), ERRNO(ESPIPE),
	ERRNO(EROFS), ERRNO(EMLINK), ERRNO(ERANGE), ERRNO(ENAMETOOLONG),
	ERRNO(ENOSYS), ERRNO(ELOOP), ERRNO(ENODATA), ERRNO(EPROTO),
	ERRNO(EOVERFLOW), ERRNO(EBADFD), ERRNO(EOPNOTSUPP), ERRNO(ETIMEDOUT),
	ERRNO(ESTALE), ERRNO(EUCLEAN), ERRNO(EDQUOT), ERRNO(ECANCELED),
};

static const char *const state_words[] = {
	[STATICDAX_STATE_NONE] = "none",
	[STATICDAX_STATE_PENDING] = "pending",
	[STATICDAX_STATE_SEALED] = "sealed",
	[STATICDAX_STATE_LAPSED] = "lapsed",
};

static const char *const answer_words[] = {
	[STATICDAX_YES] = "yes",
	[STATICDAX_NO] = "no",
	[STATICDAX_USAGE] = "usage",
	[STATICDAX_FAILED] = "failed",
	[STATICDAX_CANNOT] = "cannot",
	[STATICDAX_HELD_BY_OTHERS] = "held",
};

const char *json_errno_word(int error)
{
	error = error < 0 ? -error : error;
	if (!error)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(errno_words); i++)
		if (errno_words[i].error == error)
			return errno_words[i].word;
	return "EOTHER";
}

void json_add(struct json_object *object, const char *constant_key,
	      struct json_object *value)
{
	json_object_object_add_ex(object, constant_key, value,
				  JSON_C_OBJECT_KEY_IS_CONSTANT);
}

static void add_bool(struct json_object *object, const char *key, bool value)
{
	json_add(object, key, json_object_new_boolean(value));
}

static void add_number(struct json_object *object, const char *key,
		       uint64_t value)
{
	json_add(object, key, json_object_new_uint64(value));
}

static void add_offset(struct json_object *object, const char *key,
		       uint64_t value)
{
	if (value == STATICDAX_NO_OFFSET)
		json_add(object, key, NULL);
	else
		add_number(object, key, value);
}

/* Bytes that are no UTF-8 are escaped; NULL becomes null. */
static void add_text(struct json_object *object, const char *key,
		     const char *bytes, size_t length)
{
	_cleanup_free_ char *text = NULL;

	if (!bytes) {
		json_add(object, key, NULL);
		return;
	}
	if (!quote_is_utf8(bytes, length)) {
		text = quote_escape(bytes, length, QUOTE_BARE);
		bytes = quote_or(text);
		length = strlen(bytes);
	}
	json_add(object, key, json_object_new_string_len(bytes, length));
}

/* NULL and "" become null. */
static void add_string(struct json_object *object, const char *key,
		       const char *text)
{
	size_t length = text ? strlen(text) : 0;

	add_text(object, key, length ? text : NULL, length);
}

void json_add_name(struct json_object *object, const char *key,
		   const char *key_hex, const char *bytes, size_t length)
{
	_cleanup_free_ char *hex = NULL;

	add_text(object, key, bytes, length);
	if (quote_is_utf8(bytes, length))
		return;
	hex = malloc(2 * length + 1);
	for (size_t i = 0; hex && i < length; i++)
		sprintf(hex + 2 * i, "%02x", (unsigned char)bytes[i]);
	json_add(object, key_hex, hex ? json_object_new_string(hex) : NULL);
}

static void add_path(struct json_object *object, const char *path)
{
	json_add_name(object, "path", "path_hex", path, path ? strlen(path) : 0);
}

static void add_comm(struct json_object *object, const char *comm,
		     size_t length)
{
	json_add_name(object, "comm", "comm_hex", comm, length);
}

static void add_digest(struct json_object *object, uint64_t digest)
{
	char text[17];

	snprintf(text, sizeof(text), "%016" PRIx64, digest);
	json_add(object, "digest", json_object_new_string(text));
}

void json_add_failure(struct json_object *object,
		      const struct staticdax_result *result)
{
	bool failed = result && result->reason != STATICDAX_OK;
	enum staticdax_reason reason = failed ? result->reason : STATICDAX_OK;
	char message[1024];

	add_string(object, "error",
		   failed ? json_errno_word(result->error) : NULL);
	add_string(object, "reason", staticdax_reason_word(reason));
	add_string(object, "detail", failed ? result->detail : NULL);
	add_string(object, "remedy", sdax_reason_remedy(reason));
	if (failed)
		staticdax_explain(result, message, sizeof(message));
	add_string(object, "message", failed ? message : NULL);
}

static struct json_object *json_of_holder(const struct staticdax_holder *holder)
{
	struct json_object *object = json_object_new_object();

	json_add(object, "pid", json_object_new_int64(holder->pid));
	add_comm(object, holder->comm,
		 strnlen(holder->comm, sizeof(holder->comm)));
	json_add(object, "fd", holder->fd < 0 ?
		 NULL : json_object_new_int64(holder->fd));
	json_add(object, "start", holder->fd < 0 ?
		 json_object_new_uint64(holder->start) : NULL);
	add_bool(object, "writable", holder->writable);
	return object;
}

static void add_holders(struct json_object *object,
			const struct staticdax_result *result)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0;
	     i < result->holders_count && i < STATICDAX_HOLDERS; i++)
		json_object_array_add(array,
				      json_of_holder(&result->holders[i]));
	json_add(object, "holders", array);
	add_number(object, "holders_count", result->holders_count);
}

void json_add_work(struct json_object *object,
		   const struct staticdax_work *work)
{
	add_bool(object, "relocated", work->relocate);
	add_number(object, "holes", work->holes);
	add_number(object, "unwritten", work->unwritten);
	add_number(object, "shared", work->shared);
	add_number(object, "trimmed", work->past_eof);
}

struct json_object *json_of_result(const char *path,
				   const struct staticdax_result *result)
{
	struct json_object *object = json_object_new_object();

	add_path(object, path);
	add_string(object, "answer",
		   answer_words[staticdax_answer_of(result->reason)]);
	json_add_failure(object, result);
	add_offset(object, "offset", result->offset);
	add_offset(object, "address", result->address);
	add_number(object, "align", result->align);
	add_number(object, "size", result->file_size);
	add_number(object, "extents", result->extents);
	add_number(object, "runs", result->runs);
	add_digest(object, result->digest);
	add_number(object, "past_eof", result->past_eof);
	add_bool(object, "changed", result->changed);
	add_bool(object, "unshared", result->unshared);
	add_bool(object, "lapsed", result->lapsed);
	add_bool(object, "moved", result->moved);
	add_holders(object, result);
	return object;
}

static void add_dev(struct json_object *object, uint32_t dev)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu32 ":%" PRIu32, dev >> 20,
		 dev & 0xfffff);
	add_string(object, "dev", text);
}

/* UTC, or null for 0. */
static void add_second(struct json_object *object, const char *key, uint64_t ns)
{
	time_t seconds = ns / NS_PER_S;
	struct tm tm;
	char text[40];

	if (!gmtime_r(&seconds, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		text[0] = '\0';
	add_string(object, key, ns ? text : NULL);
}

/* UTC, with microseconds; and exactly. */
static void add_time(struct json_object *object, uint64_t ns)
{
	time_t seconds = ns / NS_PER_S;
	char text[40] = "";
	struct tm tm;
	size_t n;

	n = gmtime_r(&seconds, &tm) ?
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) : 0;
	if (n)
		snprintf(text + n, sizeof(text) - n, ".%06uZ",
			 (unsigned int)(ns % NS_PER_S / 1000));
	add_string(object, "time", text);
	add_number(object, "time_ns", ns);
}

static struct json_object *json_of_last_denial(const struct staticdax_seal *seal)
{
	struct json_object *object;
	const char *comm = seal->last_comm;

	if (!seal->last_op)
		return NULL;
	object = json_object_new_object();
	add_time(object, seal->last_time);
	add_string(object, "op", seal->last_op);
	add_offset(object, "offset", seal->last_offset);
	add_offset(object, "length", seal->last_length);
	add_string(object, "errno", json_errno_word(seal->last_error));
	add_comm(object, comm, comm ? strlen(comm) : 0);
	add_number(object, "pid", seal->last_pid);
	add_number(object, "uid", seal->last_uid);
	return object;
}

struct json_object *json_of_seal(const struct staticdax_seal *seal)
{
	struct json_object *object = json_object_new_object();
	bool known = (size_t)seal->state < ARRAY_SIZE(state_words);

	add_path(object, seal->path);
	add_string(object, "state", known ? state_words[seal->state] : NULL);
	add_bool(object, "sealed", seal->state == STATICDAX_STATE_SEALED);
	add_string(object, "mode", staticdax_mode_word(seal->mode));
	add_bool(object, "audit", seal->audit);
	add_bool(object, "dax", seal->dax);
	add_dev(object, seal->dev);
	add_number(object, "ino", seal->ino);
	json_add(object, "subvolume", seal->subvolume ?
		 json_object_new_int64(seal->subvolume) : NULL);
	add_number(object, "generation", seal->generation);
	add_number(object, "denials", seal->denials);
	add_number(object, "size", seal->file_size);
	add_number(object, "align", seal->align);
	add_number(object, "runs", seal->runs);
	add_digest(object, seal->digest);
	add_second(object, "sealed_at", seal->sealed_at);
	add_number(object, "sealed_at_ns", seal->sealed_at);
	add_string(object, "lapse", seal->lapse);
	add_second(object, "lapsed_at", seal->lapsed_time);
	json_add(object, "lapsed_at_ns", seal->lapsed_at ?
		 json_object_new_uint64(seal->lapsed_at) : NULL);
	json_add(object, "last_denial", json_of_last_denial(seal));
	return object;
}

/* Makes every member from first on null. */
static void blank_from(struct json_object *object, const char *first)
{
	bool reached = false;

	json_object_object_foreach(object, key, value) {
		(void)value;
		reached = reached || !strcmp(key, first);
		if (reached)
			json_object_object_add(object, key, NULL);
	}
}

struct json_object *json_of_got(const char *path,
				const struct staticdax_seal *seal)
{
	struct staticdax_seal got = {};
	struct json_object *object;

	if (seal)
		got = *seal;
	got.path = path;
	object = json_of_seal(&got);
	if (!seal)
		blank_from(object, "state");
	else if (seal->state == STATICDAX_STATE_NONE)
		blank_from(object, "mode");
	return object;
}

static struct json_object *json_of_hook(const struct staticdax_hook *hook)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "name", hook->name,
		 strnlen(hook->name, sizeof(hook->name)));
	add_bool(object, "wanted", hook->wanted);
	add_bool(object, "attached", hook->attached);
	add_bool(object, "provable", hook->provable);
	add_bool(object, "proved", hook->proved);
	return object;
}

struct json_object *json_of_status(const struct staticdax_status *status,
				   const struct report_lapses *lapses,
				   bool known)
{
	struct json_object *object = json_object_new_object();
	struct json_object *lapsed = json_object_new_array();
	struct json_object *hooks = json_object_new_array();

	add_number(object, "version", 1);
	add_bool(object, "attached", status->attached);
	add_bool(object, "enforcing", status->enforcing);
	add_number(object, "abi", status->abi);
	add_number(object, "capacity", status->capacity);
	add_number(object, "seals", status->seals);
	add_number(object, "audits", status->audits);
	add_number(object, "pending", status->pending);
	add_number(object, "lapsed", status->lapsed);
	add_number(object, "noshrink", status->noshrink);
	add_bool(object, "locked", status->locked);
	add_number(object, "swept", status->swept);
	add_number(object, "mended", status->mended);
	add_number(object, "denied", status->denied);
	add_number(object, "audited", status->audited);
	add_number(object, "no_token", status->no_token);
	add_number(object, "token_lost", status->token_lost);
	add_number(object, "generation_changed", status->generation_changed);
	for (size_t i = 0; i < status->hooks_count && i < STATICDAX_HOOKS; i++)
		json_object_array_add(hooks, json_of_hook(&status->hooks[i]));
	json_add(object, "hooks", hooks);
	for (size_t i = 0; i < lapses->count; i++)
		json_object_array_add(lapsed, json_of_seal(&lapses->seals[i]));
	json_add(object, "lapsed_seals", lapsed);
	if (!known)
		blank_from(object, "abi");
	json_add_failure(object, &status->result);
	return object;
}

struct json_object *json_of_answer(const struct staticdax_answer_line *line)
{
	struct json_object *object = json_object_new_object();

	add_string(object, "question", line->question);
	add_bool(object, "yes", line->yes);
	add_bool(object, "required", line->required);
	add_string(object, "detail", line->detail);
	add_string(object, "remedy", line->yes ? NULL : line->remedy);
	return object;
}

static struct json_object *json_of_line(const char *event, uint64_t time)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "version", 1);
	add_string(object, "event", event);
	add_time(object, time);
	return object;
}

/* dev 0: any filesystem; ino 0: any file. */
static void add_file(struct json_object *object, const char *path,
		     uint32_t dev, uint64_t ino)
{
	add_path(object, path);
	if (dev)
		add_dev(object, dev);
	else
		json_add(object, "dev", NULL);
	json_add(object, "ino", ino ? json_object_new_uint64(ino) : NULL);
}

struct json_object *json_of_denial(const struct staticdax_event *event,
				   const char *cgroup)
{
	struct json_object *object = json_of_line(event->audit ? "audited" :
						  "denied", event->time);

	add_number(object, "seq", event->seq);
	add_file(object, event->path, event->dev, event->ino);
	add_string(object, "op", event->op);
	add_offset(object, "offset", event->offset);
	add_offset(object, "length", event->length);
	add_string(object, "errno", json_errno_word(event->error));
	add_string(object, "hook", event->hook);
	add_string(object, "why", event->why);
	add_comm(object, event->comm,
		 strnlen(event->comm, sizeof(event->comm)));
	add_number(object, "pid", event->pid);
	add_number(object, "tid", event->tid);
	add_number(object, "uid", event->uid);
	json_add_name(object, "cgroup", "cgroup_hex", cgroup,
		      cgroup ? strlen(cgroup) : 0);
	add_number(object, "cgroup_id", event->cgroup);
	return object;
}

struct json_object *json_of_lapse(const struct staticdax_event *event)
{
	struct json_object *object = json_of_line("lapsed", event->time);

	add_file(object, event->path, event->dev, event->ino);
	add_string(object, "lapse", event->lapse);
	return object;
}

struct json_object *json_of_rest(uint64_t time, const struct rate_rest *rest)
{
	struct json_object *object = json_of_line("suppressed", time);

	add_number(object, "count", rest->count);
	add_file(object, rest->path, rest->dev, rest->ino);
	add_string(object, "op", rest->op);
	json_add(object, "uid", rest->op ?
		 json_object_new_uint64(rest->uid) : NULL);
	return object;
}

struct json_object *json_of_lost(uint64_t time, uint64_t count)
{
	struct json_object *object = json_of_line("lost", time);

	add_number(object, "count", count);
	return object;
}

struct json_object *json_of_enforcement(uint64_t time,
					const struct staticdax_status *status,
					bool known)
{
	struct json_object *object = json_of_line("enforcement", time);

	add_bool(object, "attached", status->attached);
	add_bool(object, "enforcing", status->enforcing);
	add_number(object, "seals", status->seals);
	add_number(object, "audits", status->audits);
	add_number(object, "mended", status->mended);
	if (!known)
		blank_from(object, "attached");
	json_add_failure(object, &status->result);
	return object;
}
