// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/why_page.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory_text.h"
#include "base/text.h"
#include "cmd/blame_metrics.h"
#include "cmd/cpu_metrics.h"
#include "cmd/exit_metrics.h"
#include "cmd/io_metrics.h"
#include "cmd/numa_metrics.h"
#include "render/table.h"
#include "render/terminal.h"

#define NAME_MIN_COLUMNS 2
#define NAME_MAX_COLUMNS 16
#define BLOCKS_MAX 12
#define LABEL_COLUMNS 6
#define WIDTH_MIN 16 /* behind the name and the label */

static const struct {
	const struct metric_table *metrics;
	const char *tool;
} tables[WHY_TABLES] = {
	[WHY_TABLE_CPU] = { &cpu_metrics, "cpu" },
	[WHY_TABLE_BLAME] = { &blame_metrics, "cpu" },
	[WHY_TABLE_EXIT] = { &exit_metrics, "exit" },
	[WHY_TABLE_REASON] = { &reason_metrics, "exit" },
	[WHY_TABLE_NUMA] = { &numa_metrics, "numa" },
	[WHY_TABLE_IO] = { &io_metrics, "io" },
};

const struct metric *why_evidence__metric(const struct evidence *evidence)
{
	const struct metric_table *table = tables[evidence->table].metrics;

	for (size_t i = 0; i < table->count; i++)
		if (table->metrics[i].key && !strcmp(table->metrics[i].key, evidence->key))
			return &table->metrics[i];
	abort(); /* a rule names a figure that there is not: why_scene.h looks at all of them */
}

const char *why_evidence__tool(const struct evidence *evidence)
{
	return tables[evidence->table].tool;
}

/* A page as it is printed. */
struct page {
	FILE *file;
	size_t names;	/* columns of the names of VMs */
	size_t columns; /* of the text behind name and label; 0: no limit */
	bool colors;
};

static void put_blanks(FILE *file, size_t count)
{
	fprintf(file, "%*s", (int)count, "");
}

/* The length of a word: up to a blank, that of a command up to one outside of quotes. */
static size_t word_length(const char *text, bool command)
{
	bool quoted = false;
	size_t length = 0;

	for (; text[length] && (text[length] != ' ' || quoted); length++)
		if (command && text[length] == '\'')
			quoted = !quoted;
	return length;
}

/* How many columns a part of a text takes. */
static size_t part_columns(const char *text, size_t length)
{
	char part[VERDICT_COMMAND];

	snprintf(part, sizeof(part), "%.*s", (int)length, text);
	return text_columns(part);
}

/* Goes on in further lines, indented; a command so that a shell takes them as one. */
static void put_text(const struct page *page, const char *text, bool command)
{
	char clean[VERDICT_COMMAND];
	size_t used = 0;

	text_clean(clean, sizeof(clean), text);
	for (const char *word = clean; *word;) {
		size_t length = word_length(word, command), columns = part_columns(word, length);

		if (used && page->columns && used + 1 + columns + 2 * command > page->columns) {
			fputs(command ? " \\\n" : "\n", page->file);
			put_blanks(page->file, page->names + 1 + LABEL_COLUMNS);
			used = 0;
		} else if (used) {
			putc(' ', page->file);
			used++;
		}
		fwrite(word, 1, length, page->file);
		used += columns;
		word += length + (word[length] == ' ');
	}
	putc('\n', page->file);
}

static void put_line(const struct page *page, const char *label, const char *text, bool command)
{
	if (!text || !*text)
		return;
	put_blanks(page->file, page->names + 1);
	fprintf(page->file, "%-*s", LABEL_COLUMNS, label);
	put_text(page, text, command);
}

static const char *unit_of(const struct metric *metric)
{
	switch (metric->unit) {
	case UNIT_NS_AS_US:
		return " us";
	case UNIT_NS_AS_MS:
		return " ms";
	case UNIT_BYTES_AS_MIB:
		return " MiB";
	default:
		return "";
	}
}

