// SPDX-License-Identifier: LGPL-2.1-or-later
/* What sysfs says about a block device. */
#define _GNU_SOURCE
#include "blockdev.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "util.h"

#define SECTOR 512

static void attribute_path(const char *sysfs, dev_t dev, const char *name,
			   char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/dev/block/%u:%u/%s", sysfs, major(dev),
		 minor(dev), name);
}

bool sdax_blockdev_has(const char *sysfs, dev_t dev, const char *name)
{
	char path[PATH_MAX];

	attribute_path(sysfs, dev, name, path);
	return !access(path, F_OK);
}

static int read_text(const char *sysfs, dev_t dev, const char *name, char *text,
		     size_t size)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];
	ssize_t n;

	attribute_path(sysfs, dev, name, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES || errno == ENOENT ? -errno : -ENODATA;
	n = read(fd, text, size - 1);
	if (n < 0)
		return -ENODATA;
	text[n] = '\0';
	return 0;
}

static int read_number(const char *sysfs, dev_t dev, const char *name,
		       uint64_t *ret)
{
	unsigned long long n;
	char text[64], *end;
	int r;

	r = read_text(sysfs, dev, name, text, sizeof(text));
	if (r < 0)
		return r;
	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || end == text || (*end && *end != '\n'))
		return -EIO;
	*ret = n;
	return 0;
}

int sdax_blockdev_number(const char *sysfs, dev_t dev, const char *name,
			 uint64_t *ret)
{
	int r;

	r = read_number(sysfs, dev, name, ret);
	return !r || r == -EIO ? r : -ENODATA;
}

int sdax_blockdev_sectors(const char *sysfs, dev_t dev, const char *name,
			  uint64_t *ret_bytes)
{
	uint64_t n = 0;
	int r;

	r = sdax_blockdev_number(sysfs, dev, name, &n);
	if (r < 0)
		return r;
	if (n > UINT64_MAX / SECTOR)
		return -EIO;
	*ret_bytes = n * SECTOR;
	return 0;
}

/* The directory of a partition is inside that of its disk. */
int sdax_blockdev_disk(const char *sysfs, dev_t partition, dev_t *ret)
{
	unsigned int major_nr, minor_nr;
	char text[64];
	int r;

	r = read_text(sysfs, partition, "../dev", text, sizeof(text));
	if (r < 0)
		return -ENODATA;
	if (sscanf(text, "%u:%u", &major_nr, &minor_nr) != 2)
		return -EIO;
	*ret = makedev(major_nr, minor_nr);
	return 0;
}

static bool is_nvdimm(const char *sysfs, dev_t disk)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *name;
	ssize_t n;

	attribute_path(sysfs, disk, "device/subsystem", path);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	name = strrchr(target, '/');
	return !strcmp(name ? name + 1 : target, "nd");
}

/*
 * "resource" is that of the namespace, or of the pfn device in front of it,
 * which then has the size of its own metadata added (drivers/nvdimm/pfn_devs.c,
 * resource_show). A block translation table has no such attribute.
 */
int sdax_blockdev_memory(const char *sysfs, dev_t disk, uint64_t *ret)
{
	if (!is_nvdimm(sysfs, disk))
		return -ENOENT;
	return read_number(sysfs, disk, "device/resource", ret);
}

/* A disk with others below; "slaves" has links to them (block/holder.c). */
static bool is_stacked(const char *sysfs, dev_t disk)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool stacked = false;
	DIR *directory;

	attribute_path(sysfs, disk, "slaves", path);
	directory = opendir(path);
	if (!directory)
		return false;
	while (!stacked && (entry = readdir(directory)))
		stacked = entry->d_name[0] != '.';
	closedir(directory);
	return stacked;
}

const char *sdax_blockdev_opaque(const char *sysfs, dev_t disk)
{
	if (sdax_blockdev_has(sysfs, disk, "dm"))
		return "device-mapper";
	if (sdax_blockdev_has(sysfs, disk, "md"))
		return "md";
	if (sdax_blockdev_has(sysfs, disk, "loop"))
		return "loop";
	if (is_nvdimm(sysfs, disk) &&
	    !sdax_blockdev_has(sysfs, disk, "device/resource"))
		return "btt";
	return is_stacked(sysfs, disk) ? "stacked" : NULL;
}
