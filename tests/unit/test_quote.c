// SPDX-License-Identifier: GPL-2.0-or-later
/* Names from the system as safe text. */
#include <string.h>

#include "../tap.h"
#include "quote.h"
#include "util.h"

#define BYTES(s) s, sizeof(s) - 1

static const struct {
	const char *name;
	const char *bytes;
	size_t length;
	bool utf8;
	bool plain;
	const char *bare;
} rows[] = {
	{ "empty", BYTES(""), true, true, "" },
	{ "ascii", BYTES("/pmem/a b"), true, true, "/pmem/a b" },
	{ "quote", BYTES("it's"), true, true, "it's" },
	{ "backslash", BYTES("a\\x41"), true, true, "a\\\\x41" },
	{ "two bytes", BYTES("caf\xc3\xa9"), true, true, "caf\xc3\xa9" },
	{ "three bytes", BYTES("\xe2\x82\xac"), true, true, "\xe2\x82\xac" },
	{ "four bytes", BYTES("\xf0\x9f\x98\x80"), true, true,
	  "\xf0\x9f\x98\x80" },
	{ "last scalar", BYTES("\xf4\x8f\xbf\xbf"), true, true,
	  "\xf4\x8f\xbf\xbf" },
	{ "newline", BYTES("a\nb"), true, false, "a\\x0ab" },
	{ "nul", BYTES("a\0b"), true, false, "a\\x00b" },
	{ "escape sequence", BYTES("\033[2J"), true, false, "\\x1b[2J" },
	{ "delete", BYTES("\x7f"), true, false, "\\x7f" },
	{ "one-byte CSI in UTF-8", BYTES("\xc2\x9b" "2J"), true, false,
	  "\\xc2\\x9b2J" },
	{ "right-to-left override", BYTES("a\xe2\x80\xae" "b"), true, false,
	  "a\\xe2\\x80\\xaeb" },
	{ "isolate", BYTES("\xe2\x81\xa6"), true, false, "\\xe2\\x81\\xa6" },
	{ "line separator", BYTES("\xe2\x80\xa8"), true, false,
	  "\\xe2\\x80\\xa8" },
	{ "byte order mark", BYTES("\xef\xbb\xbf"), true, false,
	  "\\xef\\xbb\\xbf" },
	{ "latin-1", BYTES("caf\xe9"), false, false, "caf\\xe9" },
	{ "latin-1 before ascii", BYTES("\xe9t\xe9"), false, false,
	  "\\xe9t\\xe9" },
	{ "lone continuation", BYTES("\x80"), false, false, "\\x80" },
	{ "cut short", BYTES("\xe2\x82"), false, false, "\\xe2\\x82" },
	{ "overlong slash", BYTES("\xc0\xaf"), false, false, "\\xc0\\xaf" },
	{ "overlong in three", BYTES("\xe0\x80\xaf"), false, false,
	  "\\xe0\\x80\\xaf" },
	{ "surrogate", BYTES("\xed\xa0\x80"), false, false,
	  "\\xed\\xa0\\x80" },
	{ "beyond unicode", BYTES("\xf4\x90\x80\x80"), false, false,
	  "\\xf4\\x90\\x80\\x80" },
	{ "five bytes", BYTES("\xf8\x88\x80\x80\x80"), false, false,
	  "\\xf8\\x88\\x80\\x80\\x80" },
	{ "all ones", BYTES("\xff"), false, false, "\\xff" },
};

static void test_rows(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		/* exactly as long: reading beyond is seen by the sanitizer */
		_cleanup_free_ char *bytes = malloc(rows[i].length + 1);
		_cleanup_free_ char *exact = NULL, *text = NULL;

		memcpy(bytes, rows[i].bytes, rows[i].length);
		exact = realloc(TAKE_PTR(bytes),
				rows[i].length ? rows[i].length : 1);
		text = quote_escape(exact, rows[i].length, QUOTE_BARE);
		tap_ok(text && !strcmp(text, rows[i].bare), "%s: escaped",
		       rows[i].name);
		tap_ok(quote_is_utf8(exact, rows[i].length) == rows[i].utf8,
		       "%s: UTF-8 or not", rows[i].name);
		tap_ok(quote_is_plain(exact, rows[i].length) == rows[i].plain,
		       "%s: plain or not", rows[i].name);
	}
}

static void test_also(void)
{
	_cleanup_free_ char *inside = quote_escape(BYTES("a'b\\c"),
						   QUOTE_INSIDE);
	_cleanup_free_ char *prose = quote_escape(BYTES("a'b\\c\t"),
						  QUOTE_PROSE);

	tap_ok(inside && !strcmp(inside, "a\\'b\\\\c"),
	       "inside quotes: quote and backslash");
	tap_ok(prose && !strcmp(prose, "a'b\\c\\x09"),
	       "prose: control bytes only");
}

/* Every byte alone, and the longest name there is of the worst byte. */
static void test_all_bytes(void)
{
	bool good = true;
	char name[255];

	for (int c = 0; c < 256; c++) {
		char byte = (char)c;
		_cleanup_free_ char *text = quote_escape(&byte, 1, QUOTE_BARE);

		good = good && text && quote_is_plain(text, strlen(text));
	}
	tap_ok(good, "every byte becomes plain text");
	memset(name, '\xff', sizeof(name));
	_cleanup_free_ char *text = quote_escape(name, sizeof(name),
						 QUOTE_BARE);

	tap_ok(text && strlen(text) == 4 * sizeof(name),
	       "255 bad bytes take 1020 characters");
}

static void test_width(void)
{
	tap_ok(quote_width("") == 0, "width of nothing");
	tap_ok(quote_width("caf\xc3\xa9") == 4, "width counts characters");
}

int main(void)
{
	test_rows();
	test_also();
	test_all_bytes();
	test_width();
	return tap_done();
}
