// SPDX-License-Identifier: LGPL-2.1-or-later
/* Are sealed files as they were? */
#define _GNU_SOURCE
#include "verify.h"

#include <errno.h>
#include <linux/stat.h>
#include <string.h>

#include "crosscheck.h"
#include "drift.h"
#include "entry.h"
#include "fit.h"
#include "privilege.h"
#include "query.h"
#include "target.h"
#include "util.h"
#include "words.h"

/* A file that is open, and what is recorded of it. */
struct checking {
	struct staticdax *sd;
	const struct sdax_store *store;
	struct staticdax_result *result;
	struct sdax_target target;
	struct sdax_identity id;
	struct sdax_key key;
	struct sdax_entry entry;
};

static void checking_done(struct checking *c)
{
	sdax_target_close(&c->target);
}

static void result_begin(struct staticdax_result *result)
{
	*result = (struct staticdax_result){
		.size = sizeof(*result),
		.offset = STATICDAX_NO_OFFSET,
		.address = STATICDAX_NO_OFFSET,
	};
}

/* Is it the inode that was sealed, and not resized against what was promised? */
static int compare_inode(struct checking *c, bool resized)
{
	if (c->id.generation != c->entry.generation)
		return sdax_fail(c->result, STATICDAX_ALTERED, 0,
				 "generation %u, was %u", c->id.generation,
				 c->entry.generation);
	if (resized)
		return sdax_fail(c->result, STATICDAX_ALTERED, 0,
				 "%llu bytes, was %llu",
				 (unsigned long long)c->target.facts.size,
				 c->entry.size);
	sdax_target_learn(&c->target, &c->id);
	return 0;
}

static int compare_facts(struct checking *c)
{
	const struct sdax_entry *entry = &c->entry;
	struct sdax_facts *facts = &c->target.facts;
	bool dax = facts->attributes & STATX_ATTR_DAX;
	char detail[sizeof(c->result->detail)] = "";
	enum staticdax_reason reason;
	int r;

	r = compare_inode(c, facts->size != entry->size);
	if (r < 0)
		return r;
	facts->cow_staged = c->target.cow_staged ||
			    c->id.xfs & SDAX_XFS_COW_FORK;
	reason = sdax_verdict_file(facts, entry->flags & SDAX_F_DAX ?
				   0 : STATICDAX_ANY_DEVICE,
				   detail, sizeof(detail));
	if (reason)
		return sdax_fail(c->result, reason, 0, "%s", detail);
	if (dax && !(entry->flags & SDAX_F_DAX))
		return sdax_fail(c->result, STATICDAX_ALTERED, 0,
				 "it is DAX, and was not");
	return 0;
}

/* What was promised is that it has not become smaller; of blocks nothing was. */
static int compare_noshrink(struct checking *c)
{
	const struct sdax_entry *entry = &c->entry;
	struct sdax_facts *facts = &c->target.facts;
	char detail[sizeof(c->result->detail)] = "";
	enum staticdax_reason reason;
	int r;

	r = compare_inode(c, facts->size < entry->size);
	if (r < 0)
		return r;
	c->result->file_size = facts->size;
	reason = sdax_verdict_noshrink(facts, detail, sizeof(detail));
	/* a name was not promised, and a deleted file may be mapped still */
	if (reason && reason != STATICDAX_DELETED)
		return sdax_fail(c->result, reason, 0, "%s", detail);
	return 0;
}

static int explain_drift(struct checking *c, const struct sdax_drift *drift)
{
	char was[32] = "not known", is[32] = "not known";

	c->result->offset = drift->found ? drift->offset : STATICDAX_NO_OFFSET;
	if (!drift->found && !drift->same)
		return sdax_fail(c->result, STATICDAX_MOVED, 0,
				 "from which byte on is not recorded");
	if (!drift->found)
		return sdax_fail(c->result, STATICDAX_MOVED, 0,
				 "the first %llu bytes do, of more there is no record",
				 (unsigned long long)drift->same);
	if (drift->was != UINT64_MAX)
		snprintf(was, sizeof(was), "0x%llx",
			 (unsigned long long)drift->was);
	if (drift->is != UINT64_MAX)
		snprintf(is, sizeof(is), "0x%llx",
			 (unsigned long long)drift->is);
	return sdax_fail(c->result, STATICDAX_MOVED, 0,
			 "in the filesystem it was at %s, is at %s", was, is);
}

