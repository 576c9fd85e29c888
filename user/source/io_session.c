// SPDX-License-Identifier: GPL-2.0-only
#include "source/io_session.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/units.h"
#include "host/proc.h"
#include "model/view_sets.h"
#include "source/session.h"

#define CMDLINE_SIZE 65536

static void say_missing(char text[IO_REASON_SIZE], const char *vm, const char *why)
{
	snprintf(text, IO_REASON_SIZE, "%s%s%s", vm ? vm : "", vm ? ": " : "", why);
}

/* Whose requests count: all that a VM may have made, chosen or not, so that none is taken for
 * another's. */
static int set_owners(struct io_session *session)
{
	struct io_vms *vms = &session->vms;
	struct block_owners owners = { 0 };
	uint32_t *tgids = calloc(vms->count + 1, sizeof(*tgids));
	uint32_t *tgid_uids = calloc(vms->count + 1, sizeof(*tgid_uids));
	uint64_t *cgroups = calloc(vms->count + 1, sizeof(*cgroups));
	uint32_t *cgroup_uids = calloc(vms->count + 1, sizeof(*cgroup_uids));
	size_t device_count = devices__count(vms->devices);
	uint32_t *devices = calloc(device_count + 1, sizeof(*devices));
	int error = -ENOMEM;

	if (tgids && tgid_uids && cgroups && cgroup_uids && devices && !io_vms__find_owners(vms)) {
		for (size_t i = 0; i < vms->count; i++) {
			tgid_uids[owners.tgid_count] = vms->list[i].uid;
			tgids[owners.tgid_count++] = vms->list[i].vm->pid;
			if (!vms->list[i].cgroup_id)
				continue;
			cgroup_uids[owners.cgroup_count] = vms->list[i].uid;
			cgroups[owners.cgroup_count++] = vms->list[i].cgroup_id;
		}
		for (size_t i = 0; i < device_count; i++) {
			const struct device *device = devices__at(vms->devices, i);

			if (io_vms__device_owner(vms, device->dev))
				devices[owners.device_count++] = device->dev;
		}
		owners.tgids = tgids;
		owners.tgid_uids = tgid_uids;
		owners.cgroups = cgroups;
		owners.cgroup_uids = cgroup_uids;
		owners.devices = devices;
		error = block_probe__set_owners(session->block, &owners);
	}
	free(tgids);
	free(tgid_uids);
	free(cgroups);
	free(cgroup_uids);
	free(devices);
	return error;
}

/* Another process may have its PID by now. */
static bool is_there(const void *context, uint32_t pid, uint64_t start_ns)
{
	const struct live_vm *vm = io_vms__find(context, pid);

	return vm && vm->vm->start_ns == start_ns;
}

static void attach_vmms(struct io_session *session)
{
	const struct io_vms *vms = &session->vms;

	vmm_probe__keep(session->vmm, is_there, vms);
	session->missing.vmm[0] = '\0';
	for (size_t i = 0; i < vms->count; i++) {
		const struct vm *vm = vms->list[i].vm;
		const char *missing = NULL;

		if (vm->chosen &&
		    vmm_probe__attach(session->vmm, vm->pid, vm->start_ns, &missing) && missing)
			say_missing(session->missing.vmm, vm->name, missing);
	}
}

static void watch_rings(struct io_session *session)
{
	session->missing.queues[0] = '\0';
	for (size_t i = 0; i < session->monitors.count; i++) {
		const struct monitor *monitor = &session->monitors.list[i];
		const struct live_vm *vm = io_vms__find(&session->vms, monitor->vm_pid);

		if (monitor->error)
			say_missing(session->missing.queues, monitor->path,
				    monitor->error == -ESRCH ? "its process is no VM of this host"
							     : strerror(-monitor->error));
		else if (monitor->rings_missing)
			say_missing(session->missing.queues, vm ? vm->vm->name : NULL,
				    monitor->rings_missing);
		if (!monitor->error)
			virtqueue_probe__watch(session->queues, monitor->vm_pid, monitor->rings,
					       monitor->ring_count);
		else if (!vm || vm->vm->start_ns != monitor->vm_start_ns)
			virtqueue_probe__watch(session->queues, monitor->vm_pid, NULL, 0);
	}
}

