// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top_why.h"

#include <errno.h>

#include "base/text.h"
#include "base/units.h"
#include "cmd/why_page.h"

static struct value text_value(const char *text)
{
	return (struct value){ .known = *text, .text = text, .blank = true };
}

static struct value get_level(const void *row)
{
	return text_value(why_level__name(((const struct verdict_row *)row)->verdict->level));
}

static struct value get_rule(const void *row)
{
	return text_value(((const struct verdict_row *)row)->verdict->rule->name);
}

static struct value get_culprit(const void *row)
{
	return text_value(((const struct verdict_row *)row)->verdict->culprit);
}

static struct value get_rank(const void *row)
{
	return (struct value){ .known = true, .number = ((const struct verdict_row *)row)->rank };
}

static const struct metric metrics[] = {
	{ .kind = METRIC_LABEL,
	  .key = "level",
	  .header = "LEVEL",
	  .unit = UNIT_TEXT,
	  .usual = 1 << BY_VM,
	  .help = "ok, look, or act",
	  .get = get_level },
	{ .kind = METRIC_LABEL,
	  .key = "rule",
	  .header = "RULE",
	  .unit = UNIT_TEXT,
	  .usual = 1 << BY_VM,
	  .help = "what was found: see kvmq-why --explain RULE",
	  .get = get_rule },
	{ .kind = METRIC_LABEL,
	  .key = "culprit",
	  .header = "BY",
	  .unit = UNIT_TEXT,
	  .usual = 1 << BY_VM,
	  .help = "because of whom, or of what",
	  .get = get_culprit },
	{ .kind = METRIC_DERIVED,
	  .key = "rank",
	  .header = "RANK",
	  .unit = UNIT_NUMBER,
	  .help = "the order of kvmq-why: the greatest is the worst",
	  .get = get_rank },
};

const struct metric_table verdict_metrics = { metrics, sizeof(metrics) / sizeof(metrics[0]) };

int verdict_screen__make(void *context, const struct view_pair *pair, unsigned int depth,
			 struct top_lines *lines)
{
	struct verdict_data *data = context;
	size_t count = pair->why->verdicts.count;

	(void)depth;
	list_clear(&data->rows);
	if (list_reserve(&data->rows, count))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct verdict *verdict = &pair->why->verdicts.list[i];
		struct verdict_row *row = list_add(&data->rows);
		struct top_line *line = list_add(lines);

		if (!line)
			return -ENOMEM;
		*row = (struct verdict_row){ *verdict->vm->row, verdict, count - i };
		*line = (struct top_line){ .key = { .vm_start_ns = verdict->vm->vm->start_ns,
						    .vm_pid = verdict->vm->vm->pid,
						    .owner = verdict->place + 1 },
					   .row = row,
					   .vm = verdict->vm->vm->name,
					   .is_busy = verdict->level > WHY_OK };
	}
	return 0;
}

void verdict_screen__label(const struct top_line *line, char *text, size_t size)
{
	snprintf(text, size, "%s", line->vm);
}

const char *verdict_screen__missing(const struct view *after)
{
	return after->sched.time_ns ? NULL : "nothing of CPUs was recorded";
}

/* All that kvmq-why says of it, below how long that is. */
int verdict_screen__detail(FILE *file, const struct pane_line *of)
{
	const struct why_facts *facts = &of->why->facts;
	const struct verdict_row *row = of->line->row;
	char seconds[24];

	format_fixed(seconds,
		     (facts->after->sched.time_ns - facts->before->sched.time_ns) /
			     (NSEC_PER_SEC / 10),
		     1);
	text_line(file, "of the last %s s:", seconds);
	why_page__print_one(file, of->why, row->verdict, of->width);
	return 0;
}

void verdict_screen__free(void *context)
{
	list_free(&((struct verdict_data *)context)->rows);
}
