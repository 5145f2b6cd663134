/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be mounted and is not yet. */
#ifndef SDAX_FSTAB_H
#define SDAX_FSTAB_H

/*
 * A mount point of fstab on the way to what an absolute path or a pattern names,
 * where nothing is mounted: what is found there is not what is meant. NULL, as
 * far as one knows: there is none. To be freed.
 */
char *fstab_unmounted(const char *pattern);

/* The same with other files in the place of /etc/fstab and mountinfo. */
char *fstab_unmounted_by(const char *fstab, const char *mountinfo,
			 const char *pattern);

#endif
