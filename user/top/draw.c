// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory_text.h"
#include "base/text.h"
#include "base/time_text.h"
#include "base/units.h"
#include "render/summary.h"
#include "top/keys.h"

#define LABEL_SIZE (VM_SHOWN_SIZE + 32)
#define ROOM_FOR_ALL 14 /* lines of a terminal that has room for the whole header */
#define LINES_MIN 3	/* with the table's header */

/* A line as the table's metrics see it. */
struct shown {
	union any_row row; /* first */
	char label[LABEL_SIZE];
};

static struct value get_label(const void *row)
{
	return (struct value){ .known = true, .text = ((const struct shown *)row)->label };
}

/* One line, cut to the terminal. Returns 1. */
static unsigned int put_line(const struct top *top, FILE *file, const char *style, const char *text)
{
	fputs(style, file);
	text_show(file, text, top->columns);
	fputs(*style ? PAGE_END "\n" : "\n", file);
	return 1;
}

/* "live", "frozen, 35 s ago", "recording, 35 s before its end" */
static void time_words(const struct top *top, char *text, size_t size)
{
	unsigned long long behind = (top->time.behind_ns + NSEC_PER_SEC / 2) / NSEC_PER_SEC;

	if (top->time.is_recording && behind)
		snprintf(text, size, "%s, %llu s before its end",
			 top->time.follow ? "playing" : "recording", behind);
	else if (top->time.is_recording)
		snprintf(text, size, "recording, its end");
	else if (top->time.follow)
		snprintf(text, size, "live");
	else
		snprintf(text, size, "frozen, %llu s ago", behind);
}

static unsigned int put_title(const struct top *top, FILE *file)
{
	const struct screen *screen = top__screen(top);
	char text[PROMPT_SIZE + 80], words[64], time[40] = "";

	time_words(top, words, sizeof(words));
	if (top->after)
		format_local_time(time, top->after->sched.realtime_ns, top->utc);
	time[strnlen(time, 19)] = '\0'; /* to the second */
	if (strlen(time) > 10)
		time[10] = ' ';
	snprintf(text, sizeof(text), "kvmq-top %c %s  %s  %s%s%s%s", screen->key, screen->name,
		 time, words, top->only_busy ? "  busy" : "", *top->filter ? "  /" : "",
		 top->filter);
	return put_line(top, file, PAGE_TITLE, text);
}

/* What nothing was seen of, as far as rules would have asked: "exits, nodes". */
static void unseen_words(const struct why *why, char *text, size_t size)
{
	static const struct {
		enum why_part part;
		const char *word;
	} parts[] = {
		{ WHY_EXITS, "exits" },	  { WHY_NUMA, "nodes" },    { WHY_IO, "disks" },
		{ WHY_BLAME, "who ran" }, { WHY_GUESTS, "guests" },
	};
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t j = 0;

		while (j < why->unasked.count && why->unasked.list[j].rule->part != parts[i].part)
			j++;
		if (j < why->unasked.count && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
						 parts[i].word);
	}
}

/* The verdict of the VM that is worst off: cause and culprit stand first, for narrow terminals. */
static unsigned int put_worst(const struct top *top, FILE *file)
{
	const struct verdict *worst = top->why.verdicts.count ? top->why.verdicts.list : NULL;
	char text[3 * VERDICT_TEXT], unseen[64];
	bool has_culprit;

	if (!worst)
		return put_line(top, file, "", "no vCPU has run yet");
	if (worst->level <= WHY_OK) {
		unseen_words(&top->why, unseen, sizeof(unseen));
		snprintf(text, sizeof(text), "no VM is held up by the host%s%s",
			 *unseen ? "; not looked at: " : "", unseen);
		return put_line(top, file, "", text);
	}
	has_culprit = *worst->culprit;
	snprintf(text, sizeof(text), "%s %s %s%s%s: %s", worst->vm->vm->name,
		 why_level__name(worst->level), worst->rule->name, has_culprit ? " by " : "",
		 worst->culprit, worst->summary);
	return put_line(top, file, worst->level == WHY_ACT ? PAGE_ACT : PAGE_LOOK, text);
}

/* What a function prints, cut to the terminal, as one line. */
static unsigned int put_printed(const struct top *top, FILE *file, char *text)
{
	unsigned int count = 0;

	for (char *end = strchr(text, '\n'); end; end = strchr(text, '\n')) {
		*end = '\0';
		count += put_line(top, file, "", text);
		text = end + 1;
	}
	return count;
}

/* How much of all CPUs' time vCPUs have run for, in %. */
static double host_use(const struct top *top)
{
	double run_ns = 0, all_ns;

	for (size_t i = 0; i < top->host_rows.count; i++)
		run_ns += (double)top->host_rows.list[i].interval.run_ns;
	all_ns = (double)(top->after->sched.time_ns - top->before->sched.time_ns) *
		 top->after->host.cpus;
	return all_ns > 0 ? run_ns * 100 / all_ns : 0;
}

