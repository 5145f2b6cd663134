// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries of the journal's native protocol, and when it is spoken. */
#define _GNU_SOURCE
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "journal.h"

static struct json_object *object_of(const char *text)
{
	return json_tokener_parse(text);
}

static bool has(const char *entry, size_t length, const char *bytes,
		size_t size)
{
	return memmem(entry, length, bytes, size);
}

static void test_entry(void)
{
	struct json_object *object = object_of(
		"{\"event\":\"denied\",\"path\":\"a\\nPRIORITY=0\",\"ino\":12,"
		"\"cgroup\":null,\"audit\":true,\"list\":[1],\"sub\":{}}");
	static const char message[] = "MESSAGE\n\4\0\0\0\0\0\0\0what\n";
	static const char priority[] = "PRIORITY\n\1\0\0\0\0\0\0\0" "4\n";
	static const char path[] =
		"STATICDAX_PATH\n\14\0\0\0\0\0\0\0a\nPRIORITY=0\n";
	static const char ino[] = "STATICDAX_INO\n\2\0\0\0\0\0\0\0" "12\n";
	static const char audit[] = "STATICDAX_AUDIT\n\4\0\0\0\0\0\0\0true\n";
	size_t n;
	char *entry = journal_entry("what", 4, object, &n);

	tap_ok(entry && !memcmp(entry, message, sizeof(message) - 1),
	       "message_comes_first");
	tap_ok(has(entry, n, priority, sizeof(priority) - 1), "priority");
	tap_ok(has(entry, n, path, sizeof(path) - 1),
	       "newline_in_a_value_stays_inside");
	tap_ok(has(entry, n, ino, sizeof(ino) - 1), "number");
	tap_ok(has(entry, n, audit, sizeof(audit) - 1), "boolean");
	tap_ok(!has(entry, n, "CGROUP", 6), "null_is_left_out");
	tap_ok(!has(entry, n, "LIST", 4) && !has(entry, n, "SUB", 3),
	       "what_is_no_scalar_is_left_out");
	tap_ok(n && entry[n - 1] == '\n', "ends_with_a_newline");
	free(entry);
	json_object_put(object);
}

static void test_send(void)
{
	struct json_object *object = object_of("{\"event\":\"lapsed\"}");
	char *entry, got[512];
	size_t length;
	int pair[2];
	ssize_t n;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0)
		return;
	tap_ok(!journal_send(pair[0], "m", 3, object), "is_sent");
	entry = journal_entry("m", 3, object, &length);
	n = recv(pair[1], got, sizeof(got), MSG_DONTWAIT);
	tap_ok(n == (ssize_t)length && !memcmp(got, entry, length),
	       "one_datagram_is_one_entry");
	close(pair[1]);
	tap_ok(journal_send(pair[0], "m", 3, object) < 0,
	       "says_when_nobody_takes_it");
	close(pair[0]);
	free(entry);
	json_object_put(object);
}

static void test_open(void)
{
	char stream[64];
	struct stat st;

	unsetenv("JOURNAL_STREAM");
	tap_ok(journal_open(1) == -1, "not_without_JOURNAL_STREAM");
	setenv("JOURNAL_STREAM", "nonsense", 1);
	tap_ok(journal_open(1) == -1, "not_with_a_bad_JOURNAL_STREAM");
	fstat(1, &st);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1);
	tap_ok(journal_open(1) == -1, "not_when_output_leads_elsewhere");
}

int main(void)
{
	test_entry();
	test_send();
	test_open();
	return tap_done();
}
