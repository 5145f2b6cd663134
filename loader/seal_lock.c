// SPDX-License-Identifier: LGPL-2.1-or-later
/* From now on seals can only be added. */
#include "seal_lock.h"

#include <errno.h>
#include <stdio.h>

#include "crosscheck.h"
#include "guard.h"
#include "privilege.h"
#include "subvolume.h"
#include "util.h"

/*
 * Where a subvolume's number lies cannot be told the door later. Without btrfs
 * there is nothing to know: its files are then refused.
 */
static void learn_subvolumes(struct sdax_store *store)
{
	struct sdax_subvolume_at at;

	if (!store->control->subvolume_at.root &&
	    !access("/sys/fs/btrfs", F_OK) && !sdax_subvolume_find(&at))
		store->control->subvolume_at = at;
}

static int crosscheck(struct sdax_store *store,
		      struct staticdax_result *result)
{
	char detail[sizeof(result->detail)];
	int r;

	r = sdax_crosscheck(store, NULL, NULL, detail, sizeof(detail));
	if (r < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, r,
				 "comparing the maps");
	if (r > 0)
		return sdax_fail(result, STATICDAX_TAMPERED, 0, "%s", detail);
	return 0;
}

/*
 * Locking would keep for good what somebody has edited before, and seals of files
 * that are gone: the door takes nobody's word that they are.
 */
static int check_before(struct staticdax *sd, struct staticdax_result *result)
{
	_cleanup_(sdax_store_close) struct sdax_store store = SDAX_STORE_NONE;
	int r;

	/* what was proved a second ago may be missing by now */
	sd->proved_registry = 0;
	r = sdax_handle_enforce(sd, 0, &store, result);
	if (r < 0)
		return r;
	sdax_handle_find_gone(sd, &store);
	r = crosscheck(&store, result);
	if (!r)
		learn_subvolumes(&store);
	return r;
}

static int check_guarded(struct staticdax *sd, struct staticdax_result *result)
{
	_cleanup_(sdax_store_close) struct sdax_store store = SDAX_STORE_NONE;
	bool swept;
	int r;

	r = sdax_handle_registry(sd, &store, &swept, result);
	if (r == -ENOENT && !result->reason)
		return sdax_fail(result, STATICDAX_PINS_GONE, 0, "%s",
				 SDAX_PIN_DIR);
	if (!r)
		r = sdax_handle_prove(sd, &store, NULL, result);
	return r ?: crosscheck(&store, result);
}

/* Before, somebody could still change what was found. */
static int check_closed(void *arg, enum staticdax_reason *ret_reason,
			char *detail, size_t size)
{
	struct staticdax_result result = {};
	int r;

	r = check_guarded(arg, &result);
	*ret_reason = result.reason;
	snprintf(detail, size, "%s", result.detail);
	return r;
}

/* What was attached for a lock that failed. */
static void let_go(struct staticdax *sd)
{
	_cleanup_(sdax_store_close) struct sdax_store store = SDAX_STORE_NONE;
	struct staticdax_result ignored = {};
	bool swept;

	if (!sdax_handle_registry(sd, &store, &swept, &ignored))
		sdax_handle_release(sd, &store);
}

static int engage(struct staticdax *sd, struct staticdax_result *result)
{
	char detail[sizeof(result->detail)];
	enum staticdax_reason reason;
	int r;

	r = check_before(sd, result);
	if (r < 0)
		return r;
	r = sdax_guard_engage(check_closed, sd, &reason, detail,
			      sizeof(detail));
	if (r < 0)
		return sdax_fail(result, reason,
				 reason == STATICDAX_SYSTEM ? r : 0, "%s",
				 detail);
	result->changed = true;
	return 0;
}

static int check_again(struct staticdax *sd, struct staticdax_result *result)
{
	char detail[sizeof(result->detail) / 2];

	if (sdax_guard_prove(detail, sizeof(detail)) < 0)
		return sdax_fail(result, STATICDAX_CANARY, 0, "the lock: %s",
				 detail);
	return check_guarded(sd, result);
}

int sdax_seal_lock(struct staticdax *sd, struct staticdax_result *result)
{
	_cleanup_(sdax_lock_drop) int lock = -1;
	int r;

	r = sdax_privilege_check(result);
	if (!r)
		r = sdax_handle_lock(sd, &lock, result);
	if (r < 0)
		return r;
	switch (sdax_guard_state()) {
	case SDAX_GUARD_OFF:
		r = engage(sd, result);
		if (r < 0)
			let_go(sd);
		return r;
	case SDAX_GUARD_UNFINISHED:
		return sdax_fail(result, STATICDAX_LOCKED, 0,
				 "but the run that locked them died before it had looked for who could change them");
	case SDAX_GUARD_ON:
		break;
	}
	return check_again(sd, result);
}
