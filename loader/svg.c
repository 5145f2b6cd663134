// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The map as a picture: the file above, each of its devices below as far as the
 * file reaches there, and a band from each run to where it is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pages.h"
#include "quote.h"
#include "report_map.h"
#include "util.h"

#define WIDTH 1000.0
#define FILE_END 80
#define ROW 80		/* from one device to the next */

struct scale {
	uint64_t from;
	uint64_t length;
};

static double place(const struct scale *scale, uint64_t at)
{
	return scale->length ? (double)(at - scale->from) / scale->length *
				       WIDTH : 0;
}

static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '&': fputs("&amp;", out); break;
		default: fputc(*text, out);
		}
}

static const char *colour_of(const struct staticdax_run *run)
{
	uint64_t first;

	if (!strcmp(run->state, "hole"))
		return "#ffffff";
	if (!strcmp(run->state, "unwritten"))
		return "#f0d070";
	if (strcmp(run->state, "written"))
		return "#d07070";
	return pages_in(run, PAGE_2M, &first) ? "#3070b0" : "#90b8d8";
}

static bool is_on(const struct staticdax_run *run,
		  const struct staticdax_run *first)
{
	return run->address != STATICDAX_NO_OFFSET &&
	       run->address_dev == first->address_dev;
}

/* Of the device that first is on. */
static struct scale device_scale(const struct mapped *mapped,
				 const struct staticdax_run *first)
{
	uint64_t from = UINT64_MAX, to = 0;

	for (size_t i = 0; i < mapped->count; i++) {
		const struct staticdax_run *run = &mapped->runs[i];

		if (!is_on(run, first))
			continue;
		from = run->address < from ? run->address : from;
		to = run->address + run->length > to ?
			     run->address + run->length : to;
	}
	return (struct scale){ .from = from, .length = to ? to - from : 0 };
}

static void put_run(FILE *out, const struct staticdax_run *run,
		    const struct scale *file)
{
	double x = place(file, run->offset);
	double width = place(file, run->offset + run->length) - x;

	fprintf(out, "<g><rect x=\"%.3f\" y=\"40\" width=\"%.3f\" height=\"40\" fill=\"%s\"/>\n",
		x, width, colour_of(run));
	fprintf(out, "<title>%s: %" PRIu64 "+%" PRIu64, run->state,
		run->offset, run->length);
	if (run->address != STATICDAX_NO_OFFSET)
		fprintf(out, " at 0x%" PRIx64 " of %" PRIu32 ":%" PRIu32,
			run->address, run->address_dev >> 20,
			run->address_dev & 0xfffff);
	fputs("</title></g>\n", out);
}

static void put_band(FILE *out, const struct staticdax_run *run,
		     const struct scale *file, const struct scale *device,
		     int y)
{
	const char *colour = colour_of(run);
	double x = place(file, run->offset);
	double width = place(file, run->offset + run->length) - x;
	double at = place(device, run->address);
	double end = place(device, run->address + run->length);

	fprintf(out, "<polygon points=\"%.3f,%d %.3f,%d %.3f,%d %.3f,%d\" fill=\"%s\" fill-opacity=\"0.3\"/>\n",
		x, FILE_END, x + width, FILE_END, end, y, at, y, colour);
	fprintf(out, "<rect x=\"%.3f\" y=\"%d\" width=\"%.3f\" height=\"40\" fill=\"%s\"/>\n",
		at, y, end - at, colour);
}

static void put_device(FILE *out, const struct mapped *mapped,
		       const struct staticdax_run *first,
		       const struct scale *file, int y)
{
	const struct scale device = device_scale(mapped, first);

	for (size_t i = 0; i < mapped->count; i++)
		if (is_on(&mapped->runs[i], first))
			put_band(out, &mapped->runs[i], file, &device, y);
	fprintf(out, "<rect y=\"%d\" width=\"1000\" height=\"40\" fill=\"none\" stroke=\"#000000\"/>\n<text y=\"%d\">device %" PRIu32 ":%" PRIu32 " 0x%" PRIx64 " to 0x%" PRIx64,
		y, y + 64, first->address_dev >> 20,
		first->address_dev & 0xfffff, device.from,
		device.from + device.length);
	if (first->opaque)
		fprintf(out, " (%s: where it has the bytes is not known)",
			first->opaque);
	fputs("</text>\n", out);
}

