// SPDX-License-Identifier: LGPL-2.1-or-later
/* Counts and filter of the registry, computed anew from its entries. */
#include "census.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "entry.h"
#include "hot.h"
#include "util.h"

#define XFS_SUPER_MAGIC 0x58465342

struct rebuild {
	__u64 *words;
	__u64 hot;
};

static int rebuild_one(void *arg, const struct sdax_key *key,
		       const struct sdax_slot *slot)
{
	__u64 bit = sdax_filter_bit(key->ino);
	struct rebuild *rebuild = arg;

	if (!sdax_entry_counts(&slot->entry))
		return 0;
	rebuild->words[bit >> 6] |= 1ULL << (bit & 63);
	rebuild->hot |= 1ULL << sdax_dev_bit(key->dev);
	return 0;
}

static int rebuild_begin(struct rebuild *rebuild)
{
	rebuild->words = calloc(SDAX_FILTER_WORDS, sizeof(*rebuild->words));
	return rebuild->words ? 0 : -ENOMEM;
}

static void rebuild_done(struct rebuild *rebuild)
{
	free(rebuild->words);
}

/* True if a bit was missing. */
static bool rebuild_apply(struct sdax_store *store,
			  const struct rebuild *rebuild)
{
	const __u64 *words = rebuild->words;
	bool missing = rebuild->hot & ~store->control->hot_devs;

	/* what is written anew every processor has to fetch anew */
	for (size_t i = 0; i < SDAX_FILTER_WORDS; i++) {
		if (words[i] == store->filter->words[i])
			continue;
		missing |= words[i] & ~store->filter->words[i];
		__atomic_store_n(&store->filter->words[i], words[i],
				 __ATOMIC_SEQ_CST);
	}
	__atomic_store_n(&store->control->hot_devs, rebuild->hot,
			 __ATOMIC_SEQ_CST);
	store->control->stale = 0;
	return missing;
}

int sdax_census_filter(struct sdax_store *store, bool *ret_missing)
{
	_cleanup_(rebuild_done) struct rebuild rebuild = {};
	int r;

	r = rebuild_begin(&rebuild);
	if (!r)
		r = sdax_store_walk(store, rebuild_one, &rebuild);
	if (!r)
		*ret_missing = rebuild_apply(store, &rebuild);
	return r;
}

struct tally {
	__u32 dev;
	struct sdax_fs fs;
};

/* What the counts must be. */
struct census {
	struct tally *tallies;
	size_t n;
	__u64 seals;
	__u64 audits;
	__u64 xfs_seals;
	__u64 xfs_audits;
	__u64 writes_judged;
};

static void census_done(struct census *census)
{
	free(census->tallies);
}

static struct tally *tally_of(struct census *census, __u32 dev)
{
	struct tally *more;

	for (size_t i = 0; i < census->n; i++)
		if (census->tallies[i].dev == dev)
			return census->tallies + i;
	more = reallocarray(census->tallies, census->n + 1, sizeof(*more));
	if (!more)
		return NULL;
	census->tallies = more;
	more[census->n] = (struct tally){ .dev = dev };
	return more + census->n++;
}

static int tally_filesystems(struct sdax_store *store, struct census *census)
{
	struct sdax_fs fs;
	__u32 dev, *prev = NULL;

	while (!bpf_map_get_next_key(store->filesystems, prev, &dev)) {
		struct tally *t;

		prev = &dev;
		if (bpf_map_lookup_elem(store->filesystems, &dev, &fs) < 0)
			continue;
		t = tally_of(census, dev);
		if (!t)
			return -ENOMEM;
		t->fs.magic = fs.magic;
		t->fs.flags = fs.flags & SDAX_FS_WAS_OFF;
	}
	return 0;
}

static int count_one(void *arg, const struct sdax_key *key,
		     const struct sdax_slot *slot)
{
	const struct sdax_entry *entry = &slot->entry;
	bool keeps = entry->deny & SDAX_BIT(SDAX_OP_UMOUNT);
	struct census *census = arg;
	struct tally *t;

	if (!sdax_entry_counts(entry))
		return 0;
	t = tally_of(census, key->dev);
	if (!t)
		return -ENOMEM;
	if (sdax_entry_audits(entry)) {
		t->fs.audits++;
		t->fs.keeping_audits += keeps;
	} else {
		t->fs.seals++;
		t->fs.keeping += keeps;
	}
	census->writes_judged += sdax_entry_judges_writes(entry);
	return 0;
}

