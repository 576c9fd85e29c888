// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/exit_metrics.h"

#include <string.h>

#include "base/units.h"
#include "cmd/values.h"
#include "exits/exit_rows.h"
#include "model/buckets.h"

#define ALL (VCPU | VM)
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define COUNTER(name)                                                                              \
	static struct value get_##name(const void *data)                                           \
	{                                                                                          \
		const struct exit_row *row = data;                                                 \
		return known_if(row->known, row->interval.name);                                   \
	}                                                                                          \
	static struct value total_##name(const void *data)                                         \
	{                                                                                          \
		const struct exit_row *row = data;                                                 \
		return known_if(row->known, row->total.name);                                      \
	}

#define SHARE(name)                                                                                \
	static struct value share_##name(const void *data)                                         \
	{                                                                                          \
		const struct exit_row *row = data;                                                 \
		return known_if(row->known && row->row.interval.elapsed_ns,                        \
				share_mpct(row->interval.name, row->row.interval.elapsed_ns));     \
	}

COUNTER(guest_ns)
COUNTER(kvm_ns)
COUNTER(vmm_ns)
COUNTER(exits)
SHARE(guest_ns)
SHARE(kvm_ns)
SHARE(vmm_ns)

static struct value get_poll(const void *data)
{
	const struct exit_row *row = data;

	return known_if(row->poll_known, row->interval.poll_ns);
}

static struct value total_poll(const void *data)
{
	const struct exit_row *row = data;

	return known_if(row->poll_known, row->total.poll_ns);
}

static struct value share_poll(const void *data)
{
	const struct exit_row *row = data;

	return known_if(row->poll_known && row->row.interval.elapsed_ns,
			share_mpct(row->interval.poll_ns, row->row.interval.elapsed_ns));
}

static struct value share_outside(const void *data)
{
	const struct exit_row *row = data;

	return known_if(row->known && row->row.interval.elapsed_ns,
			share_mpct(row->interval.kvm_ns + row->interval.vmm_ns,
				   row->row.interval.elapsed_ns));
}

static struct value get_exit_rate(const void *data)
{
	const struct exit_row *row = data;

	return row->known ? rate(&row->row, row->interval.exits) : (struct value){ 0 };
}

static struct value get_handled(const void *data)
{
	const struct exit_row *row = data;

	return known_if(row->known, row->handled);
}

static struct value get_handle(const void *data)
{
	const struct exit_row *row = data;

	return known_if(row->known, row->handle_ns);
}

static struct value get_handle_mean(const void *data)
{
	const struct exit_row *row = data;

	return known_if(row->handled, row->handled ? row->handle_ns / row->handled : 0);
}

/* These are kvmq-cpu's: a row is the first member of an exit row. */
static const struct borrowed borrowed_before[] = {
	{ "vm", ALL },	       { "vm_pid", NEVER },	{ "vm_uuid", NEVER }, { "cgroup", NEVER },
	{ "vcpus", WIDE(VM) }, { "thread", NEVER },	{ "vcpu", VCPU },     { "tid", WIDE(VCPU) },
	{ "cpu", WIDE(VCPU) }, { "elapsed_ns", NEVER },
};

static const struct borrowed borrowed_after[] = {
	{ "ready_ns", NEVER }, { "ready_pct", ALL },  { "halt_ns", NEVER },
	{ "halt_pct", ALL },   { "block_ns", NEVER }, { "block_pct", ALL },
};

static const struct metric modes[] = {
	{ "guest_ns", NULL, UNIT_NS, NEVER, "in the guest", get_guest_ns, total_guest_ns },
	{ "guest_pct", "%GUEST", UNIT_MPCT, ALL, "on a CPU, in the guest", share_guest_ns, NULL },
	{ "kvm_ns", NULL, UNIT_NS, NEVER, "in KVM, without polling", get_kvm_ns, total_kvm_ns },
	{ "kvm_pct", "%KVM", UNIT_MPCT, ALL, "on a CPU, in KVM, without polling", share_kvm_ns,
	  NULL },
	{ "vmm_ns", NULL, UNIT_NS, NEVER, "in the VMM", get_vmm_ns, total_vmm_ns },
	{ "vmm_pct", "%VMM", UNIT_MPCT, ALL, "on a CPU, in the VMM (user space)", share_vmm_ns,
	  NULL },
	{ NULL, "%OUT", UNIT_MPCT, NEVER, "%KVM + %VMM: on a CPU, outside the guest", share_outside,
	  NULL },
	{ "poll_ns", NULL, UNIT_NS, NEVER, "polling for the end of a halt", get_poll, total_poll },
	{ "poll_pct", "%POLL", UNIT_MPCT, ALL, "on a CPU, polling for the end of a halt",
	  share_poll, NULL },
};

