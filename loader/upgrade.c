// SPDX-License-Identifier: LGPL-2.1-or-later
/* Other programs under the seals that are in force. */
#include "upgrade.h"

#include <errno.h>

#include "handle.h"
#include "privilege.h"
#include "util.h"

static int replace(struct staticdax *sd, uint32_t flags,
		   struct staticdax_result *result)
{
	_cleanup_(sdax_store_close) struct sdax_store store = SDAX_STORE_NONE;
	bool swept;
	int r;

	r = sdax_handle_registry(sd, &store, &swept, result);
	if (r == -ENOENT && !result->reason)
		return 0;
	if (r < 0)
		return r;
	if (sdax_store_guarded(&store))
		return sdax_fail(result, STATICDAX_LOCKED, 0,
				 "other programs cannot take the place of those in force");
	if (sdax_store_in_use(&store)) {
		r = sdax_handle_replace(sd, &store, flags & STATICDAX_FORCE,
					result);
		result->changed = !r;
	}
	sdax_handle_release(sd, &store);
	return r;
}

int sdax_upgrade(struct staticdax *sd, uint32_t flags,
		 struct staticdax_result *result)
{
	_cleanup_(sdax_lock_drop) int lock = -1;
	int r;

	r = sdax_privilege_check(result);
	if (!r)
		r = sdax_handle_lock(sd, &lock, result);
	return r ?: replace(sd, flags, result);
}