/* Of all VMs: one that is not shown is no stranger. */
static int tell_links(struct io_session *session)
{
	const struct io_vms *vms = &session->vms;
	struct guest_vm *list = calloc(vms->count + 1, sizeof(*list));
	char *text = malloc(CMDLINE_SIZE);
	size_t count = 0;
	int error = -ENOMEM;

	for (size_t i = 0; list && text && i < vms->count; i++) {
		const struct vm *vm = vms->list[i].vm;
		ssize_t size = read_file(text, CMDLINE_SIZE, "/proc/%u/cmdline", vm->pid);

		if (size <= 0)
			continue;
		list[count] = (struct guest_vm){ .pid = vm->pid, .start_ns = vm->start_ns };
		guest_way__from_cmdline(&list[count++].way, text, (size_t)size);
	}
	if (list && text)
		error = guest_links__set_vms(session->links, list, count);
	if (guest_links__left_out(session->links))
		say_missing(session->missing.guests, NULL,
			    "more VMs name a way for reports than are listened to");
	free(list);
	free(text);
	return error;
}

/* What follows from a fresh look at the VMs. */
static int follow_vms(struct io_session *session)
{
	int error = set_owners(session);

	if (session->monitors.count)
		monitors__refresh(&session->monitors, &session->vms);
	if (session->vmm)
		attach_vmms(session);
	if (session->queues)
		watch_rings(session);
	if (!error && session->links)
		error = tell_links(session);
	return error;
}

static const char *explain_monitor(int error)
{
	if (error == -ESRCH)
		return "the process behind it is no VM of this host: give QEMU's own";
	if (error == -ETIMEDOUT)
		return "no answer: QEMU serves one client at a time: end the other one, or give it "
		       "a socket for this tool alone";
	return strerror(-error);
}

/* A socket that was given and does not answer is an error, and not n/a later on. Returns 0, -EINTR
 * or -ENOENT. */
static int check_monitors(const struct io_session *session)
{
	for (size_t i = 0; i < session->monitors.count; i++) {
		const struct monitor *monitor = &session->monitors.list[i];

		if (!monitor->error)
			continue;
		if (monitor->error == -EINTR)
			return -EINTR;
		log_error("--qmp: '%s': %s", monitor->path, explain_monitor(monitor->error));
		return -ENOENT;
	}
	return 0;
}

/* Where VMs may be but hardly anything can be seen, an empty table would be a lie. */
static int check_any(const struct io_session *session)
{
	const struct io_vms *vms = &session->vms;
	char missing[IO_MISSING_SIZE];

	if (session->options->by == BY_DEVICE ||
	    !vms__unseen(vms->count, vms->view, &vms->refusals))
		return 0;
	io_vms__missing(vms, missing, sizeof(missing));
	log_error("no VM to be seen: %s", missing);
	return -EPERM;
}

static int open_vm_probes(struct io_session *session)
{
	const struct options *options = session->options;
	const char *missing = NULL;

	for (size_t i = 0; i < options->io.qmp_count; i++)
		session->monitors.list[i].path = options->io.qmp[i];
	session->monitors.count = options->io.qmp_count;
	if (options->io.vmm && vmm_probe__open(&session->vmm))
		return -EINVAL;
	if (options->io.qmp_count && virtqueue_probe__open(&session->queues, &missing))
		say_missing(session->missing.queues, NULL, missing);
	if (!options->io.with_guests)
		return 0;
	session->links = guest_links__new(0, &missing);
	if (missing)
		say_missing(session->missing.guests, NULL, missing);
	return session->links ? 0 : -ENOMEM;
}

static void describe_event(void *context, const struct io_event *event)
{
	struct io_session *session = context;
	struct io_event described = *event;

	if (!session->latest)
		return;
	io_vms__describe_event(&session->vms, session->latest, &described);
	session->on_event(session->context, &described);
}

int io_session__open(struct io_session *session, const struct options *options,
		     void (*on_event)(void *context, const struct io_event *event), void *context)
{
	struct block_probe_config config = { .vms_only = options->by == BY_VM,
					     .events = options->events,
					     .detached = session->detached,
					     .event_min_ns = options->event_min_ns,
					     .on_event = describe_event,
					     .context = session };
	int error;

	session->options = options;
	session->on_event = on_event;
	session->context = context;
	error = session__check_host();
	if (!error)
		error = session__check_processes();
	if (!error)
		error = session_filter__read(&session->filter, options);
	if (!error)
		error = io_vms__init(&session->vms, "/proc", "/sys/fs/cgroup", "/sys",
				     &session->filter.vms);
	if (error)
		return error;
	session->vms.rest_ns = options->io.rest_ns;
	if (block_probe__open(&session->block, &config) || open_vm_probes(session))
		return -EINVAL;
	error = io_vms__refresh(&session->vms, clock_monotonic_ns());
	if (error == -EINTR)
		return error;
	if (error < 0) {
		log_error("/proc and /sys/block: %s: %s", strerror(-error),
			  remedy(error, "mount them"));
		return error;
	}
	error = follow_vms(session);
	if (error == -EINTR)
		return error;
	if (error) {
		log_error("telling the kernel which VMs there are: %s: %s", strerror(-error),
			  remedy(error, "start again"));
		return error;
	}
	error = session__check_filter(session->vms.registry);
	if (error)
		return error;
	return check_any(session) ? -ENOENT : check_monitors(session);
}

