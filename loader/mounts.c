// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is mounted: the only reader of mountinfo. */
#define _GNU_SOURCE
#include "mounts.h"

#include <inttypes.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "util.h"

void sdax_mounts_unescape(char *text)
{
	char *to = text;
	unsigned int c;

	while (*text) {
		if (*text == '\\' && strspn(text + 1, "01234567") >= 3 &&
		    sscanf(text + 1, "%3o", &c) == 1) {
			*to++ = c;
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/*
 * "36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw,dax": a
 * variable number of fields before the dash; options keep their escapes, as a
 * comma in a value is one.
 */
static bool parse(char *line, struct sdax_mount *ret)
{
	char *point = NULL, *type, *field, *save = NULL;
	unsigned int major_nr, minor_nr;
	unsigned int n = 0;
	uint64_t id;

	if (sscanf(line, "%" SCNu64 " %*u %u:%u", &id, &major_nr, &minor_nr) != 3)
		return false;
	for (field = strtok_r(line, " \n", &save); field && strcmp(field, "-");
	     field = strtok_r(NULL, " \n", &save))
		if (++n == 5)
			point = field;
	type = field ? strtok_r(NULL, " \n", &save) : NULL;
	field = type ? strtok_r(NULL, " \n", &save) : NULL;
	field = field ? strtok_r(NULL, " \n", &save) : NULL;
	if (!point || !field)
		return false;
	sdax_mounts_unescape(point);
	*ret = (struct sdax_mount){
		.id = id,
		.dev = makedev(major_nr, minor_nr),
		.point = point,
		.type = type,
		.options = field,
	};
	return true;
}

int sdax_mounts_walk(const char *path, sdax_mount_fn fn, void *arg)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	struct sdax_mount mount;
	size_t size = 0;
	int r;

	if (!f)
		return -errno;
	while (getline(&line, &size, f) > 0) {
		if (!parse(line, &mount))
			continue;
		r = fn(arg, &mount);
		if (r)
			return r;
	}
	return 0;
}

bool sdax_mounts_option(const struct sdax_mount *mount, const char *name,
			char *value, size_t size)
{
	size_t name_length = strlen(name), length;
	const char *option = mount->options;

	for (; *option; option += length + (option[length] == ',')) {
		length = strcspn(option, ",");
		if (length < name_length ||
		    strncmp(option, name, name_length) ||
		    (length > name_length && option[name_length] != '='))
			continue;
		option += name_length + (length > name_length);
		length -= name_length + (length > name_length);
		if (length >= size)
			return false;
		memcpy(value, option, length);
		value[length] = '\0';
		sdax_mounts_unescape(value);
		return true;
	}
	return false;
}
