/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two views of a host, 10 s apart, in a text file. A line of it is a word and NAME=VALUE pairs, of
 * which most may be left out; %HH in a value is a character, # begins a comment. A DEV is
 * MAJOR:MINOR, a TIME has a unit (ns, us, ms, s), and TIMES are so many requests of so much time:
 * 900x50us+100x5ms. What is counted "before" is in both views.
 *
 *   host name= kernel= cpus=
 *   device name= dev=DEV scheduler= slaves=A,B
 *   vm pid= name= uuid= cgroup= id= vms=1 others=1 (share its cgroup) hidden=1 (not chosen)
 *     disk name= backing= dev=DEV direct=1 format= serial= address= size= path=
 *     vmm disk= backend= op= before= bytes= times=TIMES      bytes: of each request
 *     ring disk= queue= before= requests= time=TIME
 *     guest age=TIME session= was=SESSION rejected= reason=   was: before; none if left out
 *       gdisk name= serial= address= scheduler= size=
 *       gflow op= before= bytes= q=TIMES d=TIMES
 *   flow dev=DEV pid= cgroup= op= before= bytes= thr=TIMES q=TIMES d=TIMES infl= requeued= failed=
 *   losses events= flows= requests= owners= early= missed= vmm= ring_reads= ring_samples=
 * strangers= missing throttling= vmm= queues= guests= cost runs= samples= sample_ns= own=TIME event
 * dev=DEV pid= cgroup= op= sector= bytes= error= tid= comm= thr=TIME q=TIME d=TIME
 */
#ifndef KVMQ_IO_SCENE_H
#define KVMQ_IO_SCENE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/io_vms.h"
#include "fake_proc.h"
#include "guests/guest_link.h"
#include "io/io_rows.h"
#include "model/io_event.h"
#include "scene_line.h"

#define BEFORE_MS 1000000
#define AFTER_MS 1010000
struct scene {
	struct fake_proc sys;
	struct io_vms vms;
	struct guest guests[2][8]; /* as of each view */
	size_t guest_count;
	struct io_view views[2];
	char reasons[8][128];
};

static inline void add_times(struct latency *latency, uint64_t count, uint64_t ns)
{
	latency->count += count;
	latency->sum_ns += count * ns;
	latency->hist[hist_bucket(ns)] += (uint32_t)count;
}

/* before requests of 1 us each, which are in both views, and those of the interval. */
static inline void get_times(struct line *line, const char *name, struct latency *before,
			     struct latency *after)
{
	const char *value = get(line, name);
	uint64_t old = get_number(line, "before");
	char *rest = (char *)value;

	add_times(before, old, 1000);
	add_times(after, old, 1000);
	while (rest && *rest) {
		uint64_t count = read_number(rest, &rest);

		if (*rest++ != 'x')
			die("not COUNTxTIME", value);
		add_times(after, count, read_time(rest, &rest));
		rest += *rest == '+';
	}
}

static inline uint32_t get_dev(struct line *line)
{
	const char *value = get(line, "dev");
	unsigned int major_number, minor_number;

	if (!value)
		return 0;
	if (sscanf(value, "%u:%u", &major_number, &minor_number) != 2)
		die("no MAJOR:MINOR", value);
	return IO_DEV(major_number, minor_number);
}

static inline enum io_op get_op(struct line *line)
{
	const char *value = get(line, "op");

	for (int op = 0; value && op < IO_OPS; op++)
		if (!strcmp(value, io_op__name((enum io_op)op)))
			return (enum io_op)op;
	die("no op", value ? value : "");
}

static inline void *need(void *memory)
{
	if (!memory)
		die("memory", "none");
	return memory;
}

static inline struct live_vm *last_vm(struct scene *scene)
{
	if (!scene->vms.count)
		die("stands before any vm", "line");
	return &scene->vms.list[scene->vms.count - 1];
}

static inline void read_host(struct scene *scene, struct line *line)
{
	struct host *host = &scene->views[0].host;

	get_text(line, "name", host->name, sizeof(host->name));
	get_text(line, "kernel", host->kernel, sizeof(host->kernel));
	host->cpus = (uint32_t)get_number(line, "cpus");
	scene->views[1].host = *host;
}

