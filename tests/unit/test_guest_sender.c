// SPDX-License-Identifier: GPL-2.0-only
/* The guest's end of the way of its reports: it never waits for long, and never lies. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <termios.h>

#include <linux/vm_sockets.h>

#include "base/log.h"
#include "base/units.h"
#include "guest_sample.h"

#define TEXT_SIZE (8 << 20)

struct rig {
	char folder[64], path[96];
	struct guest_sender *sender;
	struct guest_report *report;
	int reader;
	uint64_t took_ns; /* the last report */
	char *text;	  /* what has been read */
	size_t size;
};

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	strcpy(rig->folder, "/tmp/kvmq-sender-XXXXXX");
	assert_non_null(mkdtemp(rig->folder));
	snprintf(rig->path, sizeof(rig->path), "%s/port", rig->folder);
	assert_int_equal(mkfifo(rig->path, 0600), 0);
	rig->report = sample_report(8); /* more than a pipe takes whole */
	rig->reader = -1;
	rig->text = malloc(TEXT_SIZE);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	guest_sender__close(rig->sender);
	if (rig->reader >= 0)
		close(rig->reader);
	unlink(rig->path);
	rmdir(rig->folder);
	free(rig->text);
	free(rig->report);
	free(rig);
	return 0;
}

static void begin_reading(struct rig *rig)
{
	rig->reader = open(rig->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(rig->reader >= 0);
	rig->size = 0;
}

static void end_reading(struct rig *rig)
{
	close(rig->reader);
	rig->reader = -1;
}

/* Reads what is there, up to size. */
static void read_on(struct rig *rig, size_t size)
{
	ssize_t got = 1;

	if (size > TEXT_SIZE - rig->size)
		size = TEXT_SIZE - rig->size;
	for (; size && got > 0; size -= (size_t)got) {
		got = read(rig->reader, rig->text + rig->size, size);
		if (got <= 0)
			break;
		rig->size += (size_t)got;
	}
}

/* Sends a report. A busy machine may take its time, but not for ever. */
static int send_report(struct rig *rig)
{
	uint64_t begin = clock_monotonic_ns();
	int error = guest_sender__send(rig->sender, rig->report);

	rig->took_ns = clock_monotonic_ns() - begin;
	assert_in_range(rig->took_ns, 0, 2 * NSEC_PER_SEC);
	rig->report->sequence++;
	sample_work(rig->report, 777);
	return error;
}

/*
 * Looks at all whole lines: each that parses must be a true report, in its order. Returns how
 * many there are, and in *bad how many do not parse.
 */
static int count_reports(const struct rig *rig, int *bad)
{
	struct guest_report *last = NULL, *report = sample_new();
	const char *begin = rig->text, *end, *reason;
	int good = 0;

	*bad = 0;
	while ((end = memchr(begin, '\n', rig->size - (size_t)(begin - rig->text)))) {
		size_t size = (size_t)(end - begin);

		if (size && !guest_report__parse(report, begin, size, last, &reason)) {
			free(last);
			last = guest_report__copy(report);
			good++;
		} else if (size) {
			(*bad)++;
		}
		begin = end + 1;
	}
	free(last);
	free(report);
	return good;
}

static void test_nobody_listens(void **state)
{
	struct rig *rig = *state;
	int bad;

	assert_int_equal(guest_sender__open(&rig->sender, rig->path), 0);
	assert_int_equal(send_report(rig), -EAGAIN);
	assert_int_equal(send_report(rig), -EAGAIN);
	/* The host comes, goes, and comes back. */
	for (int i = 0; i < 3; i++) {
		begin_reading(rig);
		assert_int_equal(send_report(rig), 0);
		assert_int_equal(send_report(rig), 0);
		read_on(rig, TEXT_SIZE);
		assert_int_equal(count_reports(rig, &bad), 2);
		assert_int_equal(bad, 0);
		end_reading(rig);
		assert_int_equal(send_report(rig), -EAGAIN);
	}
}

/* A reader that does not read: full, and then on with the rest of the line. */
static void test_full(void **state)
{
	struct rig *rig = *state;
	uint64_t fastest_ns = UINT64_MAX;
	int sent = 0, bad, error;

	begin_reading(rig);
	assert_int_equal(guest_sender__open(&rig->sender, rig->path), 0);
	while (!(error = send_report(rig)))
		sent++;
	assert_int_equal(error, -EAGAIN);
	assert_true(sent > 2);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(send_report(rig), -EAGAIN);
		if (rig->took_ns < fastest_ns)
			fastest_ns = rig->took_ns;
	}
	assert_in_range(fastest_ns, 0, 150 * NSEC_PER_MSEC);
	/* what was begun is ended; reports meanwhile are lost, which their numbers show */
	for (int i = 0; i < 50; i++) {
		read_on(rig, 3000);
		send_report(rig);
	}
	read_on(rig, TEXT_SIZE);
	assert_int_equal(send_report(rig), 0);
	read_on(rig, TEXT_SIZE);
	assert_true(count_reports(rig, &bad) > sent + 1);
	assert_int_equal(bad, 0);
}

