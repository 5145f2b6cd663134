// SPDX-License-Identifier: LGPL-2.1-or-later
/* Runs the program of edit.bpf.c on the pinned map. */
#include "edit.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "edit.skel.h"

struct sdax_edit_program {
	struct edit_bpf *skel;
};

int sdax_edit_new(int sealed, struct sdax_edit_program **ret)
{
	struct sdax_edit_program *program = calloc(1, sizeof(*program));
	int r;

	if (!program)
		return -ENOMEM;
	program->skel = edit_bpf__open();
	r = program->skel ? 0 : -errno;
	if (!r)
		r = bpf_map__reuse_fd(program->skel->maps.sealed, sealed);
	if (!r)
		r = edit_bpf__load(program->skel);
	if (r < 0)
		sdax_edit_free(program);
	else
		*ret = program;
	return r;
}

void sdax_edit_free(struct sdax_edit_program *program)
{
	if (program)
		edit_bpf__destroy(program->skel);
	free(program);
}

int sdax_edit_run(struct sdax_edit_program *program, const struct sdax_key *key,
		  const struct sdax_entry *entry)
{
	struct sdax_edit edit = { .key = *key, .entry = *entry };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &edit,
		    .ctx_size_in = sizeof(edit));
	int r;

	r = bpf_prog_test_run_opts(
		bpf_program__fd(program->skel->progs.sdax_edit), &opts);
	return r ?: (int)opts.retval;
}
