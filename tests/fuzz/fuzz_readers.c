// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Feeds arbitrary bytes to whatever reads what others wrote: sizes, tables of
 * the device-mapper, mountinfo, lists of security modules, policy files, names,
 * FIEMAP answers, and the records of the pinned maps, up to what is printed.
 * Sanitizers see what is read or written out of bounds; the rest is checked here.
 *
 * As a libFuzzer target: clang -fsanitize=fuzzer -DLIBFUZZER. By itself it runs
 * the files of a corpus, and variants of them that are the same each time:
 * fuzz_readers CORPUS [ITERATIONS [SEED]]. The name of a corpus' directory is
 * that of its reader.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <linux/dm-ioctl.h>
#include <linux/fiemap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../loader/dm.h"
#include "../../loader/extents.h"
#include "../../loader/lsm.h"
#include "../../loader/mounts.h"
#include "../../loader/policy.h"
#include "../../loader/quote.h"
#include "../../loader/report.h"
#include "../../loader/report_monitor.h"
#include "../../loader/size.h"
#include "../../loader/store.h"
#include "../../loader/util.h"
#include "../tap.h"

#define INPUT_MAX 4096

struct bytes {
	const uint8_t *at;
	size_t left;
};

static void take_into(struct bytes *b, void *to, size_t size)
{
	size_t n = b->left < size ? b->left : size;

	memset(to, 0, size);
	if (n)
		memcpy(to, b->at, n);
	b->at += n;
	b->left -= n;
}

static uint8_t take(struct bytes *b)
{
	uint8_t byte;

	take_into(b, &byte, 1);
	return byte;
}

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

static char *text_of(const struct bytes *b)
{
	char *text = strndup((const char *)b->at, b->left);

	must(text, "memory");
	return text;
}

/* Each returns whether the input was taken. */

static bool read_size(struct bytes *b)
{
	_cleanup_free_ char *text = text_of(b);
	uint64_t bytes, again;
	char formatted[SIZE_TEXT];

	if (size_parse(text, &bytes) < 0)
		return false;
	size_format(bytes, formatted);
	must(!size_parse(formatted, &again) && again == bytes, "a size's text");
	return true;
}

static int touch_mount(void *arg, const struct sdax_mount *mount)
{
	char value[32];

	(*(unsigned int *)arg)++;
	must(strlen(mount->point) < INPUT_MAX, "a mountpoint");
	must(strlen(mount->type) < INPUT_MAX, "a type");
	if (sdax_mounts_option(mount, "rtdev", value, sizeof(value)))
		must(strlen(value) < sizeof(value), "an option");
	return 0;
}

static bool read_mountinfo(struct bytes *b)
{
	_cleanup_close_ int fd = memfd_create("mountinfo", MFD_CLOEXEC);
	unsigned int count = 0;
	char path[64];

	must(fd >= 0 && write(fd, b->at, b->left) == (ssize_t)b->left, "memfd");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(!sdax_mounts_walk(path, touch_mount, &count), "a walk");
	return count;
}

/* The header is made to fit, or hardly anything would be read behind it. */
static bool read_dm(struct bytes *b)
{
	_cleanup_free_ struct sdax_dm_linear *linear = NULL;
	_cleanup_free_ struct dm_ioctl *table = NULL;
	size_t size = sizeof(*table) + b->left, count;
	uint8_t odd = take(b), targets = take(b);

	table = calloc(1, size);
	must(table, "memory");
	table->data_size = odd & 1 ? take(b) : size;
	table->data_start = odd & 2 ? take(b) : sizeof(*table);
	table->target_count = odd & 4 ? (uint32_t)take(b) << 24 : targets % 4;
	if (table->data_size > size)
		table->data_size = size;
	take_into(b, table + 1, size - sizeof(*table));
	if (sdax_dm_targets(table, &linear, &count) < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		must(linear[i].start + linear[i].length >= linear[i].start,
		     "a target that wraps");
	return true;
}

static bool read_lsm(struct bytes *b)
{
	_cleanup_free_ char *text = text_of(b);
	struct sdax_lsms lsms;
	char parameter[512];

	if (sdax_lsm_parse(text, &lsms) < 0)
		return false;
	sdax_lsm_parameter(&lsms, parameter, sizeof(parameter));
	must(strlen(parameter) < sizeof(parameter), "a parameter");
	return lsms.has_bpf;
}

static bool read_quote(struct bytes *b)
{
	static const char *const sets[] = { QUOTE_PROSE, QUOTE_BARE,
					    QUOTE_INSIDE };
	bool utf8 = quote_is_utf8((const char *)b->at, b->left);

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		_cleanup_free_ char *text = quote_escape((const char *)b->at,
							 b->left, sets[i]);

		must(text && quote_is_plain(text, strlen(text)),
		     "what was escaped is not plain");
		must(quote_width(text) <= strlen(text), "a width");
	}
	return utf8;
}

