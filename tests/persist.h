/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stores made durable from user space, with the best instruction the processor
 * has, as programs for persistent memory do; no system call.
 */
#ifndef STATICDAX_TESTS_PERSIST_H
#define STATICDAX_TESTS_PERSIST_H

#include <cpuid.h>
#include <immintrin.h>
#include <stddef.h>

#define CACHE_LINE 64

__attribute__((target("clwb"))) static void line_write_back(char *line)
{
	_mm_clwb(line);
}

__attribute__((target("clflushopt"))) static void line_flush_weakly(char *line)
{
	_mm_clflushopt(line);
}

static void line_flush(char *line)
{
	_mm_clflush(line);
}

static inline void (*persist_choose(void))(char *line)
{
	unsigned int a, b = 0, c, d;

	__get_cpuid_count(7, 0, &a, &b, &c, &d);
	if (b & bit_CLWB)
		return line_write_back;
	return b & bit_CLFLUSHOPT ? line_flush_weakly : line_flush;
}

static inline void persist(const void *addr, size_t length)
{
	static void (*flush)(char *line);
	char *line = (char *)((unsigned long)addr & ~(CACHE_LINE - 1UL));

	if (!flush)
		flush = persist_choose();
	for (; line < (const char *)addr + length; line += CACHE_LINE)
		flush(line);
	_mm_sfence();
}

#endif
