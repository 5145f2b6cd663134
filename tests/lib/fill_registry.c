// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Puts records into the registry, as many as are asked for, without as many files:
 * of lapsed seals of files that never were, or, if there is a FILE, of seals in
 * force on its filesystem, of inodes that are not there. Those differ from FILE in
 * the filter, but for the last one if they are to meet it.
 *
 * Usage: fill_registry COUNT [FILE [FIRST [meet]]]
 *   FIRST  the number of the first, from 0 on, if there are some already
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../loader/inspect.h"
#include "../../loader/store.h"

/* The number of an inode that no filesystem here has got to. */
#define FAR (1ULL << 32)

static int ask(const char *path, struct sdax_identity *ret)
{
	struct sdax_inspect *inspect;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : sdax_inspect_new(&inspect);

	return r ?: sdax_inspect_identity(inspect, fd, ret);
}

static int put(struct sdax_store *store, __u64 ino, struct sdax_identity *id)
{
	struct sdax_entry entry = {
		.size = 65536,
		.deny = SDAX_DENY_STATIC,
		.runs = 1,
		.state = SDAX_STATE_LAPSED,
		.lapse = SDAX_LAPSE_UNMOUNTED,
	};
	/* a device number of no driver */
	struct sdax_key key = { .ino = ino, .dev = 4095U << 20 };
	char path[SDAX_PATH_HEAD];
	int r;

	snprintf(path, sizeof(path), "/nowhere/%llu", ino & (FAR - 1));
	if (id) {
		entry.state = SDAX_STATE_ACTIVE;
		entry.lapse = 0;
		entry.deny = SDAX_DENY_STATIC;
		key.dev = id->dev;
	}
	r = sdax_store_put(store, &key, &entry, id, path);
	sdax_store_settle(store);
	return r;
}

static int fill(struct sdax_store *store, __u64 count, __u64 ino)
{
	int r = 0;

	for (; !r && count; count--)
		r = put(store, ++ino, NULL);
	return r;
}

static int fill_beside(struct sdax_store *store, __u64 count, __u64 ino,
		       struct sdax_identity *id, bool meet)
{
	__u64 bit = sdax_filter_bit(id->ino);
	int r = 0;

	for (; !r && count; count--) {
		bool same = meet && count == 1;

		do {
			ino++;
		} while ((sdax_filter_bit(ino) == bit) != same);
		r = put(store, ino, id);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct sdax_store store = SDAX_STORE_NONE;
	__u64 count = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
	__u64 first = argc > 3 ? strtoull(argv[3], NULL, 0) : 0;
	struct sdax_identity id;
	int r;

	r = argc > 2 ? ask(argv[2], &id) : 0;
	r = r ?: sdax_store_open(true, &store);
	if (!r && argc > 2)
		r = fill_beside(&store, count, FAR + first, &id, argc > 4);
	else if (!r)
		r = fill(&store, count, first);
	if (r)
		fprintf(stderr, "fill_registry: %s\n", strerror(-r));
	sdax_store_close(&store);
	return r || !count;
}