static inline void read_device(struct scene *scene, struct line *line)
{
	const char *slaves = get(line, "slaves"), *scheduler = get(line, "scheduler");
	char name[32] = "", path[128], text[64], *rest = (char *)slaves, *word;
	uint32_t dev = get_dev(line);

	get_text(line, "name", name, sizeof(name));
	snprintf(path, sizeof(path), "block/%s/dev", name);
	snprintf(text, sizeof(text), "%u:%u\n", IO_DEV_MAJOR(dev), IO_DEV_MINOR(dev));
	fake_tree(&scene->sys, path, text);
	if (scheduler) {
		snprintf(path, sizeof(path), "block/%s/mq/0", name);
		fake_tree(&scene->sys, path, "");
		snprintf(path, sizeof(path), "block/%s/queue/scheduler", name);
		snprintf(text, sizeof(text), "kyber [%s]\n", scheduler);
		fake_tree(&scene->sys, path, text);
	}
	while (rest && (word = strtok_r(rest, ",", &rest))) {
		snprintf(path, sizeof(path), "block/%s/slaves/%s", name, word);
		fake_tree(&scene->sys, path, "");
	}
}

static inline void read_vm(struct scene *scene, struct line *line)
{
	struct live_vm *list =
		reallocarray(scene->vms.list, scene->vms.count + 1, sizeof(*scene->vms.list));
	const char *cgroup = get(line, "cgroup");
	struct live_vm *one;

	scene->vms.list = need(list);
	one = &list[scene->vms.count++];
	*one = (struct live_vm){ .cgroup_id = get_number(line, "id"),
				 .cgroup_of_vms = get_number(line, "vms"),
				 .cgroup_of_others = get_number(line, "others") };
	one->vm = need(calloc(1, sizeof(*one->vm)));
	one->disks = need(calloc(1, sizeof(*one->disks)));
	one->disks->left_out = get_number(line, "disks-left-out");
	one->disks->refused = get_number(line, "disk-options");
	one->cgroup = cgroup ? need(strdup(cgroup)) : NULL;
	one->vm->pid = (uint32_t)get_number(line, "pid");
	one->vm->chosen = !get_number(line, "hidden");
	get_text(line, "name", one->vm->name, sizeof(one->vm->name));
	get_text(line, "uuid", one->vm->uuid, sizeof(one->vm->uuid));
}

static inline void read_disk(struct scene *scene, struct line *line)
{
	struct disks *disks = last_vm(scene)->disks;
	struct disk *disk = &disks->list[disks->count++];
	const char *backing = get(line, "backing");
	int kind = DISK_UNKNOWN;

	while (backing && strcmp(backing, disk_backing__name((enum disk_backing)kind)))
		if (++kind > DISK_VHOST_SCSI)
			die("no backing", backing);
	*disk = (struct disk){ .id = (uint32_t)disks->count - 1,
			       .backing = (enum disk_backing)kind,
			       .dev = get_dev(line),
			       .direct = get_number(line, "direct"),
			       .size_bytes = get_number(line, "size") };
	get_text(line, "name", disk->name, sizeof(disk->name));
	get_text(line, "format", disk->format, sizeof(disk->format));
	get_text(line, "serial", disk->serial, sizeof(disk->serial));
	get_text(line, "address", disk->address, sizeof(disk->address));
	get_text(line, "path", disk->path, sizeof(disk->path));
}

static inline void read_flow(struct scene *scene, struct line *line)
{
	static const char *const names[] = { "thr", "q", "d" };
	struct block_flow *flows[2];

	for (int i = 0; i < 2; i++) {
		flows[i] = need(list_add(&scene->views[i].block.flows));
		flows[i]->dev = get_dev(line);
		flows[i]->vm_pid = (uint32_t)get_number(line, "pid");
		flows[i]->cgroup_id = get_number(line, "cgroup");
		flows[i]->op = get_op(line);
	}
	for (int layer = 0; layer < HOST_LAYERS; layer++)
		get_times(line, names[layer], &flows[0]->layers[layer], &flows[1]->layers[layer]);
	for (int i = 0; i < 2; i++) {
		flows[i]->completed = flows[i]->layers[HOST_DEVICE].count;
		flows[i]->issued = flows[i]->completed;
		flows[i]->bytes = flows[i]->completed * get_number(line, "bytes");
	}
	flows[1]->issued += get_number(line, "infl");
	flows[1]->requeued = get_number(line, "requeued");
	flows[1]->failed = get_number(line, "failed");
}

static inline void read_vmm(struct scene *scene, struct line *line)
{
	struct vmm_flow *flows[2];

	for (int i = 0; i < 2; i++) {
		flows[i] = need(list_add(&scene->views[i].vmm.flows));
		flows[i]->vm_pid = last_vm(scene)->vm->pid;
		flows[i]->disk = (uint32_t)get_number(line, "disk");
		flows[i]->backend = get_number(line, "backend");
		flows[i]->op = get_op(line);
	}
	get_times(line, "times", &flows[0]->latency, &flows[1]->latency);
	for (int i = 0; i < 2; i++) {
		flows[i]->bytes = flows[i]->latency.count * get_number(line, "bytes");
		if (flows[i]->backend == VMM_BY_QMP)
			memset(flows[i]->latency.hist, 0, sizeof(flows[i]->latency.hist));
	}
}

