// SPDX-License-Identifier: GPL-2.0-only
#include "top/curses.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/text.h"
#include "top/top.h"

#define ESCAPE_MS 25
#define SAID_SIZE 512

static struct {
	SCREEN *screen; /* NULL: not open */
	bool is_utf8;
	bool has_colors;
	struct termios before; /* of the terminal, */
	char leave[128];       /* and what makes it show what it did */
	int error_fd;	       /* the standard error that there was; -1: it is there */
	int kept_fd;	       /* what takes its place */
	off_t said;	       /* so much of it */
	char text[SAID_SIZE];
} state = { .error_fd = -1, .kept_fd = -1 };

bool terminal__can(const char **why)
{
	const char *term = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		*why = "this is no terminal";
	else if (!term || !*term || !strcmp(term, "dumb"))
		*why = "this terminal cannot place text (TERM)";
	else
		return true;
	return false;
}

bool terminal__is_utf8(void)
{
	return state.is_utf8;
}

static void keep_errors(void)
{
	state.kept_fd = memfd_create("kvmq-top", MFD_CLOEXEC);
	state.error_fd = state.kept_fd < 0 ? -1 : dup(STDERR_FILENO);
	if (state.error_fd >= 0)
		dup2(state.kept_fd, STDERR_FILENO);
}

static void give_errors_back(void)
{
	char text[4096];
	ssize_t size = 0;

	if (state.error_fd < 0)
		return;
	dup2(state.error_fd, STDERR_FILENO);
	close(state.error_fd);
	state.error_fd = -1;
	lseek(state.kept_fd, 0, SEEK_SET);
	while ((size = read(state.kept_fd, text, sizeof(text))) > 0)
		if (write(STDERR_FILENO, text, (size_t)size) < 0)
			break;
	close(state.kept_fd);
}

/* From any thread, and when all has gone wrong: with nothing but system calls. */
static void restore(void)
{
	tcsetattr(STDOUT_FILENO, TCSANOW, &state.before);
	if (write(STDOUT_FILENO, state.leave, strlen(state.leave)) < 0)
		return;
	give_errors_back();
}

static void on_crash(int number)
{
	restore();
	raise(number);
}

/* A sanitizer's own handlers stay. */
static void restore_on_crash(void)
{
	static const int numbers[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
	const struct sigaction action = { .sa_handler = on_crash,
					  .sa_flags = (int)(SA_RESETHAND | SA_NODEFER) };
	struct sigaction before;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!sigaction(numbers[i], NULL, &before) && before.sa_handler == SIG_DFL)
			sigaction(numbers[i], &action, NULL);
}

static void add_leave(const char *name)
{
	const char *text = tigetstr(name);

	if (text && text != (const char *)-1)
		strncat(state.leave, text, sizeof(state.leave) - strlen(state.leave) - 1);
}

static void set_up_colors(void)
{
	const char *no_color = getenv("NO_COLOR");

	state.has_colors = has_colors() && !(no_color && *no_color) && start_color() == OK &&
			   use_default_colors() == OK;
	if (!state.has_colors)
		return;
	init_pair(1, COLOR_YELLOW, -1);
	init_pair(2, COLOR_RED, -1);
}

int terminal__open(void)
{
	setlocale(LC_CTYPE, "");
	state.is_utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	tcgetattr(STDOUT_FILENO, &state.before);
	state.screen = newterm(NULL, stdout, stdin);
	if (!state.screen) {
		log_error("TERM=%s: no such terminal is known: set TERM, or use -b",
			  getenv("TERM"));
		return -ENOTTY;
	}
	state.leave[0] = '\0';
	add_leave("sgr0");
	add_leave("cnorm");
	add_leave("rmcup");
	add_leave("rmkx");
	restore_on_crash();
	interrupt__set_restore(restore);
	set_up_colors();
	cbreak();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	keep_errors();
	return 0;
}

void terminal__close(void)
{
	if (state.screen) {
		interrupt__set_restore(NULL);
		curs_set(1);
		endwin();
		tcsetattr(STDOUT_FILENO, TCSANOW, &state.before);
		delscreen(state.screen);
		state.screen = NULL;
	}
	give_errors_back();
}

