// SPDX-License-Identifier: GPL-2.0-only
/* SIGHUP: kvmqd's settings are read again. */
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "cmd/daemon_internal.h"

static void take_over(struct daemon *daemon, const struct daemon_settings *settings,
		      const struct daemon_setting *setting)
{
	char before[SETTING_TEXT_SIZE], after[SETTING_TEXT_SIZE];

	daemon_setting__write(setting, &daemon->settings, before);
	daemon_setting__write(setting, settings, after);
	if (!strcmp(before, after))
		return;
	if (!setting->is_live) {
		log_warning("reload: %s: stays '%s': a new start makes it '%s'", setting->name,
			    before, after);
		return;
	}
	log_notice("reload: %s: '%s' is now '%s'", setting->name, before, after);
	memcpy((char *)&daemon->settings + setting->place, (const char *)settings + setting->place,
	       setting->size);
}

static void take_all_over(struct daemon *daemon, const struct daemon_settings *settings)
{
	const struct daemon_setting *setting;

	for (size_t i = 0; (setting = daemon_setting__at(i)); i++)
		take_over(daemon, settings, setting);
	budget__set(&daemon->budget,
		    &(struct budget_settings){ .mpct = daemon->settings.budget_mpct,
					       .interval_ns = daemon->settings.interval_ns,
					       .exits = daemon->settings.exits,
					       .block = daemon->settings.block });
	if (daemon->keeper)
		keeper__set_interval(daemon->keeper, daemon->settings.interval_ns);
	daemon__configure_metrics(daemon);
	daemon__apply(daemon);
}

void daemon__reload(struct daemon *daemon)
{
	static struct daemon_settings settings; /* large */

	notify__send(&daemon->notify, "RELOADING=1\nMONOTONIC_USEC=%llu",
		     (unsigned long long)(clock_monotonic_ns() / NSEC_PER_USEC));
	if (daemon_arguments__settings(daemon->arguments, &settings)) {
		log_warning("reload: the settings stay as they were");
	} else {
		take_all_over(daemon, &settings);
		log_notice("reload: done");
	}
	notify__send(&daemon->notify, "READY=1");
	daemon__tell_status(daemon);
}
