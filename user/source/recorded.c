// SPDX-License-Identifier: GPL-2.0-only
#include "source/recorded.h"

#include <errno.h>

#include "base/log.h"
#include "model/choice.h"
#include "model/view_sets.h"

/* Which of the options' VMs were found. */
struct search {
	const struct options *options;
	bool named[OPTIONS_VMS_MAX];
	bool below;
};

/* A VM that did not pass the filter of the recording has nothing to show. */
static void visit_vm(void *context, const void *item)
{
	struct search *search = context;
	const struct vm *vm = item;

	if (!vm->chosen)
		return;
	for (size_t i = 0; i < search->options->vm_count; i++)
		search->named[i] |= vm__is_named(vm, search->options->vms[i]);
	if (search->options->cgroup)
		search->below |= vm__is_below(vm, search->options->cgroup);
}

static void visit_io_vm(void *context, const void *item)
{
	const struct vm vm = io_vm__identity(item);

	visit_vm(context, &vm);
}

/* 0, or -ENOENT after one line: the recording lacks something that was asked for. */
static int check_found(const struct search *search)
{
	const struct options *options = search->options;
	const char *from = options->socket ? options->socket : options->from;

	for (size_t i = 0; i < options->vm_count; i++) {
		if (search->named[i])
			continue;
		log_error("--vm: no VM '%s' in '%s': all that are in it are shown without --vm",
			  options->vms[i], from);
		return -ENOENT;
	}
	if (!options->cgroup || search->below)
		return 0;
	log_error("--cgroup: no VM of '%s' in '%s': all that are in it are shown without --cgroup",
		  options->cgroup, from);
	return -ENOENT;
}

int recorded__check(struct recording *recording, const struct options *options)
{
	struct search search = { .options = options };
	int error;

	if (!options__choose(options))
		return 0;
	error = recording__each(recording, &vm_set, visit_vm, &search);
	if (!error)
		error = recording__each(recording, &io_sets[IO_SET_VMS], visit_io_vm, &search);
	return error ? error : check_found(&search);
}

int recorded__check_view(const struct view *view, const struct options *options)
{
	struct search search = { .options = options };

	if (!options__choose(options))
		return 0;
	for (size_t i = 0; i < view->sched.vms.count; i++)
		visit_vm(&search, &view->sched.vms.list[i]);
	for (size_t i = 0; i < view->io.vms.count; i++)
		visit_io_vm(&search, &view->io.vms.list[i]);
	return check_found(&search);
}

int recorded__next(struct recording *recording, const struct options *options, struct view *view)
{
	int got = recording__next(recording, view), error;

	if (got <= 0)
		return got;
	error = view__choose(view, options);
	if (error)
		log_error("--vm: %s", remedy(-error, NULL));
	return error ? error : got;
}
