/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as people write them: sizes with a unit, and plain counts; pure. */
#ifndef SDAX_SIZE_H
#define SDAX_SIZE_H

#include <stdint.h>

/*
 * "4096", "4K", "2M", "1GiB", "1t": bytes, in powers of 1024. EINVAL for
 * anything else (KB too: it would mean 1000 to some), ERANGE beyond 64 bits.
 */
int size_parse(const char *text, uint64_t *ret_bytes);

/* Decimal digits only. EINVAL, ERANGE beyond max. */
int size_parse_count(const char *text, uint64_t max, uint64_t *ret_count);

#define SIZE_DIGITS 21

/* Writes n as decimal digits and a NUL, and returns where that is. */
char *size_digits(uint64_t n, char to[static SIZE_DIGITS]);

#define SIZE_TEXT 24

/* The shortest text that size_parse() reads back as bytes; returns text. */
char *size_format(uint64_t bytes, char text[static SIZE_TEXT]);

#endif