static inline void read_ring(struct scene *scene, struct line *line)
{
	uint64_t old = get_number(line, "before"), requests = get_number(line, "requests"), ns;

	get_time(line, "time", &ns);
	for (uint64_t i = 0; i < 2; i++)
		*(struct virtqueue_flow *)need(list_add(&scene->views[i].queues.flows)) =
			(struct virtqueue_flow){ .vm_pid = last_vm(scene)->vm->pid,
						 .disk = (uint32_t)get_number(line, "disk"),
						 .queue = (uint32_t)get_number(line, "queue"),
						 .requests = old + i * requests,
						 .integral_ns = old * 1000 + i * requests * ns };
}

static inline struct guest_report *new_report(uint64_t session)
{
	struct guest_report *report = need(calloc(1, sizeof(*report)));

	report->session = session;
	report->sequence = 7;
	return report;
}

static inline void read_guest(struct scene *scene, struct line *line)
{
	const char *session = get(line, "session");
	char *reason = scene->reasons[scene->guest_count];
	uint64_t age, was = get_number(line, "was");
	bool known = get_time(line, "age", &age);

	if (scene->guest_count == LENGTH(scene->reasons))
		die("too many", "guest");
	get_text(line, "reason", reason, sizeof(scene->reasons[0]));
	for (int i = 0; i < 2; i++) {
		struct guest *guest = &scene->guests[i][scene->guest_count];

		*guest = (struct guest){ .vm_pid = last_vm(scene)->vm->pid,
					 .rejected = get_number(line, "rejected"),
					 .rejected_reason = *reason ? reason : NULL };
		if (known)
			guest->received_ns = scene->views[i].time_ns - age;
		if (i && session)
			guest->report = new_report(get_number(line, "session"));
		else if (!i && was)
			guest->report = new_report(was);
	}
	scene->guest_count++;
}

/* The last guest's report in a view, or NULL. */
static inline struct guest_report *last_report(struct scene *scene, int view)
{
	if (!scene->guest_count)
		die("stands before any guest", "line");
	return scene->guests[view][scene->guest_count - 1].report;
}

static inline void read_guest_disk(struct scene *scene, struct line *line)
{
	for (int i = 0; i < 2; i++) {
		struct guest_report *report = last_report(scene, i);
		struct guest_disk *disk = report ? &report->disks[report->disk_count++] : NULL;

		if (!disk)
			continue;
		get_text(line, "name", disk->name, sizeof(disk->name));
		get_text(line, "serial", disk->serial, sizeof(disk->serial));
		get_text(line, "address", disk->address, sizeof(disk->address));
		get_text(line, "scheduler", disk->scheduler, sizeof(disk->scheduler));
		disk->size_bytes = get_number(line, "size");
	}
}

static inline void read_guest_flow(struct scene *scene, struct line *line)
{
	static struct guest_flow nowhere;
	enum io_op op = get_op(line);
	struct guest_flow *flows[2];

	for (int i = 0; i < 2; i++) {
		struct guest_report *report = last_report(scene, i);

		flows[i] = report ? &report->disks[report->disk_count - 1].flows[op] : &nowhere;
	}
	get_times(line, "q", &flows[0]->layers[GUEST_QUEUE], &flows[1]->layers[GUEST_QUEUE]);
	get_times(line, "d", &flows[0]->layers[GUEST_DEVICE], &flows[1]->layers[GUEST_DEVICE]);
	for (int i = 0; i < 2; i++) {
		flows[i]->requests = flows[i]->layers[GUEST_DEVICE].count;
		flows[i]->bytes = flows[i]->requests * get_number(line, "bytes");
	}
}

static inline void read_losses(struct scene *scene, struct line *line)
{
	struct io_view *view = &scene->views[1];

	view->block.losses = (struct block_losses){ .events = get_number(line, "events"),
						    .flows = get_number(line, "flows"),
						    .requests = get_number(line, "requests"),
						    .owners = get_number(line, "owners"),
						    .early = get_number(line, "early"),
						    .missed = get_number(line, "missed") };
	view->vmm.lost = get_number(line, "vmm");
	view->queues.failed = get_number(line, "ring_reads");
	view->queues.skipped = get_number(line, "ring_samples");
	view->strangers = get_number(line, "strangers");
}

