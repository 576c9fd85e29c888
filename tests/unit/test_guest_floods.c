// SPDX-License-Identifier: GPL-2.0-only
/* A hundred guests that flood the host with reports, and one that does not. */
#include "unit.h"

#include "guest_sample.h"
#include "guest_vm.h"
#include "guests/guest_share.h"

#define FLOODS 100
#define VMS (FLOODS + 1)
#define HONEST 50 /* in the middle of the others */
#define SECONDS 3
#define SOCKET_BYTES (512 * 1024) /* more than a socket holds on its way */
/* In each half of a second, of all, and beyond that of each its part; and one window more. */
#define MOST_BYTES (2ULL * GUEST_WINDOW_ALL * (2 * SECONDS + 1) + (uint64_t)VMS * SOCKET_BYTES)

struct rig {
	struct guest_links *links;
	struct fake_vm vms[VMS];
	uint64_t sent[VMS];
	struct guest_report *report;
	char *line;

	char flood[65536];
};

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	const char *missing;

	rig->links = guest_links__new(27600, &missing);
	assert_non_null(rig->links);
	fake_vms__connect(rig->links, rig->vms, VMS);
	rig->report = sample_report(2);
	for (size_t i = 0; i < sizeof(rig->flood); i++)
		rig->flood[i] = i % 64 ? '{' : '\n';
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

static const struct guest *honest(const struct rig *rig)
{
	return guest_links__find(rig->links, (uint32_t)rig->vms[HONEST].pid);
}

static void flood(struct rig *rig)
{
	for (size_t i = 0; i < VMS; i++) {
		ssize_t sent = i == HONEST ? 0
					   : send(rig->vms[i].port, rig->flood, sizeof(rig->flood),
						  MSG_NOSIGNAL);

		rig->sent[i] += sent > 0 ? (uint64_t)sent : 0;
	}
}

static void send_report(struct rig *rig)
{
	size_t size;

	rig->report->sequence++;
	sample_work(rig->report, 5000);
	free(rig->line);
	rig->line = sample_line(rig->report);
	size = strlen(rig->line);
	rig->line[size] = '\n'; /* in place of its end */
	assert_int_equal(send(rig->vms[HONEST].port, rig->line, size + 1, MSG_NOSIGNAL), size + 1);
}

static bool has_come(const struct rig *rig)
{
	const struct guest *guest = honest(rig);

	return !rig->line || (guest && guest->report->sequence == rig->report->sequence);
}

/* Each report comes within two windows, while the others send all they can. */
static void test_floods(void **state)
{
	struct rig *rig = *state;
	uint64_t begin = clock_monotonic_ns(), next = begin, sent = begin, least = UINT64_MAX,
		 most = 0, sum = 0;
	uint64_t cpu = clock_process_cpu_ns();
	unsigned int reports = 0;

	while (clock_monotonic_ns() - begin < SECONDS * NSEC_PER_SEC) {
		flood(rig);
		links_wait(rig->links, 10);
		if (!has_come(rig))
			assert_in_range(clock_monotonic_ns() - sent, 0, 2 * GUEST_WINDOW_NS);
		if (!has_come(rig) || clock_monotonic_ns() < next)
			continue;
		send_report(rig);
		reports++;
		sent = clock_monotonic_ns();
		next = sent + NSEC_PER_SEC / 4;
	}
	assert_int_equal(honest(rig)->rejected, 0);
	assert_in_range(reports, SECONDS, 5 * SECONDS);
	for (size_t i = 0; i < VMS; i++) {
		if (i == HONEST)
			continue;
		sum += rig->sent[i];
		least = rig->sent[i] < least ? rig->sent[i] : least;
		most = rig->sent[i] > most ? rig->sent[i] : most;
	}
	print_message(
		"%u reports; floods: %lu KiB in all, %lu to %lu KiB of each; %llu ms of CPU\n",
		reports, sum >> 10, least >> 10, most >> 10,
		(clock_process_cpu_ns() - cpu) / NSEC_PER_MSEC);
	assert_in_range(sum, GUEST_WINDOW_ALL, MOST_BYTES);
	assert_true(least > 0);
}

/* Reads all that it may of guests that always have more; returns the least and the most of them. */
static void read_all(struct guest_share *guests, size_t count, struct guest_share *all,
		     uint64_t now)
{
	for (size_t i = 0; i < count; i++) {
		size_t room = guest_share__room(&guests[i], all, count, now);

		guests[i].bytes += room;
		all->bytes += room;
	}
}

/* Who gets how much: those that come first all that is for all, the others a part of it each. */
static void test_parts(void **state)
{
	static struct guest_share guests[FLOODS];
	struct guest_share all = { 0 };
	uint64_t now = 7 * NSEC_PER_SEC;

	(void)state;
	read_all(guests, FLOODS, &all, now);
	assert_int_equal(guests[0].bytes, GUEST_WINDOW_BYTES);
	assert_int_equal(guests[15].bytes, GUEST_WINDOW_BYTES);
	assert_int_equal(guests[16].bytes, GUEST_WINDOW_ALL / FLOODS);
	assert_int_equal(guests[FLOODS - 1].bytes, GUEST_WINDOW_ALL / FLOODS);
	assert_in_range(all.bytes, GUEST_WINDOW_ALL, 2 * GUEST_WINDOW_ALL);
	for (size_t i = 0; i < FLOODS; i++)
		assert_int_equal(guest_share__room(&guests[i], &all, FLOODS, now + 1), 0);
	assert_int_equal(guest_share__room(&guests[0], &all, FLOODS, now + GUEST_WINDOW_NS),
			 GUEST_WINDOW_BYTES);
}

/* One that asks for little has it at any time; few guests have all that each may. */
static void test_little(void **state)
{
	static struct guest_share guests[FLOODS];
	struct guest_share all = { .bytes = GUEST_WINDOW_ALL }, few[8] = { 0 }, none = { 0 };

	(void)state;
	assert_int_equal(guest_share__room(&guests[0], &all, FLOODS, 1), GUEST_WINDOW_ALL / FLOODS);
	assert_int_equal(guest_share__room(&guests[0], &all, 4000, 1), GUEST_PART_MIN);
	read_all(few, ARRAY_SIZE(few), &none, 1);
	for (size_t i = 0; i < ARRAY_SIZE(few); i++)
		assert_int_equal(few[i].bytes, GUEST_WINDOW_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_little),
		cmocka_unit_test_setup_teardown(test_floods, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