static int compare_map(struct checking *c)
{
	_cleanup_(sdax_drift_close) struct sdax_drift drift = SDAX_DRIFT_NONE;
	const struct sdax_run_sink sink = { sdax_drift_compare, &drift };
	const struct sdax_facts *facts = &c->target.facts;
	uint64_t end = facts->size + facts->blocksize - 1;
	struct sdax_device *device;
	int r;

	sdax_drift_open(&drift, &c->key, c->entry.digest, c->entry.runs,
			end - end % facts->blocksize);
	r = sdax_recent_device(&c->sd->recent, &c->target, &device);
	if (r < 0)
		return sdax_fail(c->result, STATICDAX_SYSTEM, r,
				 "finding the device");
	r = sdax_fit_extents(&c->target, c->entry.align, device, &sink,
			     c->result);
	if (r < 0 || c->result->digest == c->entry.digest)
		return r;
	return explain_drift(c, &drift);
}

/* Of a seal that ended while it was looked at nothing can be said. */
static int compare(struct checking *c)
{
	struct sdax_entry now;
	int r;

	if (c->entry.mode == SDAX_MODE_NOSHRINK) {
		r = compare_noshrink(c);
	} else {
		r = compare_facts(c);
		r = r ?: compare_map(c);
	}
	if (r < 0 &&
	    (sdax_store_get(c->store, &c->key, &now) < 0 ||
	     now.state != c->entry.state || now.sealed_at != c->entry.sealed_at)) {
		result_begin(c->result);
		return sdax_fail(c->result, STATICDAX_NOT_SEALED, 0,
				 "it was unsealed just now");
	}
	return r;
}

static int check(struct checking *c)
{
	const char *edit = sdax_entry_edited(&c->entry);

	if (edit)
		return sdax_fail(c->result, STATICDAX_TAMPERED, 0,
				 "the seal %s", edit);
	switch (c->entry.state) {
	case SDAX_STATE_ACTIVE:
		return compare(c);
	case SDAX_STATE_LAPSED:
		return sdax_fail(c->result, STATICDAX_LAPSED, 0, "%s",
				 sdax_lapse_word(c->entry.lapse) ?: "");
	default:
		return sdax_fail(c->result, STATICDAX_NOT_SEALED, 0,
				 "it is just being sealed");
	}
}

/* What was deleted nobody comes across who looks at what is there. */
static int compare_records(struct sdax_store *store,
			   struct staticdax_result *result)
{
	char detail[sizeof(result->detail)];
	int r = sdax_crosscheck(store, NULL, NULL, detail, sizeof(detail));

	if (r < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, r,
				 "comparing the maps");
	return r ? sdax_fail(result, STATICDAX_TAMPERED, 0, "%s", detail) : 0;
}

/*
 * That what is sealed is protected, and with all that it is still there. Nothing
 * sealed, nothing to prove.
 */
static int prove(struct staticdax *sd, bool all,
		 struct staticdax_result *result)
{
	_cleanup_(sdax_store_close) struct sdax_store store = SDAX_STORE_NONE;
	_cleanup_(sdax_lock_drop) int lock = -1;
	bool swept, attached;
	int r;

	r = sdax_privilege_check(result);
	if (!r && !all && sdax_handle_is_proved(sd))
		return 0;
	if (!r)
		r = sdax_handle_lock(sd, &lock, result);
	if (!r)
		r = sdax_handle_registry(sd, &store, &swept, result);
	if (r == -ENOENT && !result->reason)
		return 0;
	/* what was found lapsed may have been the last */
	attached = !r && store.control->programs;
	if (!r && all)
		sdax_handle_find_gone(sd, &store);
	else if (!r)
		sdax_handle_find_unmounted(sd, &store);
	if (!r && sdax_store_in_use(&store))
		r = sdax_handle_prove_lately(sd, &store, result);
	else if (!r && attached)
		sdax_handle_release(sd, &store);
	if (!r && all && store.sealed >= 0)
		r = compare_records(&store, result);
	return r;
}

static int open_target(struct checking *c, const char *path)
{
	int r;

	r = sdax_target_reach(path, &c->sd->recent.mounted, &c->target,
			     c->result);
	return r ?: sdax_handle_identify(c->sd, c->target.fd, &c->id,
					 c->result);
}

