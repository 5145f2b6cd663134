// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ends all seals, and forks while the registry is locked for that, as another thread
 * might. Prints the child's pid, which waits to be killed.
 */
#include <stdio.h>
#include <unistd.h>

#include "staticdax.h"

static void fork_once(void *arg, const struct staticdax_seal *seal,
		      const struct staticdax_result *result)
{
	pid_t *child = arg;

	(void)seal;
	(void)result;
	if (*child)
		return;
	*child = fork();
	if (!*child)
		for (;;)
			pause();
}

int main(void)
{
	struct staticdax *sd = NULL;
	uint64_t count;
	pid_t child = 0;
	int r;

	r = staticdax_new(&sd);
	if (!r)
		r = staticdax_unseal_all(sd, NULL, 0, fork_once, &child, &count);
	staticdax_free(sd);
	printf("%d\n", (int)child);
	return r < 0 || child <= 0;
}
