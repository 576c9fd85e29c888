// SPDX-License-Identifier: GPL-2.0-only
#include "probe/block.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "host/host.h"
#include "probe/block_internal.h"
#include "probe/kernel.h"
#include "probe/sched_internal.h"

#define READ_TRIES 8

/* A flow that no VM owns any more goes after so many calls of set_owners(). */
#define UNOWNED_LIMIT 3

_Static_assert((int)BLOCK_OPS == (int)IO_OPS && (int)BLOCK_OTHER == (int)IO_OTHER,
	       "both sides count operations alike");
_Static_assert((int)BLOCK_LAYERS == (int)HOST_LAYERS, "both sides count layers alike");

static int handle_event(void *context, void *data, size_t size)
{
	const struct block_probe *probe = context;
	const struct block_event *from = data;
	struct io_event event = { 0 };
	bool timed;

	if (size < sizeof(*from))
		return 0;
	timed = from->queued_ns;
	event = (struct io_event){
		.time_ns = from->time_ns,
		.dev = from->dev,
		.op = (enum io_op)from->op,
		.sector = from->sector,
		.bytes = from->bytes,
		.error = block_status_error(from->status),
		.vm_pid = from->tgid,
		.cgroup_id = from->cgroup,
		.tid = from->tid,
		.layers_ns = { from->held_ns, from->issued_ns - from->queued_ns,
			       from->time_ns - from->issued_ns },
		.known = { timed && !*probe->throttling_missing, timed, true },
	};
	copy_comm(event.comm, from->comm, COMM_SIZE);
	probe->config.on_event(probe->config.context, &event);
	return 0;
}

static void configure(const struct block_probe *probe, bool throttling)
{
	struct block_bpf *skeleton = probe->skeleton;

	skeleton->rodata->vms_only = probe->config.vms_only;
	skeleton->rodata->send_events = probe->config.events;
	skeleton->rodata->event_min_ns = probe->config.event_min_ns;
	bpf_program__set_autoload(skeleton->progs.block_throttled, throttling);
	/* User space runs it: its section names no tracepoint that there is. */
	bpf_program__set_autoattach(skeleton->progs.owner_give_back, false);
	bpf_map__set_max_entries(skeleton->maps.slots, probe->flows);
	bpf_map__set_max_entries(skeleton->maps.flows, probe->flows);
	bpf_map__set_max_entries(skeleton->maps.free_slots, probe->flows);
	bpf_map__set_max_entries(skeleton->maps.shares, 2 * probe->flows);
	bpf_map__set_max_entries(skeleton->maps.vm_tgids, (host_tid_max() >> BLOCK_TGID_BITS) + 1);
	bpf_map__set_max_entries(skeleton->maps.block_events, probe->config.events
								      ? BLOCK_EVENTS_SIZE
								      : (uint32_t)getpagesize());
}

static int try_load(struct block_probe *probe, bool throttling)
{
	int error;

	probe->skeleton = block_bpf__open();
	if (!probe->skeleton)
		return -errno;
	configure(probe, throttling);
	error = block_bpf__load(probe->skeleton);
	if (!error && !probe->config.detached)
		error = block_bpf__attach(probe->skeleton);
	if (error) {
		block_bpf__destroy(probe->skeleton);
		probe->skeleton = NULL;
	}
	return error;
}

/* Without the hook at throttling all else goes on. */
static int load(struct block_probe *probe)
{
	bool throttling = kernel_has_function("__blk_throtl_bio") > 0;
	int error = throttling ? kernel_try_hook("__blk_throtl_bio") : 0;

	kernel_drop_types();
	if (!error)
		error = try_load(probe, throttling);

	if (!throttling) {
		snprintf(probe->throttling_missing, sizeof(probe->throttling_missing),
			 "this kernel has no __blk_throtl_bio to hook "
			 "(CONFIG_BLK_DEV_THROTTLING)");
	} else if (error) {
		snprintf(probe->throttling_missing, sizeof(probe->throttling_missing),
			 "the kernel refused the hook at __blk_throtl_bio: %s", strerror(-error));
		error = try_load(probe, false);
	}
	if (!error)
		kernel_tell_programs("block", probe->skeleton->obj);
	if (*probe->throttling_missing)
		log_detail("THR is n/a: %s", probe->throttling_missing);
	return error;
}

