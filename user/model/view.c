// SPDX-License-Identifier: GPL-2.0-only
#include "model/view.h"

void view__free(struct view *view)
{
	snapshot__free(&view->sched);
	exit_snapshot__free(&view->exits);
	numa_snapshot__free(&view->numa);
	io_view__free(&view->io);
	list_free(&view->shares.of);
	list_free(&view->limits);
	list_free(&view->waits);
	list_free(&view->slow_exits);
	list_free(&view->bursts);
	*view = (struct view){ 0 };
}
