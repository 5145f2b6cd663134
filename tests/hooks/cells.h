/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cells of the matrix: each operation in each state of the file, on the filesystem of the
 * working directory.
 */
#ifndef STATICDAX_TESTS_CELLS_H
#define STATICDAX_TESTS_CELLS_H

#include "contract.h"
#include "file.h"
#include "judge.h"

#define NAME_LENGTH 96

struct try {
	const struct op_group *group;
	const struct op *op;
	int answers[STATES];
	bool sealed; /* the program said so */
	char path[STATES][NAME_LENGTH];
	char peer[STATES][NAME_LENGTH];
	struct snapshot before;
	int watched; /* the sealed file as O_PATH, while what adds to it is tried */
};

struct matrix {
	struct setting setting;
	const char *fs; /* its name in the output */
	char label[48]; /* that and the mode */
	bool brief; /* no SWAP, and one_file */
	bool mounts; /* the operations on mounts as well */
	/*
	 * One sealed file for all operations, compared before and after each: sealing takes most of
	 * the time. Not where they pass. Tried again unsealed is only what sets size or blocks.
	 */
	bool one_file;
	bool shared; /* that, where it can be */
	struct try *tries;
	size_t count;
};

/* Unsealed, and as an active swapfile where there can be any. */
void cells_plain(struct matrix *m);

/* Sealed in the setting's mode, its neighbour, unsealed again. False if nothing can be sealed. */
bool cells_sealed(struct matrix *m);

/* Sealed and neighbour by other ways (context.h), of which ways has a letter each. */
bool cells_by_ways(struct matrix *m, const char *ways);

#endif
