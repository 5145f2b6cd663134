// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether partitions, linear device-mapper tables, persistent memory and the
 * realtime device of XFS are seen through, with a sysfs of our own making.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <linux/dm-ioctl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "staticdax.h"

#include "../../loader/device.h"
#include "../../loader/util.h"
#include "../tap.h"

#define K 1024ULL
#define M (1024 * K)
#define G (1024 * M)
#define T (1024 * G)
#define SECTOR 512

/* makedev() for small numbers, constant */
#define DEV(major_nr, minor_nr) ((major_nr) << 8 | (minor_nr))

#define SDA DEV(8, 0)
#define SDA1 DEV(8, 1)
#define PMEM DEV(259, 0)
#define PMEM1 DEV(259, 1)
#define SECRET_PMEM DEV(259, 8)
#define SECRET_PMEM1 DEV(259, 9)
#define BTT DEV(259, 16)
#define DM DEV(253, 0)
#define DM_ON_DM DEV(253, 1)
#define DM_CRYPT DEV(253, 2)
#define DM_FOREIGN DEV(253, 3)
#define DM_GAP DEV(253, 4)
#define DM_LOOP DEV(253, 5)
#define DM_BROKEN DEV(253, 6)
#define DM_FOREIGN_4K DEV(253, 7)
#define MD DEV(9, 0)
#define MD1 DEV(259, 24)
#define LOOP DEV(7, 0)
#define DRBD DEV(147, 0)

/* The tree */

static char root[64] = "/tmp/staticdax-device-XXXXXX";

static void bail(const char *what)
{
	tap_diag("%s: %s", what, strerror(errno));
	exit(TAP_EXIT_NOT_OK);
}

__attribute__((format(printf, 1, 2))) static char *below_root(const char *fmt, ...)
{
	static char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/", root);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path + n, sizeof(path) - n, fmt, ap);
	va_end(ap);
	return path;
}

