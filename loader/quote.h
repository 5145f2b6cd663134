/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names from the system as text that is safe on a terminal, on one line and in
 * UTF-8; pure.
 */
#ifndef SDAX_QUOTE_H
#define SDAX_QUOTE_H

#include <stdbool.h>
#include <stddef.h>

bool quote_is_utf8(const char *bytes, size_t length);

/* May bytes be printed as they are? */
bool quote_is_plain(const char *bytes, size_t length);

/*
 * A copy in which \xHH stands for each byte that is part of a control
 * character, of one that reorders or breaks the line (bidi, U+2028), or of
 * nothing that is UTF-8. Characters in also get a backslash: QUOTE_BARE makes
 * the text unambiguous, QUOTE_INSIDE makes it so between single quotes, and
 * QUOTE_PROSE is for what is text already. The caller frees it; NULL: ENOMEM.
 */
#define QUOTE_PROSE ""
#define QUOTE_BARE "\\"
#define QUOTE_INSIDE "\\'"

char *quote_escape(const char *bytes, size_t length, const char *also);

/*
 * JSON text in UTF-8 with what must not reach a terminal as \uXXXX, which means
 * the same to its reader. The caller frees it; NULL: ENOMEM.
 */
char *quote_json(const char *text);

/* Columns that text from quote_escape() takes, one for each character. */
size_t quote_width(const char *text);

/* For printing what quote_escape() returned. */
static inline const char *quote_or(const char *text)
{
	return text ? text : "(out of memory)";
}

#endif