/* The reader goes within a line, and another one comes: half a line, and no line of two halves. */
static void test_broken_line(void **state)
{
	struct rig *rig = *state;
	int bad;

	begin_reading(rig);
	assert_int_equal(guest_sender__open(&rig->sender, rig->path), 0);
	while (!send_report(rig))
		;
	read_on(rig, 9000);
	end_reading(rig);
	assert_int_equal(send_report(rig), -EAGAIN);
	begin_reading(rig);
	assert_int_equal(send_report(rig), 0);
	read_on(rig, TEXT_SIZE);
	assert_int_equal(rig->text[0], '\n');
	assert_int_equal(count_reports(rig, &bad), 1);
	assert_int_equal(bad, 0);
}

/* The reader changes while the sender is full, which it cannot see: the rest of a line goes on. */
static void test_reader_changes(void **state)
{
	struct rig *rig = *state;
	int bad, other;

	begin_reading(rig);
	assert_int_equal(guest_sender__open(&rig->sender, rig->path), 0);
	while (!send_report(rig))
		;
	other = rig->reader;
	begin_reading(rig);
	close(other);
	read_on(rig, 10001);
	rig->size = 0;
	send_report(rig);
	read_on(rig, TEXT_SIZE);
	assert_int_equal(send_report(rig), 0);
	read_on(rig, TEXT_SIZE);
	assert_true(count_reports(rig, &bad) > 1);
	assert_in_range(bad, 0, 1); /* what it came into the middle of */
}

/* Who takes a byte now and then holds nobody up. */
static void test_slow_reader(void **state)
{
	struct rig *rig = *state;
	pid_t reader;

	begin_reading(rig);
	assert_int_equal(guest_sender__open(&rig->sender, rig->path), 0);
	while (!send_report(rig))
		;
	reader = fork();
	if (!reader) {
		for (;;) {
			read_on(rig, 4096);
			rig->size = 0;
			usleep(30000);
		}
	}
	free(rig->report);
	rig->report = sample_report(GUEST_DISKS_MAX);
	for (int i = 0; i < 10; i++)
		send_report(rig);
	kill(reader, SIGKILL);
}

static void test_file(void **state)
{
	struct rig *rig = *state;
	char *line;

	unlink(rig->path);
	assert_int_equal(guest_sender__open(&rig->sender, rig->path), 0);
	line = sample_line(rig->report);
	assert_int_equal(send_report(rig), 0);
	assert_int_equal(send_report(rig), 0);
	guest_sender__close(rig->sender);
	/* Another process goes on behind what is there. */
	assert_int_equal(guest_sender__open(&rig->sender, rig->path), 0);
	assert_int_equal(send_report(rig), 0);
	begin_reading(rig);
	read_on(rig, TEXT_SIZE);
	rig->text[rig->size] = '\0';
	assert_int_equal(count_lines(rig->text), 3);
	assert_memory_equal(rig->text, line, strlen(line));
	assert_int_equal(rig->text[strlen(line)], '\n');
	free(line);
}

