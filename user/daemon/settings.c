// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/settings.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "base/units.h"

#define AT(member)                                                                                 \
	.place = offsetof(struct daemon_settings, member),                                         \
	.size = sizeof(((struct daemon_settings *)0)->member)

#define SECOND NSEC_PER_SEC
#define DAY (86400 * NSEC_PER_SEC)
#define MEBIBYTE (1ULL << 20)

static const struct daemon_setting table[] = {
	{ "interval", SETTING_TIME, "SPAN", "1s", "of views, as long as the budget allows it",
	  AT(interval_ns), .min = 100 * NSEC_PER_MSEC, .max = 600 * SECOND, .is_live = true },
	{ "budget", SETTING_SHARE, "SHARE", "1%",
	  "of one CPU, for hooks and daemon together, over any minute", AT(budget_mpct), .min = 10,
	  .max = 100000, .is_live = true },
	{ "exits", SETTING_SWITCH, "SWITCH", "on", "look at exits of vCPUs", AT(exits),
	  .is_live = true },
	{ "numa", SETTING_SWITCH, "SWITCH", "on", "look at NUMA nodes and hint faults", AT(numa),
	  .is_live = true },
	{ "block", SETTING_SWITCH, "SWITCH", "on", "look at disks and block requests", AT(block),
	  .is_live = true },
	{ "blame", SETTING_SWITCH, "SWITCH", "on", "who ran while a vCPU waited", AT(blame) },
	{ "overlap", SETTING_SWITCH, "SWITCH", "on", "what the vCPUs of a VM did at the same time",
	  AT(overlap) },
	{ "recording", SETTING_PATH, "FILE", "/var/lib/kvmq/kvmq.db", "where views are recorded",
	  AT(recording), .may_be_off = true },
	{ "tiers", SETTING_TIERS, "TIERS", "1s/1h 10s/7d 5min/90d",
	  "three of INTERVAL/SPAN: how finely moments are recorded, and for how long", AT(tiers) },
	{ "recording-bytes", SETTING_BYTES, "BYTES", "2GiB",
	  "the most that the recording takes; old fine moments go first", AT(max_bytes),
	  .min = 16 * MEBIBYTE, .max = 1ULL << 50 },
	{ "socket", SETTING_PATH, "FILE", "/run/kvmq/kvmqd.sock",
	  "where tools without privileges get live views", AT(socket), .may_be_off = true },
	{ "socket-group", SETTING_NAME, "GROUP", "kvmq", "who may connect to the socket",
	  AT(socket_group), .may_be_off = true },
	{ "listen", SETTING_ADDRESS, "ADDRESS", "127.0.0.1:9778",
	  "where /metrics is served: HOST:PORT or unix:FILE", AT(listen), .may_be_off = true },
	{ "textfile", SETTING_PATH, "DIR", "off",
	  "where metrics are written for node_exporter: DIR/kvmq.prom", AT(textfile),
	  .may_be_off = true },
	{ "vcpu-histograms", SETTING_SWITCH, "SWITCH", "off",
	  "distributions as metrics of each vCPU, not only of VMs", AT(vcpu_histograms),
	  .is_live = true },
	{ "blame-pairs", SETTING_COUNT, "N", "5", "metrics of blame: the worst pairs of each VM",
	  AT(blame_pairs), .max = 100, .is_live = true },
	{ "max-series", SETTING_COUNT, "N", "100000",
	  "the most series of metrics; more are left out and counted", AT(max_series), .min = 1,
	  .max = 10000000, .is_live = true },
	{ "wait-limit", SETTING_TIME, "SPAN", "100ms",
	  "a wait for a CPU that is longer is kept as an incident", AT(wait_limit_ns),
	  .min = NSEC_PER_MSEC, .max = 600 * SECOND, .may_be_off = true, .is_live = true },
	{ "incidents-per-day", SETTING_COUNT, "N", "20", "the most that are kept in 24 hours",
	  AT(incidents_per_day), .max = 10000, .is_live = true },
	{ "incident-bytes", SETTING_BYTES, "BYTES", "64MiB", "the most that all kept ones take",
	  AT(incident_bytes), .min = MEBIBYTE, .max = 1ULL << 40, .is_live = true },
};

#define SETTINGS (sizeof(table) / sizeof(table[0]))

_Static_assert(SETTINGS <= DAEMON_SETTINGS_MAX, "there is room for all");