static unsigned int put_host(const struct top *top, FILE *file)
{
	struct summary summary = { .host = &top->after->host,
				   .before = &top->before->sched,
				   .after = &top->after->sched,
				   .shares = &top->after->shares };
	const struct loss_set losses = summary__losses(&summary);
	struct cost_shares cost = summary__cost(&summary);
	struct memory_text lines;
	unsigned int count;

	if (memory_text__begin(&lines))
		return 0;
	summary__count(&summary, &top->host_rows);
	summary__print_header(lines.file, &summary, top__screen(top)->times);
	fprintf(lines.file, "CPUs: %.1f %% in vCPUs; ", host_use(top));
	cost__print(lines.file, &cost, "kvmq-top");
	losses__print(lines.file, &losses, 1, &top->states[top->screen].columns);
	if (memory_text__end(&lines))
		return 0;
	count = put_printed(top, file, lines.text);
	free(lines.text);
	return count;
}

static const char *sign_of(const struct top *top, const struct top_line *line)
{
	const struct tree *tree = &top->states[top->screen].tree;

	if (!top__screen(top)->levels)
		return "";
	if (line->key.level)
		return top->utf8 ? "  └ " : "    ";
	if (tree__level(tree, &line->key))
		return top->utf8 ? "▾ " : "- ";
	return top->utf8 ? "▸ " : "+ ";
}

static void fill_shown(const struct top *top, struct shown *shown, const struct top_line *line)
{
	const struct screen *screen = top__screen(top);
	const char *sign = sign_of(top, line);
	size_t length = strlen(sign);

	memcpy(&shown->row, line->row, screen->row_size);
	memcpy(shown->label, sign, length);
	screen->label(line, shown->label + length, sizeof(shown->label) - length);
}

/* The table's lines, of which the selected one is marked. */
static unsigned int mark_selected(FILE *file, const char *text, size_t selected, unsigned int lines)
{
	unsigned int count = 0;

	while (*text && count < lines) {
		size_t length = strcspn(text, "\n");

		fprintf(file, "%s%.*s\n",
			count == selected + 1 ? PAGE_SELECTED
			: count		      ? ""
					      : PAGE_HEADER,
			(int)length, text);
		text += length + (text[length] == '\n');
		count++;
	}
	return count;
}

static int print_table(struct top *top, FILE *file, const struct shown *shown, size_t count)
{
	const struct metric label = { .kind = METRIC_LABEL,
				      .header = top__screen(top)->header,
				      .unit = UNIT_TEXT,
				      .get = get_label };
	struct screen_state *state = top__state(top);
	const struct table_frame frame = { .style = page_style,
					   .sorted = state->sort,
					   .width = top->columns,
					   .widths = state->widths };
	struct columns columns = state->columns;

	memmove(&columns.list[1], columns.list, sizeof(columns.list) - sizeof(columns.list[0]));
	memmove(&columns.spare[1], columns.spare, sizeof(columns.spare) - sizeof(columns.spare[0]));
	columns.list[0] = &label;
	columns.spare[0] = false;
	columns.count++;
	return table__show(file, &frame, &columns, shown, sizeof(*shown), count);
}