/* A terminal of one's own is a device without a host that can be asked for. */
static void test_device(void **state)
{
	struct rig *rig = *state;
	struct termios settings;
	int bad, terminal = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (terminal < 0 || grantpt(terminal) || unlockpt(terminal)) {
		print_message("no pseudo terminals here\n");
		skip();
	}
	rig->reader = terminal;
	tcgetattr(terminal, &settings);
	cfmakeraw(&settings);
	tcsetattr(terminal, TCSANOW, &settings);
	assert_int_equal(guest_sender__open(&rig->sender, ptsname(terminal)), 0);
	free(rig->report);
	rig->report = sample_report(1);
	for (int i = 0; i < 40; i++) {
		send_report(rig);
		if (i % 4 == 3)
			read_on(rig, TEXT_SIZE);
	}
	for (int i = 0; i < 10 && send_report(rig); i++)
		read_on(rig, TEXT_SIZE);
	read_on(rig, TEXT_SIZE);
	assert_true(count_reports(rig, &bad) >= 10);
	assert_int_equal(bad, 0);
	assert_int_equal(rig->text[0], '\n');
}

static void check_open_fails(const char *destination, int error, const char *word)
{
	struct guest_sender *sender = (void *)1;
	struct capture capture;
	const char *text;
	int got;

	capture_begin(&capture, STDERR_FILENO);
	got = guest_sender__open(&sender, destination);
	text = capture_end(&capture);
	assert_int_equal(got, error);
	assert_null(sender);
	assert_int_equal(count_lines(text), 1);
	if (!strstr(text, word))
		fail_msg("%s: %s", destination, text);
}

static void test_open_fails(void **state)
{
	struct rig *rig = *state;
	char path[160];

	check_open_fails("", -EINVAL, "no path");
	check_open_fails("vsock:", -EINVAL, "port");
	check_open_fails("vsock:0", -EINVAL, "port");
	check_open_fails("vsock:4294967295", -EINVAL, "port");
	check_open_fails("vsock:12x", -EINVAL, "port");
	check_open_fails("/dev/kvmq-is-not-there", -ENOENT, "/dev/kvmq-is-not-there");
	assert_int_equal(access("/dev/kvmq-is-not-there", F_OK), -1);
	check_open_fails(rig->folder, -EISDIR, rig->folder);
	snprintf(path, sizeof(path), "%s/no/such", rig->folder);
	check_open_fails(path, -ENOENT, path);
	/* Not to a file that somebody put in the way. */
	unlink(rig->path);
	snprintf(path, sizeof(path), "%s/target", rig->folder);
	assert_int_equal(symlink(path, rig->path), 0);
	check_open_fails(rig->path, -EEXIST, rig->path);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	check_open_fails(rig->path, -EPERM, "a symbolic link");
	unlink(rig->path);
	assert_int_equal(link(path, rig->path), 0);
	check_open_fails(rig->path, -EPERM, "a hard link");
	unlink(path);
	guest_sender__close(NULL);
}

/* Over this machine's own vsock: a host that is not there, comes, hangs up, comes again. */
static void test_vsock(void **state)
{
	struct rig *rig = *state;
	struct sockaddr_vm address = { .svm_family = AF_VSOCK,
				       .svm_cid = VMADDR_CID_ANY,
				       .svm_port = 27598 };
	int listener, bad;

	if (access("/sys/module/vsock_loopback", F_OK)) {
		print_message("vsock_loopback is not loaded\n");
		skip();
	}
	assert_int_equal(guest_sender__open(&rig->sender, "vsock:27598"), 0);
	assert_int_equal(send_report(rig), -EAGAIN);
	listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 4), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(send_report(rig), 0);
		rig->reader = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		assert_int_equal(send_report(rig), 0);
		usleep(50000);
		rig->size = 0;
		read_on(rig, TEXT_SIZE);
		assert_int_equal(rig->text[0], '{');
		assert_int_equal(count_reports(rig, &bad), 2);
		/* A line that is broken off is not gone on with on the next connection. */
		while (!send_report(rig))
			;
		end_reading(rig);
		usleep(50000);
	}
	close(listener);
	usleep(50000);
	assert_int_equal(send_report(rig), -EAGAIN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nobody_listens), TEST(test_full),	   TEST(test_broken_line),
		TEST(test_reader_changes), TEST(test_slow_reader), TEST(test_file),
		TEST(test_device),	   TEST(test_open_fails),  TEST(test_vsock),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
