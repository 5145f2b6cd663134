// SPDX-License-Identifier: LGPL-2.1-or-later
/* From now on seals can only be added. */
#include "seal_lock.h"

#include <errno.h>

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

/* Locking would keep for good what somebody has edited before. */
static int check_before(struct staticdax *sd, struct staticdax_result *result)
{
	_cleanup_(sdax_store_close) struct sdax_store store = SDAX_STORE_NONE;
	char detail[sizeof(result->detail)];
	int r;

	r = sdax_handle_enforce(sd, 0, &store, result);
	if (r < 0)
		return r;
	r = sdax_crosscheck(&store, detail, sizeof(detail));
	if (r < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, r,
				 "comparing the maps");
	if (r > 0)
		return sdax_fail(result, STATICDAX_TAMPERED, 0, "%s", detail);
	learn_subvolumes(&store);
	return 0;
}

static int engage(struct staticdax_result *result)
{
	char detail[sizeof(result->detail)];
	enum staticdax_reason reason;
	int r;

	r = sdax_guard_engage(&reason, detail, sizeof(detail));
	if (r < 0)
		return sdax_fail(result, reason,
				 reason == STATICDAX_SYSTEM ? r : 0, "%s",
				 detail);
	result->changed = true;
	return 0;
}

int sdax_seal_lock(struct staticdax *sd, struct staticdax_result *result)
{
	_cleanup_close_ int lock = -1;
	int r;

	r = sdax_privilege_check(result);
	if (!r)
		r = sdax_handle_lock(&lock, result);
	if (r < 0)
		return r;
	switch (sdax_guard_state()) {
	case SDAX_GUARD_OFF:
		r = check_before(sd, result);
		return r ?: engage(result);
	case SDAX_GUARD_UNFINISHED:
		return sdax_fail(result, STATICDAX_LOCKED, 0,
				 "but the run that locked them died before it had looked for who could change them");
	case SDAX_GUARD_ON:
		r = sdax_guard_prove(result->detail, sizeof(result->detail));
		if (r < 0)
			return sdax_fail(result, STATICDAX_CANARY, 0,
					 "the lock does not hold");
	}
	return r;
}
