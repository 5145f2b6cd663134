// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file as the backing store of a storage target, LIO's fileio and nvmet: opened by the kernel
 * from a write to configfs, then written and punched without a hook on it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract.h"

#define CONFIGFS "/sys/kernel/config"
#define LIO_HBA CONFIGFS "/target/core/fileio_77"
#define LIO_DEVICE LIO_HBA "/contract"
#define NVME_SUBSYSTEM CONFIGFS "/nvmet/subsystems/contract"
#define NVME_NAMESPACE NVME_SUBSYSTEM "/namespaces/1"

static int put(const char *attribute, const char *text)
{
	_cleanup_close_ int fd = open(attribute, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : answer_length(write(fd, text, strlen(text)), strlen(text));
}

static int lio_enable(const char *file)
{
	char control[PATH_MAX + 64];
	int r;

	snprintf(control, sizeof(control), "fd_dev_name=%s,fd_dev_size=%d", file, FIT_SIZE);
	r = put(LIO_DEVICE "/control", control);
	return r ? r : put(LIO_DEVICE "/enable", "1");
}

static int lio_fileio(struct target *t)
{
	char file[PATH_MAX];
	int r;

	if (!realpath(t->path, file))
		return op_broken(t, "realpath");
	if (mkdir(LIO_HBA, 0755) || mkdir(LIO_DEVICE, 0755)) {
		rmdir(LIO_HBA);
		return op_skip(t, "no LIO fileio in configfs");
	}
	r = lio_enable(file);
	if (rmdir(LIO_DEVICE) || rmdir(LIO_HBA))
		return op_broken(t, "removing the LIO device");
	return r;
}

static int nvmet_enable(const char *file)
{
	int r = put(NVME_NAMESPACE "/device_path", file);

	return r ? r : put(NVME_NAMESPACE "/enable", "1");
}

static int nvmet_file(struct target *t)
{
	char file[PATH_MAX];
	int r;

	if (!realpath(t->path, file))
		return op_broken(t, "realpath");
	if (mkdir(NVME_SUBSYSTEM, 0755) || mkdir(NVME_NAMESPACE, 0755)) {
		rmdir(NVME_SUBSYSTEM);
		return op_skip(t, "no nvmet in configfs");
	}
	r = nvmet_enable(file);
	if (rmdir(NVME_NAMESPACE) || rmdir(NVME_SUBSYSTEM))
		return op_broken(t, "removing the nvmet namespace");
	return r;
}

static const struct op ops[] = {
	{ "lio_fileio", lio_fileio, DENIED, BY_PATH },
	{ "nvmet_file", nvmet_file, DENIED, BY_PATH },
};

const struct op_group ops_target = { ops, ARRAY_SIZE(ops) };
