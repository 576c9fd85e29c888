// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/exit_metrics.h"

#include "cmd/row_metrics.h"
#include "exits/exit_rows.h"

/* A counter of struct exit_figures; is_known: the member of the row that says so. */
#define EXIT_FIGURE(name, is_known)                                                                \
	static struct value get_##name(const void *data)                                           \
	{                                                                                          \
		const struct exit_row *row = data;                                                 \
		return known_if(row->is_known, row->interval.name);                                \
	}                                                                                          \
	static struct value total_##name(const void *data)                                         \
	{                                                                                          \
		const struct exit_row *row = data;                                                 \
		return known_if(row->is_known, row->total.name);                                   \
	}

static struct value share(const void *data, bool known, uint64_t ns)
{
	return known ? row_share(data, ns) : (struct value){ 0 };
}

#define EXIT_SHARE(name, is_known)                                                                 \
	static struct value share_##name(const void *data)                                         \
	{                                                                                          \
		const struct exit_row *row = data;                                                 \
		return share(row, row->is_known, row->interval.name);                              \
	}

EXIT_FIGURE(guest_ns, known)
EXIT_FIGURE(kvm_ns, known)
EXIT_FIGURE(vmm_ns, known)
EXIT_FIGURE(poll_ns, poll_known)
EXIT_FIGURE(exits, known)
EXIT_SHARE(guest_ns, known)
EXIT_SHARE(kvm_ns, known)
EXIT_SHARE(vmm_ns, known)
EXIT_SHARE(poll_ns, poll_known)

static struct value share_outside(const void *data)
{
	const struct exit_row *row = data;

	return share(row, row->known, row->interval.kvm_ns + row->interval.vmm_ns);
}

static struct value get_exit_rate(const void *data)
{
	const struct exit_row *row = data;

	return row->known ? row_rate(&row->row, row->interval.exits) : (struct value){ 0 };
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

static const struct metric list[] = {
	ROW_IDENTITY,
	COUNTER("guest_ns", NULL, NS, NEVER, "in the guest", guest_ns),
	DERIVED("guest_pct", "%GUEST", MPCT, ALL, "on a CPU, in the guest", share_guest_ns),
	COUNTER("kvm_ns", NULL, NS, NEVER, "in KVM, without polling", kvm_ns),
	DERIVED("kvm_pct", "%KVM", MPCT, ALL, "on a CPU, in KVM, without polling", share_kvm_ns),
	COUNTER("vmm_ns", NULL, NS, NEVER, "in the VMM", vmm_ns),
	DERIVED("vmm_pct", "%VMM", MPCT, ALL, "on a CPU, in the VMM (user space)", share_vmm_ns),
	DERIVED(NULL, "%OUT", MPCT, NEVER, "%KVM + %VMM: on a CPU, outside the guest",
		share_outside),
	COUNTER("poll_ns", NULL, NS, NEVER, "polling for the end of a halt", poll_ns),
	DERIVED("poll_pct", "%POLL", MPCT, ALL, "on a CPU, polling for the end of a halt",
		share_poll_ns),
	ROW_READY,
	ROW_HALT_BLOCK,
	COUNTER("exits", NULL, NUMBER, NEVER, "exits from the guest", exits),
	DERIVED("exits_per_s", "EXITS/s", PER_SEC_M, ALL, "exits from the guest, per second",
		get_exit_rate),
	DERIVED("exits_handled", NULL, NUMBER, NEVER, "exits whose handling has ended",
		get_handled),
	DERIVED("handle_ns", NULL, NS, NEVER, "time on a CPU that handling them took", get_handle),
	DERIVED("handle_mean_ns", "MEAN", NS_AS_US, ALL,
		"mean handling of an exit in us, on a CPU, in KVM and the VMM", get_handle_mean),
};

const struct metric_table exit_metrics = { list, LENGTH(list) };

static const struct reason_row *reason_of(const void *data)
{
	return *(const struct reason_row *const *)data;
}

static struct value get_reason_vm(const void *data)
{
	return text(reason_of(data)->row->vm->name);
}

static struct value get_reason_name(const void *data)
{
	return text(reason_of(data)->name);
}

static struct value get_reason_code(const void *data)
{
	const struct reason_row *reason = reason_of(data);

