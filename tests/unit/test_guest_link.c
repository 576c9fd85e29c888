// SPDX-License-Identifier: GPL-2.0-only
/* The host's end of the way of guest reports: serial ports, and vsock where there is some. */
#include "unit.h"

#include <errno.h>

#include <linux/vm_sockets.h>

#include "guest_sample.h"
#include "guest_vm.h"

#define PORT 27599
#define VMS 2

struct rig {
	struct guest_links *links;
	struct fake_vm vms[VMS];
	struct guest_report *report;
	char *line; /* of the report, with its newline */
};

static void rig_line(struct rig *rig)
{
	free(rig->line);
	rig->line = sample_line(rig->report);
	rig->line = realloc(rig->line, strlen(rig->line) + 2);
	strcat(rig->line, "\n");
}

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	const char *missing;

	rig->links = guest_links__new(PORT, &missing);
	assert_non_null(rig->links);
	fake_vms__connect(rig->links, rig->vms, VMS);
	rig->report = sample_report(2);
	rig_line(rig);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	fake_vms__stop(rig->links, rig->vms, VMS);
	free(rig->report);
	free(rig->line);
	free(rig);
	return 0;
}

static const struct guest *find(const struct rig *rig, size_t vm)
{
	return guest_links__find(rig->links, (uint32_t)rig->vms[vm].pid);
}

static void send_text(struct rig *rig, size_t vm, const char *text)
{
	fake_vm__send(&rig->vms[vm], rig->links, text, strlen(text));
	links_wait(rig->links, 1000);
}

/* The next report of the session, and its line. */
static void go_on(struct rig *rig)
{
	rig->report->sequence++;
	sample_work(rig->report, 5000);
	rig_line(rig);
}

static void test_report(void **state)
{
	struct rig *rig = *state;
	uint64_t before = clock_monotonic_ns();
	const struct guest *guest;

	assert_null(find(rig, 0));
	assert_false(links_wait(rig->links, 0));
	send_text(rig, 0, rig->line);
	guest = find(rig, 0);
	assert_non_null(guest);
	assert_int_equal(guest->vm_pid, rig->vms[0].pid);
	assert_in_range(guest->received_ns, before, clock_monotonic_ns());
	assert_int_equal(guest->rejected, 0);
	assert_null(guest->rejected_reason);
	assert_true(sample_equal(guest->report, rig->report));
	assert_null(find(rig, 1));
	assert_null(guest_links__find(rig->links, 1));
	assert_null(guest_links__find(rig->links, UINT32_MAX));
	assert_int_equal(guest_links__strangers(rig->links), 0);
}

/* A line in pieces of every kind, and several in one. */
static void test_pieces(void **state)
{
	static const size_t sizes[] = { 1, 7, 1000 };
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t length = strlen(rig->line);

		for (size_t at = 0; at < length; at += sizes[i]) {
			size_t rest = length - at;

			fake_vm__send(&rig->vms[0], rig->links, rig->line + at,
				      rest < sizes[i] ? rest : sizes[i]);
			links_wait(rig->links, 0);
		}
		links_wait(rig->links, 100);
		assert_true(sample_equal(find(rig, 0)->report, rig->report));
		go_on(rig);
	}
	for (int i = 0; i < 3; i++) {
		fake_vm__send(&rig->vms[0], rig->links, "\n", 1);
		fake_vm__send(&rig->vms[0], rig->links, rig->line, strlen(rig->line));
		go_on(rig);
	}
	rig->report->sequence--;
	links_settle(rig->links);
	assert_int_equal(find(rig, 0)->report->sequence, rig->report->sequence);
	assert_int_equal(find(rig, 0)->rejected, 0);
}

/* What an interval begins with that began before the guest was heard of. */
static void test_first(void **state)
{
	struct rig *rig = *state;
	uint64_t sequence = rig->report->sequence;

	for (int i = 0; i < 3; i++) {
		send_text(rig, 0, rig->line);
		assert_int_equal(find(rig, 0)->report->sequence, rig->report->sequence);
		assert_int_equal(find(rig, 0)->first->sequence, sequence);
		go_on(rig);
	}
	rig->report->session++;
	rig_line(rig);
	send_text(rig, 0, rig->line);
	assert_int_equal(find(rig, 0)->first->session, rig->report->session);
	assert_true(sample_equal(find(rig, 0)->first, rig->report));
}