static const struct metric counts[] = {
	{ "exits", NULL, UNIT_NUMBER, NEVER, "exits from the guest", get_exits, total_exits },
	{ "exits_per_s", "EXITS/s", UNIT_PER_SEC_M, ALL, "exits from the guest, per second",
	  get_exit_rate, NULL },
	{ "exits_handled", NULL, UNIT_NUMBER, NEVER, "exits whose handling has ended", get_handled,
	  NULL },
	{ "handle_ns", NULL, UNIT_NS, NEVER, "time on a CPU that handling them took", get_handle,
	  NULL },
	{ "handle_mean_ns", "MEAN", UNIT_NS_AS_US, ALL,
	  "mean handling of an exit in us, on a CPU, in KVM and the VMM", get_handle_mean, NULL },
};

static const struct reason_row *reason_of(const void *data)
{
	return *(const struct reason_row *const *)data;
}

static struct value reason_vm(const void *data)
{
	return (struct value){ .known = true, .text = reason_of(data)->owner->row.vm->name };
}

static struct value reason_name(const void *data)
{
	return (struct value){ .known = true, .text = reason_of(data)->name };
}

static struct value reason_code(const void *data)
{
	const struct reason_row *reason = reason_of(data);

	return known_if(reason->code != EXIT_CODE_OTHER, reason->code);
}

