// SPDX-License-Identifier: LGPL-2.1-or-later
/* Device-mapper tables: asks for them and reads the linear ones. */
#define _GNU_SOURCE
#include "dm.h"

#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "util.h"

#define SECTOR 512
#define SECTORS_MAX (UINT64_MAX / SECTOR)
#define TABLE_MIN 16384U	/* bytes; doubled until the table fits */
#define TABLE_MAX (64U << 20)

static struct dm_ioctl *new_request(uint32_t size, dev_t dev)
{
	struct dm_ioctl *request = calloc(1, size);

	if (!request)
		return NULL;
	request->version[0] = DM_VERSION_MAJOR;
	request->data_size = size;
	request->data_start = sizeof(*request);
	request->flags = DM_STATUS_TABLE_FLAG;
	/* include/linux/kdev_t.h: huge_decode_dev() undoes makedev() */
	request->dev = dev;
	return request;
}

/*
 * The ioctl itself and not libdevmapper, which has no static library and would
 * be the only one that the static build lacks.
 */
int sdax_dm_table(dev_t dev, struct dm_ioctl **ret)
{
	_cleanup_close_ int fd = -1;

	fd = open("/dev/" DM_DIR "/" DM_CONTROL_NODE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (uint32_t size = TABLE_MIN; size <= TABLE_MAX; size *= 2) {
		_cleanup_free_ struct dm_ioctl *table = new_request(size, dev);

		if (!table)
			return -ENOMEM;
		if (ioctl(fd, DM_TABLE_STATUS, table) < 0)
			return -errno;
		if (table->flags & DM_BUFFER_FULL_FLAG)
			continue;
		if (table->data_size > size)
			return -EIO;
		*ret = TAKE_PTR(table);
		return 0;
	}
	return -EIO;
}

struct target {
	struct dm_target_spec spec;
	const char *params;
};

/* at: bytes after data_start. False if the table does not reach so far. */
static bool read_target(const struct dm_ioctl *table, uint64_t at,
			struct target *ret)
{
	const char *bytes = (const char *)table;
	uint64_t from = table->data_start + at;
	uint64_t params = from + sizeof(ret->spec);

	if (params >= table->data_size ||
	    !memchr(bytes + params, '\0', table->data_size - params))
		return false;
	memcpy(&ret->spec, bytes + from, sizeof(ret->spec));
	ret->params = bytes + params;
	return ret->spec.sector_start <= SECTORS_MAX &&
	       ret->spec.length <= SECTORS_MAX - ret->spec.sector_start;
}

/* Parameters are "MAJOR:MINOR SECTOR". */
static bool read_linear(const struct target *target, struct sdax_dm_linear *ret)
{
	unsigned int major_nr, minor_nr;
	unsigned long long sector;

	if (strncmp(target->spec.target_type, "linear",
		    sizeof(target->spec.target_type)) ||
	    sscanf(target->params, "%u:%u %llu", &major_nr, &minor_nr,
		   &sector) != 3 || sector > SECTORS_MAX)
		return false;
	*ret = (struct sdax_dm_linear){
		.start = target->spec.sector_start * SECTOR,
		.length = target->spec.length * SECTOR,
		.dev = makedev(major_nr, minor_nr),
		.offset = sector * SECTOR,
	};
	return true;
}

int sdax_dm_targets(const struct dm_ioctl *table, struct sdax_dm_linear **ret,
		    size_t *ret_count)
{
	_cleanup_free_ struct sdax_dm_linear *linear = NULL;
	uint32_t count = table->target_count;
	struct target target;
	uint64_t at = 0;

	/* a target is never smaller than its header: no absurd allocations */
	if (!count || count > table->data_size / sizeof(target.spec))
		return -ENOTSUP;
	linear = calloc(count, sizeof(*linear));
	if (!linear)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		if (!read_target(table, at, &target) ||
		    !read_linear(&target, &linear[i]))
			return -ENOTSUP;
		at = target.spec.next;
	}
	*ret = TAKE_PTR(linear);
	*ret_count = count;
	return 0;
}
