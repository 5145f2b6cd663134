/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TAP for C tests: plan, ok, not ok, SKIP, diagnostics.
 *
 * A plan may come first (tap_plan) or last (tap_done prints it when none came first).
 * tap_done() returns the exit status: 0 all ok, 1 any not ok, 4 nothing could be tried.
 */
#ifndef STATICDAX_TESTS_TAP_H
#define STATICDAX_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define TAP_EXIT_OK 0
#define TAP_EXIT_NOT_OK 1
#define TAP_EXIT_SKIP 4

/* weak: the files of one program count together */
__attribute__((weak)) unsigned int tap_planned, tap_count, tap_failed;

__attribute__((unused)) static void tap_plan(unsigned int n)
{
	tap_planned = n;
	printf("1..%u\n", n);
	fflush(stdout);
}

__attribute__((unused, format(printf, 2, 3))) static bool tap_ok(bool passed, const char *name, ...)
{
	va_list ap;

	tap_count++;
	tap_failed += !passed;
	printf("%s %u - ", passed ? "ok" : "not ok", tap_count);
	va_start(ap, name);
	vprintf(name, ap);
	va_end(ap);
	putchar('\n');
	/* a test that kills its process, or forks, must not lose or repeat a line */
	fflush(stdout);
	return passed;
}

__attribute__((unused, format(printf, 2, 3))) static void tap_skip(const char *reason,
								   const char *name, ...)
{
	va_list ap;

	printf("ok %u - ", ++tap_count);
	va_start(ap, name);
	vprintf(name, ap);
	va_end(ap);
	printf(" # SKIP %s\n", reason);
	fflush(stdout);
}

__attribute__((unused, format(printf, 1, 2))) static void tap_diag(const char *text, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, text);
	vprintf(text, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

__attribute__((unused, noreturn)) static void tap_skip_all(const char *reason)
{
	printf("1..0 # SKIP %s\n", reason);
	exit(TAP_EXIT_SKIP);
}

__attribute__((unused)) static int tap_done(void)
{
	if (!tap_planned)
		printf("1..%u\n", tap_count);
	else if (tap_planned != tap_count)
		tap_diag("planned %u tests, ran %u", tap_planned, tap_count);
	fflush(stdout);
	return tap_failed || (tap_planned && tap_planned != tap_count) ? TAP_EXIT_NOT_OK :
									 TAP_EXIT_OK;
}

#endif
