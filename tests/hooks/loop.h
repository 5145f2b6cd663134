/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STATICDAX_TESTS_LOOP_H
#define STATICDAX_TESTS_LOOP_H

/* Opens a loop device that nobody uses. Its descriptor, or -errno. name may be NULL. */
int loop_open_free(char *name, unsigned int name_length);

/* Takes the file off the device again. */
void loop_detach(int loop_fd);

#endif