static bool read_policy(struct bytes *b)
{
	struct policy_error error = {};
	struct policy policy = {};
	FILE *in;
	int r;

	if (!b->left)
		return false;
	in = fmemopen((void *)b->at, b->left, "r");
	must(in, "fmemopen");
	r = policy_read(&policy, in, "policy", &error);
	fclose(in);
	must(r != -EINVAL || error.text[0], "a refusal without a reason");
	must(memchr(error.text, '\0', sizeof(error.text)), "a reason's end");
	policy_error_done(&error);
	policy_done(&policy);
	return !r;
}

static int answer_fiemap(void *source, struct fiemap *map)
{
	struct bytes *b = source;
	uint8_t kind = take(b), count = take(b);

	if (kind == 255)
		return -EIO;
	map->fm_mapped_extents = kind == 254 ? UINT32_MAX : count % 8;
	for (uint32_t i = 0; i < map->fm_mapped_extents && i < 8; i++) {
		struct fiemap_extent *e = map->fm_extents + i;

		take_into(b, e, sizeof(*e));
		if (kind < 128)
			e->fe_logical = map->fm_start + i * 4096;
		if (kind < 128)
			e->fe_length = 4096;
	}
	return 0;
}

static int judge_extent(void *arg, const struct fiemap_extent *extent)
{
	sdax_judge_extent(arg, extent);
	return 0;
}

static bool read_fiemap(struct bytes *b)
{
	_cleanup_(sdax_judge_free) struct sdax_judge judge = SDAX_JUDGE_NONE;
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	uint64_t size;
	int r;

	take_into(b, &size, sizeof(size));
	must(!sdax_judge_init(&judge, size >> 1 >> take(b) % 63, 4096, 4096, NULL,
			      NULL), "init");
	r = sdax_extents_walk_by(answer_fiemap, b, true, judge_extent, &judge);
	if (r < 0)
		return false;
	sdax_judge_done(&judge, &result);
	return result.reason == STATICDAX_OK;
}

/*
 * The pinned maps: the library opens and reads them as always, and gets the
 * input for an answer. A descriptor tells the map by where it is in the table.
 */

static struct {
	struct bytes in;
	int fds[SDAX_MAP_MAX_];
	unsigned int keys, parts;
} kernel;

static const size_t value_sizes[SDAX_MAP_MAX_] = {
	[SDAX_MAP_SEALED] = sizeof(struct sdax_slot),
	[SDAX_MAP_FILESYSTEMS] = sizeof(struct sdax_fs),
	[SDAX_MAP_PATHS] = sizeof(struct sdax_path),
	[SDAX_MAP_EVENTS] = sizeof(struct sdax_event),
	[SDAX_MAP_COUNTERS] = sizeof(__u64),
	[SDAX_MAP_LAST] = sizeof(struct sdax_event),
	[SDAX_MAP_ROOTS] = sizeof(__u64),
	[SDAX_MAP_CONTROL] = sizeof(struct sdax_control),
	[SDAX_MAP_FILTER] = sizeof(struct sdax_filter),
};

static enum sdax_map map_behind(int fd)
{
	int map = 0;

	while (map < SDAX_MAP_MAX_ && kernel.fds[map] != fd)
		map++;
	return map;
}

int __wrap_access(const char *path, int mode);
int __wrap_access(const char *path, int mode)
{
	(void)path, (void)mode;
	return 0;
}

int __wrap_stat(const char *path, struct stat *st);
int __wrap_stat(const char *path, struct stat *st)
{
	(void)path;
	*st = (struct stat){ .st_mode = S_IFDIR };
	return 0;
}

int bpf_obj_get_opts(const char *path, const struct bpf_obj_get_opts *opts)
{
	const char *name = strrchr(path, '/') + 1;

	(void)opts;
	for (int map = 0; map < SDAX_MAP_MAX_; map++)
		if (!strcmp(name, sdax_map_names[map]))
			return kernel.fds[map] = open("/dev/null",
						      O_RDONLY | O_CLOEXEC);
	return -ENOENT;
}

