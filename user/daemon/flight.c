// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/flight.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"

#define GAP_NS (3 * NSEC_PER_SEC)    /* beside an interval: what rests for longer holds anew */
#define AGAIN_NS (60 * NSEC_PER_SEC) /* and is another incident then */
#define DAY_NS (86400 * NSEC_PER_SEC)
#define WAIT_PLACE UINT32_MAX /* where a rule would have its place */

struct flight_held {
	uint64_t vm_start_ns;
	uint32_t vm_pid;
	uint32_t rule;		    /* its place */
	uint64_t begin_ns, held_ns; /* from then on, and as late as then */
	bool told;		    /* it is no incident any more */
};

static int compare(const void *left, const void *right)
{
	const struct flight_held *a = left, *b = right;

	if (a->vm_pid != b->vm_pid)
		return a->vm_pid < b->vm_pid ? -1 : 1;
	if (a->vm_start_ns != b->vm_start_ns)
		return a->vm_start_ns < b->vm_start_ns ? -1 : 1;
	return a->rule < b->rule ? -1 : a->rule > b->rule;
}

/* What is judged at one moment. */
struct judging {
	struct flight *flight;
	const struct flight_settings *settings;
	const struct why *why;
	const struct snapshot *before, *after;
	size_t known; /* of the list of what holds: the rest is not in order yet */
	size_t room;  /* for incidents that begin now */
};

static struct flight_held *find_held(struct judging *judging, const struct flight_held *key)
{
	struct flight *flight = judging->flight;
	size_t count = flight->held.count;
	struct flight_held *held;

	flight->held.count = judging->known;
	held = list_find(&flight->held, key, compare);
	flight->held.count = count;
	if (held)
		return held;
	held = list_add(&flight->held);
	if (held)
		*held = *key;
	return held;
}

/*
 * Notes that it holds, in this interval. Returns 1 if that is an incident, since it has held for so
 * long; 0 if not; -ENOMEM.
 */
static int hold(struct judging *judging, const struct vm *vm, uint32_t rule, uint64_t long_ns)
{
	uint64_t now_ns = judging->after->time_ns, begin_ns = judging->before->time_ns;
	const struct flight_held key = { vm->start_ns, vm->pid, rule, begin_ns, now_ns, false };
	struct flight_held *held = find_held(judging, &key);

	if (!held)
		return -ENOMEM;
	if (held->held_ns < begin_ns && begin_ns - held->held_ns > GAP_NS)
		held->begin_ns = begin_ns;
	held->held_ns = now_ns;
	if (held->told || (judging->flight->begun && now_ns - held->begin_ns < long_ns))
		return 0;
	held->told = true;
	return 1;
}

static void forget_old(struct flight *flight, uint64_t now_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < flight->held.count; i++)
		if (now_ns - flight->held.list[i].held_ns <= AGAIN_NS)
			flight->held.list[kept++] = flight->held.list[i];
	flight->held.count = kept;
	kept = 0;
	for (size_t i = 0; i < flight->begins.count; i++)
		if (now_ns - flight->begins.list[i] < DAY_NS)
			flight->begins.list[kept++] = flight->begins.list[i];
	flight->begins.count = kept;
}

/* Names are told apart by PIDs. */
static bool has_incident(const struct flight *flight, const struct vm *vm)
{
	for (size_t i = 0; i < flight->incidents.count; i++)
		if (!strcmp(flight->incidents.list[i].vm, vm->name))
			return true;
	return false;
}

static int add_incident(struct judging *judging, const struct vm *vm, const char *rule,
			const char *verdict)
{
	struct flight *flight = judging->flight;
	struct incident *incident;
	uint64_t *begin;

	if (!flight->begun)
		return 0;
	if (flight->incidents.count >= judging->room) {
		flight->left_out++;
		return 0;
	}
	incident = list_add(&flight->incidents);
	begin = incident ? list_add(&flight->begins) : NULL;
	if (!begin)
		return -ENOMEM;
	*begin = judging->after->time_ns;
	incident->until_ns = judging->after->realtime_ns;
	incident->since_ns = incident->until_ns - FLIGHT_NS;
	text_copy(incident->vm, sizeof(incident->vm), vm->name, strlen(vm->name));
	snprintf(incident->rule, sizeof(incident->rule), "%s", rule);
	text_copy(incident->verdict, sizeof(incident->verdict), verdict, strlen(verdict));
	return 0;
}

