/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can this kernel and system do? One table of questions, for doctor and
 * for whoever needs a single answer. Asked of the system itself, never of its
 * version number.
 */
#ifndef SDAX_PROBE_H
#define SDAX_PROBE_H

#include <stddef.h>

#include "staticdax.h"

/*
 * Every question in the order of the table. 0 if all that are required are
 * answered yes; EPERM if only privilege is missing, else EOPNOTSUPP.
 * What cannot be found out counts as yes and says so: the canary knows better.
 */
int sdax_probe_run(staticdax_doctor_fn fn, void *arg);

/*
 * Will the kernel run LSM programs? STATICDAX_OK, STATICDAX_NO_BPF_LSM, or
 * STATICDAX_LSM_OFF with the kernel parameter to boot with in detail, which is
 * "" otherwise.
 */
enum staticdax_reason sdax_probe_lsm(char *detail, size_t size);

/*
 * The same of another system: files are read below root, and what only the
 * running kernel can answer stays unknown. For tests.
 */
int sdax_probe_run_at(const char *root, staticdax_doctor_fn fn, void *arg);
enum staticdax_reason sdax_probe_lsm_at(const char *root, char *detail,
					size_t size);

#endif
