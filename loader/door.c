// SPDX-License-Identifier: LGPL-2.1-or-later
/* Requests at the door of the guarded registry. */
#include "door.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "guard.h"

/* Whoever is at the door is running, and leaves in a moment. */
#define BUSY_TURNS 100000

int sdax_door_open(void)
{
	return bpf_obj_get(SDAX_GUARD_DIR "/door");
}

static int send(int door, struct sdax_request *request)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = request,
		    .ctx_size_in = sizeof(*request));
	int r;

	for (int left = BUSY_TURNS; left; left--) {
		r = bpf_prog_test_run_opts(door, &opts);
		if (r < 0)
			return r;
		r = (int)opts.retval;
		if (r != -EAGAIN)
			return r;
		sched_yield();
	}
	return -EAGAIN;
}

int sdax_door_ask(int door, enum sdax_request_op op, const struct sdax_key *key,
		  const struct sdax_entry *entry)
{
	struct sdax_request request = { .op = op };

	if (key)
		request.key = *key;
	if (entry)
		request.entry = *entry;
	return send(door, &request);
}

static struct sdax_path piece(const char *text, size_t room)
{
	struct sdax_path path = {};

	memcpy(path.text, text, strnlen(text, room));
	return path;
}

int sdax_door_put(int door, const struct sdax_key *key,
		  const struct sdax_entry *entry, __u32 magic,
		  const char *path, __u64 *ret_number)
{
	struct sdax_request request = {
		.op = SDAX_REQUEST_PATH,
		.magic = magic,
		.key = *key,
		.entry = *entry,
	};
	size_t len = strlen(path);
	int r;

	/* after a head that is full pieces are looked for, so there is one */
	for (size_t at = SDAX_PATH_HEAD; len >= at; at += SDAX_PATH_PART) {
		request.path = piece(path + at, SDAX_PATH_PART);
		r = send(door, &request);
		if (r < 0)
			return r;
		request.key.part++;
	}
	request.op = SDAX_REQUEST_PUT;
	request.key.part = key->part;
	request.path = piece(path, SDAX_PATH_HEAD);
	r = send(door, &request);
	if (!r)
		*ret_number = request.entry.last_event;
	return r;
}
