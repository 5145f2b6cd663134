/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is this open file fit? What it is, and where its blocks are, into a result. */
#ifndef SDAX_FIT_H
#define SDAX_FIT_H

#include "device.h"
#include "extents.h"
#include "staticdax.h"
#include "target.h"

/*
 * What the file is, STATICDAX_ANY_DEVICE in flags. Fills result and returns its
 * error.
 */
int sdax_fit_file(const struct sdax_target *target, uint32_t flags,
		  struct staticdax_result *result);

/* The same for mode noshrink, which minds no blocks. */
int sdax_fit_noshrink(const struct sdax_target *target,
		      struct staticdax_result *result);

/*
 * Where its blocks are. *device is opened unless it is; it stays NULL if the
 * system does not say where it begins. The caller frees it. sink as of
 * sdax_extents_judge().
 */
int sdax_fit_device(const struct sdax_target *target,
		    struct sdax_device **device,
		    struct staticdax_result *result);

/* On a device as of sdax_recent_device(). */
int sdax_fit_extents(const struct sdax_target *target, uint64_t align,
		     struct sdax_device *device,
		     const struct sdax_run_sink *sink,
		     struct staticdax_result *result);
int sdax_fit_map(const struct sdax_target *target, uint64_t align,
		 struct sdax_device **device, const struct sdax_run_sink *sink,
		 struct staticdax_result *result);

#endif