void terminal__size(unsigned int *rows, unsigned int *columns)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
	*rows = (unsigned int)getmaxy(stdscr);
	*columns = (unsigned int)getmaxx(stdscr);
}

void terminal__suspend(void)
{
	const struct sigaction stop = { .sa_handler = SIG_DFL };
	sigset_t signals, before;

	endwin();
	sigemptyset(&signals);
	sigaddset(&signals, SIGTSTP);
	sigaction(SIGTSTP, &stop, NULL);
	raise(SIGTSTP); /* which comes back, whatever cppcheck's library says */
	/* cppcheck-suppress unreachableCode */
	pthread_sigmask(SIG_UNBLOCK, &signals, &before);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	clearok(stdscr, TRUE);
	refresh();
}

static attr_t attribute_of(char byte, attr_t line)
{
	const attr_t look = A_BOLD | (state.has_colors ? (attr_t)COLOR_PAIR(1) : 0);
	const attr_t act = A_BOLD | (state.has_colors ? (attr_t)COLOR_PAIR(2) : 0);
	const struct {
		char byte;
		attr_t attribute;
	} styles[] = {
		{ *PAGE_LOOK, look },	       { *PAGE_ACT, act },
		{ *PAGE_HEADER, A_BOLD },      { *PAGE_TITLE, A_BOLD },
		{ *PAGE_SORTED, A_UNDERLINE }, { *PAGE_DIM, A_DIM },
	};

	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
		if (styles[i].byte == byte)
			return line | styles[i].attribute;
	return line;
}

/* What is no ASCII is shown where the terminal has it. */
static void put_character(const char *text, size_t length)
{
	if ((unsigned char)*text < 0x80 || state.is_utf8)
		addnstr(text, (int)length);
	else
		addch('?');
}

static void draw_line(const char *text, size_t length)
{
	attr_t line = length && *text == *PAGE_SELECTED ? A_REVERSE
		      : length && *text == *PAGE_HEADER ? A_BOLD
							: A_NORMAL;

	attrset(line);
	for (size_t i = 0; i < length;) {
		struct text_char character = text_char(text + i, length - i);

		if ((unsigned char)text[i] < ' ')
			attrset(attribute_of(text[i], line));
		else
			put_character(text + i, character.length);
		i += character.length;
	}
	attrset(line);
	for (int x = getcurx(stdscr); line == A_REVERSE && x < getmaxx(stdscr) - 1; x++)
		addch(' ');
}

void terminal__draw(const struct page *page, bool anew)
{
	const char *text = page->text;

	if (anew)
		clearok(stdscr, TRUE);
	erase();
	for (int row = 0; *text && row < getmaxy(stdscr); row++) {
		size_t length = strcspn(text, "\n");

		move(row, 0);
		draw_line(text, length);
		text += length + (text[length] == '\n');
	}
	curs_set(page->cursor != 0);
	if (page->cursor)
		move(getmaxy(stdscr) - 1, (int)page->cursor - 1);
	refresh();
}

int terminal__key(void)
{
	int key = getch();

	switch (key) {
	case ERR:
		return 0;
	case KEY_UP:
		return TOP_KEY_UP;
	case KEY_DOWN:
		return TOP_KEY_DOWN;
	case KEY_PPAGE:
		return TOP_KEY_PAGE_UP;
	case KEY_NPAGE:
		return TOP_KEY_PAGE_DOWN;
	case KEY_HOME:
		return TOP_KEY_HOME;
	case KEY_END:
		return TOP_KEY_END;
	case KEY_ENTER:
	case '\r':
	case '\n':
		return TOP_KEY_ENTER;
	case KEY_BACKSPACE:
	case '\b':
	case 0x7f:
		return TOP_KEY_BACKSPACE;
	case '\033':
		return TOP_KEY_ESCAPE;
	default:
		return key < 0x100 ? key : TOP_KEY_OTHER;
	}
}

const char *terminal__said(void)
{
	ssize_t size = state.error_fd < 0
			       ? 0
			       : pread(state.kept_fd, state.text, SAID_SIZE - 1, state.said);
	char *end;

	state.text[size > 0 ? size : 0] = '\0';
	state.said += size > 0 ? size : 0;
	end = strrchr(state.text, '\n');
	if (end)
		*end = '\0';
	end = strrchr(state.text, '\n');
	return end ? end + 1 : state.text;
}
