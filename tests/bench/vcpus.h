/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs with figures and distributions such as those of kvmq-cpu, some of them busy, others idle.
 */
#ifndef KVMQ_BENCH_VCPUS_H
#define KVMQ_BENCH_VCPUS_H

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bpf/hist.h"
#include "model/set.h"
#include "recording/recorder.h"

#define SECOND 1000000000ULL
#define SINCE (7 * 3600 * SECOND) /* the tool has run for so long before */

struct vcpu {
	uint64_t id;
	uint32_t vm_pid, tid;
	int32_t vcpu;
	char comm[16];
	uint32_t state, cpu;
	uint64_t waiting_ns, since_ns, read_ns;
	uint64_t elapsed_ns, run_ns, ready_wake_ns, ready_preempt_ns, throttled_ns, halt_ns,
		block_ns;
	uint64_t waits_wake, waits_preempt, ended_ns, max_ns;
	uint32_t hist[2][HIST_BUCKETS];
};

struct moment {
	uint64_t time_ns, realtime_ns;
	LIST(struct vcpu) vcpus;
};

static const struct field moment_fields[] = {
	FIELD(struct moment, time_ns, FIELD_U64, FIELD_GAUGE),
	FIELD(struct moment, realtime_ns, FIELD_U64, FIELD_GAUGE),
};
static const struct field identity_fields[] = {
	FIELD(struct vcpu, id, FIELD_U64, FIELD_KEY),
	FIELD(struct vcpu, vm_pid, FIELD_U32, FIELD_GAUGE),
	FIELD(struct vcpu, tid, FIELD_U32, FIELD_GAUGE),
	FIELD(struct vcpu, vcpu, FIELD_I32, FIELD_GAUGE),
	FIELD(struct vcpu, comm, FIELD_TEXT, FIELD_GAUGE),
};
static const struct field vcpu_fields[] = {
	FIELD(struct vcpu, id, FIELD_U64, FIELD_KEY),
	FIELD(struct vcpu, state, FIELD_U32, FIELD_GAUGE),
	FIELD(struct vcpu, cpu, FIELD_U32, FIELD_GAUGE),
	FIELD(struct vcpu, waiting_ns, FIELD_U64, FIELD_GAUGE),
	FIELD(struct vcpu, since_ns, FIELD_U64, FIELD_GAUGE),
	FIELD(struct vcpu, read_ns, FIELD_U64, FIELD_GAUGE),
	FIELD(struct vcpu, elapsed_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct vcpu, run_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct vcpu, ready_wake_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct vcpu, ready_preempt_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct vcpu, throttled_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct vcpu, halt_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct vcpu, block_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct vcpu, waits_wake, FIELD_U64, FIELD_COUNTER),
	FIELD(struct vcpu, waits_preempt, FIELD_U64, FIELD_COUNTER),
	FIELD(struct vcpu, ended_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct vcpu, max_ns, FIELD_U64, FIELD_MAXIMUM),
	FIELD(struct vcpu, hist, FIELD_U32, FIELD_COUNTER),
};

/* A halted vCPU's halt grows, until it was read. */
static inline void vcpu_age(void *item, const void *was, const void *is)
{
	uint64_t passed =
		((const struct moment *)is)->time_ns - ((const struct moment *)was)->time_ns;
	struct vcpu *vcpu = item;

	vcpu->read_ns += passed;
	vcpu->elapsed_ns += passed;
	vcpu->halt_ns += passed;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
static const struct set moment_set = { .name = "moments",
				       .fields = moment_fields,
				       .field_count = COUNT(moment_fields),
				       .size = sizeof(struct moment) };
static const struct set identity_set = { .name = "vcpus",
					 .fields = identity_fields,
					 .field_count = COUNT(identity_fields),
					 .key_count = 1,
					 .size = sizeof(struct vcpu),
					 .list = offsetof(struct moment, vcpus) };
static const struct set vcpu_set = { .name = "figures",
				     .fields = vcpu_fields,
				     .field_count = COUNT(vcpu_fields),
				     .key_count = 1,
				     .size = sizeof(struct vcpu),
				     .list = offsetof(struct moment, vcpus),
				     .age = vcpu_age };
static const struct set *const sets[] = { &moment_set, &identity_set, &vcpu_set };
static const struct recording_info info = {
	.option = "record",
	.tool = "bench",
	.version = "1",
	.boot_id = "",
	.host = "",
	.interval_ns = SECOND,
	.sets = sets,
	.set_count = COUNT(sets),
};

static inline uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static inline uint64_t below(uint64_t limit)
{
	return (uint64_t)random() % limit;
}

/* A wait of 2 to 500 us: a dozen of buckets are met often, some seldom. */
static inline void wait_once(struct vcpu *vcpu, int cause)
{
	uint64_t ns = 2000ULL << below(8);

	ns += below(ns);
	vcpu->hist[cause][hist_bucket(ns)]++;
	vcpu->ended_ns += ns;
	if (ns > vcpu->max_ns)
		vcpu->max_ns = ns;
	if (cause) {
		vcpu->waits_preempt++;
		vcpu->ready_preempt_ns += ns;
	} else {
		vcpu->waits_wake++;
		vcpu->ready_wake_ns += ns;
	}
}

static inline void work(struct vcpu *vcpu, uint64_t now_ns)
{
	uint64_t ran = SECOND / 4 + below(SECOND / 2);

	for (uint64_t waits = 10 + below(15); waits--;)
		wait_once(vcpu, below(3) == 0);
	vcpu->state = (uint32_t)below(2);
	vcpu->cpu = (uint32_t)below(256);
	vcpu->since_ns = now_ns - below(SECOND / 100);
	vcpu->read_ns = now_ns + below(SECOND / 1000);
	vcpu->elapsed_ns += SECOND;
	vcpu->run_ns += ran;
	vcpu->halt_ns += SECOND - ran;
}

static inline void begin(struct moment *moment, size_t count)
{
	*moment = (struct moment){ .time_ns = SINCE, .realtime_ns = 1700000000 * SECOND };
	for (size_t i = 0; i < count; i++) {
		struct vcpu *vcpu = list_add(&moment->vcpus);

		if (!vcpu)
			err(1, "%zu vCPUs", count);
		*vcpu = (struct vcpu){ .id = i + 1, .vm_pid = (uint32_t)(4000 + i / 8) };
		vcpu->tid = (uint32_t)(4000 + i);
		vcpu->vcpu = (int32_t)(i % 8);
		snprintf(vcpu->comm, sizeof(vcpu->comm), "CPU %zu/KVM", i % 8);
		vcpu->elapsed_ns = SINCE;
		vcpu->run_ns = SINCE / 3;
		vcpu->halt_ns = SINCE / 2;
		vcpu->ready_wake_ns = SINCE / 50;
		vcpu->ready_preempt_ns = SINCE / 100;
		vcpu->ended_ns = SINCE / 40;
		vcpu->waits_wake = vcpu->waits_preempt = 200000;
		for (int waits = 2000; waits--;)
			wait_once(vcpu, waits % 3 == 0);
		work(vcpu, SINCE);
	}
}

static inline void go_on(struct moment *moment, size_t busy)
{
	struct moment before = *moment;

	moment->time_ns += SECOND;
	moment->realtime_ns += SECOND;
	for (size_t i = 0; i < moment->vcpus.count; i++)
		if (i < busy)
			work(&moment->vcpus.list[i], moment->time_ns);
		else
			vcpu_age(&moment->vcpus.list[i], &before, moment);
}

#endif