/* Of whom a figure is, if not of the VM as a whole. */
static void put_owner(FILE *text, const struct verdict *verdict, const struct evidence *evidence)
{
	const struct row *row = evidence->row;
	const struct io_row *io = evidence->row;

	if (evidence->table == WHY_TABLE_CPU && row->identity.tid && row->identity.is_vcpu)
		fprintf(text, "vCPU %d ", row->identity.vcpu);
	else if (evidence->table == WHY_TABLE_CPU && row->identity.tid)
		fprintf(text, "%s ", row->identity.comm);
	if (evidence->table == WHY_TABLE_IO && io->vm && io->vm->pid != verdict->vm->vm->pid)
		fprintf(text, "%s: ", io->vm->name);
}

void why_evidence__put(FILE *file, const struct verdict *verdict)
{
	char cell[CELL_SIZE];

	for (size_t i = 0; i < verdict->evidence_count; i++) {
		const struct evidence *evidence = &verdict->evidence[i];
		const struct metric *metric = why_evidence__metric(evidence);

		table__cell(cell, metric, evidence->row);
		fputs(i ? ", " : "", file);
		put_owner(file, verdict, evidence);
		fprintf(file, "%s %s%s", metric->header ? metric->header : metric->key, cell,
			strcmp(cell, "n/a") ? unit_of(metric) : "");
	}
}

static void put_evidence(const struct page *page, const struct verdict *verdict)
{
	struct memory_text evidence;

	if (memory_text__begin(&evidence))
		return;
	why_evidence__put(evidence.file, verdict);
	if (memory_text__end(&evidence))
		return;
	put_line(page, "", evidence.text, false);
	free(evidence.text);
}

/* A long name has a line of its own. */
static void put_name(const struct page *page, const struct verdict *verdict)
{
	const char *name = verdict->vm->vm->name;

	if (text_columns(name) <= page->names) {
		text_put(page->file, name, page->names);
		putc(' ', page->file);
		return;
	}
	text_put(page->file, name, 0);
	putc('\n', page->file);
	put_blanks(page->file, page->names + 1);
}

static void put_verdict(const struct page *page, const struct verdict *verdict)
{
	static const char *const colors[] = { [WHY_LOOK] = "\033[33m", [WHY_ACT] = "\033[31m" };
	bool colored = page->colors && verdict->level >= WHY_LOOK;
	char summary[VERDICT_TEXT + 32];

	put_name(page, verdict);
	fprintf(page->file, "%s%-*s%s", colored ? colors[verdict->level] : "", LABEL_COLUMNS,
		why_level__name(verdict->level), colored ? "\033[0m" : "");
	snprintf(summary, sizeof(summary), "%s (%s)", verdict->summary, verdict->rule->name);
	put_text(page, summary, false);
	put_evidence(page, verdict);
	put_line(page, "by", verdict->culprit, false);
	put_line(page, "do", verdict->remedy, false);
	put_line(page, "run", verdict->command, true);
	put_line(page, "undo", verdict->undo, true);
	put_line(page, "but", *verdict->remedy ? verdict->against : NULL, false);
}

/* Room for a name of so many columns. */
static void widen_names(struct page *page, const char *name)
{
	size_t columns = text_columns(name);

	if (columns > page->names)
		page->names = columns < NAME_MAX_COLUMNS ? columns : NAME_MAX_COLUMNS;
}

static void set_columns(struct page *page, unsigned int width)
{
	if (width >= page->names + 1 + LABEL_COLUMNS + WIDTH_MIN)
		page->columns = width - page->names - 1 - LABEL_COLUMNS;
}

static struct page open_page(FILE *file, const struct why *why)
{
	struct page page = { .file = file,
			     .names = NAME_MIN_COLUMNS,
			     .colors = terminal_has_colors(file) };

	for (size_t i = 0; i < why->verdicts.count; i++) {
		const struct verdict *verdict = &why->verdicts.list[i];

		if (verdict->level > WHY_OK)
			widen_names(&page, verdict->vm->vm->name);
	}
	set_columns(&page, terminal_width(file));
	return page;
}

