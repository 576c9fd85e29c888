// SPDX-License-Identifier: GPL-2.0-only
#include "model/exits.h"

#include <string.h>

struct exit_thread *exit_snapshot__add(struct exit_snapshot *exits)
{
	struct exit_thread *thread = list_add(&exits->threads);

	if (thread)
		thread->known = true;
	return thread;
}

int compare_reasons(const void *left, const void *right)
{
	const struct reason_snapshot *a = left, *b = right;

	if (a->thread != b->thread)
		return a->thread < b->thread ? -1 : 1;
	return a->code < b->code ? -1 : a->code > b->code;
}

static bool is_before(const struct reason_snapshot *reason, uint64_t thread, uint32_t code)
{
	return reason->thread < thread || (reason->thread == thread && reason->code < code);
}

struct reason_snapshot *exit_snapshot__add_reason(struct exit_snapshot *exits, uint64_t thread,
						  uint32_t code)
{
	struct reason_snapshot *reason = list_add(&exits->reasons), *last = reason;

	if (!reason)
		return NULL;
	while (reason > exits->reasons.list && !is_before(reason - 1, thread, code))
		reason--;
	if (reason != last) {
		memmove(reason + 1, reason, (size_t)(last - reason) * sizeof(*reason));
		memset(reason, 0, sizeof(*reason));
	}
	reason->thread = thread;
	reason->code = code;
	return reason;
}

void exit_figures__add_progress(struct exit_figures *figures, enum exit_place place,
				int64_t progress_ns, int64_t guest_ns)
{
	uint64_t *parts[] = { [EXIT_IN_VMM] = &figures->vmm_ns,
			      [EXIT_IN_KVM] = &figures->kvm_ns,
			      [EXIT_IN_GUEST] = &figures->guest_ns };
	int64_t values[] = { (int64_t)figures->vmm_ns, (int64_t)figures->kvm_ns,
			     (int64_t)figures->guest_ns };
	int64_t missing = 0;

	values[place] += progress_ns;
	values[EXIT_IN_GUEST] += guest_ns;
	for (int i = 0; i < 3; i++) {
		missing -= values[i] < 0 ? values[i] : 0;
		*parts[i] = values[i] < 0 ? 0 : (uint64_t)values[i];
	}
	for (int round = 0; round < 3 && missing; round++) {
		uint64_t *most = parts[0], taken;

		for (int i = 1; i < 3; i++)
			most = *parts[i] > *most ? parts[i] : most;
		taken = (uint64_t)missing < *most ? (uint64_t)missing : *most;
		*most -= taken;
		missing -= (int64_t)taken;
	}
}

void exit_thread__without_events(struct exit_thread *thread, const struct figures *figures,
				 enum exit_place place, enum exit_isa isa)
{
	uint64_t off = figures->halt_ns + figures->block_ns + figures__ready(figures);
	uint64_t on = figures->elapsed_ns > off ? figures->elapsed_ns - off : 0;

	thread->known = !on || place != EXIT_IN_KVM || isa != EXIT_ISA_UNKNOWN;
	thread->poll_known = true;
	if (place == EXIT_IN_GUEST)
		thread->figures.guest_ns = on;
	else if (place == EXIT_IN_KVM)
		thread->figures.kvm_ns = on;
	else
		thread->figures.vmm_ns = on;
}

void exit_snapshot__clear(struct exit_snapshot *exits)
{
	list_clear(&exits->threads);
	list_clear(&exits->reasons);
}

void exit_snapshot__free(struct exit_snapshot *exits)
{
	list_free(&exits->threads);
	list_free(&exits->reasons);
	*exits = (struct exit_snapshot){ 0 };
}
