/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries for systemd's journal with a field for each member of a JSON object.
 * Its native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/) is stable
 * and meant to be spoken without libsystemd, which has no static library.
 */
#ifndef SDAX_JOURNAL_H
#define SDAX_JOURNAL_H

#include <stddef.h>

struct json_object;

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* A socket to the journal if fd leads there (JOURNAL_STREAM), else -1. */
int journal_open(int fd);

/*
 * What one datagram has to say: MESSAGE, PRIORITY (as syslog(3)), and for each
 * scalar member NAME, STATICDAX_NAME. The caller frees it; NULL: ENOMEM.
 */
char *journal_entry(const char *message, int priority,
		    struct json_object *object, size_t *ret_length);

/* 0 or a negative errno; never waits. */
int journal_send(int fd, const char *message, int priority,
		 struct json_object *object);

#endif