/*
 * A filesystem whose record is gone counts as XFS: only that adds refusals, and
 * they look at the filesystem itself.
 */
static void census_sum(struct census *census)
{
	for (size_t i = 0; i < census->n; i++) {
		struct sdax_fs *fs = &census->tallies[i].fs;

		fs->magic = fs->magic ?: XFS_SUPER_MAGIC;
		census->seals += fs->seals;
		census->audits += fs->audits;
		if (fs->magic == XFS_SUPER_MAGIC) {
			census->xfs_seals += fs->seals;
			census->xfs_audits += fs->audits;
		}
	}
}

static int census_take(struct sdax_store *store, struct census *census)
{
	int r;

	r = tally_filesystems(store, census);
	if (!r)
		r = sdax_store_walk(store, count_one, census);
	if (!r)
		census_sum(census);
	return r;
}

/* A lapse leaves a record at zero, which is as good as none. */
static bool is_recorded(const struct sdax_store *store, const struct tally *t)
{
	struct sdax_fs fs = {};

	bpf_map_lookup_elem(store->filesystems, &t->dev, &fs);
	return fs.seals == t->fs.seals && fs.audits == t->fs.audits &&
	       fs.keeping == t->fs.keeping &&
	       fs.keeping_audits == t->fs.keeping_audits;
}

static bool agrees(const struct sdax_store *store, const struct census *census)
{
	const struct sdax_control *control = store->control;

	for (size_t i = 0; i < census->n; i++)
		if (!is_recorded(store, census->tallies + i))
			return false;
	return control->seals == census->seals &&
	       control->audits == census->audits &&
	       control->xfs_seals == census->xfs_seals &&
	       control->xfs_audits == census->xfs_audits &&
	       control->writes_judged == census->writes_judged;
}

static void census_apply(struct sdax_store *store, const struct census *census)
{
	struct sdax_control *control = store->control;

	for (size_t i = 0; i < census->n; i++) {
		const struct tally *t = census->tallies + i;

		if (t->fs.seals || t->fs.audits) {
			bpf_map_update_elem(store->filesystems, &t->dev, &t->fs,
					    BPF_ANY);
		} else {
			bpf_map_delete_elem(store->filesystems, &t->dev);
			sdax_hot_del(store->filter, t->dev);
		}
	}
	control->seals = census->seals;
	control->audits = census->audits;
	control->writes_judged = census->writes_judged;
	control->xfs_seals = census->xfs_seals;
	control->xfs_audits = census->xfs_audits;
}

static bool holds_seals(const struct census *census, __u32 dev)
{
	for (size_t i = 0; i < census->n; i++)
		if (census->tallies[i].dev == dev)
			return census->tallies[i].fs.seals ||
			       census->tallies[i].fs.audits;
	return false;
}

/* What lapsed has left its slot behind. */
static void cool(struct sdax_store *store, const struct census *census)
{
	for (size_t i = 0; i < SDAX_HOT_MAX; i++) {
		const struct sdax_hot *hot = store->filter->hot + i;

		if (hot->super && !holds_seals(census, hot->dev))
			sdax_hot_del(store->filter, hot->dev);
	}
}

/* An address that is lost is not found again: then every superblock is hot. */
static bool heat(struct sdax_store *store, const struct census *census)
{
	__u32 unlisted = 0;
	bool cold = false;

	cool(store, census);
	for (size_t i = 0; i < census->n; i++) {
		const struct tally *t = census->tallies + i;

		if (!t->fs.seals && !t->fs.audits)
			continue;
		cold |= !sdax_hot_has(store->filter, t->dev);
		unlisted += !sdax_hot_lists(store->filter, t->dev);
	}
	if (cold)
		sdax_hot_all(store->filter);
	sdax_hot_count(store->filter, unlisted);
	return cold;
}

/* A superblock on its way out marks its entries before it subtracts them. */
#define LAPSE_TURNS 50

static int recount(struct sdax_store *store, bool last, bool *ret_same,
		   const char **wrong)
{
	_cleanup_(census_done) struct census census = {};
	int r;

	r = census_take(store, &census);
	if (r < 0)
		return r;
	*ret_same = agrees(store, &census);
	if (!*ret_same && !last)
		return 0;
	/* programs subtract meanwhile, and what is right is not to be undone */
	if (!*ret_same) {
		*wrong = "a count of seals";
		census_apply(store, &census);
	}
	if (heat(store, &census))
		*wrong = "the filter";
	return 0;
}

