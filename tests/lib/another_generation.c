// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes the record of a sealed file that of another generation, or by a second
 * run what it was: the file is then to its record what a file is that was given
 * the inode number of the sealed one.
 *
 * Usage: another_generation PATH
 */
#include <stdio.h>
#include <string.h>

#include "../../loader/store.h"

struct search {
	const char *path;
	struct sdax_key key;
	struct sdax_entry entry;
	int found;
};

static int look(void *arg, const struct sdax_key *key, const struct sdax_slot *slot)
{
	struct search *search = arg;

	if (!strncmp(slot->path, search->path, sizeof(slot->path))) {
		search->key = *key;
		search->entry = slot->entry;
		search->found = 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sdax_store store = SDAX_STORE_NONE;
	struct search search = {};
	int r;

	if (argc != 2)
		return 2;
	search.path = argv[1];
	r = sdax_store_open(true, &store);
	if (!r)
		r = sdax_store_walk(&store, look, &search);
	search.entry.generation ^= 1;
	if (!r && search.found)
		r = sdax_store_update(&store, &search.key, &search.entry);
	if (r)
		fprintf(stderr, "another_generation: %s\n", strerror(-r));
	sdax_store_close(&store);
	return r || !search.found;
}
