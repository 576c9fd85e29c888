// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "cmd/blame_metrics.h"
#include "cmd/cpu_metrics.h"
#include "cmd/top_screens.h"
#include "cmd/values.h"
#include "render/bars.h"
#include "render/layers.h"
#include "render/table.h"
#include "sched/blame.h"
#include "top/graph.h"
#include "top/page.h"

/* Who ran while the VM of the line waited: what kvmq-cpu --blame prints. */
static int print_blame(FILE *file, const struct pane_line *of)
{
	struct blame_list blame = { .count = 0 };
	struct row row;
	struct rows rows = { .list = &row, .count = 1 };
	const struct table_frame frame = { .style = page_style, .width = of->width };
	struct columns columns;
	size_t shown = 0;
	int error;

	if (!of->vm)
		return 0;
	if (!of->after->sched.blame.count && figures__ready(&of->vm->interval)) {
		fputs(of->is_recording ? "who ran while it waited: not recorded: --record with "
					 "--blame does\n"
				       : "who ran while it waited: not looked at: --blame of "
					 "kvmq-top, or of "
					 "kvmqd, does\n",
		      file);
		return 0;
	}
	row = *of->vm;
	error = blame__make(&blame, &of->before->sched, &of->after->sched, &rows, BY_VM, false);
	while (!error && shown < blame.count && blame.list[shown].ns)
		shown++;
	text_line(file, "who ran while %s waited:%s", row.vm->name, shown ? "" : " nobody");
	if (!error && shown && !columns__select(&columns, &blame_metrics, BY_VM, NULL))
		error = table__show(file, &frame, &columns, blame.list, sizeof(*blame.list), shown);
	blame__free(&blame);
	return error;
}

static int print_hist(FILE *file, const struct pane_line *of)
{
	const struct row *row = of->line->row;
	char title[VM_SHOWN_SIZE + 64], label[VM_SHOWN_SIZE + 32];

	if (of->screen->of_disks) {
		layers__print(file, of->line->row, of->width);
		return 0;
	}
	of->screen->label(of->line, label, sizeof(label));
	if (of->line->key.level)
		snprintf(title, sizeof(title), "%s %s: waits", of->line->vm, label);
	else
		snprintf(title, sizeof(title), "%s: waits", label);
	bars__print(file, title, &cpu_waits, row, of->width);
	return 0;
}

static int print_graph(FILE *file, const struct pane_line *of)
{
	char name[VM_SHOWN_SIZE + 64], label[VM_SHOWN_SIZE + 32];
	const struct graph graph = { .series = of->series,
				     .key = &of->line->key,
				     .name = name,
				     .width = of->width,
				     .lines = of->lines,
				     .utf8 = of->utf8 };

	if (of->screen->of_verdicts || of->sort->unit == UNIT_TEXT) {
		fputs("no graph of text: < and > choose the figure, c x n d a screen\n", file);
		return 0;
	}
	of->screen->label(of->line, label, sizeof(label));
	snprintf(name, sizeof(name), "%s%s%s", of->line->key.level ? of->line->vm : "",
		 of->line->key.level ? " " : "", label);
	graph__print(file, &graph);
	return 0;
}

const struct pane top_panes[] = {
	{ 'b', "who ran while its VM waited", false, print_blame },
	{ 'H', "the distribution of its waits, or of its disk's layers", false, print_hist },
	{ 't', "the last 60 intervals of the figure that lines are sorted by", true, print_graph },
	{ 0, NULL, false, NULL },
};