/* Is no run before this one on the same device? */
static bool is_first(const struct mapped *mapped, size_t i)
{
	if (!is_on(&mapped->runs[i], &mapped->runs[i]))
		return false;
	for (size_t before = 0; before < i; before++)
		if (is_on(&mapped->runs[before], &mapped->runs[i]))
			return false;
	return true;
}

static void put_picture(FILE *out, const struct mapped *mapped)
{
	_cleanup_free_ char *name = quote_escape(mapped->path,
						 strlen(mapped->path),
						 QUOTE_BARE);
	const struct scale file = {
		.length = mapped->count ?
			mapped->runs[mapped->count - 1].offset +
			mapped->runs[mapped->count - 1].length : 0,
	};
	int devices = 0;

	for (size_t i = 0; i < mapped->count; i++)
		devices += is_first(mapped, i);
	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-10 0 1020 %d\" font-family=\"sans-serif\" font-size=\"16\">\n<text y=\"28\">",
		2 * ROW + (devices ?: 1) * ROW);
	put_escaped(out, quote_or(name));
	fprintf(out, ": %" PRIu64 " bytes</text>\n", mapped->map.file_size);
	for (size_t i = 0; i < mapped->count; i++)
		put_run(out, &mapped->runs[i], &file);
	fputs("<rect y=\"40\" width=\"1000\" height=\"40\" fill=\"none\" stroke=\"#000000\"/>\n", out);
	devices = 0;
	for (size_t i = 0; i < mapped->count; i++)
		if (is_first(mapped, i))
			put_device(out, mapped, &mapped->runs[i], &file,
				   FILE_END + ++devices * ROW);
	if (!devices)
		fputs("<text y=\"224\">device addresses are not known</text>\n", out);
	fputs("</svg>\n", out);
}

static int finish(FILE *out)
{
	bool failed;

	errno = 0;
	failed = fflush(out) || ferror(out);
	return failed ? errno ? -errno : -EIO : 0;
}

/* A terminal or a pipe, in whose place no file is to be. */
static int write_to(const char *to, const struct mapped *mapped)
{
	_cleanup_fclose_ FILE *out = fopen(to, "we");

	if (!out)
		return -errno;
	put_picture(out, mapped);
	return finish(out);
}

static mode_t usual_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

/* The picture in a file of that mode, which is removed again if it is not whole. */
static int write_new(char *template, mode_t mode, const struct mapped *mapped)
{
	int fd = mkostemp(template, O_CLOEXEC);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
	int r = out ? 0 : -errno;

	if (fd < 0)
		return r;
	if (out) {
		put_picture(out, mapped);
		r = finish(out);
	}
	if (!r && fchmod(fd, mode) < 0)
		r = -errno;
	if (out ? fclose(out) : close(fd))
		r = r ?: -errno;
	if (r < 0)
		unlink(template);
	return r;
}

/* Whole or not at all: what was there stays if the disk is full. */
static int replace(const char *to, mode_t mode, const struct mapped *mapped)
{
	const char *slash = strrchr(to, '/');
	_cleanup_free_ char *template = NULL;
	int r;

	if (asprintf(&template, "%.*s.staticdax-XXXXXX",
		     slash ? (int)(slash + 1 - to) : 0, to) < 0)
		return -ENOMEM;
	r = write_new(template, mode, mapped);
	if (!r && rename(template, to) < 0) {
		r = -errno;
		unlink(template);
	}
	return r;
}

int svg_write(const char *to, const struct mapped *mapped)
{
	_cleanup_free_ char *real = NULL;
	struct stat st;

	/* first, for what /dev/stdout leads to may have no path */
	if (stat(to, &st) < 0)
		return errno == ENOENT ? replace(to, usual_mode(), mapped) : -errno;
	if (!S_ISREG(st.st_mode))
		return write_to(to, mapped);
	real = realpath(to, NULL);
	return real ? replace(real, st.st_mode & 0777, mapped) : -errno;
}