/* A stack: the lowest slots are used first, so few pages are ever touched. */
static int fill_free_slots(const struct block_probe *probe)
{
	int fd = bpf_map__fd(probe->skeleton->maps.free_slots);

	for (uint32_t slot = probe->flows; slot-- > 0;)
		if (bpf_map_update_elem(fd, NULL, &slot, BPF_ANY))
			return -errno;
	probe->skeleton->bss->free_count = probe->flows;
	return 0;
}

int block_map_slots(struct block_probe *probe)
{
	return reserve_array(&probe->slots, probe->skeleton->maps.slots, PROT_READ | PROT_WRITE);
}

/* What nobody counts in is not mapped: it would be this process's memory. */
static int open_maps(struct block_probe *probe)
{
	struct block_bpf *skeleton = probe->skeleton;
	int error = fill_free_slots(probe);

	if (!error && !probe->config.detached)
		error = block_map_slots(probe);
	if (!error)
		error = map_array(&probe->vm_tgids, skeleton->maps.vm_tgids,
				  PROT_READ | PROT_WRITE);
	if (error || !probe->config.events)
		return error;
	probe->ring = ring_buffer__new(bpf_map__fd(skeleton->maps.block_events), handle_event,
				       probe, NULL);
	return probe->ring ? 0 : -errno;
}

int block_probe__open(struct block_probe **out, const struct block_probe_config *config)
{
	struct block_probe *probe = calloc(1, sizeof(*probe));
	int error;

	if (!probe)
		return -ENOMEM;
	probe->config = *config;
	probe->flows = table_size(BLOCK_FLOWS_MIN, BLOCK_FLOWS);
	kernel_route_messages();
	error = load(probe);
	if (!error)
		error = open_maps(probe);
	/* libbpf's copies of the kernel's BTF, several MiB, are of no more use. */
	malloc_trim(0);
	if (error) {
		kernel_explain("setting up the programs at the block layer", error);
		block_probe__close(probe);
		return error;
	}
	*out = probe;
	return 0;
}

void block_probe__close(struct block_probe *probe)
{
	if (!probe)
		return;
	ring_buffer__free(probe->ring);
	unmap_array(&probe->slots);
	unmap_array(&probe->vm_tgids);
	block_bpf__destroy(probe->skeleton);
	free(probe->tgids);
	free(probe);
}

int block_probe__read_losses(const struct block_probe *probe, struct share_losses *losses)
{
	if (!probe->skeleton->bss->counts.lost_flows)
		return 0;
	return owners__read_losses(probe->skeleton->maps.shares, SHARE_FLOWS, losses);
}

int block_probe__fd(const struct block_probe *probe)
{
	return probe->ring ? ring_buffer__epoll_fd(probe->ring) : -1;
}

int block_probe__poll(struct block_probe *probe)
{
	int count = probe->ring ? ring_buffer__consume(probe->ring) : 0;

	return count < 0 ? count : 0;
}

/* Returns 0 or -ENOMEM. */
static int set_tgids(struct block_probe *probe, const struct block_owners *owners)
{
	uint32_t *tgids = calloc(owners->tgid_count + 1, sizeof(*tgids));
	uint64_t *words = probe->vm_tgids.data;
	size_t limit = probe->vm_tgids.size / sizeof(*words);

	if (!tgids)
		return -ENOMEM;
	for (size_t i = 0; i < probe->tgid_count; i++)
		words[probe->tgids[i] / 64] &= ~(1ULL << probe->tgids[i] % 64);
	free(probe->tgids);
	probe->tgids = tgids;
	probe->tgid_count = 0;
	for (size_t i = 0; i < owners->tgid_count; i++) {
		uint32_t tgid = owners->tgids[i];

		if (tgid / 64 >= limit) {
			probe->owners_lost++;
			continue;
		}
		words[tgid / 64] |= 1ULL << tgid % 64;
		tgids[probe->tgid_count++] = tgid;
	}
	return 0;
}

/* Keys as they are looked for: of 4,000 VMs each list has as many. */
struct key_set {
	void *keys; /* sorted */
	size_t count, size;
};

static int compare_words(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(uint32_t));
}

static int compare_longs(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(uint64_t));
}

static int (*key_order(size_t size))(const void *, const void *)
{
	return size == sizeof(uint64_t) ? compare_longs : compare_words;
}

