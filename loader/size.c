// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers as people write them. */
#define _GNU_SOURCE
#include "size.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "util.h"

static const char units[] = "KMGT";

/* strtoull(3) would take spaces, signs and what wraps around. */
static int parse_digits(const char **text, uint64_t *ret)
{
	uint64_t value = 0;
	const char *p = *text;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *p - '0', &value))
			return -ERANGE;
	*text = p;
	*ret = value;
	return 0;
}

/* The power of 1024 that suffix stands for, or -EINVAL. */
static int parse_unit(const char *suffix)
{
	if (!suffix[0])
		return 0;
	if (suffix[1] && strcasecmp(suffix + 1, "ib"))
		return -EINVAL;
	for (int i = 0; units[i]; i++)
		if (suffix[0] == units[i] || suffix[0] == (units[i] | 0x20))
			return i + 1;
	return -EINVAL;
}

int size_parse(const char *text, uint64_t *ret_bytes)
{
	uint64_t value;
	int unit;
	int r;

	r = parse_digits(&text, &value);
	if (r < 0)
		return r;
	unit = parse_unit(text);
	if (unit < 0)
		return unit;
	if (__builtin_mul_overflow(value, 1ULL << (10 * unit), &value))
		return -ERANGE;
	*ret_bytes = value;
	return 0;
}

int size_parse_count(const char *text, uint64_t max, uint64_t *ret_count)
{
	uint64_t value;
	int r;

	r = parse_digits(&text, &value);
	if (r < 0)
		return r;
	if (*text)
		return -EINVAL;
	if (value > max)
		return -ERANGE;
	*ret_count = value;
	return 0;
}

/* printf(3) takes ten times as much, which is a good part of what a file takes. */
char *size_digits(uint64_t n, char to[static SIZE_DIGITS])
{
	char digits[SIZE_DIGITS], *first = digits + sizeof(digits);

	*--first = '\0';
	do {
		*--first = '0' + n % 10;
		n /= 10;
	} while (n);
	return stpcpy(to, first);
}

char *size_format(uint64_t bytes, char text[static SIZE_TEXT])
{
	size_t unit = 0;
	char *end;

	while (bytes && bytes % 1024 == 0 && unit < ARRAY_SIZE(units) - 1) {
		bytes /= 1024;
		unit++;
	}
	end = size_digits(bytes, text);
	if (unit)
		*end++ = units[unit - 1];
	*end = '\0';
	return text;
}