static inline void read_missing(struct scene *scene, struct line *line)
{
	struct io_view *view = &scene->views[1];

	get_text(line, "throttling", view->block.throttling_missing,
		 sizeof(view->block.throttling_missing));
	get_text(line, "vmm", view->missing.vmm, sizeof(view->missing.vmm));
	get_text(line, "queues", view->missing.queues, sizeof(view->missing.queues));
	get_text(line, "guests", view->missing.guests, sizeof(view->missing.guests));
}

static inline void read_cost(struct scene *scene, struct line *line)
{
	struct io_view *view = &scene->views[1];

	view->block.runs = get_number(line, "runs");
	view->block.samples = get_number(line, "samples");
	view->block.sample_ns = get_number(line, "sample_ns");
	get_time(line, "own", &view->own_cpu_ns);
}

static inline void read_event(struct scene *scene, struct line *line)
{
	static const char *const names[] = { "thr", "q", "d" };
	struct io_view *view = &scene->views[1];
	struct io_event *event = need(list_add(&view->events));

	*event = (struct io_event){ .time_ns = (AFTER_MS - 20 + view->events.count) * MS,
				    .dev = get_dev(line),
				    .op = get_op(line),
				    .sector = get_number(line, "sector"),
				    .bytes = (uint32_t)get_number(line, "bytes"),
				    .error = -(int)get_number(line, "error"),
				    .vm_pid = (uint32_t)get_number(line, "pid"),
				    .cgroup_id = get_number(line, "cgroup"),
				    .tid = (uint32_t)get_number(line, "tid") };
	get_text(line, "comm", event->comm, sizeof(event->comm));
	for (int layer = 0; layer < HOST_LAYERS; layer++)
		event->known[layer] = get_time(line, names[layer], &event->layers_ns[layer]);
}

static const struct {
	const char *word;
	void (*read)(struct scene *scene, struct line *line);
} words[] = {
	{ "host", read_host },	      { "device", read_device }, { "vm", read_vm },
	{ "disk", read_disk },	      { "flow", read_flow },	 { "vmm", read_vmm },
	{ "ring", read_ring },	      { "guest", read_guest },	 { "gdisk", read_guest_disk },
	{ "gflow", read_guest_flow }, { "losses", read_losses }, { "missing", read_missing },
	{ "cost", read_cost },	      { "event", read_event },
};

static inline void read_line(struct scene *scene, char *text)
{
	struct line line;
	size_t i = 0;
	const char *word = line__split(&line, text);

	if (!word)
		return;
	while (i < LENGTH(words) && strcmp(word, words[i].word))
		i++;
	if (i == LENGTH(words))
		die("no such line", word);
	words[i].read(scene, &line);
	line__check(&line);
}

/* As a session does. */
static inline void describe(struct scene *scene, struct io_view *view, const struct guest *guests)
{
	block_snapshot__sort(&view->block);
	for (size_t i = 0; i < scene->guest_count; i++)
		if (guest__describe(&guests[i], 0, view))
			die("memory", "none");
	for (int set = IO_SET_GUESTS; set <= IO_SET_GUEST_FLOWS; set++)
		io_view__sort(view, (enum io_set)set);
	if (io_vms__describe(&scene->vms, view))
		die("memory", "none");
}

static inline void read_scene(struct scene *scene, const char *path)
{
	FILE *file = fopen(path, "re");
	char text[1024];

	fake_proc__open(&scene->sys);
	if (!file)
		die(strerror(errno), path);
	for (int i = 0; i < 2; i++) {
		struct io_view *view = &scene->views[i];

		view->time_ns = (i ? AFTER_MS : BEFORE_MS) * MS;
		view->realtime_ns = 1763935201000 * MS;
	}
	fake_tree(&scene->sys, "block/none", "");
	while (fgets(text, sizeof(text), file))
		read_line(scene, text);
	fclose(file);
	scene->vms.devices = need(devices__new(scene->sys.path));
	if (devices__read(scene->vms.devices))
		die("cannot read", scene->sys.path);
	for (int i = 0; i < 2; i++)
		describe(scene, &scene->views[i], scene->guests[i]);
	for (size_t i = 0; i < scene->views[1].events.count; i++)
		io_vms__describe_event(&scene->vms, &scene->views[1],
				       &scene->views[1].events.list[i]);
}

static inline void free_scene(struct scene *scene)
{
	for (int i = 0; i < 2; i++) {
		io_view__free(&scene->views[i]);
		for (size_t j = 0; j < scene->guest_count; j++)
			free(scene->guests[i][j].report);
	}
	for (size_t i = 0; i < scene->vms.count; i++) {
		free(scene->vms.list[i].vm);
		free(scene->vms.list[i].disks);
		free(scene->vms.list[i].cgroup);
	}
	free(scene->vms.list);
	devices__free(scene->vms.devices);
	fake_proc__close(&scene->sys);
}

#endif