int bpf_obj_get_info_by_fd(int fd, void *info, __u32 *len)
{
	enum sdax_map map = map_behind(fd);
	struct bpf_map_info *answer = info;

	if (map == SDAX_MAP_MAX_ || *len < sizeof(*answer))
		return -EBADF;
	answer->id = map + 1;
	answer->max_entries = 65536;
	answer->key_size = map == SDAX_MAP_SEALED || map == SDAX_MAP_PATHS ||
					   map == SDAX_MAP_LAST ?
				   sizeof(struct sdax_key) : sizeof(__u32);
	answer->value_size = value_sizes[map];
	return 0;
}

int bpf_map_get_next_key(int fd, const void *key, void *next_key)
{
	(void)key;
	if (!kernel.keys || map_behind(fd) != SDAX_MAP_SEALED)
		return -ENOENT;
	kernel.keys--;
	take_into(&kernel.in, next_key, sizeof(struct sdax_key));
	return 0;
}

int bpf_map_lookup_batch(int fd, void *in_batch, void *out_batch, void *keys,
			 void *values, __u32 *count,
			 const struct bpf_map_batch_opts *opts)
{
	__u32 n = *count < kernel.keys ? *count : kernel.keys;

	(void)in_batch;
	(void)out_batch;
	(void)opts;
	if (map_behind(fd) != SDAX_MAP_SEALED)
		return -EBADF;
	for (__u32 i = 0; i < n; i++) {
		take_into(&kernel.in, (struct sdax_key *)keys + i,
			  sizeof(struct sdax_key));
		take_into(&kernel.in, (struct sdax_slot *)values + i,
			  sizeof(struct sdax_slot));
	}
	kernel.keys -= n;
	*count = n;
	return kernel.keys ? 0 : -ENOENT;
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	enum sdax_map map = map_behind(fd);
	struct sdax_event *event = value;
	struct sdax_control *control = value;
	uint32_t slot = *(const uint32_t *)key;

	if (map == SDAX_MAP_MAX_)
		return -EBADF;
	if (map == SDAX_MAP_PATHS && !kernel.parts)
		return -ENOENT;
	kernel.parts -= map == SDAX_MAP_PATHS;
	take_into(&kernel.in, value, value_sizes[map]);
	if (map == SDAX_MAP_CONTROL) {
		control->abi = SDAX_ABI_VERSION;
		control->event_seq %= 2 * SDAX_EVENT_SLOTS;
	}
	/* else it would be taken for one that was overwritten, and not read */
	if (map == SDAX_MAP_EVENTS && event->seq % 8)
		event->seq = event->seq_end = slot + SDAX_EVENT_SLOTS *
						     (slot < 8);
	return 0;
}

static void must_be_plain(char *text)
{
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n")))
		must(quote_is_plain(line, strlen(line)),
		     "a line that is not plain");
}

struct printing {
	struct report report;
	char *text;
	size_t length;
	FILE *out;
	unsigned int count;
};

static void printing_begin(struct printing *p, bool json)
{
	*p = (struct printing){ .count = 0 };
	p->out = open_memstream(&p->text, &p->length);
	must(p->out, "memory");
	report_init(&p->report, p->out, json);
}

static unsigned int printing_end(struct printing *p)
{
	fclose(p->out);
	must_be_plain(p->text);
	free(p->text);
	return p->count;
}

static int print_seal(void *arg, const struct staticdax_seal *seal)
{
	struct printing *p = arg;

	if (!p->report.json)
		report_list_measure(&p->report, seal);
	report_list_seal(&p->report, seal);
	p->count++;
	return 0;
}

static int print_event(void *arg, const struct staticdax_event *event)
{
	struct printing *p = arg;

	if (event->lapse)
		report_lapse(&p->report, event);
	else
		report_denial(&p->report, event, NULL);
	p->count++;
	return 0;
}

static unsigned int print_all(bool json, bool events)
{
	struct staticdax *sd;
	struct printing p;
	uint64_t lost;

	must(!staticdax_new(&sd), "a handle");
	printing_begin(&p, json);
	if (events) {
		staticdax_events(sd, print_event, &p, &lost);
		staticdax_events(sd, print_event, &p, &lost);
	} else {
		staticdax_list(sd, print_seal, &p);
	}
	staticdax_free(sd);
	return printing_end(&p);
}

