// SPDX-License-Identifier: LGPL-2.1-or-later
/* A new file that is fit to be sealed. */
#define _GNU_SOURCE
#include "create.h"

#include <errno.h>
#include <unistd.h>

#include "allocate.h"
#include "fill.h"
#include "fit.h"
#include "privilege.h"
#include "seal.h"
#include "unnamed.h"
#include "unseal.h"
#include "util.h"

struct creation {
	struct staticdax *sd;
	const struct staticdax_options *options;
	struct staticdax_result *result;
	uint64_t size;
	uint64_t align;
	struct sdax_unnamed file;
	struct sdax_device *device;
};

static void creation_done(struct creation *c)
{
	sdax_unnamed_close(&c->file);
	sdax_device_free(c->device);
}

static int parse(struct creation *c)
{
	c->align = c->options->align;
	if (sdax_verdict_align(&c->align) < 0)
		return sdax_fail(c->result, STATICDAX_BAD_ALIGN, 0, "%s", "");
	c->result->align = c->align;
	if (!c->size || c->size > INT64_MAX - c->align)
		return sdax_fail(c->result, STATICDAX_BAD_OPTION, 0, "size");
	if (c->options->flags & STATICDAX_SEAL)
		return sdax_privilege_check(c->result);
	return 0;
}

static int fill(struct creation *c)
{
	int fd = c->file.target.fd;
	int r;

	r = sdax_fill_zeroes(c->sd, fd, c->size);
	if (r < 0)
		return sdax_fail(c->result, STATICDAX_SYSTEM, r, "writing zeroes");
	if (fsync(fd) < 0)
		return sdax_fail(c->result, STATICDAX_SYSTEM, -errno, "fsync");
	r = sdax_unnamed_refresh(&c->file, c->result);
	return r ?: sdax_fit_map(&c->file.target, c->align, &c->device, NULL,
				 c->result);
}

/* Sealed first, so that nobody can open it in between; then its name. */
static int publish(struct creation *c)
{
	bool seal = c->options->flags & STATICDAX_SEAL;
	struct staticdax_result undone = *c->result;
	int r = 0;

	if (seal)
		r = sdax_seal_unnamed(c->sd, c->file.target.fd, c->file.path,
				      c->options, c->result);
	if (r < 0)
		return r;
	r = sdax_unnamed_link(&c->file, c->result);
	if (r < 0 && seal)
		sdax_unseal_unnamed(c->sd, c->file.target.fd, &undone);
	if (r < 0)
		sdax_unnamed_unlink(&c->file);
	c->result->changed = !r && seal;
	return r;
}

int sdax_create(struct staticdax *sd, const char *path, uint64_t size,
		const struct staticdax_options *options,
		struct staticdax_result *result)
{
	_cleanup_(creation_done) struct creation c = {
		.sd = sd,
		.options = options,
		.result = result,
		.size = size,
		.file = SDAX_UNNAMED_NONE,
	};
	bool dax = !(options->flags & STATICDAX_ANY_DEVICE);
	int r;

	r = parse(&c);
	if (!r)
		r = sdax_unnamed_open(path, 0666, size, dax, &c.file, result);
	if (!r)
		r = sdax_fit_file(&c.file.target, options->flags, result);
	if (!r)
		r = sdax_fit_device(&c.file.target, &c.device, result);
	if (!r)
		r = sdax_allocate(sd, &c.file.target, c.device, size, c.align,
				  result);
	if (!r)
		r = fill(&c);
	return r ?: publish(&c);
}
