// SPDX-License-Identifier: GPL-2.0-or-later
/* Sizes and counts as people write them. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "../tap.h"
#include "size.h"
#include "util.h"

#define K (1ULL << 10)
#define M (1ULL << 20)
#define G (1ULL << 30)
#define T (1ULL << 40)
#define UNTOUCHED 0x5a5a

static const struct {
	const char *text;
	int error;
	uint64_t bytes;
} sizes[] = {
	{ "0", 0, 0 },
	{ "4096", 0, 4096 },
	{ "007", 0, 7 },
	{ "4K", 0, 4 * K },
	{ "4k", 0, 4 * K },
	{ "4KiB", 0, 4 * K },
	{ "4kib", 0, 4 * K },
	{ "2M", 0, 2 * M },
	{ "2m", 0, 2 * M },
	{ "2MiB", 0, 2 * M },
	{ "1G", 0, G },
	{ "1g", 0, G },
	{ "1GiB", 0, G },
	{ "3T", 0, 3 * T },
	{ "3t", 0, 3 * T },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "16777215T", 0, 16777215 * T },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "99999999999999999999999", -ERANGE, 0 },
	{ "16777216T", -ERANGE, 0 },
	{ "18446744073709551615K", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ "K", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "-4K", -EINVAL, 0 },
	{ "+4", -EINVAL, 0 },
	{ " 4", -EINVAL, 0 },
	{ "4 ", -EINVAL, 0 },
	{ "4 K", -EINVAL, 0 },
	{ "4KB", -EINVAL, 0 },
	{ "4Ki", -EINVAL, 0 },
	{ "4KiBs", -EINVAL, 0 },
	{ "4iB", -EINVAL, 0 },
	{ "4B", -EINVAL, 0 },
	{ "4P", -EINVAL, 0 },
	{ "4KK", -EINVAL, 0 },
	{ "0x1000", -EINVAL, 0 },
	{ "1.5G", -EINVAL, 0 },
	{ "1e3", -EINVAL, 0 },
	{ "4\xcb", -EINVAL, 0 },
};

static const struct {
	const char *text;
	uint64_t max;
	int error;
	uint64_t count;
} counts[] = {
	{ "0", 10, 0, 0 },
	{ "10", 10, 0, 10 },
	{ "11", 10, -ERANGE, 0 },
	{ "18446744073709551616", UINT64_MAX, -ERANGE, 0 },
	{ "", 10, -EINVAL, 0 },
	{ "5s", 10, -EINVAL, 0 },
	{ "1K", 10, -EINVAL, 0 },
	{ "-1", 10, -EINVAL, 0 },
};

static const struct {
	uint64_t bytes;
	const char *text;
} formats[] = {
	{ 0, "0" },
	{ 1, "1" },
	{ 4095, "4095" },
	{ 4 * K, "4K" },
	{ 4 * K + 1, "4097" },
	{ 2 * M, "2M" },
	{ 3 * M + K, "3073K" },
	{ G, "1G" },
	{ 1024 * T, "1024T" },
	{ UINT64_MAX, "18446744073709551615" },
};

/* What is refused leaves the result alone. */
static void test_sizes(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint64_t bytes = UNTOUCHED;
		int r = size_parse(sizes[i].text, &bytes);

		tap_ok(r == sizes[i].error &&
		       bytes == (r ? UNTOUCHED : sizes[i].bytes),
		       "size '%s'", sizes[i].text);
	}
}

static void test_counts(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		uint64_t count = UNTOUCHED;
		int r = size_parse_count(counts[i].text, counts[i].max, &count);

		tap_ok(r == counts[i].error &&
		       count == (r ? UNTOUCHED : counts[i].count),
		       "count '%s'", counts[i].text);
	}
}

/* Both ways: what is printed is read back as the same. */
static void test_formats(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		char text[SIZE_TEXT];
		uint64_t bytes = UNTOUCHED;

		size_format(formats[i].bytes, text);
		tap_ok(!strcmp(text, formats[i].text) &&
		       size_parse(text, &bytes) == 0 &&
		       bytes == formats[i].bytes, "%" PRIu64 " is '%s'",
		       formats[i].bytes, text);
	}
}

int main(void)
{
	test_sizes();
	test_counts();
	test_formats();
	return tap_done();
}
