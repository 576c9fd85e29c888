/* SPDX-License-Identifier: GPL-2.0-only */
/* The exits of a view: KVM's probe beside a session. */
#ifndef KVMQ_EXIT_SESSION_H
#define KVMQ_EXIT_SESSION_H

#include "model/options.h"
#include "probe/kvm.h"
#include "source/session.h"
#include "source/source.h"

struct exit_session {
	const struct session *session;
	const struct event_sink *sink;
	struct kvm_probe *probe; /* NULL: not open */
};

/*
 * Opens it beside an open session. sink takes the exits that options ask for; NULL: none are
 * wanted. detached: as in struct kvm_probe_config. Returns 0 or -errno after one line.
 * exit_session__close() takes one of zeros, too, and comes before session__close().
 */
int exit_session__open(struct exit_session *exits, const struct session *session,
		       const struct options *options, const struct event_sink *sink, bool detached);
void exit_session__close(struct exit_session *exits);

/* Reads the exits of a view whose threads were read just now. Returns 0 or -errno after one line.
 */
int exit_session__read(struct exit_session *exits, struct view *view);

#endif
