// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Seals one file, lets the seal lapse and another handle detach, as another process
 * might, and seals a second file by the first handle at once: seal_after_detach FILE
 * OTHER. 0: the second file is refused what its seal says.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "staticdax.h"

int main(int argc, char **argv)
{
	struct staticdax_options options = STATICDAX_INIT(staticdax_options);
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	struct staticdax_status status = STATICDAX_INIT(staticdax_status);
	struct staticdax *sd, *other;
	char text[512];

	options.mode = STATICDAX_MODE_NOSHRINK;
	if (argc != 3 || staticdax_new(&sd) < 0 || staticdax_new(&other) < 0)
		return 2;
	if (!staticdax_seal(sd, argv[1], &options, &result) &&
	    !unlink(argv[1])) {
		/* nothing is in force any more: looking takes the programs away */
		staticdax_status(other, &status);
		staticdax_seal(sd, argv[2], &options, &result);
	}
	staticdax_explain(&result, text, sizeof(text));
	puts(text);
	staticdax_free(other);
	staticdax_free(sd);
	if (result.reason != STATICDAX_OK)
		return 3;
	if (!truncate(argv[2], 0)) {
		puts("truncated though sealed");
		return 1;
	}
	if (errno == ETXTBSY)
		return 0;
	perror(argv[2]);
	return 1;
}
