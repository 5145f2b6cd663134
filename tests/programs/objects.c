// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A user of libpmemobj: opens a pool, allocates and frees in it, counts up in a
 * transaction and takes another one back.
 *
 * Usage: objects POOL
 */
#include <libpmemobj.h>
#include <stdint.h>
#include <stdio.h>

#define OBJECTS 64

struct root {
	uint64_t count;
	PMEMoid objects[OBJECTS];
};

static int churn(PMEMobjpool *pool, struct root *root)
{
	for (int i = 0; i < OBJECTS; i++) {
		if (pmemobj_zalloc(pool, &root->objects[i], 100 + 61 * i, 1))
			return -1;
	}
	for (int i = 0; i < OBJECTS; i++)
		pmemobj_free(&root->objects[i]);
	return 0;
}

static int count_up(PMEMobjpool *pool, struct root *root)
{
	uint64_t before = root->count;

	TX_BEGIN(pool) {
		pmemobj_tx_add_range_direct(&root->count, sizeof(root->count));
		root->count++;
	} TX_END
	TX_BEGIN(pool) {
		pmemobj_tx_add_range_direct(&root->count, sizeof(root->count));
		root->count = 0;
		pmemobj_tx_abort(-1);
	} TX_END
	return root->count == before + 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
	PMEMobjpool *pool = argc == 2 ? pmemobj_open(argv[1], "staticdax") : NULL;
	struct root *root;
	int r;

	if (!pool) {
		fprintf(stderr, "objects: %s\n", pmemobj_errormsg());
		return 1;
	}
	root = pmemobj_direct(pmemobj_root(pool, sizeof(struct root)));
	r = churn(pool, root) || count_up(pool, root);
	printf("%llu\n", (unsigned long long)root->count);
	pmemobj_close(pool);
	return r;
}
