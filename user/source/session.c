// SPDX-License-Identifier: GPL-2.0-only
#include "source/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/units.h"
#include "host/host.h"
#include "host/proc_view.h"
#include "host/vm_scan.h"
#include "model/choice.h"
#include "model/view_sets.h"
#include "probe/requirement.h"

static bool on_thread(void *context, const struct identity *identity)
{
	struct session *session = context;
	const struct vm *vm = vms__get(session->vms, identity);

	if (vm && identity->is_vcpu)
		log_detail("found vCPU thread %u of VM %s", identity->tid, vm->name);
	vms__add_thread(session->vms, identity, +1);
	return vm && vm->chosen;
}

static void on_exit_thread(void *context, const struct identity *identity)
{
	struct session *session = context;

	vms__add_thread(session->vms, identity, -1);
}

static void on_wait(void *context, const struct wait_event *event)
{
	struct session *session = context;

	session->config.on_wait(session->config.context, event);
}

static void on_change(void *context, const struct state_change *change)
{
	struct session *session = context;

	session->config.on_change(session->config.context, change);
}

/* 0, or -ENOENT after one line about what there is none of to be seen. */
static int check_view(const char *what)
{
	enum proc_view view = proc_view__read("/proc");

	if (!proc_view__is_foreign(view))
		return 0;
	log_error("%s to be seen: %s", what, proc_view__reason(view));
	return -ENOENT;
}

int session__check_processes(void)
{
	return check_view("no VM");
}

int session__check_filter(const struct vms *vms)
{
	const char *reason = proc_view__reason(proc_view__read("/proc")), *missing;
	struct vm_refusals refusals;
	char refused[256];

	missing = vms__missing_name(vms, &refusals);
	if (!missing)
		return 0;
	if (interrupted())
		return -EINTR; /* not all were looked at */
	vm_refusals__describe(&refusals, refused, sizeof(refused));
	if (reason || refusals.count)
		log_error("--vm: no VM '%s' to be seen: %s", missing, reason ? reason : refused);
	else
		log_error("--vm: no VM '%s' on this host: 'kvmq-doctor' lists them", missing);
	return -ENOENT;
}

/* The hooks see each VM that runs, but it is /proc that has its name. */
static void warn_of_view(void)
{
	const char *reason = proc_view__reason(proc_view__read("/proc"));

	if (reason)
		log_warning("VMs are named by command and PID: %s", reason);
}

/* A cgroup that is not there holds no VM, today or later. */
static int find_cgroup(struct cgroup_filter *filter, const char *name)
{
	int error = cgroup_filter__find(filter, "/proc", name);

	if (error == -ENOENT)
		log_error("--cgroup: '%s' is not there: give a folder below /sys/fs/cgroup", name);
	else if (error == -ENODEV)
		log_error("--cgroup: no cgroup hierarchy is mounted: mount it on /sys/fs/cgroup");
	else if (error)
		log_error("--cgroup: '%s': %s: %s", name, strerror(-error),
			  remedy(error, "give a folder below /sys/fs/cgroup"));
	return error;
}

int session_filter__read(struct session_filter *filter, const struct options *options)
{
	int error;

	*filter = (struct session_filter){ .vms = { options->vms, options->vm_count, NULL } };
	if (!options->cgroup)
		return 0;
	error = check_view("--cgroup: none");
	if (!error)
		error = find_cgroup(&filter->cgroup, options->cgroup);
	filter->vms.cgroup = &filter->cgroup;
	return error;
}

void session_filter__free(struct session_filter *filter)
{
	cgroup_filter__free(&filter->cgroup);
}

int session__check_host(void)
{
	struct checks checks = { 0 };

	requirements__check(&checks, NULL);
	return requirements__refuse(&checks);
}

