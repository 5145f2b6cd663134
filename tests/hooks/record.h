/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine-readable half of the output: comments in the TAP stream, fields separated by tabs,
 * of which tests/conformance.py makes docs/conformance.md.
 */
#ifndef STATICDAX_TESTS_RECORD_H
#define STATICDAX_TESTS_RECORD_H

#include "contract.h"
#include "judge.h"

/* Filesystem and mode of what follows; mode may be "". */
void record_setting(const char *fs, const char *mode);

/* The kernel, and what operations there are, in the order of the tables. */
void record_kernel(void);
void record_operation(const struct op_group *group, const struct op *op);

/* An answer; of rows whose answer varies, that it does. why: of what could not be tried. */
void record_cell(const struct op *op, const char *state, int answer, const char *why);

/* The sealed file's answer is another than the active swapfile's. reason: see differ.h. */
void record_difference(const struct op *op, int sealed, int swap, int reason);

/* By another way than directly: the neighbour's answer and the sealed file's. */
void record_way(const char *way, const struct op *op, int near, int sealed);
void record_no_way(const char *way, const char *why);

/* Of a filesystem made for it, about mounts. */
void record_mount(const char *name, int answer);

/* "ok", an errno's name, "skip" or "broken". */
const char *record_answer(int answer);

/* The same, but "varies" if the row's answer does and this is none of a seal's or a swapfile's. */
const char *record_settled(const struct op *op, int answer);

#endif
