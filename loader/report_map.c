// SPDX-License-Identifier: GPL-2.0-or-later
/* What staticdax map says. */
#define _GNU_SOURCE
#include "report_map.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "pages.h"
#include "quote.h"
#include "report.h"
#include "size.h"
#include "util.h"

#define CELLS 64

uint64_t mapped_pages(const struct mapped *mapped, uint64_t page)
{
	uint64_t sum = 0, first;

	for (size_t i = 0; i < mapped->count; i++)
		sum += pages_in(&mapped->runs[i], page, &first);
	return sum;
}

/* Filesystems of several devices, as btrfs, have a number that is of none. */
static bool has_device(const struct staticdax_map *map)
{
	return map->dev >> 20;
}

static char *device_text(uint32_t dev)
{
	char *text;

	return asprintf(&text, "%" PRIu32 ":%" PRIu32, dev >> 20,
			dev & 0xfffff) < 0 ? NULL : text;
}

/* Hibernation counts in pages of the device; a DAX file cannot be swapped to. */
static bool resume_offset(const struct mapped *mapped, uint64_t *ret)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	const struct staticdax_run *run = mapped->runs;

	if (!mapped->count || run->physical == STATICDAX_NO_OFFSET ||
	    !has_device(&mapped->map) || mapped->map.dax ||
	    mapped->map.realtime || run->physical % page)
		return false;
	*ret = run->physical / page;
	return true;
}

/* The largest page that some of the file can have; QEMU aligns memory to it. */
static char *qemu_option(const struct mapped *mapped)
{
	const uint64_t size = mapped->map.file_size;
	_cleanup_free_ char *path = realpath(mapped->path, NULL);
	const char *align = "";
	char *text;

	if (!path || !size || size % sysconf(_SC_PAGESIZE) ||
	    !quote_is_plain(path, strlen(path)) || strchr(path, ','))
		return NULL;
	if (mapped_pages(mapped, PAGE_1G) && size % PAGE_1G == 0)
		align = ",align=1G";
	else if (mapped_pages(mapped, PAGE_2M) && size % PAGE_2M == 0)
		align = ",align=2M";
	if (asprintf(&text, "-object memory-backend-file,id=mem0,share=on,mem-path=%s,size=%" PRIu64 "%s%s",
		     path, size, align, mapped->map.dax ? ",pmem=on" : "") < 0)
		return NULL;
	return text;
}

/* What stands for most of the bytes of a cell: the worst that is in it. */
static char cell_of(const struct mapped *mapped, uint64_t from, uint64_t to)
{
	static const char worst[] = "!?.-=#";
	char cell = '#';

	for (size_t i = 0; i < mapped->count; i++) {
		const struct staticdax_run *run = &mapped->runs[i];
		uint64_t first, pages = pages_in(run, PAGE_2M, &first);
		bool huge = pages && first <= from &&
			    to <= first + pages * PAGE_2M;
		char c = !strcmp(run->state, "hole") ? '.' :
			 !strcmp(run->state, "unwritten") ? '-' :
			 strcmp(run->state, "written") ? '!' :
			 run->address == STATICDAX_NO_OFFSET ? '?' :
			 huge ? '#' : '=';

		if (run->offset < to && from < run->offset + run->length &&
		    strchr(worst, c) < strchr(worst, cell))
			cell = c;
	}
	return cell;
}

static void put_picture(struct report *report, const struct mapped *mapped)
{
	const uint64_t size = mapped->map.file_size;
	char cells[CELLS + 1] = "";

	for (uint64_t i = 0; i < CELLS; i++)
		cells[i] = cell_of(mapped, size / CELLS * i + size % CELLS * i / CELLS,
				   size / CELLS * (i + 1) + size % CELLS * (i + 1) / CELLS);
	report_text(report, "[%s]\n", cells);
	report_text(report, " # in pages of 2 MiB  = in smaller pages  . hole  - unwritten\n ? address not known  ! shared, or not plainly on the device\n");
}

static void put_run(struct report *report, const struct staticdax_run *run)
{
	char align[SIZE_TEXT] = "-", address[32] = "-";
	uint64_t first;

	if (run->address != STATICDAX_NO_OFFSET) {
		snprintf(address, sizeof(address), "0x%" PRIx64, run->address);
		size_format(pages_align(run), align);
	}
	report_text(report, "%14" PRIu64 "  %14" PRIu64 "  %16s  %5s  %7" PRIu64 "  %5" PRIu64 "  %s\n",
		    run->offset, run->length, address, align,
		    pages_in(run, PAGE_2M, &first),
		    pages_in(run, PAGE_1G, &first), run->state);
}

/* last is the device that addresses were of so far, or would have been. */
static void put_device(struct report *report, const struct staticdax_run *run,
		       struct staticdax_run *last)
{
	_cleanup_free_ char *device = device_text(run->address_dev);

	if (run->address == STATICDAX_NO_OFFSET ||
	    (run->address_dev == last->address_dev &&
	     run->opaque == last->opaque))
		return;
	*last = *run;
	report_text(report, "on %s", quote_or(device));
	if (run->opaque)
		report_text(report, " (%s), which has the bytes elsewhere; where, and how aligned, is not known", run->opaque);
	report_text(report, ":\n");
}

