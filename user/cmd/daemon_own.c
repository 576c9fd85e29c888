// SPDX-License-Identifier: GPL-2.0-only
/* What kvmqd says of the host and of itself. */
#include <string.h>

#include "base/units.h"
#include "base/version.h"
#include "cmd/daemon_metrics_internal.h"
#include "model/view_sets.h"

/* Where losses stand in a view: the counters of these sets. */
static const struct {
	const char *part;
	const struct set *set;
} loss_sets[LOSS_SETS] = {
	{ "cpu", &loss_set },
	{ "exits", &exit_state_set },
	{ "nodes", &numa_state_set },
	{ "io", &io_sets[IO_SET_LOSSES] },
};

static const struct {
	unsigned int part;
	const char *name;
} parts[] = { { PART_EXITS, "exits" }, { PART_NUMA, "nodes" }, { PART_IO, "io" } };

static void raise_to(uint64_t *counter, uint64_t value)
{
	if (value > *counter)
		*counter = value;
}

/* A part that is not looked at shows none, so what was there stays. */
static void take_losses(struct daemon_own *own, const struct view *after)
{
	for (int i = 0; i < LOSS_SETS; i++)
		for (uint32_t j = 0; j < loss_sets[i].set->field_count && j < LOSSES_MAX; j++)
			if (loss_sets[i].set->fields[j].kind == FIELD_COUNTER)
				raise_to(&own->losses[i][j],
					 field__get(&loss_sets[i].set->fields[j], after, 0));
}

void daemon_own__take(struct daemon_own *own, const struct view *after,
		      const struct daemon_figures *figures, const struct daemon_sums *sums)
{
	own->figures = *figures;
	own->host = after->host;
	own->use = after->use;
	own->time_ns = snapshot__threads_realtime_ns(&after->sched);
	own->reading_ns = after->sched.end_rq - after->sched.read_rq;
	raise_to(&own->own_cpu_ns, after->sched.cost.own_cpu_ns);
	own->parts_known[PART_EXITS] = sums->exits_known;
	own->parts_known[PART_NUMA] = sums->nodes_known;
	own->parts_known[PART_IO] = sums->io_known;
	take_losses(own, after);
}

enum own_family {
	BUILD,
	HOST,
	HOST_CPUS,
	HOST_CPU_TIME,
	START,
	MOMENT,
	READING,
	INTERVAL,
	OWN_CPU,
	BUDGET,
	USED,
	LEVEL,
	PART,
	LOSSES,
	INCIDENTS,
};

static const struct family families[] = {
	[BUILD] = { "kvmq_build", NULL, FAMILY_INFO, "The version of kvmqd." },
	[HOST] = { "kvmq_host", NULL, FAMILY_INFO, "The host, its kernel and its boot." },
	[HOST_CPUS] = { "kvmq_host_cpus", NULL, FAMILY_GAUGE, "CPUs of the host that are online." },
	[HOST_CPU_TIME] = { "kvmq_host_cpu_seconds", "seconds", FAMILY_COUNTER,
			    "Time of all CPUs since boot, as /proc/stat has it: busy, idle, or "
			    "taken by an outer host." },
	[START] = { "kvmq_start_time_seconds", "seconds", FAMILY_GAUGE,
		    "When kvmqd started, and its counters began, since 1970." },
	[MOMENT] = { "kvmq_moment_time_seconds", "seconds", FAMILY_GAUGE,
		     "The moment that these figures are of, since 1970." },
	[READING] = { "kvmq_moment_reading_seconds", "seconds", FAMILY_GAUGE,
		      "How long reading the threads took, from that moment on." },
	[INTERVAL] = { "kvmq_interval_seconds", "seconds", FAMILY_GAUGE,
		       "The interval of moments: longer than it is set if the budget asks for "
		       "it." },
	[OWN_CPU] = { "kvmq_own_cpu_seconds", "seconds", FAMILY_COUNTER,
		      "Time that kvmqd itself spent on CPUs, its hooks apart." },
	[BUDGET] = { "kvmq_budget_ratio", "ratio", FAMILY_GAUGE,
		     "What hooks and kvmqd together may take of one CPU." },
	[USED] = { "kvmq_used_ratio", "ratio", FAMILY_GAUGE,
		   "What hooks and kvmqd together took of one CPU in the last minute." },
	[LEVEL] = { "kvmq_level", NULL, FAMILY_GAUGE,
		    "What was given up to keep to the budget: 0 nothing, 1 the interval, 2 exits, "
		    "too, "
		    "3 I/O, too." },
	[PART] = { "kvmq_part_known", NULL, FAMILY_GAUGE,
		   "Whether a part is looked at: without it, its families are missing." },
	[LOSSES] = { "kvmq_losses", NULL, FAMILY_COUNTER, "What could not be counted." },
	[INCIDENTS] = { "kvmq_incidents", NULL, FAMILY_COUNTER,
			"Incidents that the flight recorder has kept." },
};