/* One tells nonsense; the other is not touched, not by a byte. */
static void test_two_guests(void **state)
{
	struct rig *rig = *state;

	send_text(rig, 1, rig->line);
	send_text(rig, 0, rig->line); /* what another has said is nobody's previous report */
	assert_int_equal(find(rig, 0)->rejected, 0);
	send_text(rig, 0, "{}\nnonsense\n");
	send_text(rig, 0, rig->line);
	assert_int_equal(find(rig, 0)->rejected, 3);
	assert_non_null(strstr(find(rig, 0)->rejected_reason, "sequence"));
	assert_true(sample_equal(find(rig, 0)->report, rig->report));
	assert_true(sample_equal(find(rig, 1)->report, rig->report));
	assert_int_equal(find(rig, 1)->rejected, 0);
}

/* Who connects may come into the middle of a line. That is nobody's fault, but only once. */
static void test_middle(void **state)
{
	struct rig *rig = *state;

	send_text(rig, 0, rig->line + 100);
	assert_null(find(rig, 0));
	send_text(rig, 0, rig->line + 100);
	assert_int_equal(find(rig, 0)->rejected, 1);
	assert_null(find(rig, 0)->report);
	assert_int_equal(find(rig, 0)->received_ns, 0);
	send_text(rig, 0, rig->line);
	assert_true(sample_equal(find(rig, 0)->report, rig->report));
}

static void test_reconnect(void **state)
{
	struct rig *rig = *state;

	send_text(rig, 0, rig->line);
	go_on(rig);
	/* Half a line, and the port is gone. */
	fake_vm__send(&rig->vms[0], rig->links, rig->line, 500);
	close(rig->vms[0].port);
	rig->vms[0].port = -1;
	links_settle(rig->links);
	assert_int_equal(find(rig, 0)->rejected, 1);
	assert_non_null(strstr(find(rig, 0)->rejected_reason, "ended"));
	assert_false(fake_vm__asked(&rig->vms[0], 0));
	fake_vms__tell(rig->links, rig->vms, VMS);
	fake_vm__accept(&rig->vms[0]);
	/* The rest of it is not added to what came before. */
	send_text(rig, 0, rig->line + 500);
	assert_int_equal(find(rig, 0)->report->sequence, 1);
	send_text(rig, 0, rig->line);
	assert_int_equal(find(rig, 0)->report->sequence, 2);
	assert_int_equal(find(rig, 0)->rejected, 1);
	/* There is one connection, and no more as long as it lasts. */
	fake_vms__tell(rig->links, rig->vms, VMS);
	assert_false(fake_vm__asked(&rig->vms[0], 0));
}

static bool hung_up(const struct fake_vm *vm)
{
	char byte;

	return recv(vm->port, &byte, 1, 0) == 0;
}

static void test_vm_goes(void **state)
{
	struct rig *rig = *state;

	send_text(rig, 0, rig->line);
	send_text(rig, 1, rig->line);
	fake_vms__tell(rig->links, rig->vms + 1, 1);
	assert_true(hung_up(&rig->vms[0]));
	assert_false(hung_up(&rig->vms[1]));
	assert_null(find(rig, 0));
	assert_non_null(find(rig, 1));
	fake_vms__tell(rig->links, NULL, 0);
	assert_true(hung_up(&rig->vms[1]));
	assert_null(find(rig, 1));
	links_wait(rig->links, 0);
	/* And comes back, with nothing known of it. */
	fake_vms__tell(rig->links, rig->vms, VMS);
	fake_vm__accept(&rig->vms[0]);
	assert_null(find(rig, 0));
	send_text(rig, 0, rig->line);
	assert_true(sample_equal(find(rig, 0)->report, rig->report));
}

/* The process number of one that has gone is another's now. */
static void test_other_vm(void **state)
{
	struct rig *rig = *state;

	send_text(rig, 0, rig->line);
	rig->vms[0].start_ns++;
	fake_vms__tell(rig->links, rig->vms, VMS);
	assert_true(hung_up(&rig->vms[0]));
	assert_null(find(rig, 0));
	fake_vm__accept(&rig->vms[0]);
}