/* Its keys are to be freed. Returns 0 or -ENOMEM. */
static int key_set__make(struct key_set *set, const void *list, size_t count, size_t size)
{
	*set = (struct key_set){ calloc(count + 1, size), count, size };
	if (!set->keys)
		return -ENOMEM;
	if (count)
		memcpy(set->keys, list, count * size);
	qsort(set->keys, count, size, key_order(size));
	return 0;
}

static bool key_set__has(const struct key_set *set, const void *key)
{
	return bsearch(key, set->keys, set->count, set->size, key_order(set->size));
}

/*
 * Makes a hash map hold these keys and values, or 0, and no others. Adds to *lost those that there
 * is no room for. Returns 0 or -errno.
 */
static int set_keys(int fd, const void *list, const uint32_t *values, size_t count, size_t size,
		    uint64_t *lost)
{
	char key[sizeof(uint64_t)], last[sizeof(uint64_t)], *before = NULL;
	const uint32_t none = 0;
	struct key_set set;
	int error = key_set__make(&set, list, count, size);

	if (error)
		return error;
	while (!bpf_map_get_next_key(fd, before, key)) {
		if (!key_set__has(&set, key)) {
			bpf_map_delete_elem(fd, key);
			continue;
		}
		memcpy(last, key, size);
		before = last;
	}
	free(set.keys);
	for (size_t i = 0; i < count && !error; i++) {
		if (bpf_map_update_elem(fd, (const char *)list + i * size,
					values ? &values[i] : &none, BPF_ANY))
			error = -errno;
		if (error == -E2BIG) {
			++*lost;
			error = 0;
		}
	}
	return error;
}

#define RACE_MARGIN 256 /* slots that other CPUs took meanwhile */

int block_flows_used(struct block_probe *probe, uint32_t *used)
{
	uint32_t seen = probe->skeleton->bss->flows_seen;

	*used = 0;
	if (!probe->slots.data)
		return 0;
	if (seen > probe->flows_seen)
		probe->flows_seen = seen;
	*used = probe->flows_seen + RACE_MARGIN < probe->flows ? probe->flows_seen + RACE_MARGIN
							       : probe->flows;
	return map_array_up_to(&probe->slots, probe->skeleton->maps.slots, *used - 1);
}

static struct block_slot *slot_at(const struct block_probe *probe, uint32_t index)
{
	return (struct block_slot *)probe->slots.data + index;
}

static bool is_owned(const struct block_slot *slot, const struct key_set *tgids,
		     const struct key_set *cgroups)
{
	const struct block_key *key = &slot->key;

	return (!key->tgid || key_set__has(tgids, &key->tgid)) &&
	       (!key->cgroup || key_set__has(cgroups, &key->cgroup));
}

/*
 * Gives back the slots of VMs that have gone, once their last readings are over: a request
 * of theirs that is still on its way would count in its successor.
 */
static int free_unowned(struct block_probe *probe, const struct key_set *tgids,
			const struct key_set *cgroups)
{
	uint32_t used;
	int error = block_flows_used(probe, &used);

	if (error)
		return error;
	for (uint32_t index = 0; index < used; index++) {
		struct block_slot *slot = slot_at(probe, index);
		struct owner owner = slot->owner;

		if (!slot->used || is_owned(slot, tgids, cgroups)) {
			probe->unowned[index] = 0;
		} else if (++probe->unowned[index] == UNOWNED_LIMIT) {
			__atomic_store_n(&slot->used, BLOCK_LEAVES, __ATOMIC_RELEASE);
			bpf_map_delete_elem(bpf_map__fd(probe->skeleton->maps.flows), &slot->key);
		} else if (probe->unowned[index] > UNOWNED_LIMIT + 1) {
			memset(slot, 0, sizeof(*slot));
			bpf_map_update_elem(bpf_map__fd(probe->skeleton->maps.free_slots), NULL,
					    &index, BPF_ANY);
			owner_give_back(probe->skeleton->progs.owner_give_back, &owner);
		}
	}
	return 0;
}

static int forget_unowned(struct block_probe *probe, const struct block_owners *owners)
{
	struct key_set tgids, cgroups = { 0 };
	int error =
		key_set__make(&tgids, owners->tgids, owners->tgid_count, sizeof(*owners->tgids));

	if (!error)
		error = key_set__make(&cgroups, owners->cgroups, owners->cgroup_count,
				      sizeof(*owners->cgroups));
	if (!error)
		error = free_unowned(probe, &tgids, &cgroups);
	free(tgids.keys);
	free(cgroups.keys);
	return error;
}

