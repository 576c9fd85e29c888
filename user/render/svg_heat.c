// SPDX-License-Identifier: GPL-2.0-only
#include "render/svg_heat.h"

#include "base/units.h"
#include "render/html.h"

#define HEIGHT 20

static uint64_t time_of(const struct svg_heat *heat, size_t cell)
{
	return heat->begin_ns + (heat->end_ns - heat->begin_ns) / heat->count * cell;
}

/* The first cell that cannot be shown with this one. */
static size_t find_end(const struct svg_heat *heat, size_t first, double *most)
{
	const struct svg_heat_cell *cells = heat->cells;
	size_t end = first;

	*most = 0;
	for (; end < heat->count && cells[end].known &&
	       html__shade(cells[end].pct) == html__shade(cells[first].pct);
	     end++)
		*most = cells[end].pct > *most ? cells[end].pct : *most;
	return end;
}

static void put_cells(FILE *file, const struct svg_heat *heat, size_t first, size_t end,
		      double most)
{
	double width = 100.0 / (double)heat->count;
	char from[32], to[32];

	format_clock(from, time_of(heat, first), heat->utc);
	format_clock(to, time_of(heat, end), heat->utc);
	fprintf(file,
		"<rect class=\"h%u\" x=\"%.2f%%\" y=\"0\" width=\"%.2f%%\" height=\"%d\">"
		"<title>%.8s to %.8s: %s%.1f %%</title></rect>",
		html__shade(most), width * (double)first, width * (double)(end - first), HEIGHT,
		from, to, end - first > 1 ? "up to " : "", most);
}

void svg_heat__print(FILE *file, const struct svg_heat *heat)
{
	size_t end;

	fprintf(file, "<svg height=\"%d\" role=\"img\" aria-label=\"", HEIGHT);
	html__text(file, heat->label);
	fputs("\">", file);
	for (size_t i = 0; i < heat->count; i = end) {
		double most;

		end = i + 1;
		if (!heat->cells[i].known)
			continue;
		end = find_end(heat, i, &most);
		put_cells(file, heat, i, end, most);
	}
	fputs("</svg>", file);
}

void svg_heat__print_key(FILE *file)
{
	fputs("<p class=\"key\">", file);
	for (unsigned int i = 0; i < HTML_SHADES; i++) {
		fprintf(file, "<span><i class=\"h%u\"></i>", i);
		if (i + 1 < HTML_SHADES)
			fprintf(file, "%g to %g %%</span>", html_shade__from(i),
				html_shade__from(i + 1));
		else
			fprintf(file, "%g %% and more</span>", html_shade__from(i));
	}
	fputs("</p>\n", file);
}
