/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directories that lead to what everybody may read. */
#ifndef SDAX_DIRECTORY_H
#define SDAX_DIRECTORY_H

/*
 * Makes one of mode 0755, whatever the umask. EEXIST leaves its mode as it is: an
 * administrator may have hidden it.
 */
int sdax_directory_make(const char *path);

#endif
