// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes an entry where it lies. Loaded for one change by the loader, which has
 * the lock; never attached or pinned.
 *
 * bpf(2) puts the new element at the head of its bucket and takes the old one out:
 * who is on his way from the one to the other meets neither, and the file would not
 * be sealed to him. And what the programs count meanwhile would be lost.
 */
#include "vmlinux.h"
#include <linux/bpf.h>
#include <asm-generic/errno.h>
#include <bpf/bpf_helpers.h>

#include "staticdax_abi.h"

char LICENSE[] SEC("license") = "GPL";

/* The one that is pinned, put in by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct sdax_key);
	__type(value, struct sdax_slot);
} sealed SEC(".maps");

/* The last four bytes of an entry are one word, as in decide.bpf.c. */
static __always_inline u32 *fate_of(struct sdax_entry *entry)
{
	return (u32 *)&entry->state;
}

/*
 * At each moment what both the old entry and the new one refuse is refused: the mask
 * is widened, then mode and flags are changed at once, then it is narrowed. An entry
 * that is not in force stays what it is, which is ESTALE.
 */
SEC("syscall")
int sdax_edit(struct sdax_edit *edit)
{
	struct sdax_key key = edit->key;
	struct sdax_entry *entry = bpf_map_lookup_elem(&sealed, &key);
	u32 was, now;

	if (!entry)
		return -ENOENT;
	was = *(volatile u32 *)fate_of(entry);
	if ((u8)was != SDAX_STATE_ACTIVE)
		return -ESTALE;
	now = SDAX_STATE_ACTIVE | edit->entry.mode << 8 |
	      edit->entry.flags << 16;
	__sync_fetch_and_or(&entry->deny, edit->entry.deny);
	if (__sync_val_compare_and_swap(fate_of(entry), was, now) != was)
		return -ESTALE;
	entry->size = edit->entry.size;
	entry->digest = edit->entry.digest;
	entry->align = edit->entry.align;
	entry->sealed_at = edit->entry.sealed_at;
	entry->runs = edit->entry.runs;
	__sync_fetch_and_and(&entry->deny, edit->entry.deny);
	return 0;
}
