// SPDX-License-Identifier: GPL-2.0-only
#include "diff/compare.h"

#include <math.h>

/* What both sides know, and pairs only whole. */
struct known {
	double a[SAMPLE_MAX], b[SAMPLE_MAX];
	struct samples samples;
};

static size_t keep_known(double *known, const double *values, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!isnan(values[i]))
			known[kept++] = values[i];
	return kept;
}

static size_t keep_pairs(struct known *known, const struct figure_runs *runs)
{
	size_t kept = 0;

	for (size_t i = 0; i < runs->a_count; i++) {
		if (isnan(runs->a[i]) || isnan(runs->b[i]))
			continue;
		known->a[kept] = runs->a[i];
		known->b[kept++] = runs->b[i];
	}
	return kept;
}

static void find_known(struct known *known, const struct figure_runs *runs)
{
	known->samples = (struct samples){ .a = known->a, .b = known->b, .paired = runs->paired };
	if (runs->paired) {
		known->samples.a_count = known->samples.b_count = keep_pairs(known, runs);
		return;
	}
	known->samples.a_count = keep_known(known->a, runs->a, runs->a_count);
	known->samples.b_count = keep_known(known->b, runs->b, runs->b_count);
}

static bool all_positive(const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (values[i] <= 0)
			return false;
	return true;
}

static void take_logarithms(double *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		values[i] = log(values[i]);
}

static double cv_of(const double *values, size_t count)
{
	double mean = mean_of(values, count);

	return mean != 0 ? spread_of(values, count) / fabs(mean) : 0;
}

/* The known values, of a ratio their logarithms. false: one side has none. */
static bool find_samples(struct known *known, const struct figure_runs *runs, bool *is_ratio)
{
	const struct samples *samples = &known->samples;

	find_known(known, runs);
	if (!samples->a_count || !samples->b_count)
		return false;
	*is_ratio = all_positive(known->a, samples->a_count) &&
		    all_positive(known->b, samples->b_count);
	return true;
}

void compare__make(struct comparison *comparison, const struct figure_runs *runs)
{
	struct known known;
	const struct samples *samples = &known.samples;

	*comparison = (struct comparison){ .p = 1 };
	if (!find_samples(&known, runs, &comparison->is_ratio))
		return;
	comparison->a_count = samples->a_count;
	comparison->b_count = samples->b_count;
	comparison->a_median = median_of(known.a, samples->a_count);
	comparison->b_median = median_of(known.b, samples->b_count);
	comparison->a_cv = cv_of(known.a, samples->a_count);
	comparison->b_cv = cv_of(known.b, samples->b_count);
	if (comparison->is_ratio) {
		take_logarithms(known.a, samples->a_count);
		take_logarithms(known.b, samples->b_count);
	}
	comparison->shift = samples__shift(samples);
	comparison->p = samples__permutation_p(samples);
	if (comparison->is_ratio) {
		comparison->shift.estimate = exp(comparison->shift.estimate);
		comparison->shift.low = exp(comparison->shift.low);
		comparison->shift.high = exp(comparison->shift.high);
	}
}

/* An interval by how much is lost, so that more is worse; a ratio by its logarithm. */
struct harm {
	double estimate, low, high;
	double margin;
};

static struct harm harm_of(const struct comparison *comparison, enum direction direction,
			   double margin)
{
	const struct shift *shift = &comparison->shift;
	struct harm harm = { shift->estimate, shift->low, shift->high,
			     margin * fabs(comparison->a_median) };

	if (comparison->is_ratio)
		harm = (struct harm){ log(shift->estimate), log(shift->low), log(shift->high),
				      log1p(margin) };
	if (direction == MORE_IS_BETTER)
		harm = (struct harm){ -harm.estimate, -harm.high, -harm.low, harm.margin };
	return harm;
}

/* The spread that runs_needed() asks for. */
static double spread_of_runs(const struct figure_runs *runs, bool is_ratio)
{
	struct known known;
	const struct samples *samples = &known.samples;
	double a, b;

	find_known(&known, runs);
	if (is_ratio) {
		take_logarithms(known.a, samples->a_count);
		take_logarithms(known.b, samples->b_count);
	}
	if (samples->paired) {
		for (size_t i = 0; i < samples->a_count; i++)
			known.b[i] -= known.a[i];
		return spread_of(known.b, samples->b_count);
	}
	a = spread_of(known.a, samples->a_count);
	b = spread_of(known.b, samples->b_count);
	return sqrt((a * a + b * b) / 2);
}

/* So many runs that the interval would come off the margin, if the estimate is right. */
static double find_needed(const struct comparison *comparison, const struct figure_runs *runs,
			  const struct harm *harm)
{
	double distance = fabs(harm->estimate - harm->margin);
	double spread = spread_of_runs(runs, comparison->is_ratio);
	double more = (double)(comparison->a_count < comparison->b_count ? comparison->a_count
									 : comparison->b_count) +
		      1;

	if (distance <= 0)
		return 0;
	return fmax(more, runs_needed(spread, distance, runs->paired));
}

static enum judgement judge(const struct comparison *comparison, enum direction direction,
			    const struct harm *harm)
{
	bool is_sure = comparison->p <= P_MAX;

	if (!comparison->a_count || !comparison->shift.bounded)
		return JUDGED_UNDECIDED;
	if (direction == NEITHER_IS_BETTER) {
		if (is_sure && (harm->low > harm->margin || harm->high < -harm->margin))
			return JUDGED_DIFFERENT;
		return harm->low >= -harm->margin && harm->high <= harm->margin ? JUDGED_NO_WORSE
										: JUDGED_UNDECIDED;
	}
	if (harm->low > harm->margin)
		return is_sure ? JUDGED_WORSE : JUDGED_UNDECIDED;
	if (harm->high < -harm->margin && is_sure)
		return JUDGED_BETTER;
	return harm->high <= harm->margin ? JUDGED_NO_WORSE : JUDGED_UNDECIDED;
}

void compare__judge(struct comparison *comparison, const struct figure_runs *runs, double margin)
{
	struct harm harm = harm_of(comparison, runs->direction, margin);

	comparison->judgement = judge(comparison, runs->direction, &harm);
	comparison->needed = 0;
	if (comparison->judgement == JUDGED_UNDECIDED && comparison->a_count)
		comparison->needed = find_needed(comparison, runs, &harm);
}

const char *judgement__name(enum judgement judgement)
{
	static const char *const names[] = {
		[JUDGED_UNDECIDED] = "undecided", [JUDGED_NO_WORSE] = "no worse",
		[JUDGED_BETTER] = "better",	  [JUDGED_WORSE] = "worse",
		[JUDGED_DIFFERENT] = "differs",
	};

	return names[judgement];
}
