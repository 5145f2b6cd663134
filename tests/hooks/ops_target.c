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
#include "uring.h"

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

/* The same by a worker thread, which is in no system call at all. */
static int put_by_worker(const char *attribute, const char *text)
{
	_cleanup_close_ int fd = open(attribute, O_WRONLY | O_CLOEXEC);
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_WRITE,
		.fd = fd,
		.addr = (uintptr_t)text,
		.len = strlen(text),
	};
	int r;

	if (fd < 0)
		return -errno;
	r = uring_run(sqe, URING_ASYNC);
	return r < 0 ? r : r == (int)strlen(text) ? 0 : -EIO;
}

static int lio_enable(const char *file, int (*put_last)(const char *attribute, const char *text))
{
	char control[PATH_MAX + 64];
	int r;

	snprintf(control, sizeof(control), "fd_dev_name=%s,fd_dev_size=%d", file, FIT_SIZE);
	r = put(LIO_DEVICE "/control", control);
	return r ? r : put_last(LIO_DEVICE "/enable", "1");
}

static int lio(struct target *t, int (*put_last)(const char *attribute, const char *text))
{
	char file[PATH_MAX];
	int r;

	if (!realpath(t->path, file))
		return op_broken(t, "realpath");
	if (mkdir(LIO_HBA, 0755) || mkdir(LIO_DEVICE, 0755)) {
		rmdir(LIO_HBA);
		return op_skip(t, "no LIO fileio in configfs");
	}
	r = lio_enable(file, put_last);
	if (rmdir(LIO_DEVICE) || rmdir(LIO_HBA))
		return op_broken(t, "removing the LIO device");
	return r == URING_NONE ? op_skip(t, "io_uring is off") : r;
}

static int lio_fileio(struct target *t)
{
	return lio(t, put);
}

static int lio_fileio_by_worker(struct target *t)
{
	return lio(t, put_by_worker);
}

static int nvmet_enable(const char *file,
			int (*put_last)(const char *attribute, const char *text))
{
	int r = put(NVME_NAMESPACE "/device_path", file);

	return r ? r : put_last(NVME_NAMESPACE "/enable", "1");
}

static int nvmet(struct target *t, int (*put_last)(const char *attribute, const char *text))
{
	char file[PATH_MAX];
	int r;

	if (!realpath(t->path, file))
		return op_broken(t, "realpath");
	if (mkdir(NVME_SUBSYSTEM, 0755) || mkdir(NVME_NAMESPACE, 0755)) {
		rmdir(NVME_SUBSYSTEM);
		return op_skip(t, "no nvmet in configfs");
	}
	r = nvmet_enable(file, put_last);
	if (rmdir(NVME_NAMESPACE) || rmdir(NVME_SUBSYSTEM))
		return op_broken(t, "removing the nvmet namespace");
	return r == URING_NONE ? op_skip(t, "io_uring is off") : r;
}

static int nvmet_file(struct target *t)
{
	return nvmet(t, put);
}

static int nvmet_file_by_worker(struct target *t)
{
	return nvmet(t, put_by_worker);
}

static const struct op ops[] = {
	{ "lio_fileio", lio_fileio, DENIED, BY_PATH },
	{ "lio_fileio_by_worker", lio_fileio_by_worker, DENIED, BY_PATH },
	{ "nvmet_file", nvmet_file, DENIED, BY_PATH },
	{ "nvmet_file_by_worker", nvmet_file_by_worker, DENIED, BY_PATH },
};

const struct op_group ops_target = { "Storage targets", ops, ARRAY_SIZE(ops) };
