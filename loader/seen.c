// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is sealed, by path, as of the last change of the registry and before it. */
#define _GNU_SOURCE
#include "seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "util.h"

struct sdax_seen_seal {
	struct sdax_key key;
	__u64 sealed_at;
	char *path;
};

/* One walk. */
struct look {
	const struct sdax_store *store;
	struct sdax_seen_list *known;
	struct sdax_seen_list list;
};

static void list_done(struct sdax_seen_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->seals[i].path);
	free(list->seals);
	*list = (struct sdax_seen_list){};
}

static void look_done(struct look *look)
{
	list_done(&look->list);
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sdax_key));
}

static struct sdax_seen_seal *find(const struct sdax_seen_list *list,
				   const struct sdax_key *key)
{
	return list->count ? bsearch(key, list->seals, list->count,
				     sizeof(*list->seals), compare) : NULL;
}

/* What is known need not be put together again, which takes system calls. */
static int path_of(const struct look *look, const struct sdax_key *key,
		   const struct sdax_slot *slot, char **ret)
{
	const struct sdax_seen_seal *known = find(look->known, key);
	int r;

	if (known && known->sealed_at == slot->entry.sealed_at) {
		*ret = strdup(known->path);
		return *ret ? 0 : -ENOMEM;
	}
	r = sdax_store_path_in(look->store, key, slot, ret);
	return r == -ENOENT ? 1 : r;
}

static int note(void *arg, const struct sdax_key *key,
		const struct sdax_slot *slot)
{
	struct look *look = arg;
	struct sdax_seen_list *list = &look->list;
	struct sdax_seen_seal *seals;
	char *path;
	int r;

	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;

		seals = reallocarray(list->seals, room, sizeof(*seals));
		if (!seals)
			return -ENOMEM;
		list->seals = seals;
		list->room = room;
	}
	r = path_of(look, key, slot, &path);
	if (r)
		return r < 0 ? r : 0;
	list->seals[list->count++] = (struct sdax_seen_seal){
		.key = *key, .sealed_at = slot->entry.sealed_at, .path = path,
	};
	return 0;
}

int sdax_seen_look(struct sdax_seen *seen, struct sdax_store *store)
{
	_cleanup_(look_done) struct look look = {
		.store = store,
		.known = &seen->now,
	};
	struct sdax_control at;
	int r;

	r = sdax_store_refresh(store);
	if (r < 0)
		return r;
	at = *store->control;
	if (!memcmp(&at.keys, &seen->keys, sizeof(at.keys)) &&
	    at.records == seen->records && at.stale == seen->stale)
		return 0;
	r = sdax_store_walk(store, note, &look);
	if (!r)
		r = sdax_store_refresh(store);
	if (r < 0)
		return r;
	if (look.list.count)
		qsort(look.list.seals, look.list.count,
		      sizeof(*look.list.seals), compare);
	list_done(&seen->before);
	seen->before = seen->now;
	seen->now = look.list;
	look.list = (struct sdax_seen_list){};
	seen->keys = at.keys;
	seen->records = at.records;
	seen->stale = at.stale;
	return 0;
}

const char *sdax_seen_path(const struct sdax_seen *seen,
			   const struct sdax_key *key)
{
	const struct sdax_seen_seal *seal = find(&seen->now, key) ?:
					    find(&seen->before, key);

	return seal ? seal->path : NULL;
}

void sdax_seen_done(struct sdax_seen *seen)
{
	list_done(&seen->now);
	list_done(&seen->before);
	*seen = (struct sdax_seen){};
}
