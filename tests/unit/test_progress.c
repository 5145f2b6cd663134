// SPDX-License-Identifier: GPL-2.0-or-later
/* The line that shows how far a long piece of work is. */
#include <string.h>

#include "../tap.h"
#include "progress.h"

static void says(const char *name, const char *path, int percent,
		 const char *expected)
{
	char text[PROGRESS_TEXT];

	progress_line(path, percent, text);
	if (!tap_ok(!strcmp(text, expected), "%s", name))
		tap_diag("%s", text);
}

int main(void)
{
	says("begins_empty", "pool", 0,
	     "pool: [........................................]   0 %");
	says("half_way", "pool", 50,
	     "pool: [####################....................]  50 %");
	says("full_only_in_the_end", "pool", 99,
	     "pool: [#######################################.]  99 %");
	says("ends_full", "pool", 100,
	     "pool: [########################################] 100 %");
	says("long_name_keeps_its_end", "/srv/pmem/a/very/long/directory/pool", 0,
	     "...mem/a/very/long/directory/pool: [........................................]   0 %");
	says("name_does_not_move_the_cursor", "a\r\033[2Jb", 0,
	     "a\\x0d\\x1b[2Jb: [........................................]   0 %");
	return tap_done();
}
