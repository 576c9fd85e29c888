// SPDX-License-Identifier: GPL-2.0-only
/* kvmqd's metrics: at /metrics, and in a folder. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "cmd/daemon_internal.h"
#include "daemon/textfile.h"

/* Who reads the folder comes no more often. */
#define TEXTFILE_NS (5 * NSEC_PER_SEC)

static struct daemon_metrics_config config_of(const struct daemon_settings *settings)
{
	return (struct daemon_metrics_config){ .max_series = settings->max_series,
					       .blame_pairs = settings->blame_pairs,
					       .vcpu_histograms = settings->vcpu_histograms };
}

static int get_text(void *context, enum exposition_format format, const char **text, size_t *size,
		    uint64_t *moment)
{
	const struct daemon *daemon = context;

	return daemon_metrics__text(daemon->metrics, format, text, size, moment);
}

int daemon__open_metrics(struct daemon *daemon)
{
	const struct daemon_metrics_config config = config_of(&daemon->settings);
	const struct web_ops ops = { get_text, daemon };

	if (!*daemon->settings.listen && !*daemon->settings.textfile)
		return 0;
	if (daemon_metrics__open(&daemon->metrics, &config)) {
		log_error("metrics: %s", remedy(ENOMEM, NULL));
		return -ENOMEM;
	}
	return *daemon->settings.listen ? web__open(&daemon->web, daemon->settings.listen, &ops)
					: 0;
}

void daemon__configure_metrics(struct daemon *daemon)
{
	const struct daemon_metrics_config config = config_of(&daemon->settings);

	if (daemon->metrics)
		daemon_metrics__configure(daemon->metrics, &config);
}

static void tell_clients(const struct daemon *daemon, struct daemon_figures *figures)
{
	struct feed_state feed;
	struct web_state web;

	if (daemon->feed) {
		feed__state(daemon->feed, &feed);
		figures->feed.known = true;
		figures->feed.clients = feed.clients;
		figures->feed.accepted = feed.accepted;
		figures->feed.refused = feed.refused;
		figures->feed.dropped = feed.dropped;
	}
	if (daemon->web) {
		web__state(daemon->web, &web);
		figures->web.known = true;
		figures->web.connections = web.connections;
		figures->web.served = web.served;
		figures->web.dropped = web.dropped;
	}
}

static void tell_recording(const struct daemon *daemon, struct daemon_figures *figures)
{
	struct keeper_state state;

	if (!daemon->keeper)
		return;
	keeper__state(daemon->keeper, &state);
	figures->recording.known = true;
	figures->recording.bytes = state.bytes;
	figures->recording.failed = state.failed;
	figures->recording.set_aside = state.set_aside;
	figures->recording.dropped = state.dropped;
	figures->recording.lost = state.lost;
	figures->recording.tiers = DAEMON_TIERS;
	for (int i = 0; i < DAEMON_TIERS; i++) {
		figures->recording.tier_interval_ns[i] = daemon->settings.tiers[i].interval_ns;
		figures->recording.moments[i] = state.moments[i];
	}
}

static struct daemon_figures figures_of(const struct daemon *daemon)
{
	bool begun = daemon->budget.settings.interval_ns;
	struct daemon_figures figures = {
		.begin_ns = daemon->begin_ns,
		.interval_ns =
			begun ? budget__interval(&daemon->budget) : daemon->settings.interval_ns,
		.budget_mpct = daemon->settings.budget_mpct,
		.used_known = begun,
		.used_mpct = begun ? budget__used_mpct(&daemon->budget) : 0,
		.level = begun ? budget__level(&daemon->budget) : BUDGET_FULL,
		.incidents = daemon->incidents,
	};

	tell_recording(daemon, &figures);
	tell_clients(daemon, &figures);
	return figures;
}

/* The same trouble is said once, and when it is over. */
static void tell_textfile(struct daemon *daemon, int error)
{
	if (error == daemon->textfile_error)
		return;
	daemon->textfile_error = error;
	if (error)
		log_warning("textfile: '%s': %s: %s", daemon->settings.textfile, strerror(-error),
			    remedy(error, "give a folder that kvmqd may write to"));
	else
		log_notice("textfile: '%s' is written again", daemon->settings.textfile);
}

static void write_textfile(struct daemon *daemon)
{
	uint64_t now_ns = clock_monotonic_ns(), moment;
	const char *text;
	size_t size;
	int error;

	if (!*daemon->settings.textfile || now_ns - daemon->textfile_ns < TEXTFILE_NS)
		return;
	daemon->textfile_ns = now_ns;
	error = daemon_metrics__text(daemon->metrics, EXPOSITION_PROMETHEUS, &text, &size, &moment);
	if (!error)
		error = textfile__write(daemon->settings.textfile, text, size);
	tell_textfile(daemon, error);
}

void daemon__show(struct daemon *daemon)
{
	const struct view *after = &daemon->views[daemon->latest];
	struct daemon_figures figures;

	if (!daemon->metrics)
		return;
	if (!daemon->begin_ns)
		daemon->begin_ns = after->sched.realtime_ns;
	figures = figures_of(daemon);
	if (daemon_metrics__take(daemon->metrics, after, daemon->judged ? &daemon->why : NULL,
				 &figures))
		log_warning("metrics: %s", remedy(ENOMEM, NULL));
	write_textfile(daemon);
}

/* A port that does not work any more costs its scrapers, and nothing else. */
void daemon__run_web(struct daemon *daemon)
{
	int error = web__run(daemon->web);

	if (!error)
		return;
	log_warning("listen: %s: /metrics is served no more", strerror(-error));
	daemon__close_metrics(daemon);
	daemon->fds[WEB] = -1;
}

void daemon__close_metrics(struct daemon *daemon)
{
	web__close(daemon->web);
	daemon->web = NULL;
	daemon_metrics__close(daemon->metrics);
	daemon->metrics = NULL;
}
