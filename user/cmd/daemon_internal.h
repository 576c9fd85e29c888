/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_CMD_DAEMON_INTERNAL_H
#define KVMQ_CMD_DAEMON_INTERNAL_H

#include "cmd/daemon_metrics.h"
#include "daemon/allowance.h"
#include "daemon/arguments.h"
#include "daemon/budget.h"
#include "daemon/feed.h"
#include "daemon/flight.h"
#include "daemon/keeper.h"
#include "daemon/notify.h"
#include "daemon/spending.h"
#include "daemon/web.h"
#include "model/options.h"

/* What is waited for. */
enum { SIGNALS, TICK, VIEW, SOURCE, FEED, WEB, FDS };

struct daemon {
	const struct daemon_arguments *arguments;
	struct daemon_settings settings; /* in force */
	struct options options;		 /* what the source is asked for */
	void *source;
	unsigned int parts; /* that it looks at */
	struct view views[2];
	unsigned int latest; /* of the two */
	uint64_t views_read;
	unsigned int failures;	   /* readings that failed, one after the other */
	char failure[256];	   /* what was said of the last one */
	struct keeper *keeper;	   /* NULL: nothing is recorded */
	struct feed *feed;	   /* NULL: none */
	struct why_settings rules; /* what is an incident */
	struct why why;		   /* of the last two views */
	bool judged;		   /* it is */
	struct flight flight;
	uint64_t incidents;		  /* that were kept */
	bool judge_failed, flight_failed; /* the last time */
	struct daemon_metrics *metrics;	  /* NULL: nobody asks for them */
	struct web *web;		  /* NULL: none */
	uint64_t textfile_ns;		  /* when the textfile was written last */
	int textfile_error;		  /* of that */
	uint64_t begin_ns;		  /* time of day of the first view */
	struct notify notify;
	struct spending spending;
	struct budget budget;
	char over_budget[MISSING_SIZE]; /* why a part is off, as views say it */
	uint64_t pause_ns;		/* between two ticks */
	uint64_t ticks;
	int fds[FDS];
	struct allowance allowances[FDS]; /* of what serves others */
	bool stop;
	int status;
};

/* Makes the socket, if the settings want one: 0 or -errno after one line. */
int daemon__open_feed(struct daemon *daemon);

/* Its clients want something. */
void daemon__run_feed(struct daemon *daemon);

/* Reads the thresholds of rules: 0 or -errno after one line. */
int daemon__open_rules(struct daemon *daemon);

/* What the rules say of two views, one after the other, if anybody wants to know. */
void daemon__judge(struct daemon *daemon, const struct view *before, const struct view *after);

/* Keeps what begins to be an incident. */
void daemon__take_flight(struct daemon *daemon);
void daemon__close_flight(struct daemon *daemon);

/* Metrics, and the port where they are served: 0 or -errno after one line. */
int daemon__open_metrics(struct daemon *daemon);

/* The settings have changed. */
void daemon__configure_metrics(struct daemon *daemon);

/* The latest view goes into the metrics, and these into the textfile. */
void daemon__show(struct daemon *daemon);

/* Somebody asks for /metrics. */
void daemon__run_web(struct daemon *daemon);
void daemon__close_metrics(struct daemon *daemon);

/* An interval is over: a view is read and handed on. What fails is said, and does not end it. */
void daemon__take_view(struct daemon *daemon);

/* Counting has begun, and the first view was read: what is spent from now on counts. */
void daemon__begin_budget(struct daemon *daemon);

/* A second is over: what was spent decides what is done from now on. */
void daemon__keep_to_budget(struct daemon *daemon);

/* The settings or the budget have changed: looks at what they allow, as often as they allow it. */
void daemon__apply(struct daemon *daemon);

/* Lets views say why they lack what they lack. */
void daemon__say_why(struct daemon *daemon);

/* Reads the settings again. Those that cannot change are named; wrong ones change nothing. */
void daemon__reload(struct daemon *daemon);

void daemon__set_timer(int fd, uint64_t interval_ns);

/* Tells the service manager what goes on. */
void daemon__tell_status(const struct daemon *daemon);

#endif