#define REASON_COUNTER(name, expression)                                                           \
	static uint64_t name##_of(const struct reason_figures *figures)                            \
	{                                                                                          \
		return expression;                                                                 \
	}                                                                                          \
	static struct value reason_##name(const void *data)                                        \
	{                                                                                          \
		return number(name##_of(&reason_of(data)->interval));                              \
	}                                                                                          \
	static struct value reason_total_##name(const void *data)                                  \
	{                                                                                          \
		return number(name##_of(&reason_of(data)->total));                                 \
	}

#define REASON_MEAN(name)                                                                          \
	static struct value reason_mean_##name(const void *data)                                   \
	{                                                                                          \
		const struct reason_figures *figures = &reason_of(data)->interval;                 \
		uint64_t count = reason_figures__count(figures);                                   \
		return known_if(count, count ? name##_of(figures) / count : 0);                    \
	}

REASON_COUNTER(count, reason_figures__count(figures))
REASON_COUNTER(user_count, figures->count[EXIT_USER])
REASON_COUNTER(handle, reason_figures__handle(figures))
REASON_COUNTER(kernel, figures->handle_ns[EXIT_KERNEL])
REASON_COUNTER(user, figures->handle_ns[EXIT_USER])
REASON_COUNTER(kernel_block, figures->block_ns[EXIT_KERNEL])
REASON_COUNTER(user_block, figures->block_ns[EXIT_USER])

static uint64_t block_of(const struct reason_figures *figures)
{
	return figures->block_ns[EXIT_KERNEL] + figures->block_ns[EXIT_USER];
}

REASON_MEAN(handle)
REASON_MEAN(kernel)
REASON_MEAN(user)
REASON_MEAN(block)

static struct value reason_rate(const void *data)
{
	const struct reason_row *reason = reason_of(data);

	return rate(&reason->owner->row, reason_figures__count(&reason->interval));
}

static struct value reason_count_share(const void *data)
{
	const struct reason_row *reason = reason_of(data);

	return known_if(reason->owner->handled, share_mpct(reason_figures__count(&reason->interval),
							   reason->owner->handled));
}

static struct value reason_handle_share(const void *data)
{
	const struct reason_row *reason = reason_of(data);

	return known_if(
		reason->owner->handle_ns,
		share_mpct(reason_figures__handle(&reason->interval), reason->owner->handle_ns));
}

static struct value percentile(const struct reason_row *reason, unsigned int permille)
{
	return known_if(reason_figures__count(&reason->interval),
			buckets__percentile(reason->hist.count, EXIT_PARTS, permille,
					    reason->interval.max_ns));
}

static struct value reason_p50(const void *data)
{
	return percentile(reason_of(data), 500);
}

static struct value reason_p99(const void *data)
{
	return percentile(reason_of(data), 990);
}

static struct value reason_max(const void *data)
{
	return number(reason_of(data)->interval.max_ns);
}

static const struct metric reason_list[] = {
	{ NULL, "VM", UNIT_TEXT, ALL, "name of the VM", reason_vm, NULL },
	{ "reason", "REASON", UNIT_TEXT, ALL, "why the guest was left", reason_name, NULL },
	{ "reason_code", NULL, UNIT_NUMBER, NEVER, "the processor's number of it", reason_code,
	  NULL },
	{ "exits", NULL, UNIT_NUMBER, NEVER, "exits whose handling has ended", reason_count,
	  reason_total_count },
	{ "exits_per_s", "EXITS/s", UNIT_PER_SEC_M, ALL, "these, per second", reason_rate, NULL },
	{ "exits_pct", "%EXITS", UNIT_MPCT, WIDE(ALL), "share of all exits", reason_count_share,
	  NULL },
	{ "exits_user", NULL, UNIT_NUMBER, NEVER, "of these, handled by the VMM", reason_user_count,
	  reason_total_user_count },
	{ "handle_ns", NULL, UNIT_NS, NEVER, "handling: time on a CPU in KVM and the VMM",
	  reason_handle, reason_total_handle },
	{ "handle_pct", "%TIME", UNIT_MPCT, ALL, "share of the handling of all exits",
	  reason_handle_share, NULL },
	{ "handle_mean_ns", "MEAN", UNIT_NS_AS_US, ALL, "mean handling in us", reason_mean_handle,
	  NULL },
	{ "handle_p50_ns", "P50", UNIT_NS_AS_US, WIDE(ALL),
	  "half of them do not take longer, in us", reason_p50, NULL },
	{ "handle_p99_ns", "P99", UNIT_NS_AS_US, ALL, "99 % of them do not take longer, in us",
	  reason_p99, NULL },
	{ "handle_max_ns", "MAX", UNIT_NS_AS_US, ALL, "longest handling in us", reason_max, NULL },
	{ "kernel_ns", NULL, UNIT_NS, NEVER, "the part of handling in KVM", reason_kernel,
	  reason_total_kernel },
	{ "kernel_mean_ns", "KERNEL", UNIT_NS_AS_US, WIDE(ALL), "mean of its part in KVM, in us",
	  reason_mean_kernel, NULL },
	{ "user_ns", NULL, UNIT_NS, NEVER, "the part of handling in the VMM", reason_user,
	  reason_total_user },
	{ "user_mean_ns", "USER", UNIT_NS_AS_US, ALL, "mean of its part in the VMM, in us",
	  reason_mean_user, NULL },
	{ "kernel_block_ns", NULL, UNIT_NS, NEVER, "asleep in KVM meanwhile, not halted",
	  reason_kernel_block, reason_total_kernel_block },
	{ "user_block_ns", NULL, UNIT_NS, NEVER, "asleep in the VMM meanwhile", reason_user_block,
	  reason_total_user_block },
	{ NULL, "BLOCK", UNIT_NS_AS_US, ALL, "mean time asleep meanwhile, not halted, in us",
	  reason_mean_block, NULL },
};

const struct metric_table reason_metrics = { reason_list, LENGTH(reason_list) };

const struct metric_table *exit_metrics(void)
{
	static struct metric list[LENGTH(borrowed_before) + LENGTH(modes) + LENGTH(borrowed_after) +
				  LENGTH(counts)];
	static struct metric_table table = { .metrics = list };
	size_t count;

	if (table.count)
		return &table;
	count = borrow_metrics(list, borrowed_before, LENGTH(borrowed_before));
	memcpy(list + count, modes, sizeof(modes));
	count += LENGTH(modes);
	count += borrow_metrics(list + count, borrowed_after, LENGTH(borrowed_after));
	memcpy(list + count, counts, sizeof(counts));
	table.count = count + LENGTH(counts);
	return &table;
}
