// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-diff: recordings of two kinds of runs: is one worse? */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cli/options.h"
#include "cmd/diff_html.h"
#include "cmd/diff_report.h"
#include "cmd/diff_scores.h"
#include "cmd/page_file.h"
#include "cmd/tools.h"

#define STATUS_UNDECIDED 125 /* what 'git bisect run' takes for a commit to skip */
#define USUAL_PRIMARY "ready_pct"

/* All that main() owns. */
struct diff {
	struct options options;
	struct figure_table table;
	struct diff_runs runs;
	struct diff_notes notes;
	char primary[FIGURE_NAME_SIZE];
	struct figure_question question;
	struct page_file page;
};

/* "FIGURE@ROLE" */
static int read_primary(struct diff *diff)
{
	const char *text = diff->options.diff.primary;
	const char *role = text ? strchr(text, '@') : NULL;
	size_t length;

	text = text ? text : USUAL_PRIMARY;
	length = role ? (size_t)(role - text) : strlen(text);
	if (length >= sizeof(diff->primary)) {
		log_error("--primary: '%s': no figure has such a name: --json lists them", text);
		return -EINVAL;
	}
	memcpy(diff->primary, text, length);
	diff->question = (struct figure_question){
		.primary = diff->primary,
		.role = role ? role + 1 : NULL,
		.margin = (double)diff->options.diff.margin_mpct / 100000,
	};
	return 0;
}

/* As far as they can be told before a file is opened. */
static int check_numbers(const struct diff_options *options)
{
	if (options->score_count && options->score_count != options->a_count + options->b_count) {
		log_error("--score: %zu files for %zu recordings: give one for each, A's first",
			  options->score_count, options->a_count + options->b_count);
		return -EINVAL;
	}
	return 0;
}

/* Whether all runs can be compared with one another. */
static int check_runs(const struct diff *diff)
{
	const struct diff_options *options = &diff->options.diff;
	const struct diff_run *runs = diff->runs.list, *first = NULL;

	for (size_t i = 0; i < diff->runs.count; i++) {
		if (!first && *runs[i].version)
			first = &runs[i];
		if (!*runs[i].version || !strcmp(runs[i].version, first->version))
			continue;
		log_error("'%s': recorded by kvmq %s, and '%s' by %s: record all with one version",
			  runs[i].path, runs[i].version, first->path, first->version);
		return -EINVAL;
	}
	if (options->pairs && diff->table.runs[SIDE_A] != diff->table.runs[SIDE_B]) {
		log_error("--pairs: %zu runs of A and %zu of B: give as many of both",
			  diff->table.runs[SIDE_A], diff->table.runs[SIDE_B]);
		return -EINVAL;
	}
	if (options->score_count && diff->runs.count != options->score_count) {
		log_error("--score: %zu files for %zu runs: give recordings of one run each",
			  options->score_count, diff->runs.count);
		return -EINVAL;
	}
	return 0;
}

static bool is_primary(const struct figure *figure)
{
	return figure->is_primary && figure->comparison.a_count &&
	       figure->runs.direction != NEITHER_IS_BETTER;
}

/* There is one that can be worse, and both sides know it; unless all of its runs are left out. */
static int check_primary(const struct diff *diff)
{
	const struct figure_question *question = &diff->question;
	size_t left_out = 0;

	for (size_t i = 0; i < diff->table.count; i++)
		if (is_primary(&diff->table.list[i]))
			return 0;
	for (size_t i = 0; i < diff->runs.count; i++)
		left_out += diff->runs.list[i].is_left_out;
	if (left_out)
		return 0;
	log_error("--primary: '%s%s%s': no figure that A and B know and of which less or more is "
		  "better: --json lists them",
		  question->primary, question->role ? "@" : "",
		  question->role ? question->role : "");
	return -ENODATA;
}

/* While this process may still open files. */
static int open_page(struct diff *diff)
{
	const struct diff_options *options = &diff->options.diff;
	int error;

	if (!options->html)
		return 0;
	error = page_file__open(&diff->page, options->html);
	for (size_t i = 0; i < options->a_count && !error; i++)
		error = page_file__check(&diff->page, options->a[i]);
	for (size_t i = 0; i < options->b_count && !error; i++)
		error = page_file__check(&diff->page, options->b[i]);
	for (size_t i = 0; i < options->score_count && !error; i++)
		error = page_file__check(&diff->page, options->scores[i]);
	return error;
}

static int write_page(struct diff *diff, const struct diff_report *report)
{
	int error = page_file__begin(&diff->page);

	if (error)
		return error;
	diff_html__print(diff->page.stream, report);
	return page_file__end(&diff->page);
}

/* Shows the judgement: an exit status. */
static int report(struct diff *diff, enum judgement verdict)
{
	const struct diff_report report = { &diff->options.diff, &diff->runs,	  &diff->table,
					    &diff->notes,	 &diff->question, verdict };
	int error = 0;

	if (diff->page.stream && write_page(diff, &report))
		return STATUS_UNDECIDED;
	errno = 0;
	if (diff->options.json)
		error = diff_report__print_json(stdout, &report);
	else
		diff_report__print(stdout, &report);
	if (error)
		log_error("printing: %s: compare fewer VMs", strerror(-error));
	if (output_status() || error)
		return STATUS_UNDECIDED;
	if (verdict == JUDGED_WORSE)
		return 1;
	return verdict == JUDGED_NO_WORSE ? 0 : STATUS_UNDECIDED;
}

static int run(struct diff *diff)
{
	const struct diff_options *options = &diff->options.diff;
	enum judgement verdict;

	if (read_primary(diff) || check_numbers(options))
		return STATUS_USAGE;
	if (open_page(diff))
		return STATUS_UNDECIDED;
	diff->table.paired = options->pairs;
	if (diff_scores__read(&diff->table, options) ||
	    diff_runs__read(&diff->runs, &diff->table, options) || check_runs(diff))
		return STATUS_HOST;
	verdict = figure_table__judge(&diff->table, &diff->question);
	if (check_primary(diff))
		return STATUS_HOST;
	if (diff_notes__make(&diff->notes, &diff->runs) ||
	    diff_notes__add_fairness(&diff->notes, &diff->table)) {
		log_error("comparing: %s", remedy(ENOMEM, NULL));
		return STATUS_UNDECIDED;
	}
	return report(diff, verdict);
}

int main(int argc, char **argv)
{
	struct diff diff = { 0 };
	int status;

	if (options_parse(&diff.options, &diff_tool, argc, argv, &status))
		return status;
	status = run(&diff);
	figure_table__free(&diff.table);
	diff_runs__free(&diff.runs);
	diff_notes__free(&diff.notes);
	page_file__close(&diff.page);
	return status;
}