const struct daemon_setting *daemon_setting__at(size_t place)
{
	return place < SETTINGS ? &table[place] : NULL;
}

const struct daemon_setting *daemon_setting__find(const char *name)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (!strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

void daemon_settings__init(struct daemon_settings *settings)
{
	char error[SETTING_ERROR_SIZE];

	memset(settings, 0, sizeof(*settings));
	for (size_t i = 0; i < SETTINGS; i++)
		if (daemon_setting__set(&table[i], settings, table[i].usual, error, sizeof(error)))
			abort(); /* a test sets each */
}

/* Ends the line where a comment begins, and takes away the blanks around it. */
static char *trim(char *line)
{
	size_t end;

	for (char *c = line; (c = strchr(c, '#')); c++)
		if (c == line || isblank((unsigned char)c[-1])) {
			*c = '\0';
			break;
		}
	for (end = strlen(line); end && isspace((unsigned char)line[end - 1]); end--)
		line[end - 1] = '\0';
	while (isblank((unsigned char)*line))
		line++;
	return line;
}

/* Splits "NAME = VALUE"; NULL: it is none. */
static char *split(char *line)
{
	char *value = strchr(line, '=');

	if (!value)
		return NULL;
	*value++ = '\0';
	trim(line);
	return trim(value);
}

struct reading {
	struct daemon_settings *settings;
	const char *path;
	unsigned int line;
	unsigned int seen[SETTINGS]; /* in which line */
};

static int refuse(const struct reading *reading, const char *text, const char *why)
{
	log_error("%s:%u: '%.200s': %s", reading->path, reading->line, text, why);
	return -EINVAL;
}

static int read_line(struct reading *reading, char *line)
{
	const struct daemon_setting *setting;
	char error[SETTING_ERROR_SIZE];
	char *value;

	line = trim(line);
	if (!*line)
		return 0;
	value = split(line);
	if (!value)
		return refuse(reading, line, "expected NAME = VALUE");
	setting = daemon_setting__find(line);
	if (!setting)
		return refuse(reading, line, "no such setting: 'kvmqd --help' lists them");
	if (reading->seen[setting - table]) {
		snprintf(error, sizeof(error), "it is set in line %u, too: leave one of them out",
			 reading->seen[setting - table]);
		return refuse(reading, line, error);
	}
	reading->seen[setting - table] = reading->line;
	if (daemon_setting__set(setting, reading->settings, value, error, sizeof(error))) {
		log_error("%s:%u: %s: invalid value '%.200s': expected %s", reading->path,
			  reading->line, line, value, error);
		return -EINVAL;
	}
	return 0;
}

int daemon_settings__read(struct daemon_settings *settings, const char *path)
{
	struct reading reading = { .settings = settings, .path = path };
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	int error = 0;

	while (file && !error && getline(&line, &size, file) >= 0) {
		reading.line++;
		error = read_line(&reading, line);
	}
	if (!error && (!file || !feof(file))) {
		error = -errno;
		log_error("%s: %s: give another file", path, strerror(errno));
	}
	free(line);
	if (file)
		fclose(file);
	return error;
}

int daemon_settings__check(const struct daemon_settings *settings)
{
	const struct daemon_tier *tiers = settings->tiers;

	for (int i = 0; i < DAEMON_TIERS; i++)
		if (tiers[i].keep_ns < tiers[i].interval_ns) {
			log_error("tiers: moments of one are kept for less than its interval: keep "
				  "them longer");
			return -EINVAL;
		}
	for (int i = 1; i < DAEMON_TIERS; i++)
		if (tiers[i].interval_ns <= tiers[i - 1].interval_ns ||
		    tiers[i].keep_ns <= tiers[i - 1].keep_ns) {
			log_error("tiers: each has to be coarser than the one before, and to be "
				  "kept longer");
			return -EINVAL;
		}
	if (settings->incident_bytes > settings->max_bytes / 2) {
		log_error("incident-bytes: more than half of recording-bytes: give less");
		return -EINVAL;
	}
	return 0;
}

void daemon_settings__print(const struct daemon_settings *settings, FILE *file)
{
	char text[SETTING_TEXT_SIZE];

	for (size_t i = 0; i < SETTINGS; i++) {
		daemon_setting__write(&table[i], settings, text);
		text_line(file, "%s = %s", table[i].name, text);
	}
}
