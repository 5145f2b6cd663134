/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STATICDAX_TESTS_ATTEMPT_H
#define STATICDAX_TESTS_ATTEMPT_H

#include "contract.h"

/* Runs the operation on t's file, opened as its row says. What op->run() may return. */
int attempt(const struct op *op, struct target *t);

#endif
