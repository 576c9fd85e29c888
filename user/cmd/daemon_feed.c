// SPDX-License-Identifier: GPL-2.0-only
/* kvmqd's socket: what clients are told that there is. */
#include "base/version.h"
#include "cmd/daemon_internal.h"
#include "model/view_sets.h"
#include "source/all_source.h"

#define SETS_MAX 64

/* What is not looked at is no empty set: clients are told that they ask in vain. */
static bool is_looked_at(const struct daemon_settings *settings, const struct set *set)
{
	return (set != &blame_set || settings->blame) && (set != &overlap_set || settings->overlap);
}

int daemon__open_feed(struct daemon *daemon)
{
	static const struct set *sets[SETS_MAX];
	const struct host *host = all_source.host(daemon->source);
	const struct daemon_settings *settings = &daemon->settings;
	struct recording_info info = { .version = KVMQ_VERSION,
				       .boot_id = host->boot_id,
				       .host = host->name,
				       .interval_ns = settings->interval_ns,
				       .sets = sets };

	if (!*settings->socket)
		return 0;
	for (const struct set *const *set = all_sets; *set && info.set_count < SETS_MAX; set++)
		if (is_looked_at(settings, *set))
			sets[info.set_count++] = *set;
	return feed__open(&daemon->feed, settings->socket, settings->socket_group, &info);
}

/* A socket that does not work any more costs its clients their views, and nothing else. */
void daemon__run_feed(struct daemon *daemon)
{
	if (!feed__run(daemon->feed))
		return;
	feed__close(daemon->feed);
	daemon->feed = NULL;
	daemon->fds[FEED] = -1;
}