int sdax_store_recount(struct sdax_store *store, const char **ret_wrong)
{
	const char *wrong = NULL;
	bool missing, same = false;
	int r;

	if (ret_wrong)
		*ret_wrong = NULL;
	if (sdax_store_guarded(store))
		return 0;
	for (int left = ret_wrong ? LAPSE_TURNS : 1; !same && left; left--) {
		r = recount(store, left == 1, &same, &wrong);
		if (r < 0)
			return r;
		if (!same && left > 1)
			sched_yield();
	}
	r = sdax_census_filter(store, &missing);
	if (r < 0)
		return r;
	if (missing)
		wrong = "the filter";
	if (ret_wrong)
		*ret_wrong = wrong;
	return 0;
}

/* Which records there are */

static int subtract_one(void *arg, const struct sdax_key *key,
			const struct sdax_slot *slot)
{
	struct sdax_gap *gap = arg;

	if (slot->entry.flags & SDAX_F_CANARY)
		return 0;
	gap->gone--;
	sdax_key_mix(&gap->key, key);
	return 0;
}

static struct sdax_gap gap_before(const struct sdax_store *store)
{
	return (struct sdax_gap){
		.gone = store->control->records,
		.key = store->control->keys,
	};
}

int sdax_census_gap(struct sdax_store *store, struct sdax_gap *ret)
{
	struct sdax_gap gap = gap_before(store);
	int r;

	r = sdax_store_walk(store, subtract_one, &gap);
	if (!r)
		*ret = gap;
	return r;
}

bool sdax_gap_is(const struct sdax_gap *gap)
{
	return gap->gone || gap->key.ino || gap->key.dev || gap->key.part;
}

void sdax_census_adopt(struct sdax_store *store, const struct sdax_gap *gap)
{
	store->control->records -= gap->gone;
	sdax_key_mix(&store->control->keys, &gap->key);
}

/* All of it in one walk */

struct sdax_census {
	struct census counts;
	struct rebuild filter;
	struct sdax_gap gap;
	sdax_store_fn fn;
	void *arg;
};

void sdax_census_free(struct sdax_census *census)
{
	if (!census)
		return;
	census_done(&census->counts);
	rebuild_done(&census->filter);
	free(census);
}

static void census_freep(struct sdax_census **census)
{
	sdax_census_free(*census);
}

static int look_at(void *arg, const struct sdax_key *key,
		   const struct sdax_slot *slot)
{
	struct sdax_census *census = arg;
	int r;

	subtract_one(&census->gap, key, slot);
	rebuild_one(&census->filter, key, slot);
	r = count_one(&census->counts, key, slot);
	return r ?: census->fn(census->arg, key, slot);
}

int sdax_census_look(struct sdax_store *store, sdax_store_fn fn, void *arg,
		     struct sdax_gap *ret_gap, struct sdax_census **ret)
{
	_cleanup_(census_freep) struct sdax_census *census = NULL;
	int r;

	census = calloc(1, sizeof(*census));
	if (!census)
		return -ENOMEM;
	census->fn = fn;
	census->arg = arg;
	census->gap = gap_before(store);
	r = rebuild_begin(&census->filter);
	if (!r)
		r = tally_filesystems(store, &census->counts);
	if (!r)
		r = sdax_store_walk(store, look_at, census);
	if (r)
		return r;
	census_sum(&census->counts);
	*ret_gap = census->gap;
	*ret = TAKE_PTR(census);
	return 0;
}

/* Nobody can put it right, but it can be said. */
static int compare(struct sdax_store *store, const char **ret_wrong)
{
	bool same = false;
	int r = 0;

	for (int left = LAPSE_TURNS; !r && !same && left; left--) {
		_cleanup_(census_done) struct census census = {};

		r = census_take(store, &census);
		if (!r)
			r = sdax_store_refresh(store);
		same = !r && agrees(store, &census);
		if (!same)
			sched_yield();
	}
	if (!r && !same)
		*ret_wrong = "a count of seals";
	return r;
}

/* What is a matter of time, a filesystem that is lapsing, is looked at again. */
int sdax_census_mend(struct sdax_store *store, const struct sdax_census *census,
		     const char **ret_wrong)
{
	*ret_wrong = NULL;
	if (sdax_store_guarded(store))
		return agrees(store, &census->counts) ?
			       0 : compare(store, ret_wrong);
	if (!agrees(store, &census->counts))
		return sdax_store_recount(store, ret_wrong);
	if (heat(store, &census->counts))
		*ret_wrong = "the filter";
	if (rebuild_apply(store, &census->filter))
		*ret_wrong = "the filter";
	return 0;
}
