// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Puts records of lapsed seals of files that never were into the registry: as
 * many as are asked for, without as many files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../loader/store.h"

int main(int argc, char **argv)
{
	struct sdax_entry entry = {
		.size = 65536,
		.runs = 1,
		.state = SDAX_STATE_LAPSED,
		.lapse = SDAX_LAPSE_UNMOUNTED,
	};
	struct sdax_store store = SDAX_STORE_NONE;
	long count = argc == 2 ? atol(argv[1]) : 0;
	char path[SDAX_PATH_HEAD];
	int r;

	r = sdax_store_open(true, &store);
	for (long i = 1; !r && i <= count; i++) {
		/* a device number of no driver */
		struct sdax_key key = { .ino = i, .dev = 4095U << 20 };

		snprintf(path, sizeof(path), "/nowhere/%ld", i);
		r = sdax_store_put(&store, &key, &entry, NULL, path);
		sdax_store_settle(&store);
	}
	if (r)
		fprintf(stderr, "fill_registry: %s\n", strerror(-r));
	sdax_store_close(&store);
	return r || !count;
}