static bool read_records(struct bytes *b)
{
	uint8_t kind = take(b);
	unsigned int printed = 0;

	for (int i = 0; i < 2; i++) {
		memset(kernel.fds, -1, sizeof(kernel.fds));
		kernel.in = *b;
		kernel.keys = 1 + kind % 4;
		kernel.parts = kind / 4 % 16;
		printed += print_all(kind & 1, i);
	}
	return printed;
}

static const struct reader {
	const char *name;
	bool (*read)(struct bytes *b);
} readers[] = {
	{ "size", read_size },	     { "mountinfo", read_mountinfo },
	{ "dm", read_dm },	     { "lsm", read_lsm },
	{ "quote", read_quote },     { "policy", read_policy },
	{ "fiemap", read_fiemap },   { "records", read_records },
};

static bool give(const struct reader *reader, const uint8_t *data, size_t size)
{
	/* of its very size, so that a byte too far is seen */
	_cleanup_free_ uint8_t *copy = malloc(size ?: 1);
	struct bytes b = { copy, size };

	must(copy, "memory");
	if (size)
		memcpy(copy, data, size);
	return reader->read(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size)
		give(&readers[data[0] % ARRAY_SIZE(readers)], data + 1,
		     size - 1);
	return 0;
}

#ifndef LIBFUZZER

/* xorshift64* */
static uint64_t state;

static uint64_t next_random(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL;
}

/* A few bytes changed, doubled, removed or cut off. */
static size_t mutate(uint8_t *data, size_t size)
{
	for (uint64_t n = 1 + next_random() % 4; n; n--) {
		size_t at = size ? next_random() % size : 0;
		size_t some = next_random() % 9;

		switch (next_random() % 6) {
		case 0:
			size = at;
			break;
		case 1:
			if (size + some > INPUT_MAX || at + some > size)
				break;
			memmove(data + at + some, data + at, size - at);
			size += some;
			break;
		case 2:
			some = some > size - at ? size - at : some;
			memmove(data + at, data + at + some, size - at - some);
			size -= some;
			break;
		case 3:
			if (at < size)
				data[at] ^= 1 << next_random() % 8;
			break;
		case 4:
			if (at < size)
				data[at] = "0\xff\x7f\x80 ,:\\\n'{}-"[next_random() % 13];
			break;
		default:
			for (size_t i = at; i < size && i < at + some; i++)
				data[i] = next_random();
		}
	}
	return size;
}

struct sample {
	uint8_t data[INPUT_MAX];
	size_t size;
};

static size_t load(const char *corpus, const char *name, struct sample *samples,
		   size_t max)
{
	_cleanup_free_ struct dirent **entries = NULL;
	char path[512];
	size_t n = 0;
	int count;

	snprintf(path, sizeof(path), "%s/%s", corpus, name);
	count = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		_cleanup_close_ int fd = -1;
		ssize_t size;

		snprintf(path, sizeof(path), "%s/%s/%s", corpus, name,
			 entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && n < max)
			fd = open(path, O_RDONLY | O_CLOEXEC);
		free(entries[i]);
		size = fd < 0 ? -1 : read(fd, samples[n].data, INPUT_MAX);
		if (size >= 0)
			samples[n++].size = size;
	}
	return n;
}

#define SAMPLES_MAX 64

static void run(const struct reader *reader, const char *corpus,
		unsigned long iterations)
{
	static struct sample samples[SAMPLES_MAX], variant;
	size_t n = load(corpus, reader->name, samples, SAMPLES_MAX);
	unsigned long taken = 0, refused = 0;

	for (size_t i = 0; i < n; i++)
		*(give(reader, samples[i].data, samples[i].size) ?
			  &taken : &refused) += 1;
	for (unsigned long i = 0; i < iterations && n; i++) {
		variant = samples[next_random() % n];
		variant.size = mutate(variant.data, variant.size);
		*(give(reader, variant.data, variant.size) ? &taken :
							      &refused) += 1;
	}
	tap_diag("%s: %zu files, %lu taken, %lu refused", reader->name, n, taken,
		 refused);
	tap_ok(taken && refused, "%s_survives", reader->name);
}

int main(int argc, char **argv)
{
	unsigned long iterations = argc > 2 ? strtoul(argv[2], NULL, 0) : 20000;
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 20170622;

	if (argc < 2)
		return 2;
	tap_diag("%lu variants for each reader, seed %llu", iterations,
		 (unsigned long long)seed);
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		state = seed ? seed : 1;
		run(&readers[i], argv[1], iterations);
	}
	return tap_done();
}

#endif