int sdax_verify_file(struct staticdax *sd, const char *path,
		     struct staticdax_seal *ret_seal,
		     struct staticdax_result *result)
{
	_cleanup_(checking_done) struct checking c = {
		.sd = sd,
		.result = result,
		.target = SDAX_TARGET_NONE,
	};
	struct sdax_slot slot;
	int r;

	if (ret_seal)
		*ret_seal = (struct staticdax_seal){ .size = ret_seal->size };
	r = prove(sd, false, result);
	if (!r)
		r = open_target(&c, path);
	if (r < 0)
		return r;
	c.key = sdax_store_key(&c.id);
	r = sdax_recent_store(&sd->recent, &c.store);
	if (!r)
		r = sdax_store_slot(c.store, &c.key, &slot);
	if (r == -ENOENT)
		return sdax_fail(result, STATICDAX_NOT_SEALED, 0, "%s", "");
	if (!r && ret_seal)
		r = sdax_query_slot(sd, c.store, &c.key, &slot, ret_seal);
	if (r < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, r,
				 "reading the registry");
	c.entry = slot.entry;
	return check(&c);
}

struct walk {
	struct staticdax *sd;
	const struct sdax_store *store;
	staticdax_verify_fn fn;
	void *arg;
};

static bool is_same(const struct sdax_key *key, const struct sdax_identity *id)
{
	const struct sdax_key found = sdax_store_key(id);

	return !memcmp(key, &found, sizeof(found));
}

/* The path is only where to look: the kernel says whether it is the file. */
static int reach(struct checking *c, const char *path)
{
	int r;

	if (!path)
		return sdax_fail(c->result, STATICDAX_UNREACHABLE, 0,
				 "there is none");
	r = open_target(c, path);
	if (r < 0 && c->target.fd < 0)
		return sdax_fail(c->result, STATICDAX_UNREACHABLE, 0, "%s",
				 strerror(-r));
	if (!r && !is_same(&c->key, &c->id))
		r = sdax_fail(c->result, STATICDAX_UNREACHABLE, 0,
			      "it leads to another file");
	return r;
}

static int verify_one(void *arg, const struct sdax_key *key,
		      const struct sdax_slot *slot)
{
	struct staticdax_seal seal = STATICDAX_INIT(staticdax_seal);
	struct staticdax_result result;
	struct walk *walk = arg;
	_cleanup_(checking_done) struct checking c = {
		.sd = walk->sd,
		.store = walk->store,
		.result = &result,
		.target = SDAX_TARGET_NONE,
		.key = *key,
		.entry = slot->entry,
	};
	int r;

	if (slot->entry.flags & SDAX_F_CANARY ||
	    slot->entry.state == SDAX_STATE_PENDING)
		return 0;
	result_begin(&result);
	r = sdax_query_slot(walk->sd, walk->store, key, slot, &seal);
	if (r < 0)
		return r;
	r = slot->entry.state == SDAX_STATE_ACTIVE ? reach(&c, seal.path) : 0;
	if (!r)
		r = check(&c);
	if (result.reason == STATICDAX_NOT_SEALED)
		return 0;
	return walk->fn(walk->arg, &seal, &result);
}

int sdax_verify_all(struct staticdax *sd, staticdax_verify_fn fn, void *arg,
		    struct staticdax_result *result)
{
	_cleanup_(sdax_store_close) struct sdax_store store = SDAX_STORE_NONE;
	struct walk walk = { .sd = sd, .store = &store, .fn = fn, .arg = arg };
	int r, proved;

	/* files are looked at even so: both answers are wanted */
	proved = prove(sd, true, result);
	if (proved < 0 && result->reason != STATICDAX_CANARY &&
	    result->reason != STATICDAX_PINS_BROKEN &&
	    result->reason != STATICDAX_TAMPERED &&
	    result->reason != STATICDAX_UNSEEN)
		return proved;
	r = sdax_store_open(false, &store);
	if (r == -ENOENT)
		return proved;
	if (!r)
		r = sdax_store_walk(&store, verify_one, &walk);
	if (r < 0 && !proved)
		return sdax_fail(result, STATICDAX_SYSTEM, r,
				 "reading the registry");
	return proved ?: r;
}