/* As many lines as there is room for, the selected one among them. */
static int put_table(struct top *top, FILE *file, unsigned int room, unsigned int *used)
{
	struct tree *tree = &top__state(top)->tree;
	size_t count = room > 1 ? room - 1 : 0;
	struct memory_text lines;
	struct shown *shown;
	int error;

	tree__scroll(tree, count);
	if (count > tree->shown.count - tree->first)
		count = tree->shown.count - tree->first;
	shown = calloc(count + 1, sizeof(*shown));
	if (!shown || memory_text__begin(&lines)) {
		free(shown);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		fill_shown(top, &shown[i], tree->shown.list[tree->first + i]);
	error = print_table(top, lines.file, shown, count);
	free(shown);
	if (memory_text__end(&lines))
		return -ENOMEM;
	if (!error)
		*used += mark_selected(file, lines.text, tree->selected - tree->first, room);
	free(lines.text);
	return error;
}

static const struct row *row_of_vm(const struct top *top, const struct line_key *key)
{
	for (size_t i = 0; i < top->host_rows.count; i++)
		if (top->host_rows.list[i].vm->pid == key->vm_pid &&
		    top->host_rows.list[i].vm->start_ns == key->vm_start_ns)
			return &top->host_rows.list[i];
	return NULL;
}

/* What is known of the selected line, in a text of its own. */
static int print_pane(struct top *top, unsigned int lines, char **text)
{
	const struct top_line *line = tree__selected(&top__state(top)->tree);
	struct pane_line of = { .screen = top__screen(top),
				.line = line,
				.before = top->before,
				.after = top->after,
				.why = &top->why,
				.series = &top->series,
				.sort = top__state(top)->sort,
				.width = top->columns,
				.lines = lines,
				.utf8 = top->utf8,
				.is_recording = top->time.is_recording };
	struct memory_text pane;
	int error = memory_text__begin(&pane);

	if (error)
		return error;
	if (line) {
		of.vm = row_of_vm(top, &line->key);
		error = top->pane ? top->pane->print(pane.file, &of)
				  : of.screen->detail(pane.file, &of);
	}
	if (memory_text__end(&pane))
		return -ENOMEM;
	*text = pane.text;
	return error;
}

static unsigned int count_lines(const char *text, unsigned int most)
{
	unsigned int count = 0;

	for (; *text && count < most; text++)
		count += *text == '\n';
	return count;
}

/* Sums of all VMs, in a third of the room at most; no line that has no room is missed silently. */
static int put_sums(const struct top *top, FILE *file, unsigned int room, unsigned int *used)
{
	const struct view_pair pair = { top->before, top->after, &top->host_rows, &top->why };
	struct memory_text sums;
	unsigned int lines;
	int error = memory_text__begin(&sums);

	if (error)
		return error;
	error = top__screen(top)->print_sums(top->states[top->screen].data, sums.file, &pair,
					     top->columns);
	if (memory_text__end(&sums))
		return -ENOMEM;
	lines = error ? 0 : count_lines(sums.text, UINT_MAX);
	if (lines && lines <= room / 3)
		*used += page__add_lines(file, sums.text, lines);
	else if (lines && room > 2 * LINES_MIN)
		*used += put_line(top, file, PAGE_DIM,
				  "the nodes have no room here: a higher terminal shows them");
	free(sums.text);
	return error;
}

static void put_bottom(const struct top *top, struct page *page, FILE *file)
{
	char text[2 * PROMPT_SIZE];
	size_t width;

	if (top->prompt.title) {
		snprintf(text, sizeof(text), "%s%s", top->prompt.title, top->prompt.text);
		width = text_columns(text);
		page->cursor = (unsigned int)(width < top->columns ? width : top->columns - 1) + 1;
		put_line(top, file, "", text);
	} else if (*top->message) {
		put_line(top, file, PAGE_LOOK, top->message);
	} else {
		put_line(top, file, PAGE_DIM, "h help  Enter open  [ ] time  / filter  q quit");
	}
}

/* Why there is no line. */
static unsigned int put_empty(const struct top *top, FILE *file)
{
	const struct screen *screen = top__screen(top);
	const char *missing = top->after ? screen->missing(top->after) : "the first look";

	if (missing)
		return put_line(top, file, "", missing);
	if (top->states[top->screen].tree.left_out)
		return put_line(top, file, "", "no VM passes the filter: / and i change it");
	return put_line(top, file, "",
			screen->of_disks ? "no VM has a disk that is known" : "no VM has run yet");
}

static unsigned int put_head(struct top *top, FILE *file)
{
	unsigned int used = put_title(top, file);

	if (top->rows > LINES_MIN + 2 && top->after)
		used += put_worst(top, file);
	if (top->rows >= ROOM_FOR_ALL && top->after)
		used += put_host(top, file);
	return used;
}

/* The lines of a pane get the room that the table leaves, half of all at least. */
static unsigned int pane_room(const struct top *top, unsigned int room)
{
	size_t lines = top->states[top->screen].tree.shown.count + 1;

	return room - (lines < room / 2 ? (unsigned int)lines : room / 2);
}

static int put_middle(struct top *top, FILE *file, unsigned int room)
{
	unsigned int pane_lines = 0, used = 0;
	char *pane = NULL;
	int error = 0;

	if ((top->pane || top__screen(top)->detail) && top->after && room > 2 * LINES_MIN)
		error = print_pane(top, pane_room(top, room), &pane);
	if (pane)
		pane_lines = count_lines(pane, pane_room(top, room));
	if (!error && top__screen(top)->print_sums && top->states[top->screen].tree.all.count)
		error = put_sums(top, file, room - pane_lines, &used);
	if (!error && top->states[top->screen].tree.shown.count)
		error = put_table(top, file, room - pane_lines - used, &used);
	else if (!error)
		used += put_empty(top, file);
	for (; used + pane_lines < room; used++)
		putc('\n', file);
	if (pane && !error)
		page__add_lines(file, pane, pane_lines);
	free(pane);
	return error;
}

static int draw(struct top *top, struct page *page)
{
	unsigned int used, rows = top->rows;
	struct memory_text drawn;
	int error = memory_text__begin(&drawn);

	if (error)
		return error;
	if (top->help) {
		top__put_help(top, drawn.file);
	} else {
		used = put_head(top, drawn.file);
		error = put_middle(top, drawn.file, rows > used + 1 ? rows - used - 1 : 0);
	}
	put_bottom(top, page, drawn.file);
	if (memory_text__end(&drawn))
		return -ENOMEM;
	page->text = drawn.text;
	page->size = drawn.size;
	return error;
}

/* Also below the smallest of terminals there is a page: it is cut. */
int top__draw(struct top *top, struct page *page)
{
	int error;

	page__free(page);
	error = draw(top, page);
	/* Most of what draws returns nothing. */
	if (text_missed())
		error = -ENOMEM;
	if (error)
		page__free(page);
	return error;
}
