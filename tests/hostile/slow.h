/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef STATICDAX_TESTS_SLOW_H
#define STATICDAX_TESTS_SLOW_H

/* The name of the tasks that are to be slow: eight bytes with its end, compared as a number. */
#define SLOW_COMM "preempt"

#endif
