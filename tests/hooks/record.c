// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "record.h"

static char setting_fs[16], setting_mode[16];

const char *record_answer(int answer)
{
	if (answer == OP_SKIP)
		return "skip";
	if (answer == OP_BUS)
		return "SIGBUS";
	return !answer ? "ok" : answer < OP_SKIP ? "broken" : strerrorname_np(-answer);
}

const char *record_settled(const struct op *op, int answer)
{
	bool denial = answer == -ETXTBSY || answer == -EPERM;

	return op->flags & VARIES && !denial && answer > OP_SKIP ? "varies" :
								   record_answer(answer);
}

__attribute__((format(printf, 1, 2))) static void record(const char *text, ...)
{
	va_list ap;

	va_start(ap, text);
	fputs("# record\t", stdout);
	vprintf(text, ap);
	putchar('\n');
	fflush(stdout);
	va_end(ap);
}

void record_setting(const char *fs, const char *mode)
{
	snprintf(setting_fs, sizeof(setting_fs), "%s", fs);
	snprintf(setting_mode, sizeof(setting_mode), "%s", mode);
}

void record_kernel(void)
{
	struct utsname u;

	uname(&u);
	record("kernel\t%s", u.release);
}

void record_operation(const struct op_group *group, const struct op *op)
{
	static const char *const classes[] = {
		[FREE] = "free", [IN_PLACE] = "in place", [ADDS] = "denied",
		[DENIED] = "denied", [NAMED] = "named",
	};

	record("op\t%s\t%s\t%s\t%s\t%s", setting_fs, group->title, op->name, classes[op->class],
	       op->flags & NEIGHBOUR ? "neighbour" : "");
}

void record_cell(const struct op *op, const char *state, int answer, const char *why)
{
	record("cell\t%s\t%s\t%s\t%s\t%s\t%s", setting_fs, setting_mode, op->name, state,
	       record_settled(op, answer), why);
}

void record_difference(const struct op *op, int sealed, int swap, int reason)
{
	record("difference\t%s\t%s\t%s\t%s\t%s\t%d", setting_fs, setting_mode, op->name,
	       record_settled(op, sealed), record_settled(op, swap), reason);
}

void record_way(const char *way, const struct op *op, int near, int sealed)
{
	record("way\t%s\t%s\t%s\t%s\t%s\t%s", setting_fs, setting_mode, way, op->name,
	       record_settled(op, near), record_settled(op, sealed));
}

void record_no_way(const char *way, const char *why)
{
	record("no way\t%s\t%s\t%s\t%s", setting_fs, setting_mode, way, why);
}

void record_mount(const char *name, int answer)
{
	record("mount\t%s\t%s\t%s\t%s", setting_fs, setting_mode, name, record_answer(answer));
}
