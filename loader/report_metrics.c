// SPDX-License-Identifier: GPL-2.0-or-later
/* Everything that is counted, in the text format of Prometheus. */
#include "report_metrics.h"

#include <inttypes.h>

#include "report.h"

#define NS_PER_S 1000000000ULL

/* No label has a value that would have to be escaped. */
static void family(struct report *report, const char *name, const char *type,
		   const char *help)
{
	report_text(report, "# HELP staticdax_%s %s\n# TYPE staticdax_%s %s\n",
		    name, help, name, type);
}

static void put(struct report *report, const char *name, uint64_t value)
{
	report_text(report, "staticdax_%s %" PRIu64 "\n", name, value);
}

static void put_labelled(struct report *report, const char *name,
			 const char *label, const char *is, uint64_t value)
{
	report_text(report, "staticdax_%s{%s=\"%s\"} %" PRIu64 "\n", name,
		    label, is, value);
}

static void put_single(struct report *report, const char *name,
		       const char *type, const char *help, uint64_t value)
{
	family(report, name, type, help);
	put(report, name, value);
}

static void put_seconds(struct report *report, const char *before, uint64_t ns)
{
	report_text(report, "staticdax_%s %" PRIu64 ".%09" PRIu64 "\n", before,
		    (uint64_t)(ns / NS_PER_S), (uint64_t)(ns % NS_PER_S));
}

void report_build(struct report *report, const char *version)
{
	family(report, "build_info", "gauge", "Always 1; the version that printed this.");
	put_labelled(report, "build_info", "version", version, 1);
}

void report_enforcing(struct report *report, bool enforcing)
{
	put_single(report, "enforcing", "gauge",
		   "1 if every hook refused the canary just now, 0 if not or if nothing is sealed; missing if it could not be tried.",
		   enforcing);
}

static void put_seals(struct report *report, const struct seal_counts *seals)
{
	family(report, "seals", "gauge", "Records of seals by state: sealed is protected, audit only watched, pending being judged, lapsed no more.");
	put_labelled(report, "seals", "state", "sealed", seals->sealed);
	put_labelled(report, "seals", "state", "audit", seals->audited);
	put_labelled(report, "seals", "state", "pending", seals->pending);
	put_labelled(report, "seals", "state", "lapsed", seals->lapsed);
	family(report, "sealed_by_mode", "gauge", "Of the seals in state sealed, those in each mode.");
	for (int mode = 0; mode <= STATICDAX_MODE_NOSHRINK; mode++)
		put_labelled(report, "sealed_by_mode", "mode",
			     staticdax_mode_word(mode), seals->by_mode[mode]);
}

static void put_operations(struct report *report, const char *name,
			   const char *help, const uint64_t *values)
{
	const char *word;

	family(report, name, "counter", help);
	for (unsigned int op = 0;
	     op < STATICDAX_OPS && (word = staticdax_op_word(op)); op++)
		put_labelled(report, name, "op", word, values[op]);
}

static void put_programs(struct report *report,
			 const struct staticdax_metrics *m)
{
	char before[96];

	if (!m->programs_count)
		return;
	family(report, "program_runs_total", "counter", "Runs of a program; counted while kernel.bpf_stats_enabled is 1.");
	for (uint32_t i = 0; i < m->programs_count; i++)
		put_labelled(report, "program_runs_total", "program",
			     m->programs[i].name, m->programs[i].runs);
	family(report, "program_run_seconds_total", "counter", "Time spent in a program; counted while kernel.bpf_stats_enabled is 1.");
	for (uint32_t i = 0; i < m->programs_count; i++) {
		snprintf(before, sizeof(before),
			 "program_run_seconds_total{program=\"%s\"}",
			 m->programs[i].name);
		put_seconds(report, before, m->programs[i].run_ns);
	}
	family(report, "program_misses_total", "counter", "Times the kernel skipped a program; one that grants may be, one that refuses must not.");
	for (uint32_t i = 0; i < m->programs_count; i++)
		put_labelled(report, "program_misses_total", "program",
			     m->programs[i].name, m->programs[i].misses);
}

void report_metrics(struct report *report, const struct staticdax_metrics *m,
		    const struct seal_counts *seals)
{
	put_seals(report, seals);
	put_single(report, "registry_capacity", "gauge",
		   "Records there is room for; 0 while there is no registry.",
		   m->capacity);
	put_operations(report, "denials_total", "Operations refused.",
		       m->denied);
	put_operations(report, "audited_total", "Operations on files sealed with --audit that would have been refused.",
		       m->audited);
	put_single(report, "lapses_total", "counter",
		   "Seals that the kernel ended, with their file or filesystem.",
		   m->lapses);
	put_single(report, "events_total", "counter",
		   "Denials and audited operations that were recorded.",
		   m->events);
	put_single(report, "events_lost_total", "counter",
		   "Records that have been overwritten; monitor has shown them if it was running.",
		   m->events_overwritten);
	put_single(report, "no_token_total", "counter",
		   "Refused because nothing showed that it was a plain read or write.",
		   m->no_token);
	put_single(report, "tokens_lost_total", "counter",
		   "Tokens that could not be stored, whose writes were then refused.",
		   m->token_lost);
	put_single(report, "generation_changed_total", "counter",
		   "Refused because the inode's generation is not the one that was sealed.",
		   m->generation_changed);
	if (m->proved_at) {
		family(report, "canary_timestamp_seconds", "gauge", "When every hook last refused the canary; time() minus this is its age.");
		put_seconds(report, "canary_timestamp_seconds", m->proved_at);
	}
	put_programs(report, m);
}
