// SPDX-License-Identifier: LGPL-2.1-or-later
/* Is this open file fit? */
#define _GNU_SOURCE
#include "fit.h"

#include <errno.h>

#include "handle.h"
#include "verdict.h"
#include "words.h"

int sdax_fit_file(const struct sdax_target *target, uint32_t flags,
		  struct staticdax_result *result)
{
	char detail[sizeof(result->detail)] = "";
	enum staticdax_reason reason;

	result->file_size = target->facts.size;
	reason = sdax_verdict_file(&target->facts, flags, detail,
				   sizeof(detail));
	if (reason)
		return sdax_fail(result, reason, 0, "%s", detail);
	return 0;
}

int sdax_fit_noshrink(const struct sdax_target *target,
		      struct staticdax_result *result)
{
	char detail[sizeof(result->detail)] = "";
	enum staticdax_reason reason;

	result->file_size = target->facts.size;
	reason = sdax_verdict_noshrink(&target->facts, detail, sizeof(detail));
	if (reason)
		return sdax_fail(result, reason, 0, "%s", detail);
	return 0;
}

int sdax_fit_device(const struct sdax_target *target,
		    struct sdax_device **device,
		    struct staticdax_result *result)
{
	int r;

	if (*device)
		return 0;
	r = sdax_device_open(target->dev, target->realtime, device);
	if (r < 0 && r != -ENODATA)
		return sdax_fail(result, STATICDAX_SYSTEM, r,
				 "finding the device");
	return 0;
}

int sdax_fit_extents(const struct sdax_target *target, uint64_t align,
		     struct sdax_device *device,
		     const struct sdax_run_sink *sink,
		     struct staticdax_result *result)
{
	int r;

	r = sdax_extents_judge(target->fd, &target->facts, align, device, sink,
			       result);
	result->error = r ?: -sdax_reason_errno(result->reason);
	return result->error;
}

int sdax_fit_map(const struct sdax_target *target, uint64_t align,
		 struct sdax_device **device, const struct sdax_run_sink *sink,
		 struct staticdax_result *result)
{
	int r;

	r = sdax_fit_device(target, device, result);
	return r ?: sdax_fit_extents(target, align, *device, sink, result);
}
