// SPDX-License-Identifier: GPL-2.0-only
#include "render/svg_runs.h"

#include <math.h>

#include "render/html.h"

#define HEIGHT 34
#define A_Y 9
#define B_Y 25
#define RADIUS 4
#define EDGE_PCT 3.0 /* left free at both ends, so that no dot is cut */

#define INTERVAL_HEIGHT 44
#define INTERVAL_Y 12

/* What is at the left end of an axis, and how long the axis is; a length of 0: one point. */
struct axis {
	double low, length;
};

static void axis__hold(struct axis *axis, double *high, const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (isnan(values[i]))
			continue;
		axis->low = fmin(axis->low, values[i]);
		*high = fmax(*high, values[i]);
	}
}

static double axis__place(const struct axis *axis, double value)
{
	if (axis->length <= 0)
		return 50;
	return EDGE_PCT + (100 - 2 * EDGE_PCT) * (value - axis->low) / axis->length;
}

static void put_side(FILE *file, const struct axis *axis, const double *values, size_t count,
		     double median, char side)
{
	int y = side == 'a' ? A_Y : B_Y;
	double middle = axis__place(axis, median);

	for (size_t i = 0; i < count; i++)
		if (!isnan(values[i]))
			fprintf(file,
				"<circle class=\"f%c soft\" cx=\"%.2f%%\" cy=\"%d\" r=\"%d\"/>",
				side, axis__place(axis, values[i]), y, RADIUS);
	fprintf(file,
		"<line class=\"s%c\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%d\" y2=\"%d\" "
		"stroke-width=\"2\"/>",
		side, middle, middle, y - RADIUS - 3, y + RADIUS + 3);
}

void svg_runs__print(FILE *file, const struct svg_runs *runs)
{
	struct axis axis = { .low = INFINITY };
	double high = -INFINITY;

	axis__hold(&axis, &high, runs->a, runs->a_count);
	axis__hold(&axis, &high, runs->b, runs->b_count);
	if (!isfinite(axis.low))
		return;
	axis.length = high - axis.low;
	fprintf(file, "<svg height=\"%d\" role=\"img\" aria-label=\"", HEIGHT);
	html__text(file, runs->label);
	fputs("\">", file);
	put_side(file, &axis, runs->a, runs->a_count, runs->a_median, 'a');
	put_side(file, &axis, runs->b, runs->b_count, runs->b_median, 'b');
	fputs("</svg>", file);
}

static void put_line(FILE *file, double from, double to, const char *class, int width)
{
	fprintf(file,
		"<line class=\"%s\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%d\" y2=\"%d\" "
		"stroke-width=\"%d\"/>",
		class, from, to, INTERVAL_Y, INTERVAL_Y, width);
}

/* A number below the axis, which must not run out of the picture at its ends. */
static void put_number(FILE *file, double place, double value)
{
	const char *anchor = place < 10 ? "start" : place > 90 ? "end" : "middle";

	fprintf(file, "<text x=\"%.2f%%\" y=\"%d\" text-anchor=\"%s\">%.3g</text>", place,
		INTERVAL_HEIGHT - 4, anchor, value);
}

void svg_interval__print(FILE *file, const struct svg_interval *interval)
{
	/* As much on both sides of 1, by the ratio. */
	double reach = fmax(fabs(log(interval->low)), fabs(log(interval->high)));
	struct axis axis;

	reach = fmax(reach, fmax(fabs(log(interval->margin_low)), log(interval->margin_high)));
	reach = fmax(reach * 1.1, 1e-6);
	axis = (struct axis){ -reach, 2 * reach };
	fprintf(file,
		"<svg height=\"%d\" role=\"img\" aria-label=\"B/A %.3f, 95 %% from %.3f to %.3f\">",
		INTERVAL_HEIGHT, interval->estimate, interval->low, interval->high);
	put_line(file, axis__place(&axis, -reach), axis__place(&axis, reach), "axis", 1);
	put_line(file, axis__place(&axis, log(interval->margin_low)),
		 axis__place(&axis, log(interval->margin_high)), "axis", 10);
	put_line(file, axis__place(&axis, log(interval->low)),
		 axis__place(&axis, log(interval->high)), "sb", 3);
	fprintf(file, "<circle class=\"fb\" cx=\"%.2f%%\" cy=\"%d\" r=\"5\"/>",
		axis__place(&axis, log(interval->estimate)), INTERVAL_Y);
	put_number(file, axis__place(&axis, -reach), exp(-reach));
	put_number(file, axis__place(&axis, 0), 1);
	put_number(file, axis__place(&axis, reach), exp(reach));
	fputs("</svg>", file);
}
