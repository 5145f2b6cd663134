// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * staticdax monitor: denials and lapses as they happen.
 *
 * Nothing in the kernel rings a bell: whoever is refused writes a record and is
 * gone, whether or not somebody reads. So the count of records is looked at
 * four times a second, which is two system calls, works for any number of
 * readers without privilege, and cannot be held up by one that does not read.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>

#include "args.h"
#include "cgroup.h"
#include "journal.h"
#include "outcome.h"
#include "rate.h"
#include "report.h"
#include "report_monitor.h"
#include "util.h"

#define NS_PER_S 1000000000ULL
#define LOOK_NS 250000000L	/* between two looks */
#define INTERVAL 2		/* seconds between two proofs */
#define PATIENCE_MS 100
#define BUSY_NS (3 * NS_PER_S)	/* a proof that is put off so long is news */

struct monitor {
	struct staticdax *sd;
	struct report *report;
	struct rate rate;
	struct staticdax_status last;
	bool last_known;
	bool said;			/* last has been reported */
	uint64_t interval;		/* ns */
	uint64_t proof_due;
};

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static int on_event(void *arg, const struct staticdax_event *event)
{
	struct monitor *monitor = arg;
	_cleanup_free_ char *cgroup = NULL;

	if (event->lapse) {
		report_lapse(monitor->report, event);
	} else if (rate_take(&monitor->rate, event, now())) {
		cgroup = cgroup_path(event->cgroup);
		report_denial(monitor->report, event, cgroup);
	}
	return monitor->report->error;
}

static void on_rest(void *arg, const struct rate_rest *rest)
{
	report_rest(arg, rest);
}

static bool is_news(const struct monitor *monitor,
		    const struct staticdax_status *status, bool known)
{
	const struct staticdax_status *last = &monitor->last;

	return !monitor->said || known != monitor->last_known ||
	       status->mended ||
	       status->attached != last->attached ||
	       status->enforcing != last->enforcing ||
	       status->result.reason != last->result.reason ||
	       strcmp(status->result.detail, last->result.detail);
}

/*
 * error: of reading the events; the registry is then not what it should be. False if it
 * is to be tried again at the next look, since others have the registry: whoever waits
 * for them hears neither what is refused meanwhile nor that he is to end.
 */
static bool prove(struct monitor *monitor, int error)
{
	struct staticdax_status status = STATICDAX_INIT(staticdax_status);
	bool known;
	int r;

	r = staticdax_status(monitor->sd, &status) ?: error;
	outcome_settle(&status.result, r);
	known = status.result.reason != STATICDAX_NO_PRIVILEGE &&
		status.result.reason != STATICDAX_BUSY;
	if (r < 0)
		status.enforcing = false;
	if (status.result.reason == STATICDAX_BUSY &&
	    now() < monitor->proof_due + BUSY_NS)
		return false;
	if (!is_news(monitor, &status, known))
		return true;
	report_enforcement(monitor->report, &status, known);
	monitor->last = status;
	monitor->last_known = known;
	monitor->said = true;
	return true;
}

static void look(struct monitor *monitor)
{
	uint64_t time = now(), lost = 0;
	int r;

	r = staticdax_events(monitor->sd, on_event, monitor, &lost);
	if (lost)
		report_lost(monitor->report, lost);
	rate_settle(&monitor->rate, time, on_rest, monitor->report);
	if (time < monitor->proof_due)
		return;
	if (prove(monitor, r))
		monitor->proof_due = now() + monitor->interval;
}

/* The first signal that asks to end, as a descriptor. */
static int open_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -1;
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

static int open_timer(void)
{
	const struct itimerspec every = {
		.it_interval = { .tv_nsec = LOOK_NS },
		.it_value = { .tv_nsec = 1 },
	};
	_cleanup_close_ int fd = -1;

	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (fd < 0 || timerfd_settime(fd, 0, &every, NULL) < 0)
		return -1;
	return TAKE_FD(fd);
}

/* Until a signal, or until nobody reads any more. 0 or a negative errno. */
static int watch(struct monitor *monitor)
{
	_cleanup_close_ int signals = open_signals(), timer = open_timer();
	struct pollfd fds[] = {
		{ .fd = timer, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = fileno(monitor->report->out) },
	};
	uint64_t ticks;

	if (signals < 0 || timer < 0)
		return -errno;
	while (!monitor->report->error) {
		/* stopped and continued: poll(2) does not go on by itself */
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents || fds[2].revents)
			return 0;
		if (read(timer, &ticks, sizeof(ticks)) < 0 && errno != EINTR)
			return -errno;
		look(monitor);
	}
	return 0;
}

enum staticdax_answer cmd_monitor(struct staticdax *sd, const struct args *args,
				  struct report *report)
{
	struct monitor monitor = {
		.sd = sd,
		.report = report,
		.proof_due = now(),
		.interval = (args->interval ?: INTERVAL) * NS_PER_S,
	};
	struct staticdax_result result;

	staticdax_set_patience(sd, PATIENCE_MS);
	report->journal = journal_open(fileno(report->out));
	result = outcome_of_errno(watch(&monitor));
	rate_settle(&monitor.rate, UINT64_MAX, on_rest, report);
	sdax_closep(&report->journal);
	report->journal = -1;
	outcome_log(NULL, &result);
	return staticdax_answer_of(result.reason);
}
