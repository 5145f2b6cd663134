// SPDX-License-Identifier: LGPL-2.1-or-later
/* Do the maps of the registry agree with each other? */
#include "crosscheck.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "census.h"
#include "entry.h"
#include "util.h"

struct finding {
	char *detail;
	size_t size;
	bool found;
	sdax_store_fn fn;
	void *arg;
};

static void census_freep(struct sdax_census **census)
{
	sdax_census_free(*census);
}

/* The first one is told; it is usually the cause of the others. */
__attribute__((format(printf, 2, 3)))
static void note(struct finding *finding, const char *format, ...)
{
	va_list ap;

	if (finding->found)
		return;
	finding->found = true;
	va_start(ap, format);
	vsnprintf(finding->detail, finding->size, format, ap);
	va_end(ap);
}

static int check_slot(void *arg, const struct sdax_key *key,
		      const struct sdax_slot *slot)
{
	const char *edit = sdax_entry_edited(&slot->entry);
	struct finding *finding = arg;

	if (!edit && slot->entry.state == SDAX_STATE_PENDING)
		edit = "is pending, and nobody is sealing it";
	if (edit)
		note(finding, "the seal of %.56s (inode %llu) %s", slot->path,
		     key->ino, edit);
	return finding->fn ? finding->fn(finding->arg, key, slot) : 0;
}

static bool is_there(const struct sdax_store *store, const struct sdax_key *key)
{
	struct sdax_entry entry;

	return !sdax_store_get(store, key, &entry);
}

/*
 * A seal that was deleted is there again once the file is sealed again, and one
 * that was added is gone once it is unsealed: then nothing is wrong any more.
 */
static int check_records(struct sdax_store *store, const struct sdax_gap *gap,
			 struct finding *finding)
{
	bool there;

	if (!sdax_gap_is(gap))
		return 0;
	there = is_there(store, &gap->key);
	if (!sdax_store_guarded(store) && gap->gone == (there ? 1 : -1)) {
		sdax_census_adopt(store, gap);
		return sdax_store_recount(store, NULL);
	}
	if (gap->gone == 1 || gap->gone == -1)
		note(finding, "the seal of inode %llu on device %u:%u was %s",
		     gap->key.ino, gap->key.dev >> 20,
		     gap->key.dev & 0xfffff,
		     gap->gone > 0 ? "deleted" : "put in by somebody else");
	else if (gap->gone > 0)
		note(finding, "%lld seals were deleted", gap->gone);
	else
		note(finding, "seals were put in by somebody else%s",
		     gap->gone ? "" : ", and as many deleted");
	return 0;
}

int sdax_crosscheck(struct sdax_store *store, sdax_store_fn fn, void *arg,
		    char *detail, size_t size)
{
	_cleanup_(census_freep) struct sdax_census *census = NULL;
	struct finding finding = {
		.detail = detail, .size = size, .fn = fn, .arg = arg,
	};
	const char *wrong = NULL;
	struct sdax_gap gap;
	int r;

	r = sdax_census_look(store, check_slot, &finding, &gap, &census);
	if (!r)
		r = check_records(store, &gap, &finding);
	if (r < 0)
		return r;
	if (finding.found)
		return 1;
	r = sdax_census_mend(store, census, &wrong);
	if (r < 0)
		return r;
	if (wrong)
		note(&finding, sdax_store_guarded(store) ?
		     "%s contradicts the seals" :
		     "%s contradicted the seals, and was put right", wrong);
	return finding.found;
}
