// SPDX-License-Identifier: GPL-2.0-only
#include "render/html.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"

#define FORMAT_SIZE 2048

/* A policy that a browser holds the page to, should an escape ever be missing. */
static const char head[] =
	"<!DOCTYPE html>\n"
	"<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" "
	"content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n";

static const char colors[] =
	":root{color-scheme:light dark;--bg:#fff;--fg:#1f2328;--dim:#59636e;--line:#d1d9e0;"
	"--card:#f6f8fa;--a:#0969da;--b:#bc4c00;--bad:#cf222e;--good:#1a7f37;--mid:#9a6700;"
	"--h0:#eaeef2;--h1:#fff1b8;--h2:#fed976;--h3:#fd9a44;--h4:#f0543a;--h5:#c4122d;"
	"--h6:#6e0220}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--dim:#9198a1;"
	"--line:#3d444d;--card:#151b23;--a:#58a6ff;--b:#f0883e;--bad:#f85149;--good:#3fb950;"
	"--mid:#d29922;--h0:#21262d;--h1:#3d3111;--h2:#6b4d0b;--h3:#a85f13;--h4:#dd5a2b;"
	"--h5:#ff6b57;--h6:#ffc2b3}}\n";

static const char layout[] =
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;padding:16px;max-width:1600px;background:var(--bg);color:var(--fg);"
	"font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\n"
	"h1{font-size:22px;margin:0 0 8px}h2{font-size:17px;margin:28px 0 8px}"
	"h3{font-size:15px;margin:0 0 4px}p{margin:4px 0}ul{margin:4px 0;padding-left:20px}\n"
	".dim{color:var(--dim)}.num{text-align:right;white-space:nowrap}"
	".grid{display:grid;gap:12px;"
	"grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr))}\n"
	".card{background:var(--card);border:1px solid "
	"var(--line);border-radius:6px;padding:12px}\n"
	".tag{display:inline-block;border:1px solid;border-radius:10px;padding:0 8px;"
	"margin-right:6px;font-size:13px;font-weight:600}"
	".bad{color:var(--bad)}.good{color:var(--good)}.mid{color:var(--mid)}\n"
	"code{display:block;background:var(--h0);border-radius:4px;padding:4px 8px;margin:4px 0;"
	"font:13px/1.4 ui-monospace,monospace;white-space:pre-wrap}\n"
	".wide{overflow-x:auto}table{border-collapse:collapse;font-size:14px}"
	"th,td{padding:3px 8px;border-bottom:1px solid var(--line);text-align:left;"
	"vertical-align:middle}th{font-weight:600}td,th,h3,.name{unicode-bidi:isolate}\n"
	"svg{display:block;width:100%;overflow:visible}"
	"svg text{fill:var(--dim);font:12px system-ui,sans-serif}"
	".axis{stroke:var(--line)}.fa{fill:var(--a)}.fb{fill:var(--b)}.sa{stroke:var(--a)}"
	".sb{stroke:var(--b)}.soft{fill-opacity:.45}.ca{color:var(--a)}.cb{color:var(--b)}\n"
	".full{width:100%}.dots{min-width:180px;width:30%}\n"
	".matrix td.cell{text-align:right;min-width:56px}.matrix thead "
	"th{font-weight:400;white-space:normal;"
	"vertical-align:bottom;min-width:76px;max-width:140px;overflow-wrap:break-word}"
	".matrix tbody th{min-width:110px;max-width:220px;overflow-wrap:break-word}\n"
	".heat{display:grid;grid-template-columns:minmax(80px,200px) 1fr 64px;gap:3px 10px;"
	"align-items:center}\n"
	".ends{display:flex;justify-content:space-between;font-size:12px}\n"
	".key{display:flex;flex-wrap:wrap;gap:4px 14px;font-size:13px;color:var(--dim)}"
	".key i{display:inline-block;width:14px;height:14px;margin-right:5px;"
	"vertical-align:-2px}\n"
	"@media(max-width:640px){body{padding:10px}.heat{grid-template-columns:1fr 64px}"
	".heat>.name{grid-column:1/-1;margin-top:4px}.heat>.name:empty{display:none}"
	".stack thead{display:none}.stack tr{display:grid;grid-template-columns:1fr 1fr;"
	"padding:8px 0;border-bottom:1px solid var(--line)}.stack td{border:0;padding:1px 0;"
	"text-align:left}.stack td.all{grid-column:1/-1;width:auto}"
	".stack td[data-l]::before{content:attr(data-l) \" \";color:var(--dim)}}\n";

static const double shades[HTML_SHADES] = { 0, 0.1, 1, 2, 5, 10, 20 };

unsigned int html__shade(double pct)
{
	unsigned int shade = 0;

	while (shade + 1 < HTML_SHADES && pct >= shades[shade + 1])
		shade++;
	return shade;
}

double html_shade__from(unsigned int shade)
{
	return shades[shade];
}

static void put_shades(FILE *file)
{
	for (unsigned int i = 0; i < HTML_SHADES; i++)
		fprintf(file, ".h%u{fill:var(--h%u);background:var(--h%u)%s}", i, i, i,
			i >= HTML_SHADES - 3 ? ";color:#fff" : "");
	/* The darkest of a bright page are the brightest of a dark one. */
	fputs("@media(prefers-color-scheme:dark){.h5,.h6{color:#0d1117}}\n", file);
}

void html__begin(FILE *file, const char *title)
{
	fputs(head, file);
	html__element(file, "title", NULL, title);
	fputs("\n<style>\n", file);
	fputs(colors, file);
	fputs(layout, file);
	put_shades(file);
	fputs("</style>\n</head>\n<body>\n", file);
	html__element(file, "h1", NULL, title);
	putc('\n', file);
}

void html__end(FILE *file)
{
	fputs("</body>\n</html>\n", file);
}

/* NULL: it stands for itself. */
static const char *escape_of(uint32_t code)
{
	switch (code) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void html__text(FILE *file, const char *text)
{
	size_t size = strlen(text);

	while (size) {
		const struct text_char one = text_char(text, size);
		const char *escape = one.harmless ? escape_of(one.code) : "?";

		if (escape)
			fputs(escape, file);
		else
			fwrite(text, 1, one.length, file);
		text += one.length;
		size -= one.length;
	}
}

void html__format(FILE *file, const char *format, ...)
{
	char text[FORMAT_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	html__text(file, text);
}

void html__element(FILE *file, const char *tag, const char *class, const char *text)
{
	if (class)
		fprintf(file, "<%s class=\"%s\">", tag, class);
	else
		fprintf(file, "<%s>", tag);
	html__text(file, text);
	fprintf(file, "</%s>", tag);
}