static void put_info(struct exposition *exposition, const struct family *family,
		     struct labels *labels)
{
	exposition__family(exposition, family);
	exposition__count(exposition, labels, 1);
	labels__cut(labels, 0);
}

static void put_with(struct exposition *exposition, struct labels *labels, const char *name,
		     const char *value, uint64_t number, unsigned int decimals)
{
	labels__add(labels, name, value);
	exposition__put(exposition, labels, number, decimals);
	labels__cut(labels, 0);
}

static void write_host(struct exposition *exposition, const struct daemon_own *own,
		       struct labels *labels)
{
	labels__add(labels, "version", KVMQ_VERSION);
	put_info(exposition, &families[BUILD], labels);
	labels__add(labels, "host", own->host.name);
	labels__add(labels, "kernel", own->host.kernel);
	labels__add(labels, "boot_id", own->host.boot_id);
	put_info(exposition, &families[HOST], labels);
	exposition__family(exposition, &families[HOST_CPUS]);
	exposition__count(exposition, NULL, own->host.cpus);
	exposition__family(exposition, &families[HOST_CPU_TIME]);
	if (!own->use.known)
		return;
	put_with(exposition, labels, "mode", "busy", own->use.busy_ns, 9);
	put_with(exposition, labels, "mode", "idle", own->use.idle_ns, 9);
	put_with(exposition, labels, "mode", "stolen", own->use.stolen_ns, 9);
}

static void write_losses(struct exposition *exposition, const struct daemon_own *own,
			 struct labels *labels)
{
	exposition__family(exposition, &families[LOSSES]);
	for (int i = 0; i < LOSS_SETS; i++) {
		const struct set *set = loss_sets[i].set;

		for (uint32_t j = 0; j < set->field_count && j < LOSSES_MAX; j++) {
			const char *name = set->fields[j].name;

			if (set->fields[j].kind != FIELD_COUNTER)
				continue;
			labels__add(labels, "part", loss_sets[i].part);
			labels__add(labels, "kind", strncmp(name, "lost_", 5) ? name : name + 5);
			exposition__count(exposition, labels, own->losses[i][j]);
			labels__cut(labels, 0);
		}
	}
}

static void write_daemon(struct exposition *exposition, const struct daemon_own *own,
			 struct labels *labels)
{
	const struct daemon_figures *figures = &own->figures;

	exposition__family(exposition, &families[START]);
	exposition__seconds(exposition, NULL, figures->begin_ns);
	exposition__family(exposition, &families[MOMENT]);
	exposition__seconds(exposition, NULL, own->time_ns);
	exposition__family(exposition, &families[READING]);
	exposition__seconds(exposition, NULL, own->reading_ns);
	exposition__family(exposition, &families[INTERVAL]);
	exposition__seconds(exposition, NULL, figures->interval_ns);
	exposition__family(exposition, &families[OWN_CPU]);
	exposition__seconds(exposition, NULL, own->own_cpu_ns);
	exposition__family(exposition, &families[BUDGET]);
	exposition__ratio(exposition, NULL, figures->budget_mpct);
	exposition__family(exposition, &families[USED]);
	if (figures->used_known)
		exposition__ratio(exposition, NULL, figures->used_mpct);
	exposition__family(exposition, &families[LEVEL]);
	exposition__count(exposition, NULL, figures->level);
	exposition__family(exposition, &families[PART]);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		put_with(exposition, labels, "part", parts[i].name, own->parts_known[parts[i].part],
			 0);
	write_losses(exposition, own, labels);
	exposition__family(exposition, &families[INCIDENTS]);
	exposition__count(exposition, NULL, figures->incidents);
}

static const struct family recording_bytes = { "kvmq_recording_bytes", "bytes", FAMILY_GAUGE,
					       "Size of the recording with its journal." };
