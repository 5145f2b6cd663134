// SPDX-License-Identifier: GPL-2.0-or-later
/* The only writer to stderr. */
#include "log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "quote.h"
#include "util.h"

/* Opened the wrong way round, so that using them fails as before. */
void log_occupy_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null",
			     fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* One call of stdio, so that lines of several processes do not mix. */
static void write_line(const char *prefix, const char *line, size_t length)
{
	_cleanup_free_ char *text = quote_escape(line, length, QUOTE_PROSE);

	fprintf(stderr, "%s%s\n", prefix, quote_or(text));
}

__attribute__((format(printf, 2, 0)))
static void write_format(const char *prefix, const char *format, va_list ap)
{
	_cleanup_free_ char *line = NULL;
	va_list again;
	int length;

	va_copy(again, ap);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	line = length < 0 ? NULL : malloc((size_t)length + 1);
	if (!line) {
		write_line(prefix, format, strlen(format));
		return;
	}
	vsnprintf(line, (size_t)length + 1, format, ap);
	write_line(prefix, line, length);
}

void log_error(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	write_format("staticdax: ", format, ap);
	va_end(ap);
}

void log_more(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	write_format("    ", format, ap);
	va_end(ap);
}

void log_transient(const char *text)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%s\033[K", text);
}

void log_library(void *arg, int level, const char *line)
{
	(void)arg;
	while (*line) {
		size_t length = strcspn(line, "\n");

		write_line(level > 1 ? "        " : "    ", line, length);
		line += length + (line[length] == '\n');
	}
}
