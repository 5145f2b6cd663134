/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only writer to stderr. Whatever is in a message, it comes out as text
 * and, but for log_library(), as one line.
 */
#ifndef SDAX_LOG_H
#define SDAX_LOG_H

/*
 * To be called first: a closed stdout or stderr must not become the first file
 * that is opened, and be written to.
 */
void log_occupy_fds(void);

/* "staticdax: " and the message. */
__attribute__((format(printf, 1, 2)))
void log_error(const char *format, ...);

/* An indented line that belongs to the one above. */
__attribute__((format(printf, 1, 2)))
void log_more(const char *format, ...);

/*
 * Plain text on the current line of a terminal, in place of what was there; ""
 * clears it. Nothing where stderr is not a terminal.
 */
void log_transient(const char *text);

/* A staticdax_log_fn: the library's words, indented, libbpf's one step more. */
void log_library(void *arg, int level, const char *line);

#endif
