// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries for systemd's journal. */
#include "journal.h"

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "util.h"

/* "JOURNAL_STREAM=DEV:INO" names the stream that systemd has connected. */
static bool is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%ju:%ju", &dev, &ino) == 2 &&
	       fstat(fd, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

int journal_open(int fd)
{
	const struct sockaddr_un address = {
		.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET,
	};
	_cleanup_close_ int sock = -1;

	if (!is_journal(fd))
		return -1;
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || connect(sock, (const struct sockaddr *)&address,
				sizeof(address)) < 0)
		return -1;
	return TAKE_FD(sock);
}

/* The form with a length, which any bytes may follow. */
static void put_field(FILE *out, const char *prefix, const char *name,
		      const char *value)
{
	uint64_t length = htole64(strlen(value));

	fputs(prefix, out);
	for (; *name; name++)
		fputc(toupper((unsigned char)*name), out);
	fputc('\n', out);
	fwrite(&length, sizeof(length), 1, out);
	fputs(value, out);
	fputc('\n', out);
}

static void put_object(FILE *out, struct json_object *object)
{
	json_object_object_foreach(object, key, value)
		if (value && !json_object_is_type(value, json_type_object) &&
		    !json_object_is_type(value, json_type_array))
			put_field(out, "STATICDAX_", key,
				  json_object_get_string(value));
}

char *journal_entry(const char *message, int priority,
		    struct json_object *object, size_t *ret_length)
{
	char digit[2] = { '0' + priority, '\0' };
	_cleanup_free_ char *entry = NULL;
	FILE *out = open_memstream(&entry, ret_length);
	bool failed;

	if (!out)
		return NULL;
	put_field(out, "", "MESSAGE", message);
	put_field(out, "", "PRIORITY", digit);
	put_field(out, "", "SYSLOG_IDENTIFIER", "staticdax");
	put_object(out, object);
	failed = ferror(out);
	return fclose(out) || failed ? NULL : TAKE_PTR(entry);
}

int journal_send(int fd, const char *message, int priority,
		 struct json_object *object)
{
	_cleanup_free_ char *entry = NULL;
	size_t length;

	entry = journal_entry(message, priority, object, &length);
	if (!entry)
		return -ENOMEM;
	if (send(fd, entry, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}
