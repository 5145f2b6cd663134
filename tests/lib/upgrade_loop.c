// SPDX-License-Identifier: GPL-2.0-or-later
/* Replaces the programs in force as often as it is told: upgrade_loop COUNT. */
#include <stdio.h>
#include <stdlib.h>

#include "staticdax.h"

int main(int argc, char **argv)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	long count = argc == 2 ? atol(argv[1]) : 0;
	struct staticdax *sd;
	char text[512];

	if (count < 1 || staticdax_new(&sd) < 0)
		return 2;
	for (long i = 1; i <= count; i++) {
		if (!staticdax_upgrade(sd, 0, &result) && result.changed)
			continue;
		staticdax_explain(&result, text, sizeof(text));
		printf("upgrade %ld: %s\n", i, text);
		return 1;
	}
	staticdax_free(sd);
	return 0;
}
