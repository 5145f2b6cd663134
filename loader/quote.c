// SPDX-License-Identifier: GPL-2.0-or-later
/* Names from the system as safe text. */
#include "quote.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

struct range {
	uint32_t first;
	uint32_t last;
};

static const struct range unsafe[] = {
	{ 0x0000, 0x001f },	/* C0 */
	{ 0x007f, 0x009f },	/* DEL and C1; U+009B begins a sequence */
	{ 0x200e, 0x200f },	/* direction marks */
	{ 0x2028, 0x202e },	/* line ends; embeddings and overrides */
	{ 0x2066, 0x2069 },	/* isolates */
	{ 0xfeff, 0xfeff },	/* byte order mark, invisible */
};

/* RFC 3629: how the first byte and the smallest code point go together. */
static const struct lead {
	uint8_t mask;
	uint8_t value;
	uint32_t smallest;
} leads[] = {
	{ 0x80, 0x00, 0x0 },
	{ 0xe0, 0xc0, 0x80 },
	{ 0xf0, 0xe0, 0x800 },
	{ 0xf8, 0xf0, 0x10000 },
};

static bool is_scalar(uint32_t code, const struct lead *lead)
{
	return code >= lead->smallest && code <= 0x10ffff &&
	       (code < 0xd800 || code > 0xdfff);
}

/* Bytes of the character at s, or 0 if it is not UTF-8. */
static size_t decode(const uint8_t *s, size_t length, uint32_t *ret_code)
{
	for (size_t extra = 0; extra < ARRAY_SIZE(leads); extra++) {
		const struct lead *lead = &leads[extra];
		uint32_t code = s[0] & (uint8_t)~lead->mask;

		if ((s[0] & lead->mask) != lead->value)
			continue;
		if (extra >= length)
			return 0;
		for (size_t i = 1; i <= extra; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (s[i] & 0x3f);
		}
		*ret_code = code;
		return is_scalar(code, lead) ? extra + 1 : 0;
	}
	return 0;
}

static bool is_unsafe(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(unsafe); i++)
		if (code >= unsafe[i].first && code <= unsafe[i].last)
			return true;
	return false;
}

bool quote_is_utf8(const char *bytes, size_t length)
{
	const uint8_t *s = (const uint8_t *)bytes;
	uint32_t code;
	size_t n;

	for (; length; s += n, length -= n) {
		n = decode(s, length, &code);
		if (!n)
			return false;
	}
	return true;
}

bool quote_is_plain(const char *bytes, size_t length)
{
	const uint8_t *s = (const uint8_t *)bytes;
	uint32_t code;
	size_t n;

	for (; length; s += n, length -= n) {
		n = decode(s, length, &code);
		if (!n || is_unsafe(code))
			return false;
	}
	return true;
}

static char *put_hex(char *to, const uint8_t *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to += sprintf(to, "\\x%02x", s[i]);
	return to;
}

static bool is_one_of(uint8_t c, const char *also)
{
	while (*also && (uint8_t)*also != c)
		also++;
	return *also;
}

/* How many bytes at s are printable ASCII, as nearly all are, and none of also. */
static size_t plain_ascii(const uint8_t *s, size_t length, const char *also)
{
	size_t n = 0;

	while (n < length && s[n] >= 0x20 && s[n] < 0x7f &&
	       !is_one_of(s[n], also))
		n++;
	return n;
}

char *quote_escape(const char *bytes, size_t length, const char *also)
{
	const uint8_t *s = (const uint8_t *)bytes;
	char *text, *to;
	uint32_t code;
	size_t n;

	to = text = malloc(4 * length + 1);
	if (!text)
		return NULL;
	for (; length; s += n, length -= n) {
		n = plain_ascii(s, length, also);
		if (n) {
			to = (char *)memcpy(to, s, n) + n;
			continue;
		}
		n = decode(s, length, &code);
		if (!n || is_unsafe(code)) {
			n = n ? n : 1;
			to = put_hex(to, s, n);
			continue;
		}
		if (code < 0x80 && is_one_of(code, also))
			*to++ = '\\';
		to = (char *)memcpy(to, s, n) + n;
	}
	*to = '\0';
	return text;
}

/* Nothing that is unsafe lies beyond the first 65536 code points. */
char *quote_json(const char *json)
{
	const uint8_t *s = (const uint8_t *)json;
	size_t length = strlen(json);
	char *text, *to;
	uint32_t code;
	size_t n;

	to = text = malloc(6 * length + 1);
	if (!text)
		return NULL;
	for (; length; s += n, length -= n) {
		n = decode(s, length, &code);
		if (n && is_unsafe(code)) {
			to += sprintf(to, "\\u%04x", code);
			continue;
		}
		n = n ? n : 1;
		to = (char *)memcpy(to, s, n) + n;
	}
	*to = '\0';
	return text;
}

size_t quote_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}