/* A command line that names another VM's port does not get that one's reports. */
static void test_impostor(void **state)
{
	struct rig *rig = *state;
	struct fake_vm impostor = rig->vms[1];

	impostor.pid = getpid();
	assert_int_equal(fake_vms__tell(rig->links, &impostor, 1), 0);
	fake_vm__accept(&rig->vms[1]);
	assert_true(hung_up(&rig->vms[1]));
	/* nor with one that is not there, or is no socket */
	unlink(rig->vms[1].path);
	assert_int_equal(fake_vms__tell(rig->links, &rig->vms[1], 1), 0);
	close(open(rig->vms[1].path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(fake_vms__tell(rig->links, &rig->vms[1], 1), 0);
	assert_false(links_wait(rig->links, 0));
}

/* Whoever has not that socket is not even connected for: the other VM's would see us. */
static void test_deputy(void **state)
{
	struct rig *rig = *state;
	struct fake_vm impostor = rig->vms[1];

	impostor.pid = rig->vms[0].pid;
	assert_int_equal(fake_vms__tell(rig->links, &impostor, 1), 0);
	assert_false(fake_vm__asked(&rig->vms[1], 100));
}

/*
 * Its own socket is called so, and the file is another user's: bound in another namespace, or
 * replaced meanwhile.
 */
static void test_other_file(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct rig *rig = *state;
	struct pollfd victim = { .events = POLLIN };

	if (getuid())
		skip();
	assert_int_equal(fake_vms__tell(rig->links, NULL, 0), 0);
	assert_int_equal(unlink(rig->vms[1].path), 0);
	strcpy(address.sun_path, rig->vms[1].path);
	victim.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(victim.fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(victim.fd, 1), 0);
	assert_int_equal(chown(rig->vms[1].path, 65533, 65533), 0);
	assert_int_equal(fake_vms__tell(rig->links, &rig->vms[1], 1), 0);
	assert_int_equal(poll(&victim, 1, 100), 0);
	close(victim.fd);
}

/* As much as there is room for; returns how much that was. */
static size_t fill(struct fake_vm *vm, const char *bytes, size_t size)
{
	size_t total = 0;
	ssize_t sent;

	while ((sent = send(vm->port, bytes, size, MSG_NOSIGNAL)) > 0)
		total += (size_t)sent;
	return total;
}

/* What a guest that never stops is given: 256 KiB in 500 ms, and the tool sleeps in between. */
static void test_flood(void **state)
{
	struct rig *rig = *state;
	uint64_t begin, last, windows;
	char *chunk = malloc(65536);
	size_t taken = 0;
	int wakes = 0;

	for (size_t i = 0; i < 65536; i++)
		chunk[i] = i % 2 ? '\n' : 'x';
	fill(&rig->vms[0], chunk, 65536);
	begin = clock_monotonic_ns();
	do {
		wakes += links_wait(rig->links, 100);
		taken += fill(&rig->vms[0], chunk, 65536);
		last = clock_monotonic_ns() - begin;
	} while (last < 1800 * NSEC_PER_MSEC);
	/* with what it began in, and what the socket holds */
	windows = last / (500 * NSEC_PER_MSEC) + 3;
	assert_in_range(taken, GUEST_REPORT_SIZE, windows * GUEST_REPORT_SIZE);
	assert_in_range(find(rig, 0)->rejected, 1, windows * GUEST_REPORT_SIZE / 2);
	/* each window: its pieces, and its end */
	assert_in_range(wakes, 4, windows * 64);
	/* the other one does not wait for this one */
	send_text(rig, 1, rig->line);
	assert_true(sample_equal(find(rig, 1)->report, rig->report));
	/* a flood that ends is over */
	links_settle(rig->links);
	send_text(rig, 0, "\n");
	send_text(rig, 0, rig->line);
	assert_true(sample_equal(find(rig, 0)->report, rig->report));
	free(chunk);
}

/* Without its newline; behind it there may be blanks. */
static void put_line(const struct rig *rig, char *line)
{
	size_t length = strlen(rig->line) - 1;

	for (size_t i = 0; i < length; i++)
		line[i] = rig->line[i];
}

static void test_endless_line(void **state)
{
	struct rig *rig = *state;
	char *line = malloc(GUEST_REPORT_SIZE + 1);

	send_text(rig, 0, rig->line);
	go_on(rig);
	memset(line, ' ', GUEST_REPORT_SIZE + 1);
	/* The longest one that is good */
	put_line(rig, line);
	fake_vm__send(&rig->vms[0], rig->links, line, GUEST_REPORT_SIZE);
	send_text(rig, 0, "\n");
	links_settle(rig->links);
	assert_int_equal(find(rig, 0)->report->sequence, 2);
	assert_int_equal(find(rig, 0)->rejected, 0);
	/* and one byte more, and more and more */
	go_on(rig);
	put_line(rig, line);
	fake_vm__send(&rig->vms[0], rig->links, line, GUEST_REPORT_SIZE + 1);
	links_settle(rig->links);
	assert_int_equal(find(rig, 0)->rejected, 1);
	assert_non_null(strstr(find(rig, 0)->rejected_reason, "longer"));
	fake_vm__send(&rig->vms[0], rig->links, line, GUEST_REPORT_SIZE);
	links_settle(rig->links);
	assert_int_equal(find(rig, 0)->rejected, 1);
	send_text(rig, 0, "\n");
	send_text(rig, 0, rig->line);
	assert_int_equal(find(rig, 0)->report->sequence, 3);
	assert_int_equal(find(rig, 0)->rejected, 1);
	free(line);
}

static void test_too_many(void **state)
{
	struct rig *rig = *state;
	size_t count = GUEST_LINKS_MAX + 10;
	struct guest_vm *given = calloc(count, sizeof(*given));

	for (size_t i = 0; i < count; i++) {
		given[i].pid = 4000000 + (uint32_t)i;
		given[i].way.cid = 7;
	}
	for (int again = 0; again < 2; again++) {
		assert_int_equal(guest_links__set_vms(rig->links, given, count), 0);
		assert_int_equal(guest_links__left_out(rig->links), 10);
	}
	assert_int_equal(guest_links__set_vms(rig->links, given, count - 10), 0);
	assert_int_equal(guest_links__left_out(rig->links), 0);
	/* those without a way do not count */
	for (size_t i = 0; i < 20; i++)
		given[i].way.cid = 0;
	assert_int_equal(guest_links__set_vms(rig->links, given, count), 0);
	assert_int_equal(fake_vms__tell(rig->links, rig->vms, VMS), 0);
	fake_vm__accept(&rig->vms[0]);
	free(given);
}

/* A low process number, which none of the rig's own VMs has. */
static uint32_t low_pid(const struct rig *rig, size_t i)
{
	for (size_t vm = 0; vm < VMS; vm++)
		if ((size_t)rig->vms[vm].pid == 1 + i)
			return 4000000 + (uint32_t)i;
	return 1 + (uint32_t)i;
}

/* Whoever comes later takes nobody's place, whatever its process number. */
static void test_crowd(void **state)
{
	struct rig *rig = *state;
	size_t count = GUEST_LINKS_MAX + VMS;
	struct guest_vm *given = calloc(count, sizeof(*given));

	for (size_t i = 0; i < count; i++)
		given[i] = (struct guest_vm){ .pid = low_pid(rig, i), .way.cid = 7 };
	for (size_t i = 0; i < VMS; i++) {
		struct guest_vm *vm = &given[count - VMS + i];

		vm->pid = (uint32_t)rig->vms[i].pid;
		guest_way__from_cmdline(&vm->way, rig->vms[i].cmdline, rig->vms[i].cmdline_size);
	}
	assert_int_equal(guest_links__set_vms(rig->links, given, count), 0);
	assert_int_equal(guest_links__left_out(rig->links), VMS);
	send_text(rig, 0, rig->line);
	assert_non_null(find(rig, 0));
	assert_true(sample_equal(find(rig, 0)->report, rig->report));
	free(given);
}

/* This machine's own vsock connects from CID 1, which is no VM's. */
static void test_strangers(void **state)
{
	struct rig *rig = *state;
	struct sockaddr_vm address = { .svm_family = AF_VSOCK,
				       .svm_cid = VMADDR_CID_LOCAL,
				       .svm_port = PORT };
	int fd;

	if (access("/sys/module/vsock_loopback", F_OK)) {
		print_message("vsock_loopback is not loaded\n");
		skip();
	}
	for (int i = 1; i <= 3; i++) {
		fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		links_wait(rig->links, 1000);
		assert_int_equal(guest_links__strangers(rig->links), i);
		assert_true(send(fd, "x", 1, MSG_NOSIGNAL) < 1 || recv(fd, &address, 1, 0) < 1);
		close(fd);
	}
	assert_null(find(rig, 0));
}

static void test_port_taken(void **state)
{
	struct rig *rig = *state;
	struct guest_links *links;
	const char *missing = NULL;

	(void)rig;
	links = guest_links__new(PORT, &missing);
	assert_non_null(links);
	/* or this machine has no vsock at all */
	assert_non_null(missing);
	guest_links__free(links);
	guest_links__free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_report),	 TEST(test_pieces),    TEST(test_two_guests),
		TEST(test_middle),	 TEST(test_reconnect), TEST(test_vm_goes),
		TEST(test_other_vm),	 TEST(test_impostor),  TEST(test_flood),
		TEST(test_endless_line), TEST(test_too_many),  TEST(test_strangers),
		TEST(test_crowd),	 TEST(test_deputy),    TEST(test_other_file),
		TEST(test_port_taken),	 TEST(test_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
