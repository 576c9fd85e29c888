// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/daemon_metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/daemon_metrics_internal.h"

/* What write_series() writes, whatever the limit is. */
#define SERIES_OF_SERIES 4

struct daemon_metrics {
	struct daemon_metrics_config config;
	struct daemon_sums sums;
	struct daemon_own own;
	uint64_t moment; /* number of the latest one; 0: none yet */
	struct {
		struct exposition of;
		uint64_t moment; /* that it is of; 0: none */
	} texts[EXPOSITION_FORMATS];
};

int daemon_metrics__open(struct daemon_metrics **result, const struct daemon_metrics_config *config)
{
	struct daemon_metrics *metrics = calloc(1, sizeof(*metrics));

	if (!metrics)
		return -ENOMEM;
	daemon_metrics__configure(metrics, config);
	*result = metrics;
	return 0;
}

void daemon_metrics__configure(struct daemon_metrics *metrics,
			       const struct daemon_metrics_config *config)
{
	metrics->config = *config;
	metrics->sums.blame_pairs = config->blame_pairs;
}

void daemon_metrics__close(struct daemon_metrics *metrics)
{
	if (!metrics)
		return;
	daemon_sums__free(&metrics->sums);
	for (int i = 0; i < EXPOSITION_FORMATS; i++)
		exposition__free(&metrics->texts[i].of);
	free(metrics);
}

int daemon_metrics__take(struct daemon_metrics *metrics, const struct view *after,
			 const struct why *why, const struct daemon_figures *figures)
{
	int error = daemon_sums__take(&metrics->sums, after, why);

	daemon_own__take(&metrics->own, after, figures, &metrics->sums);
	metrics->moment++;
	return error;
}

static int compare_shown(const void *left, const void *right)
{
	return vm_sums__compare(((const struct shown_vm *)left)->vm,
				((const struct shown_vm *)right)->vm);
}

static void shown_vms__free(struct shown_vms *vms)
{
	for (size_t i = 0; i < vms->count; i++)
		labels__free(&vms->list[i].labels);
	list_free(vms);
}

static int shown_vms__make(struct shown_vms *vms, const struct daemon_sums *sums)
{
	size_t kept = 0;

	*vms = (struct shown_vms){ 0 };
	if (list_reserve(vms, sums->vm_count))
		return -ENOMEM;
	for (size_t i = 0; i < sums->vm_count; i++)
		list_add(vms)->vm = sums->vms[i];
	list_sort(vms, compare_shown);
	for (size_t i = 0; i < vms->count; i++) {
		if (kept && vm_sums__same_labels(vms->list[kept - 1].vm, vms->list[i].vm))
			continue;
		vms->list[kept++] = vms->list[i];
	}
	vms->left_out = vms->count - kept;
	vms->count = kept;
	for (size_t i = 0; i < kept; i++) {
		struct shown_vm *vm = &vms->list[i];

		labels__add(&vm->labels, "domain", vm->vm->domain);
		labels__add(&vm->labels, "uuid", vm->vm->uuid);
		vm->size = vm->labels.of.size;
	}
	return 0;
}

/* What is written last is what is left out if there are too many series. */
static int write_text(const struct daemon_metrics *metrics, struct exposition *exposition,
		      enum exposition_format format)
{
	uint64_t max = metrics->config.max_series;
	struct shown_vms vms;
	int error = shown_vms__make(&vms, &metrics->sums);

	exposition__begin(exposition, format, max > SERIES_OF_SERIES ? max - SERIES_OF_SERIES : 0);
	if (!error) {
		write_own(exposition, &metrics->own);
		write_vms(exposition, &metrics->sums, &vms);
		write_vcpus(exposition, &metrics->sums, &vms);
		write_blame(exposition, &vms);
		write_disks(exposition, &metrics->sums, &vms);
		write_histograms(exposition, &metrics->sums, &vms);
		if (metrics->config.vcpu_histograms)
			write_vcpu_histograms(exposition, &vms);
		write_series(exposition, &vms, metrics->sums.disks_left_out);
	}
	shown_vms__free(&vms);
	return error ? error : exposition__end(exposition);
}

int daemon_metrics__text(struct daemon_metrics *metrics, enum exposition_format format,
			 const char **text, size_t *size, uint64_t *moment)
{
	struct exposition *exposition = &metrics->texts[format].of;
	int error;

	if (!metrics->moment)
		return -EAGAIN;
	if (metrics->texts[format].moment != metrics->moment) {
		metrics->texts[format].moment = 0;
		error = write_text(metrics, exposition, format);
		if (error)
			return error;
		metrics->texts[format].moment = metrics->moment;
	}
	*text = exposition->of.text;
	*size = exposition->of.size;
	*moment = metrics->moment;
	return 0;
}