/* The vCPU that waited longest at once, and over a limit; NULL: none did. */
static const struct row *longest_wait(const struct why_vm *vm, uint64_t limit, uint64_t *longest_ns)
{
	const struct row *longest = NULL;

	*longest_ns = limit;
	for (const struct row *row = vm->vcpus; row < vm->vcpus + vm->vcpu_count; row++) {
		uint64_t ns;

		if (row->total.max_ns <= limit) /* of all time */
			continue;
		ns = rows__longest_wait(&vm->facts->vcpus, row);
		if (ns <= *longest_ns)
			continue;
		longest = row;
		*longest_ns = ns;
	}
	return longest;
}

/* A wait that is to be an incident. */
struct long_wait {
	const struct vm *vm;
	int32_t vcpu;
	uint64_t ns;
};

static int compare_waits(const void *left, const void *right)
{
	const struct long_wait *a = left, *b = right;

	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	return a->vm < b->vm ? -1 : a->vm > b->vm;
}

struct long_waits {
	LIST(struct long_wait);
};

static int judge_wait(struct judging *judging, const struct why_vm *vm, struct long_waits *waits)
{
	uint64_t limit = judging->settings->wait_limit_ns, ns;
	const struct row *row = limit ? longest_wait(vm, limit, &ns) : NULL;
	struct long_wait *wait;
	int begins = row ? hold(judging, vm->vm, WAIT_PLACE, 0) : 0;

	if (begins <= 0 || has_incident(judging->flight, vm->vm))
		return begins < 0 ? begins : 0;
	wait = list_add(waits);
	if (!wait)
		return -ENOMEM;
	*wait = (struct long_wait){ vm->vm, row->identity.vcpu, ns };
	return 0;
}

static int add_wait(struct judging *judging, const struct long_wait *wait)
{
	char verdict[160];

	snprintf(verdict, sizeof(verdict),
		 "vCPU %d waited %.1f ms for a CPU, over the limit of %g ms", wait->vcpu,
		 (double)wait->ns / 1e6, (double)judging->settings->wait_limit_ns / 1e6);
	return add_incident(judging, wait->vm, FLIGHT_WAIT, verdict);
}

/* The longest come first: there may be no room for all. */
static int judge_waits(struct judging *judging)
{
	const struct why_facts *facts = &judging->why->facts;
	struct long_waits waits = { 0 };
	int error = 0;

	for (size_t i = 0; i < facts->list.count && !error; i++)
		error = judge_wait(judging, &facts->list.list[i], &waits);
	list_sort(&waits, compare_waits);
	for (size_t i = 0; i < waits.count && !error; i++)
		error = add_wait(judging, &waits.list[i]);
	list_free(&waits);
	return error;
}

/* The worst of a VM comes first. */
static int judge_rules(struct judging *judging)
{
	const struct why *why = judging->why;
	const struct vm *told = NULL;
	int error = 0;

	for (size_t i = 0; i < why->verdicts.count && !error; i++) {
		const struct verdict *verdict = &why->verdicts.list[i];
		const struct vm *vm = verdict->vm->vm;
		int begins = 0;

		if (verdict->level == WHY_ACT)
			begins = hold(judging, vm, (uint32_t)verdict->place, FLIGHT_NS);
		error = begins < 0 ? begins : 0;
		if (begins <= 0 || told == vm)
			continue;
		told = vm;
		error = add_incident(judging, vm, verdict->rule->name, verdict->summary);
	}
	return error;
}

/*
 * Half of what is left of a day, rounded up: where the host stalls, all of its VMs have waited, and
 * that one moment would leave nothing for the rest of the day.
 */
static size_t room_now(const struct flight *flight, const struct flight_settings *settings)
{
	size_t begun = flight->begins.count;

	return begun < settings->per_day ? (settings->per_day - begun + 1) / 2 : 0;
}

int flight__take(struct flight *flight, const struct why *why,
		 const struct flight_settings *settings)
{
	struct judging judging = { flight,
				   settings,
				   why,
				   &why->facts.before->sched,
				   &why->facts.after->sched,
				   flight->held.count,
				   room_now(flight, settings) };
	int error;

	list_clear(&flight->incidents);
	error = judge_rules(&judging);
	if (!error)
		error = judge_waits(&judging);
	list_sort(&flight->held, compare);
	forget_old(flight, judging.after->time_ns);
	flight->begun = true;
	return error;
}

void flight__free(struct flight *flight)
{
	list_free(&flight->held);
	list_free(&flight->begins);
	list_free(&flight->incidents);
}
