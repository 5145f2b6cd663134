// SPDX-License-Identifier: LGPL-2.1-or-later
/* Everything that is counted: by the programs, and by the kernel about them. */
#define _GNU_SOURCE
#include "metrics.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "events.h"
#include "store.h"
#include "util.h"

_Static_assert(SDAX_OP_MAX_ <= STATICDAX_OPS, "every operation has a number");

static uint64_t counter(const struct sdax_store *store, enum sdax_counter which)
{
	__u64 value = 0;

	sdax_store_counter(store, which, &value);
	return value;
}

static void read_counters(const struct sdax_store *store,
			  struct staticdax_metrics *m)
{
	const struct sdax_control *control = store->control;

	for (int op = 0; op < SDAX_OP_MAX_; op++) {
		m->denied[op] = counter(store, SDAX_COUNT_DENIED_OP + op);
		m->audited[op] = counter(store, SDAX_COUNT_AUDITED_OP + op);
	}
	m->no_token = counter(store, SDAX_COUNT_NO_TOKEN);
	m->token_lost = counter(store, SDAX_COUNT_TOKEN_LOST);
	m->generation_changed = counter(store, SDAX_COUNT_GENERATION);
	m->lapses = counter(store, SDAX_COUNT_LAPSED);
	m->events = control->event_seq;
	if (m->events > SDAX_EVENT_SLOTS)
		m->events_overwritten = m->events - SDAX_EVENT_SLOTS;
	m->capacity = store->capacity;
	if (control->proved_at)
		m->proved_at = sdax_real_time(control->proved_at);
}

/* From the pin of a link to what the kernel has counted of its program. */
static int read_program(const char *pin, struct staticdax_program *ret)
{
	_cleanup_close_ int link = -1, prog = -1;
	struct bpf_link_info link_info = {};
	struct bpf_prog_info info = {};
	__u32 len = sizeof(link_info);
	char path[sizeof(SDAX_PIN_DIR "/") + sizeof(ret->name)];
	size_t length = strlen(pin);
	int r;

	if (length >= sizeof(ret->name))
		return -ENAMETOOLONG;
	strcpy(stpcpy(path, SDAX_PIN_DIR "/"), pin);
	link = bpf_obj_get(path);
	if (link < 0)
		return link;
	r = bpf_obj_get_info_by_fd(link, &link_info, &len);
	if (r < 0)
		return r;
	prog = bpf_prog_get_fd_by_id(link_info.prog_id);
	if (prog < 0)
		return prog;
	len = sizeof(info);
	r = bpf_obj_get_info_by_fd(prog, &info, &len);
	if (r < 0)
		return r;
	*ret = (struct staticdax_program){
		.runs = info.run_cnt,
		.run_ns = info.run_time_ns,
		.misses = info.recursion_misses,
	};
	memcpy(ret->name, pin, length);
	return 0;
}

static void read_programs(struct staticdax_metrics *m)
{
	_cleanup_closedir_ DIR *d = opendir(SDAX_PIN_DIR);
	struct dirent *e;

	while (d && (e = readdir(d)) && m->programs_count < STATICDAX_PROGRAMS)
		if (!strncmp(e->d_name, "sdax_", 5) &&
		    !read_program(e->d_name, &m->programs[m->programs_count]))
			m->programs_count++;
}

int sdax_metrics_read(struct staticdax_metrics *ret)
{
	_cleanup_(sdax_store_close) struct sdax_store store = SDAX_STORE_NONE;
	int r;

	*ret = (struct staticdax_metrics){ .size = ret->size };
	r = sdax_store_open(false, &store);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	read_counters(&store, ret);
	read_programs(ret);
	return 0;
}