static void make_directories(char *path)
{
	for (char *slash = strchr(path + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			bail(path);
		*slash = '/';
	}
}

static void put(const char *directory, const char *name, const char *text)
{
	char *path = below_root("%s/%s", directory, name);
	FILE *f;

	make_directories(path);
	f = fopen(path, "w");
	if (!f || fputs(text, f) == EOF || fclose(f))
		bail(path);
}

static void put_number(const char *directory, const char *name, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu\n", (unsigned long long)n);
	put(directory, name, text);
}

/* directory is that below /devices */
static void put_device(dev_t dev, const char *directory, uint64_t size)
{
	char target[PATH_MAX], text[32], *link;

	snprintf(text, sizeof(text), "%u:%u\n", major(dev), minor(dev));
	put(directory, "dev", text);
	put_number(directory, "size", size / SECTOR);
	snprintf(target, sizeof(target), "%s/%s", root, directory);
	link = below_root("dev/block/%u:%u", major(dev), minor(dev));
	make_directories(link);
	if (symlink(target, link) < 0)
		bail(link);
}

static void put_partition(dev_t dev, const char *directory, uint64_t start, uint64_t size)
{
	put_device(dev, directory, size);
	put_number(directory, "partition", 1);
	put_number(directory, "start", start / SECTOR);
}

/* resource: its text, NULL for none, "secret" for one that nobody may read */
static void put_nvdimm(dev_t dev, const char *directory, uint64_t size, const char *resource)
{
	char device[PATH_MAX];

	put_device(dev, directory, size);
	snprintf(device, sizeof(device), "%s/device", directory);
	put(device, "size", "1\n");
	if (symlink("../../../bus/nd", below_root("%s/subsystem", device)) < 0)
		bail(device);
	if (resource && !strcmp(resource, "secret")) {
		/* root reads what nobody may: a directory stands in for it */
		make_directories(below_root("%s/resource/", device));
	} else if (resource) {
		put(device, "resource", resource);
	}
}

static void put_dm(dev_t dev, const char *directory, uint64_t size)
{
	char dm[PATH_MAX];

	put_device(dev, directory, size);
	snprintf(dm, sizeof(dm), "%s/dm", directory);
	put(dm, "name", "volume\n");
}

static void put_tree(void)
{
	if (!mkdtemp(root))
		bail(root);
	put_device(SDA, "devices/sda", 1 * T);
	put_partition(SDA1, "devices/sda/sda1", 1 * M, 100 * G);
	put_nvdimm(PMEM, "devices/pmem0", 16 * G, "0x240000000\n");
	put_partition(PMEM1, "devices/pmem0/pmem0p1", 2 * M, 8 * G);
	put_nvdimm(SECRET_PMEM, "devices/pmem1", 16 * G, "secret");
	put_partition(SECRET_PMEM1, "devices/pmem1/pmem1p1", 17 * SECTOR, 8 * G);
	put_nvdimm(BTT, "devices/pmem2s", 4 * G, NULL);
	put_dm(DM, "devices/dm-0", 3 * G);
	put_dm(DM_ON_DM, "devices/dm-1", 2 * G);
	put_dm(DM_CRYPT, "devices/dm-2", 2 * G);
	put_dm(DM_FOREIGN, "devices/dm-3", 2 * G);
	put_dm(DM_GAP, "devices/dm-4", 2 * G);
	put_dm(DM_LOOP, "devices/dm-5", 2 * G);
	put_dm(DM_BROKEN, "devices/dm-6", 2 * G);
	put_dm(DM_FOREIGN_4K, "devices/dm-7", 2 * G);
	put("devices/dm-7/queue", "logical_block_size", "4096\n");
	put_device(MD, "devices/md0", 1 * G);
	put("devices/md0/md", "level", "raid1\n");
	put_partition(MD1, "devices/md0/md0p1", 1 * M, 512 * M);
	put_device(LOOP, "devices/loop0", 1 * G);
	put("devices/loop0/loop", "offset", "0\n");
	put_device(DRBD, "devices/drbd0", 1 * G);
	put("devices/drbd0/slaves", "sda1", "");
	put("devices/sda/slaves", ".none", "");
	put("proc", "mountinfo",
	    "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
	    "23 22 8:0 / /xfs rw,noatime shared:1 - xfs /dev/sda "
	    "rw,attr2,rtdev=/dev/real\\040time,noquota\n"
	    "24 22 259:0 / /xfs2 rw - xfs /dev/pmem0 rw,attr2,xrtdev=/dev/sda,noquota\n"
	    "garbage\n");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* Tables */

struct line {
	dev_t dev;
	uint64_t start, length; /* bytes */
	const char *type, *params;
};

static const struct line table[] = {
	{ DM, 0, 1 * G, "linear", "8:1 2048" },
	{ DM, 1 * G, 1 * G, "linear", "259:1 8192" },
	{ DM, 2 * G, 1 * G, "linear", "8:0 0" },
	/* from the middle of the first to the middle of the second of those */
	{ DM_ON_DM, 0, 1 * G, "linear", "253:0 1048576" },
	{ DM_ON_DM, 1 * G, 1 * G, "linear", "253:0 0" },
	{ DM_CRYPT, 0, 1 * G, "linear", "8:1 2048" },
	{ DM_CRYPT, 1 * G, 1 * G, "crypt", "aes 00 0 8:1 0" },
	{ DM_GAP, 0, 1 * G, "linear", "8:1 2048" },
	{ DM_GAP, 1 * G + SECTOR, 1 * G - SECTOR, "linear", "8:1 0" },
	{ DM_LOOP, 0, 2 * G, "linear", "253:5 0" },
	{ DM_BROKEN, 0, 2 * G, "linear", "8:1" },
};

static int fake_table(void *ctx, dev_t dev, struct dm_ioctl **ret)
{
	struct dm_ioctl *answer;
	size_t at = 0;

	(void)ctx;
	if (dev == DM_FOREIGN || dev == DM_FOREIGN_4K)
		return -EACCES;
	answer = calloc(1, 4096);
	if (!answer)
		return -ENOMEM;
	answer->data_start = sizeof(*answer);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct dm_target_spec spec = {
			.sector_start = table[i].start / SECTOR,
			.length = table[i].length / SECTOR,
		};
		char *to = (char *)answer + answer->data_start + at;

		if (table[i].dev != dev)
			continue;
		at += sizeof(spec) + strlen(table[i].params) + 1;
		at = (at + 7) & ~7UL;
		spec.next = at;
		strcpy(spec.target_type, table[i].type);
		memcpy(to, &spec, sizeof(spec));
		strcpy(to + sizeof(spec), table[i].params);
		answer->target_count++;
	}
	answer->data_size = answer->data_start + at;
	*ret = answer;
	return 0;
}

static int fake_number(void *ctx, const char *path, dev_t *ret)
{
	(void)ctx;
	if (strcmp(path, "/dev/real time"))
		return -ENODATA;
	*ret = PMEM1;
	return 0;
}

static int open_device(dev_t dev, bool realtime, struct sdax_device **ret)
{
	char mountinfo[128];
	const struct sdax_device_env env = {
		.sysfs = root,
		.mountinfo = mountinfo,
		.dm_table = fake_table,
		.number_of = fake_number,
	};

	snprintf(mountinfo, sizeof(mountinfo), "%s/proc/mountinfo", root);
	return sdax_device_open_in(&env, dev, realtime, ret);
}

/* Cases */

#define ALL (~0ULL)

static const struct {
	const char *name;
	dev_t dev;
	bool realtime;
	uint64_t align; /* 0: none asked for */
	bool dax;
	uint64_t physical, length;
	int r;
	uint64_t address, part; /* ALL: the whole length */
} cases[] = {
	{ "disk", SDA, false, 0, false, 5 * M, M, 0, 5 * M, ALL },
	{ "partition", SDA1, false, 0, false, 5 * M, M, 0, 6 * M, ALL },
	{ "end_of_the_partition", SDA1, false, 0, false, 100 * G - K, M, 0, 100 * G + M - K, K },
	{ "beyond_the_partition", SDA1, false, 0, false, 100 * G, M, -ERANGE, 0, 0 },
	{ "far_beyond", SDA1, false, 0, false, UINT64_MAX, 1, -ERANGE, 0, 0 },
	{ "pmem", PMEM, false, 0, false, 0, M, 0, 0x240000000, ALL },
	{ "pmem_partition", PMEM1, false, 2 * M, true, 4 * M, M, 0, 0x240000000 + 6 * M, ALL },
	{ "translation_table", BTT, false, 0, false, 5 * M, M, 0, 5 * M, ALL },
	{ "secret_pmem", SECRET_PMEM, false, 0, true, 0, M, -EACCES, 0, 0 },
	{ "secret_pmem_by_pages", SECRET_PMEM, false, 4096, true, 8 * K, M, 0, 8 * K, ALL },
	{ "secret_pmem_by_huge_pages", SECRET_PMEM, false, 2 * M, true, 0, M, -EACCES, 0, 0 },
	{ "secret_pmem_keeps_what_is_known", SECRET_PMEM1, false, 4096, true, 0, M, 0,
	  17 * SECTOR, ALL },
	{ "linear", DM, false, 0, false, 0, M, 0, 2 * M, ALL },
	{ "linear_on_pmem", DM, false, 0, false, 1 * G + K, M, 0, 0x240000000 + 6 * M + K, ALL },
	{ "linear_on_disk", DM, false, 0, false, 2 * G, M, 0, 0, ALL },
	{ "across_targets", DM, false, 0, false, 1 * G - K, M, 0, 1 * G + 2 * M - K, K },
	{ "linear_on_linear", DM_ON_DM, false, 0, false, 0, 1 * G, 0, 512 * M + 2 * M, 512 * M },
	{ "linear_on_linear_next", DM_ON_DM, false, 0, false, 512 * M, 1 * G, 0,
	  0x240000000 + 6 * M, 512 * M },
	{ "linear_on_linear_back", DM_ON_DM, false, 0, false, 1 * G, 4096, 0, 2 * M, ALL },
	{ "crypt_is_the_end", DM_CRYPT, false, 0, false, 5 * M, M, 0, 5 * M, ALL },
	{ "broken_table_is_the_end", DM_BROKEN, false, 0, false, 5 * M, M, 0, 5 * M, ALL },
	{ "table_for_root_only", DM_FOREIGN, false, 0, false, 0, M, -EACCES, 0, 0 },
	{ "table_for_root_only_by_pages", DM_FOREIGN, false, 4096, false, 0, M, -EACCES, 0, 0 },
	{ "table_for_root_only_below_dax", DM_FOREIGN, false, 4096, true, 8 * K, M, 0, 8 * K, ALL },
	{ "table_for_root_only_of_large_blocks", DM_FOREIGN_4K, false, 4096, false, 8 * K, M, 0,
	  8 * K, ALL },
	{ "table_for_root_only_by_huge_pages", DM_FOREIGN_4K, false, 2 * M, true, 0, M, -EACCES,
	  0, 0 },
	{ "realtime", SDA, true, 0, false, 0, M, 0, 0x240000000 + 2 * M, ALL },
};

static void test_case(size_t i)
{
	struct sdax_device *device = NULL;
	uint64_t address = 1, part = 2;
	int r;

	r = open_device(cases[i].dev, cases[i].realtime, &device);
	if (r < 0) {
		tap_ok(false, "%s", cases[i].name);
		tap_diag("open: %s", strerror(-r));
		return;
	}
	if (cases[i].align)
		sdax_device_need(device, cases[i].align, cases[i].dax);
	r = sdax_device_address(device, cases[i].physical, cases[i].length, &address, &part);
	sdax_device_free(device);
	if (cases[i].r)
		tap_ok(r == cases[i].r && address == 1 && part == 2, "%s", cases[i].name);
	else
		tap_ok(!r && address == cases[i].address &&
			       part == (cases[i].part == ALL ? cases[i].length : cases[i].part),
		       "%s", cases[i].name);
	if (r != cases[i].r || (!r && address != cases[i].address))
		tap_diag("%d, address %#llx for %#llx bytes", r, (unsigned long long)address,
			 (unsigned long long)part);
}

/* Where the way ends, and whether that is the end of it. */
static const struct {
	const char *name;
	dev_t dev;
	uint64_t physical;
	dev_t end;
	const char *opaque;
} ends[] = {
	{ "ends_at_the_disk", SDA1, 0, SDA, NULL },
	{ "ends_at_the_memory", PMEM1, 0, PMEM, NULL },
	{ "ends_below_the_linear", DM, 0, SDA, NULL },
	{ "ends_at_the_second_disk", DM, 1 * G, PMEM, NULL },
	{ "ends_at_crypt", DM_CRYPT, 0, DM_CRYPT, "device-mapper" },
	{ "ends_at_a_broken_table", DM_BROKEN, 0, DM_BROKEN, "device-mapper" },
	{ "ends_at_the_raid", MD1, 0, MD, "md" },
	{ "ends_at_the_loop_device", LOOP, 0, LOOP, "loop" },
	{ "ends_at_the_translation_table", BTT, 0, BTT, "btt" },
	{ "ends_at_what_is_on_others", DRBD, 0, DRBD, "stacked" },
};

static void test_end(size_t i)
{
	struct staticdax_run run = { .physical = ends[i].physical, .length = M };
	struct sdax_device *device = NULL;
	int r;

	r = open_device(ends[i].dev, false, &device);
	if (!r)
		r = sdax_device_locate(device, &run);
	sdax_device_free(device);
	if (!tap_ok(!r && run.address_dev == (major(ends[i].end) << 20 |
					      minor(ends[i].end)) &&
			    (ends[i].opaque ? run.opaque && !strcmp(run.opaque, ends[i].opaque) :
					      !run.opaque),
		    "%s", ends[i].name))
		tap_diag("%d, %u:%u, %s", r, run.address_dev >> 20, run.address_dev & 0xfffff,
			 run.opaque ? run.opaque : "a disk");
}

static const struct {
	const char *name;
	dev_t dev;
	bool realtime;
	int r;
} failures[] = {
	{ "device_that_sysfs_does_not_know", DEV(0, 42), false, -ENODATA },
	{ "no_rtdev_option", SDA1, true, -ENODATA },
	{ "option_that_ends_like_rtdev", PMEM, true, -ENODATA },
	{ "filesystem_that_is_not_mounted", DM, true, -ENODATA },
	{ "table_with_a_gap", DM_GAP, false, -EIO },
	{ "table_that_leads_to_itself", DM_LOOP, false, -EIO },
};

static void test_failures(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		struct sdax_device *device = NULL;
		int r = open_device(failures[i].dev, failures[i].realtime, &device);

		if (!tap_ok(r == failures[i].r && !device, "%s", failures[i].name))
			tap_diag("%d", r);
		sdax_device_free(device);
	}
}

/* This machine's own: whatever it is, it must not be wrong about its end. */
static void test_real(void)
{
	struct sdax_device *device = NULL;
	uint64_t address, part;
	struct stat st;

	if (stat("/", &st) < 0 || sdax_device_open(st.st_dev, false, &device) < 0) {
		tap_skip("/ is not on a block device", "real_device");
		return;
	}
	tap_ok(sdax_device_address(device, 1ULL << 62, 1, &address, &part) == -ERANGE,
	       "real_device");
	sdax_device_free(device);
}

int main(void)
{
	put_tree();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		test_case(i);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		test_end(i);
	test_failures();
	test_real();
	sdax_device_free(NULL);
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return tap_done();
}
