// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locks the registry while another handle of this process has it open, from
 * sealing a file that is sealed already: lock_twice FILE. Says why not.
 */
#include <stdio.h>

#include "staticdax.h"

int main(int argc, char **argv)
{
	struct staticdax_options options = STATICDAX_INIT(staticdax_options);
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	struct staticdax *sealing, *locking;
	char text[512];

	options.flags = STATICDAX_ANY_DEVICE;
	if (argc != 2 || staticdax_new(&sealing) < 0 ||
	    staticdax_new(&locking) < 0)
		return 2;
	if (!staticdax_seal(sealing, argv[1], &options, &result))
		staticdax_lock(locking, &result);
	staticdax_explain(&result, text, sizeof(text));
	puts(text);
	staticdax_free(locking);
	staticdax_free(sealing);
	return staticdax_answer_of(result.reason);
}
