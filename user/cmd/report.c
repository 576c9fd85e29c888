// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-report: a recording as a page for a browser. */
#include <errno.h>

#include "base/log.h"
#include "base/privileges.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/options.h"
#include "cmd/page_file.h"
#include "cmd/report_page.h"
#include "cmd/tools.h"
#include "cmd/why_rules.h"
#include "model/view_sets.h"
#include "source/recorded.h"

/* All that main() owns. */
struct run {
	struct options options;
	struct why_settings settings;
	struct page_file page;
	struct recording *recording;
	struct report_heat heat;
	struct why why;
};

static int open_files(struct run *run)
{
	const struct options *options = &run->options;
	struct recording_info info = { .option = "--from",
				       .tool = "kvmq-report",
				       .of_any_tool = true,
				       .version = KVMQ_VERSION,
				       .sets = all_sets };
	int error;

	while (info.sets[info.set_count])
		info.set_count++;
	error = recording__open(&run->recording, options->from, &info);
	if (!error)
		error = page_file__open(&run->page, options->report.html);
	return error ? error : page_file__check(&run->page, options->from);
}

static int no_memory(void)
{
	log_error("--html: %s", remedy(ENOMEM, NULL));
	return -ENOMEM;
}

static int write_page(struct run *run)
{
	const struct report report = { &run->options, &run->heat, &run->why };
	int error = page_file__begin(&run->page);

	if (error)
		return error;
	if (report_page__print(run->page.stream, &report) || text_missed())
		return no_memory();
	return page_file__end(&run->page);
}

/* An exit status. */
static int write_report(struct run *run)
{
	const struct options *options = &run->options;
	int error;

	if (!options->from || !options->report.html) {
		log_error("%s: missing: give a recording with --from, and a file to write with "
			  "--html",
			  options->from ? "--html" : "--from");
		return STATUS_USAGE;
	}
	error = why_rules__settings(&run->settings, WHY_CONFIG, options);
	if (error)
		return why_rules__status(error);
	if (open_files(run))
		return STATUS_FAILED;
	/* A stranger may have written it. */
	if (privileges_drop_all())
		return STATUS_FAILED;
	error = recorded__check(run->recording, options);
	if (error == -ENOENT)
		return STATUS_HOST; /* as where a host has no such VM */
	if (error || report_heat__read(&run->heat, run->recording, options))
		return STATUS_FAILED;
	if (why__make(&run->why, &run->heat.first, &run->heat.last, &run->settings)) {
		no_memory();
		return STATUS_FAILED;
	}
	return write_page(run) ? STATUS_FAILED : STATUS_DONE;
}

int main(int argc, char **argv)
{
	struct run run = { 0 };
	int status;

	if (options_parse(&run.options, &report_tool, argc, argv, &status))
		return status;
	status = write_report(&run);
	why__free(&run.why);
	report_heat__free(&run.heat);
	recording__close(run.recording);
	page_file__close(&run.page);
	privileges_tell_refused();
	return status;
}