int block_probe__set_owners(struct block_probe *probe, const struct block_owners *owners)
{
	struct block_bpf *skeleton = probe->skeleton;
	int error;

	probe->owners_lost = 0;
	error = set_tgids(probe, owners);
	if (!error)
		error = set_keys(bpf_map__fd(skeleton->maps.vm_uids), owners->tgids,
				 owners->tgid_uids, owners->tgid_count, sizeof(*owners->tgids),
				 &probe->owners_lost);
	if (!error)
		error = set_keys(bpf_map__fd(skeleton->maps.vm_cgroups), owners->cgroups,
				 owners->cgroup_uids, owners->cgroup_count,
				 sizeof(*owners->cgroups), &probe->owners_lost);
	if (!error)
		error = set_keys(bpf_map__fd(skeleton->maps.vm_devices), owners->devices, NULL,
				 owners->device_count, sizeof(*owners->devices),
				 &probe->owners_lost);
	skeleton->bss->tgid_count = (uint32_t)probe->tgid_count;
	skeleton->bss->cgroup_count = (uint32_t)owners->cgroup_count;
	skeleton->bss->device_count = (uint32_t)owners->device_count;
	return error ? error : forget_unowned(probe, owners);
}

/* A distribution and its sum of one moment, but for what takes ns of the sum. */
static void read_latency(struct latency *latency, const struct block_latency *from)
{
	for (int i = 0; i < READ_TRIES; i++) {
		latency->sum_ns = __atomic_load_n(&from->sum_ns, __ATOMIC_ACQUIRE);
		memcpy(latency->hist, from->hist, sizeof(latency->hist));
		if (__atomic_load_n(&from->sum_ns, __ATOMIC_ACQUIRE) == latency->sum_ns)
			break;
	}
	latency->count = 0;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		latency->count += latency->hist[i];
}

/* completed is read first: what is in flight is never less than nothing. */
static void read_slot(struct block_flow *flow, const struct block_slot *slot, bool throttling)
{
	flow->completed = __atomic_load_n(&slot->completed, __ATOMIC_ACQUIRE);
	flow->issued = __atomic_load_n(&slot->issued, __ATOMIC_ACQUIRE);
	flow->bytes = slot->bytes;
	flow->requeued = slot->requeued;
	flow->failed = slot->failed;
	flow->dev = slot->key.dev;
	flow->vm_pid = slot->key.tgid;
	flow->cgroup_id = slot->key.cgroup;
	flow->op = (enum io_op)slot->key.op;
	for (int layer = 0; layer < HOST_LAYERS; layer++)
		if (layer != HOST_THROTTLED || throttling)
			read_latency(&flow->layers[layer], &slot->layers[layer]);
}

int block_probe__read(struct block_probe *probe, struct block_snapshot *snapshot)
{
	const struct block_counts *counts = &probe->skeleton->bss->counts;
	bool throttling = !*probe->throttling_missing;
	uint32_t used;
	uint64_t missed;
	int error = block_flows_used(probe, &used);

	block_snapshot__clear(snapshot);
	if (error)
		return error;
	snprintf(snapshot->throttling_missing, sizeof(snapshot->throttling_missing), "%s",
		 probe->throttling_missing);
	for (uint32_t index = 0; index < used; index++) {
		const struct block_slot *slot = slot_at(probe, index);
		struct block_flow *flow;

		if (!slot->used)
			continue;
		flow = list_add(&snapshot->flows);
		if (!flow)
			return -ENOMEM;
		read_slot(flow, slot, throttling);
	}
	block_snapshot__sort(snapshot);
	missed = missed_runs(probe->skeleton->obj);
	snapshot->losses = (struct block_losses){ .events = counts->lost_events,
						  .flows = counts->lost_flows,
						  .requests = counts->lost_requests,
						  .owners = probe->owners_lost,
						  .early = counts->early,
						  .missed = missed > counts->repaired
								    ? missed - counts->repaired
								    : 0 };
	snapshot->samples = counts->samples;
	snapshot->sample_ns = counts->sample_ns;
	snapshot->runs = counts->samples * BLOCK_COST_SAMPLE;
	return 0;
}