static const struct family recording_moments = {
	"kvmq_recording_moments", NULL, FAMILY_COUNTER,
	"Moments that were recorded since the start, by the interval of their tier in seconds."
};
static const struct family recording_events = {
	"kvmq_recording_events", NULL, FAMILY_COUNTER,
	"What befell the recording: moments that are missing (dropped), times that old ones could "
	"not be taken out (failed), items that ended between two moments (lost), damaged files "
	"(set_aside)."
};

static void write_recording(struct exposition *exposition, const struct daemon_figures *figures,
			    struct labels *labels)
{
	if (!figures->recording.known)
		return;
	exposition__family(exposition, &recording_bytes);
	exposition__count(exposition, NULL, figures->recording.bytes);
	exposition__family(exposition, &recording_moments);
	for (uint32_t i = 0; i < figures->recording.tiers && i < METRICS_TIERS; i++) {
		labels__add_number(labels, "tier_seconds",
				   figures->recording.tier_interval_ns[i] / NSEC_PER_SEC);
		exposition__count(exposition, labels, figures->recording.moments[i]);
		labels__cut(labels, 0);
	}
	exposition__family(exposition, &recording_events);
	put_with(exposition, labels, "kind", "failed", figures->recording.failed, 0);
	put_with(exposition, labels, "kind", "dropped", figures->recording.dropped, 0);
	put_with(exposition, labels, "kind", "lost", figures->recording.lost, 0);
	put_with(exposition, labels, "kind", "set_aside", figures->recording.set_aside, 0);
}

static const struct family clients = {
	"kvmq_clients", NULL, FAMILY_GAUGE,
	"Connections now: of tools to kvmqd's socket, and of scrapers."
};
static const struct family client_events = {
	"kvmq_client_events", NULL, FAMILY_COUNTER,
	"Connections and requests since the start: accepted or served, refused (too many), and "
	"dropped (too slow)."
};

static void put_client(struct exposition *exposition, struct labels *labels, const char *of,
		       const char *kind, uint64_t number)
{
	labels__add(labels, "of", of);
	if (kind)
		labels__add(labels, "kind", kind);
	exposition__count(exposition, labels, number);
	labels__cut(labels, 0);
}

static void write_clients(struct exposition *exposition, const struct daemon_figures *figures,
			  struct labels *labels)
{
	exposition__family(exposition, &clients);
	if (figures->feed.known)
		put_client(exposition, labels, "socket", NULL, figures->feed.clients);
	if (figures->web.known)
		put_client(exposition, labels, "http", NULL, figures->web.connections);
	exposition__family(exposition, &client_events);
	if (figures->feed.known) {
		put_client(exposition, labels, "socket", "accepted", figures->feed.accepted);
		put_client(exposition, labels, "socket", "refused", figures->feed.refused);
		put_client(exposition, labels, "socket", "dropped", figures->feed.dropped);
	}
	if (!figures->web.known)
		return;
	put_client(exposition, labels, "http", "served", figures->web.served);
	put_client(exposition, labels, "http", "dropped", figures->web.dropped);
}

void write_own(struct exposition *exposition, const struct daemon_own *own)
{
	struct labels labels = { 0 };

	write_host(exposition, own, &labels);
	write_daemon(exposition, own, &labels);
	write_recording(exposition, &own->figures, &labels);
	write_clients(exposition, &own->figures, &labels);
	exposition->of.failed |= labels.of.failed;
	labels__free(&labels);
}

static const struct family series = { "kvmq_series", NULL, FAMILY_GAUGE, "Series in this text." };
static const struct family left_out = {
	"kvmq_series_left_out", NULL, FAMILY_GAUGE,
	"Series beyond max_series, which are missing: those at the end of this text."
};
static const struct family vms_left_out = {
	"kvmq_vms_left_out", NULL, FAMILY_GAUGE,
	"VMs without series, since an older VM has the same name and UUID."
};
static const struct family disks_missing = { "kvmq_disks_left_out", NULL, FAMILY_GAUGE,
					     "Disks without series: their VM has too many." };

void write_series(struct exposition *exposition, const struct shown_vms *vms,
		  uint64_t disks_left_out)
{
	uint64_t missing = exposition->left_out;

	exposition->max_series = UINT64_MAX;
	exposition__family(exposition, &vms_left_out);
	exposition__count(exposition, NULL, vms->left_out);
	exposition__family(exposition, &disks_missing);
	exposition__count(exposition, NULL, disks_left_out);
	exposition__family(exposition, &left_out);
	exposition__count(exposition, NULL, missing);
	exposition__family(exposition, &series);
	exposition__count(exposition, NULL, exposition->series + 1);
}
