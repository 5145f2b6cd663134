// SPDX-License-Identifier: GPL-2.0-or-later
/* What became of a path. */
#include "outcome.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "log.h"
#include "quote.h"
#include "util.h"

static enum staticdax_reason reason_of_errno(int r)
{
	switch (-r) {
	case 0:
		return STATICDAX_OK;
	case EPERM:
		return STATICDAX_NO_PRIVILEGE;
	case EPROTO:
		return STATICDAX_PINS_VERSION;
	case EBADFD:
		return STATICDAX_PINS_BROKEN;
	default:
		return STATICDAX_SYSTEM;
	}
}

struct staticdax_result outcome_of_errno(int r)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);

	result.error = r;
	result.reason = reason_of_errno(r);
	result.offset = STATICDAX_NO_OFFSET;
	result.address = STATICDAX_NO_OFFSET;
	return result;
}

void outcome_settle(struct staticdax_result *result, int r)
{
	if (r < 0 && result->reason == STATICDAX_OK)
		*result = outcome_of_errno(r);
	if (!result->error)
		result->error = r;
}

static void log_holder(const struct staticdax_holder *holder)
{
	size_t length = strnlen(holder->comm, sizeof(holder->comm));
	_cleanup_free_ char *comm = quote_escape(holder->comm, length,
						 QUOTE_INSIDE);
	const char *how = holder->writable ? "write" : "read";

	if (holder->fd >= 0)
		log_more("pid %" PRId32 " '%s': fd %" PRId32 ", %s",
			 holder->pid, quote_or(comm), holder->fd, how);
	else
		log_more("pid %" PRId32 " '%s': mapping at 0x%" PRIx64 ", %s",
			 holder->pid, quote_or(comm), holder->start, how);
}

static void log_holders(const struct staticdax_result *result)
{
	uint32_t known = result->holders_count;

	if (known > STATICDAX_HOLDERS)
		known = STATICDAX_HOLDERS;
	for (uint32_t i = 0; i < known; i++)
		log_holder(&result->holders[i]);
	if (result->holders_count > known)
		log_more("... and %" PRIu32 " more",
			 result->holders_count - known);
}

void outcome_log(const char *path, const struct staticdax_result *result)
{
	_cleanup_free_ char *name = NULL;
	char text[1024];

	if (result->reason == STATICDAX_OK)
		return;
	staticdax_explain(result, text, sizeof(text));
	if (path) {
		name = quote_escape(path, strlen(path), QUOTE_INSIDE);
		log_error("'%s': %s", quote_or(name), text);
	} else {
		log_error("%s", text);
	}
	if (result->reason == STATICDAX_HELD)
		log_holders(result);
}

enum staticdax_answer outcome_worse(enum staticdax_answer a,
				    enum staticdax_answer b)
{
	static const int rank[] = {
		[STATICDAX_YES] = 0,
		[STATICDAX_NO] = 1,
		[STATICDAX_HELD_BY_OTHERS] = 2,
		[STATICDAX_CANNOT] = 3,
		[STATICDAX_FAILED] = 4,
		[STATICDAX_USAGE] = 5,
	};

	return rank[b] > rank[a] ? b : a;
}