	return known_if(reason->code != EXIT_CODE_OTHER, reason->code);
}

#define REASON_COUNTER(name, expression)                                                           \
	static uint64_t name##_of(const struct reason_figures *figures)                            \
	{                                                                                          \
		return expression;                                                                 \
	}                                                                                          \
	static struct value get_reason_##name(const void *data)                                    \
	{                                                                                          \
		return number(name##_of(&reason_of(data)->interval));                              \
	}                                                                                          \
	static struct value total_reason_##name(const void *data)                                  \
	{                                                                                          \
		return number(name##_of(&reason_of(data)->total));                                 \
	}

#define REASON_MEAN(name)                                                                          \
	static struct value get_reason_mean_##name(const void *data)                               \
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

static struct value get_reason_rate(const void *data)
{
	const struct reason_row *reason = reason_of(data);

	return row_rate(reason->row, reason_figures__count(&reason->interval));
}

static struct value get_reason_count_share(const void *data)
{
	const struct reason_row *reason = reason_of(data);

	return known_if(reason->row_handled,
			share_mpct(reason_figures__count(&reason->interval), reason->row_handled));
}

static struct value get_reason_handle_share(const void *data)
{
	const struct reason_row *reason = reason_of(data);

	return known_if(reason->row_handle_ns, share_mpct(reason_figures__handle(&reason->interval),
							  reason->row_handle_ns));
}

static struct histogram get_hist(const void *data)
{
	const struct reason_row *reason = reason_of(data);

	return (struct histogram){ .known = true,
				   .parts = reason->hist.count,
				   .count = EXIT_PARTS,
				   .samples = reason_figures__count(&reason->interval),
				   .sum_ns = reason_figures__handle(&reason->interval),
				   .max_ns = reason->interval.max_ns };
}

const struct distribution reason_handling = {
	.parts = { [EXIT_KERNEL] = "kernel", [EXIT_USER] = "user" },
	.none = "none was handled",
	.get = get_hist
};

static const struct metric reason_list[] = {
	LABEL(NULL, "VM", TEXT, ALL, "name of the VM", get_reason_vm, "domain"),
	LABEL("reason", "REASON", TEXT, ALL, "why the guest was left", get_reason_name, "reason"),
	LABEL("reason_code", NULL, NUMBER, NEVER, "the processor's number of it", get_reason_code,
	      NULL),
	COUNTER("exits", NULL, NUMBER, NEVER, "exits whose handling has ended", reason_count),
	DERIVED("exits_per_s", "EXITS/s", PER_SEC_M, ALL, "these, per second", get_reason_rate),
	DERIVED("exits_pct", "%EXITS", MPCT, WIDE(ALL), "share of all exits",
		get_reason_count_share),
	COUNTER("exits_user", NULL, NUMBER, NEVER, "of these, handled by the VMM",
		reason_user_count),
	COUNTER("handle_ns", NULL, NS, NEVER, "handling: time on a CPU in KVM and the VMM",
		reason_handle),
	DERIVED("handle_pct", "%TIME", MPCT, ALL, "share of the handling of all exits",
		get_reason_handle_share),
	DERIVED("handle_mean_ns", "MEAN", NS_AS_US, ALL, "mean handling in us",
		get_reason_mean_handle),
	PERCENTILE("handle_p50_ns", "P50", NS_AS_US, WIDE(ALL),
		   "half of them do not take longer, in us", &reason_handling, 500),
	PERCENTILE("handle_p99_ns", "P99", NS_AS_US, ALL, "99 % of them do not take longer, in us",
		   &reason_handling, 990),
	PERCENTILE("handle_max_ns", "MAX", NS_AS_US, ALL, "longest handling in us",
		   &reason_handling, LONGEST),
	DISTRIBUTION("handle_hist", "how long their handling took", &reason_handling),
	COUNTER("kernel_ns", NULL, NS, NEVER, "the part of handling in KVM", reason_kernel),
	DERIVED("kernel_mean_ns", "KERNEL", NS_AS_US, WIDE(ALL), "mean of its part in KVM, in us",
		get_reason_mean_kernel),
	COUNTER("user_ns", NULL, NS, NEVER, "the part of handling in the VMM", reason_user),
	DERIVED("user_mean_ns", "USER", NS_AS_US, ALL, "mean of its part in the VMM, in us",
		get_reason_mean_user),
	COUNTER("kernel_block_ns", NULL, NS, NEVER, "asleep in KVM meanwhile, not halted",
		reason_kernel_block),
	COUNTER("user_block_ns", NULL, NS, NEVER, "asleep in the VMM meanwhile", reason_user_block),
	DERIVED(NULL, "BLOCK", NS_AS_US, ALL, "mean time asleep meanwhile, not halted, in us",
		get_reason_mean_block),
};

const struct metric_table reason_metrics = { reason_list, LENGTH(reason_list) };
