/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STATICDAX_TESTS_FILES_H
#define STATICDAX_TESTS_FILES_H

#include "cells.h"

/* Part of the names of files, and of the records. */
const char *state_name(enum state state);

/* Bails out with what failed, unless r is 0. */
void files_must(int r, const char *what);

/* Does the operation's sealed file serve the others too? Not if it wants a content of its own. */
bool files_share(const struct matrix *m, const struct try *try);

/* Fresh files and their peers; synced, they are fit. files_make_one() does not sync. */
void files_make(struct matrix *m, enum state state);
void files_make_one(struct try *try, enum state state);
void files_remove(struct try *try, enum state state);

/* The file of another operation, whose peer is removed, and a peer of its own. */
void files_take_over(struct try *try, struct try *last, enum state state);

/* Seals all in the setting's mode, and reports. False if nothing can be sealed. */
bool files_seal(struct matrix *m);
void files_unseal(const struct matrix *m);

#endif
