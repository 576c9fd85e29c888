// SPDX-License-Identifier: GPL-2.0-only
/* kvmqd: all that kvmq measures, always on. */
#include <errno.h>
#include <signal.h>

#include "base/allocation.h"
#include "base/log.h"
#include "cmd/daemon_run.h"
#include "daemon/arguments.h"

static int check(const struct daemon_settings *settings)
{
	errno = 0;
	daemon_settings__print(settings, stdout);
	return output_status();
}

int main(int argc, char **argv)
{
	struct daemon_arguments arguments;
	struct daemon_settings settings;
	int status;

	allocation__map_large();
	log_init("kvmqd", 0);
	signal(SIGPIPE, SIG_IGN); /* who does not read any more is no reason to end */
	signal(SIGXFSZ, SIG_IGN); /* nor is a limit */
	if (daemon_arguments__parse(&arguments, argc, argv, &status))
		return status;
	log_init("kvmqd", arguments.verbose);
	if (daemon_arguments__settings(&arguments, &settings))
		return STATUS_USAGE;
	return arguments.check ? check(&settings) : daemon__run(&arguments, &settings);
}
