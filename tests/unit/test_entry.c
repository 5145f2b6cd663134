// SPDX-License-Identifier: GPL-2.0-or-later
/* An entry that somebody has edited contradicts itself. */
#include <stddef.h>
#include <string.h>

#include "../../loader/entry.h"
#include "../tap.h"

static struct sdax_entry sealed(enum sdax_mode mode, enum sdax_state state)
{
	return (struct sdax_entry){
		.mode = mode, .deny = sdax_mode_denies(mode), .state = state,
	};
}

static bool says(struct sdax_entry entry, const char *what)
{
	const char *edit = sdax_entry_edited(&entry);

	return what ? edit && strstr(edit, what) : !edit;
}

static void test_whole(void)
{
	struct sdax_entry e;

	for (unsigned int mode = 0; mode < SDAX_MODE_MAX_; mode++) {
		tap_ok(says(sealed(mode, SDAX_STATE_ACTIVE), NULL), "allow_active_%u", mode);
		tap_ok(says(sealed(mode, SDAX_STATE_PENDING), NULL), "allow_pending_%u", mode);
		e = sealed(mode, SDAX_STATE_LAPSED);
		e.lapse = SDAX_LAPSE_UNMOUNTED;
		tap_ok(says(e, NULL), "allow_lapsed_%u", mode);
	}
	e = sealed(SDAX_MODE_STATIC, SDAX_STATE_ACTIVE);
	e.flags = SDAX_F_AUDIT | SDAX_F_DAX;
	e.deny |= SDAX_DENY_AUDIT;
	tap_ok(says(e, NULL), "allow_flags");
	tap_ok(sdax_entry_audits(&e), "audit_said_twice");
}

static void test_edited(void)
{
	struct sdax_entry e = sealed(SDAX_MODE_STATIC, SDAX_STATE_NONE);

	tap_ok(says(e, "switched off"), "notice_state_none");
	e.state = SDAX_STATE_MAX_;
	tap_ok(says(e, "switched off"), "notice_unknown_state");
	e.state = SDAX_STATE_LAPSED;
	tap_ok(says(e, "switched off"), "notice_lapse_without_reason");
	e.lapse = SDAX_LAPSE_MAX_;
	tap_ok(says(e, "switched off"), "notice_unknown_lapse");
	e = sealed(SDAX_MODE_STATIC, SDAX_STATE_ACTIVE);
	for (unsigned int op = 0; op < 31; op++) {
		e.deny = SDAX_DENY_STATIC ^ SDAX_BIT(op);
		tap_ok(says(e, "does not refuse"), "notice_refusal_%u", op);
	}
	e = sealed(SDAX_MODE_STATIC, SDAX_STATE_ACTIVE);
	e.flags = SDAX_F_AUDIT;
	tap_ok(says(e, "audit"), "notice_audit_flag");
	tap_ok(!sdax_entry_audits(&e), "audit_flag_alone_refuses");
	e = sealed(SDAX_MODE_STATIC, SDAX_STATE_ACTIVE);
	e.deny |= SDAX_DENY_AUDIT;
	tap_ok(says(e, "audit"), "notice_audit_bit");
	tap_ok(!sdax_entry_audits(&e), "audit_bit_alone_refuses");
	e = sealed(SDAX_MODE_SWAPFILE, SDAX_STATE_ACTIVE);
	e.mode = SDAX_MODE_STATIC;
	tap_ok(says(e, "does not refuse"), "notice_other_mode");
	e = sealed(SDAX_MODE_STATIC, SDAX_STATE_ACTIVE);
	e.mode = SDAX_MODE_MAX_;
	tap_ok(says(e, "unknown mode"), "notice_unknown_mode");
	e = sealed(SDAX_MODE_STATIC, SDAX_STATE_ACTIVE);
	e.flags = SDAX_F_CANARY;
	tap_ok(says(e, "canary"), "notice_canary");
}

int main(void)
{
	test_whole();
	test_edited();
	return tap_done();
}