int session__open(struct session *session, const struct options *options,
		  const struct sched_probe_config *config)
{
	struct sched_probe_config own = *config;
	int error;

	session->config = *config;
	own.threads = options->cpu.threads || options->by == BY_THREAD;
	own.filtered = options__choose(options);
	own.on_thread = on_thread;
	own.on_exit = on_exit_thread;
	own.on_wait = on_wait;
	own.on_change = on_change;
	own.context = session;
	error = session__check_host();
	if (!error)
		error = session_filter__read(&session->filter, options);
	if (error)
		return error;
	session->vms = vms__new("/proc", &session->filter.vms);
	if (!session->vms)
		return -ENOMEM;
	error = sched_probe__open(&session->probe, &own);
	if (!error)
		error = session__poll(session);
	if (!error)
		error = session__check_filter(session->vms);
	if (!error)
		warn_of_view();
	return error;
}

void session__close(struct session *session)
{
	sched_probe__close(session->probe);
	vms__free(session->vms);
	session_filter__free(&session->filter);
}

int session__poll(struct session *session)
{
	int error;

	errno = 0;
	error = sched_probe__poll(session->probe);
	if (error)
		log_error("reading events: %s: %s", strerror(-error), remedy(error, "start again"));
	return error;
}

static int read_losses(const struct session *session, struct share_losses *losses)
{
	list_clear(&losses->of);
	return sched_probe__read_losses(session->probe, losses);
}

void session__name_losses(const struct session *session, struct share_losses *losses)
{
	for (size_t i = 0; i < losses->of.count; i++) {
		struct share_loss *one = &losses->of.list[i];
		const struct vm *vm = one->owner == SHARE_OF_VM
					      ? vms__find(session->vms, (uint32_t)one->id)
					      : NULL;

		if (vm)
			memcpy(one->vm, vm->name, sizeof(one->vm));
	}
	set__sort(&share_loss_set, &losses->of.all);
}

int session__read(struct session *session, struct view *view)
{
	struct snapshot *snapshot = &view->sched;
	int error;

	clock_both_ns(&snapshot->time_ns, &snapshot->realtime_ns);
	session->boot_ns = snapshot->realtime_ns - snapshot->time_ns;
	error = sched_probe__read(session->probe, snapshot);
	if (!error)
		error = read_losses(session, &view->shares);
	if (error) {
		log_error("reading the counters: %s: %s", strerror(-error),
			  remedy(error, "start again"));
		return error;
	}
	snapshot->cost.own_cpu_ns = clock_process_cpu_ns();
	host__read_counters(&session->counters, "/proc");
	snapshot->cost.switches = session->counters.switches;
	vms__sweep(session->vms, snapshot);
	session__name_losses(session, &view->shares);
	snapshot->other_vms = vms__count_others(session->vms);
	error = vms__fill(session->vms, snapshot);
	if (error)
		log_error("listing the VMs: %s: show fewer", strerror(-error));
	return error;
}

void session__shown(struct session *session, const struct snapshot *snapshot)
{
	vms__keep_exited(session->vms, snapshot);
}

struct event_names session__names(const struct session *session, const struct identity *identity)
{
	const struct vm *vm = vms__get(session->vms, identity);
	struct event_names names = { .boot_ns = session->boot_ns };

	if (vm)
		memcpy(names.vm, vm->name, sizeof(names.vm));
	return names;
}

int session_source__open(struct session_source *source, const struct options *options,
			 const struct event_sink *sink, const struct sched_probe_config *config)
{
	source->sink = sink;
	host__read(&source->host);
	host__read_environment(&source->environment);
	return session__open(&source->session, options, config);
}

int session_source__read(struct session_source *source, struct view *view)
{
	view->host = source->host;
	view->environment = source->environment;
	return session__read(&source->session, view);
}

const struct host *session_source__host(const void *source)
{
	return &((const struct session_source *)source)->host;
}

int session_source__start(void *source)
{
	return sched_probe__start(((struct session_source *)source)->session.probe);
}

int session_source__fd(const void *source)
{
	return sched_probe__fd(((const struct session_source *)source)->session.probe);
}

int session_source__poll(void *source)
{
	return session__poll(&((struct session_source *)source)->session);
}

void session_source__shown(void *source, const struct view *view)
{
	session__shown(&((struct session_source *)source)->session, &view->sched);
}
