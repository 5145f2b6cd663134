/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STATICDAX_TESTS_ATTEMPT_H
#define STATICDAX_TESTS_ATTEMPT_H

#include "context.h"
#include "contract.h"

/*
 * Runs the operation on t's file, opened as its row says, in a context or (by is NULL) directly.
 * What op->run() may return.
 */
int attempt(const struct op *op, struct target *t, const struct context *by);

#endif