/* Those that nothing was found of, in one sentence. */
static void put_others(FILE *file, const struct why *why)
{
	struct sentence sentence;
	bool any = false;

	if (sentence__begin(&sentence))
		return;
	for (size_t i = 0; i < why->verdicts.count; i++) {
		const struct verdict *verdict = &why->verdicts.list[i];

		if (verdict->level > WHY_OK)
			continue;
		fputs(any ? ", " : "not held up by the host: ", sentence.words);
		fputs(verdict->vm->vm->name, sentence.words);
		any = true;
	}
	if (any)
		fputs(" (if one is slow, look inside, or at what it talks to)", sentence.words);
	putc('\n', file);
	sentence__end(&sentence, file);
}

static bool is_listed(const struct why *why, size_t place, const struct unasked *unasked)
{
	for (size_t i = 0; i < place; i++)
		if (why->unasked.list[i].rule == unasked->rule &&
		    !strcmp(why->unasked.list[i].why, unasked->why))
			return true;
	return false;
}

/* The first of those with its reason says the rules of all. */
static void put_unasked(FILE *file, const struct why *why, size_t first)
{
	const struct unasked *list = why->unasked.list;
	struct sentence sentence;

	for (size_t i = 0; i < first; i++)
		if (!strcmp(list[i].why, list[first].why))
			return;
	if (sentence__begin(&sentence))
		return;
	fputs("not looked at: ", sentence.words);
	for (size_t i = first; i < why->unasked.count; i++)
		if (!strcmp(list[i].why, list[first].why) && !is_listed(why, i, &list[i]))
			fprintf(sentence.words, "%s%s", i == first ? "" : ", ", list[i].rule->name);
	fprintf(sentence.words, ": %s", list[first].why);
	sentence__end(&sentence, file);
}

void why_page__print_rest(FILE *file, const struct why *why)
{
	put_others(file, why);
	for (size_t i = 0; i < why->unasked.count; i++)
		put_unasked(file, why, i);
}

void why_page__print(FILE *file, const struct why *why)
{
	const struct page page = open_page(file, why);
	size_t shown = 0;

	for (size_t i = 0; i < why->verdicts.count; i++)
		if (why->verdicts.list[i].level > WHY_OK && ++shown <= BLOCKS_MAX) {
			putc('\n', file);
			put_verdict(&page, &why->verdicts.list[i]);
		}
	if (shown > BLOCKS_MAX) {
		putc('\n', file);
		terminal_line(file,
			      "%zu more verdicts, none worse: --json has all, --vm those of a VM",
			      shown - BLOCKS_MAX);
	}
	why_page__print_rest(file, why);
}

/* Whether a rule of a VM, unasked before this place of the list, had the same reason. */
static bool is_said(const struct why *why, size_t place)
{
	const struct unasked *list = why->unasked.list;

	for (size_t i = 0; i < place; i++)
		if (list[i].vm == list[place].vm && !strcmp(list[i].why, list[place].why))
			return true;
	return false;
}

/* "n/a   exit-spin, exit-vmm: KVM is not loaded": those of a VM with the reason of the first. */
static void put_unasked_of(const struct page *page, const struct why *why, size_t first)
{
	const struct unasked *list = why->unasked.list;
	char text[VERDICT_TEXT];
	size_t used = 0;

	for (size_t i = first; i < why->unasked.count && used < sizeof(text); i++)
		if (list[i].vm == list[first].vm && !strcmp(list[i].why, list[first].why))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
						 used ? ", " : "", list[i].rule->name);
	if (used < sizeof(text))
		snprintf(text + used, sizeof(text) - used, ": %s", list[first].why);
	put_line(page, "n/a", text, false);
}

void why_page__print_one(FILE *file, const struct why *why, const struct verdict *verdict,
			 unsigned int width)
{
	struct page page = { .file = file, .names = NAME_MIN_COLUMNS };

	widen_names(&page, verdict->vm->vm->name);
	set_columns(&page, width);
	put_verdict(&page, verdict);
	for (size_t i = 0; i < why->unasked.count; i++)
		if (why->unasked.list[i].vm == verdict->vm && !is_said(why, i))
			put_unasked_of(&page, why, i);
}