static void put_unknown(struct report *report, const struct staticdax_map *map)
{
	if (has_device(map))
		report_text(report, "The address of the device itself is not known: run it as root with /sys mounted.\n");
	else
		report_text(report, "Addresses are not known: this filesystem has devices of its own and does not say which; neither is resume_offset.\n");
}

static void put_text(struct report *report, const struct mapped *mapped)
{
	const struct staticdax_map *map = &mapped->map;
	_cleanup_free_ char *name = NULL, *qemu = NULL, *dev = NULL;
	struct staticdax_run last = { .address_dev = map->dev };
	bool unknown = false;
	uint64_t resume;

	name = quote_escape(mapped->path, strlen(mapped->path), QUOTE_BARE);
	dev = device_text(map->dev);
	report_text(report, "%s: %" PRIu64 " bytes on %s%s%s\n",
		    quote_or(name), map->file_size, quote_or(dev),
		    map->dax ? ", DAX" : "",
		    map->realtime ? ", on the realtime device" : "");
	if (mapped->count)
		put_picture(report, mapped);
	report_text(report, "%14s  %14s  %16s  %5s  %7s  %5s  %s\n", "OFFSET",
		    "LENGTH", "ADDRESS", "ALIGN", "2M-PAGES", "1G", "STATE");
	for (size_t i = 0; i < mapped->count; i++) {
		put_device(report, &mapped->runs[i], &last);
		put_run(report, &mapped->runs[i]);
		unknown |= mapped->runs[i].physical != STATICDAX_NO_OFFSET &&
			   mapped->runs[i].address == STATICDAX_NO_OFFSET;
	}
	if (unknown)
		put_unknown(report, map);
	if (map->past_eof)
		report_text(report, "%" PRIu64 " bytes are preallocated beyond the end.\n",
			    map->past_eof);
	report_text(report, "pages of 2 MiB: %" PRIu64 " of %" PRIu64 "; of 1 GiB: %" PRIu64 " of %" PRIu64 "\n",
		    mapped_pages(mapped, PAGE_2M), map->file_size / PAGE_2M,
		    mapped_pages(mapped, PAGE_1G), map->file_size / PAGE_1G);
	if (resume_offset(mapped, &resume))
		report_text(report, "resume_offset=%" PRIu64 "\n", resume);
	qemu = qemu_option(mapped);
	if (qemu)
		report_text(report, "%s\n", qemu);
}

static void add_number(struct json_object *object, const char *key,
		       uint64_t value, bool known)
{
	json_add(object, key, known ? json_object_new_uint64(value) : NULL);
}

static void add_device(struct json_object *object, const char *key,
		       uint32_t dev, bool known)
{
	_cleanup_free_ char *text = known ? device_text(dev) : NULL;

	json_add(object, key, text ? json_object_new_string(text) : NULL);
}

static struct json_object *json_of_run(const struct staticdax_run *run)
{
	struct json_object *object = json_object_new_object();
	bool addressed = run->address != STATICDAX_NO_OFFSET;
	uint64_t first;

	add_number(object, "offset", run->offset, true);
	add_number(object, "length", run->length, true);
	json_add(object, "state", json_object_new_string(run->state));
	add_number(object, "physical", run->physical,
		   run->physical != STATICDAX_NO_OFFSET);
	add_number(object, "address", run->address, addressed);
	add_number(object, "align", pages_align(run), addressed);
	add_device(object, "address_dev", run->address_dev, addressed);
	json_add(object, "opaque",
		 run->opaque ? json_object_new_string(run->opaque) : NULL);
	add_number(object, "pages_2m", pages_in(run, PAGE_2M, &first), true);
	add_number(object, "pages_1g", pages_in(run, PAGE_1G, &first), true);
	return object;
}

static void put_json(struct report *report, const struct mapped *mapped)
{
	struct json_object *object = json_object_new_object();
	struct json_object *runs = json_object_new_array();
	const struct staticdax_map *map = &mapped->map;
	bool known = mapped->result.reason == STATICDAX_OK;
	_cleanup_free_ char *qemu = known ? qemu_option(mapped) : NULL;
	uint64_t resume = 0;
	bool resumes = known && resume_offset(mapped, &resume);

	add_number(object, "version", 1, true);
	json_add_name(object, "path", "path_hex", mapped->path,
		      strlen(mapped->path));
	add_number(object, "size", map->file_size, known);
	add_number(object, "blocksize", map->blocksize, known);
	add_device(object, "dev", map->dev, known);
	json_add(object, "dax", known ? json_object_new_boolean(map->dax) : NULL);
	json_add(object, "realtime",
		 known ? json_object_new_boolean(map->realtime) : NULL);
	add_number(object, "past_eof", map->past_eof, known);
	for (size_t i = 0; i < mapped->count; i++)
		json_object_array_add(runs, json_of_run(&mapped->runs[i]));
	json_add(object, "runs", runs);
	add_number(object, "pages_2m", mapped_pages(mapped, PAGE_2M), known);
	add_number(object, "pages_1g", mapped_pages(mapped, PAGE_1G), known);
	add_number(object, "resume_offset", resume, resumes);
	json_add(object, "qemu", qemu ? json_object_new_string(qemu) : NULL);
	json_add_failure(object, &mapped->result);
	report_object(report, object);
	report_text(report, "\n");
}

void report_map(struct report *report, const struct mapped *mapped)
{
	if (report->json)
		put_json(report, mapped);
	else if (mapped->result.reason == STATICDAX_OK)
		put_text(report, mapped);
	report_done(report);
}
