// SPDX-License-Identifier: GPL-2.0-only
#include "render/svg_waits.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/units.h"
#include "bpf/hist.h"
#include "render/html.h"

#define HEIGHT 150
#define BARS_HEIGHT 128
#define SHORT_BUCKETS (6 * HIST_SUB) /* fewer have ticks between powers of ten */
#define TICK_MIN_NS NSEC_PER_USEC
#define TICK_MAX_NS (100 * NSEC_PER_SEC)

/* The buckets that are shown, and what is the highest. */
struct frame {
	uint32_t first, end;
	uint64_t a_sum, b_sum;
	double most; /* share of a side in one bucket */
};

static double share_of(uint64_t count, uint64_t sum)
{
	return sum ? (double)count / (double)sum : 0;
}

/* false: both are empty. */
static bool find_frame(struct frame *frame, const struct svg_waits *waits)
{
	*frame = (struct frame){ .first = HIST_BUCKETS };
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		frame->a_sum += waits->a[i];
		frame->b_sum += waits->b[i];
		if (!waits->a[i] && !waits->b[i])
			continue;
		frame->first = i < frame->first ? i : frame->first;
		frame->end = i + 1;
	}
	for (uint32_t i = frame->first; i < frame->end; i++) {
		double a = share_of(waits->a[i], frame->a_sum);
		double b = share_of(waits->b[i], frame->b_sum);

		frame->most = a > frame->most ? a : frame->most;
		frame->most = b > frame->most ? b : frame->most;
	}
	if (frame->end <= frame->first)
		return false;
	/* Some room at both ends, where a single bucket would fill the picture. */
	frame->first = frame->first > HIST_SUB ? frame->first - HIST_SUB : 0;
	frame->end = frame->end + HIST_SUB < HIST_BUCKETS ? frame->end + HIST_SUB : HIST_BUCKETS;
	return true;
}

static void put_bars(FILE *file, const struct frame *frame, const uint64_t *counts, uint64_t sum,
		     char side)
{
	double width = 100.0 / (frame->end - frame->first);

	for (uint32_t i = frame->first; i < frame->end; i++) {
		double height = BARS_HEIGHT * share_of(counts[i], sum) / frame->most;

		if (!counts[i])
			continue;
		fprintf(file,
			"<rect class=\"f%c soft\" x=\"%.2f%%\" y=\"%.1f\" width=\"%.2f%%\" "
			"height=\"%.1f\"/>",
			side, width * (i - frame->first), BARS_HEIGHT - height, width, height);
	}
}

/* Where a duration is among the buckets. */
static double place_of(const struct frame *frame, uint64_t ns)
{
	uint32_t bucket = hist_bucket(ns);
	uint64_t lower = hist_lower(bucket), upper = hist_lower(bucket + 1);
	double place = bucket + (double)(ns - lower) / (double)(upper - lower);

	return 100 * (place - frame->first) / (frame->end - frame->first);
}

static void put_tick(FILE *file, const struct frame *frame, uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	double place = place_of(frame, ns);
	int unit = 0;

	if (place < 0 || place > 100)
		return;
	for (; ns >= 1000 && unit < 3; unit++)
		ns /= 1000;
	fprintf(file,
		"<line class=\"axis\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%d\" y2=\"%d\"/>"
		"<text x=\"%.2f%%\" y=\"%d\" text-anchor=\"%s\">%llu %s</text>",
		place, place, BARS_HEIGHT, BARS_HEIGHT + 5, place, HEIGHT - 3,
		place < 6    ? "start"
		: place > 94 ? "end"
			     : "middle",
		(unsigned long long)ns, units[unit]);
}

/* So that labels stand apart in 300 pixels, too. */
static void put_axis(FILE *file, const struct frame *frame)
{
	bool is_short = frame->end - frame->first <= SHORT_BUCKETS;

	fprintf(file, "<line class=\"axis\" x1=\"0\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>",
		BARS_HEIGHT, BARS_HEIGHT);
	for (uint64_t ns = TICK_MIN_NS; ns <= TICK_MAX_NS; ns *= 10) {
		put_tick(file, frame, ns);
		if (!is_short)
			continue;
		put_tick(file, frame, 2 * ns);
		put_tick(file, frame, 5 * ns);
	}
}

void svg_waits__print(FILE *file, const struct svg_waits *waits)
{
	struct frame frame;

	if (!find_frame(&frame, waits))
		return;
	fprintf(file, "<svg height=\"%d\" role=\"img\" aria-label=\"", HEIGHT);
	html__text(file, waits->label);
	fputs("\">", file);
	put_bars(file, &frame, waits->a, frame.a_sum, 'a');
	put_bars(file, &frame, waits->b, frame.b_sum, 'b');
	put_axis(file, &frame);
	fputs("</svg>", file);
}