void io_session__close(struct io_session *session)
{
	guest_links__free(session->links);
	virtqueue_probe__close(session->queues);
	vmm_probe__close(session->vmm);
	block_probe__close(session->block);
	monitors__close(&session->monitors);
	flow_bases__free(&session->flow_bases);
	io_vms__free(&session->vms);
	session_filter__free(&session->filter);
}

void io_session__start(struct io_session *session)
{
	session->since_ns = clock_monotonic_ns();
	block_probe__start(session->block);
}

int io_session__attach(struct io_session *session)
{
	int error = block_probe__attach(session->block);

	session->detached = error;
	if (error)
		log_error("attaching to the block layer: %s: %s", strerror(-error),
			  remedy(error, "start again"));
	return error;
}

void io_session__detach(struct io_session *session)
{
	block_probe__detach(session->block);
	flow_bases__free(&session->flow_bases);
	session->latest = NULL;
	session->detached = true;
}

/* A copy of what each guest has reported: the next may come before this is shown. */
static int read_guests(struct io_session *session, struct io_view *view)
{
	for (size_t i = 0; i < session->vms.count; i++) {
		const struct vm *vm = session->vms.list[i].vm;
		const struct guest *guest = guest_links__find(session->links, vm->pid);

		if (guest && guest__describe(guest, vm->start_ns, view))
			return -ENOMEM;
	}
	for (int set = IO_SET_GUESTS; set <= IO_SET_GUEST_FLOWS; set++)
		io_view__sort(view, (enum io_set)set);
	view->strangers = guest_links__strangers(session->links);
	return 0;
}

int io_session__read(struct io_session *session, struct io_view *view)
{
	int error = io_vms__refresh(&session->vms, clock_monotonic_ns());

	if (error > 0)
		error = follow_vms(session);
	io_view__clear(view);
	view->missing = session->missing;
	view->since_ns = session->since_ns;
	if (!error)
		error = block_probe__read(session->block, &view->block);
	if (!error && session->vmm)
		error = vmm_probe__read(session->vmm, &view->vmm);
	if (!error)
		error = monitors__read(&session->monitors, &session->vms, &view->vmm);
	if (!error && session->queues)
		error = virtqueue_probe__read(session->queues, &view->queues);
	if (!error && session->links)
		error = read_guests(session, view);
	if (!error)
		error = io_vms__describe(&session->vms, view);
	if (!error)
		error = flow_bases__update(&session->flow_bases, view);
	session->latest = error ? NULL : view;
	if (error && error != -EINTR)
		log_error("reading the counters: %s: %s", strerror(-error),
			  remedy(error, "start again"));
	return error;
}

static const struct io_vm *find_vm(const struct io_view *view, const struct share_loss *loss)
{
	if (loss->owner == SHARE_OF_VM)
		return io_view__vm(view, (uint32_t)loss->id);
	for (size_t i = 0; loss->owner == SHARE_OF_CGROUP && i < view->vms.count; i++)
		if (view->vms.list[i].cgroup_id == loss->id)
			return &view->vms.list[i];
	return NULL;
}

int io_session__read_losses(const struct io_session *session, struct view *view)
{
	struct share_losses *losses = &view->shares;
	size_t first = losses->of.count;
	int error = block_probe__read_losses(session->block, losses);

	if (!error && session->vmm)
		error = vmm_probe__read_losses(session->vmm, losses);
	if (error) {
		log_error("reading the counters: %s: %s", strerror(-error),
			  remedy(error, "start again"));
		return error;
	}
	for (size_t i = first; i < losses->of.count; i++) {
		struct share_loss *one = &losses->of.list[i];
		const struct io_vm *vm = find_vm(&view->io, one);

		if (vm)
			memcpy(one->vm, vm->name, sizeof(one->vm));
	}
	set__sort(&share_loss_set, &losses->of.all);
	return 0;
}

int io_session__poll(struct io_session *session)
{
	int error = block_probe__poll(session->block);

	if (!error && session->links)
		error = guest_links__poll(session->links);
	if (error)
		log_error("reading events: %s: %s", strerror(-error), remedy(error, "start again"));
	return error;
}
