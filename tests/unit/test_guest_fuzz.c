// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tens of thousands of broken reports: nothing breaks, each is refused with a reason or tells
 * what may be, and nobody else is touched. KVMQ_SEED is another beginning of the generator.
 */
#include "unit.h"

#include <malloc.h>

#include "guest_sample.h"

#include "guest_mutate.h"
#include "guest_vm.h"

#define LINES 12000
#define HOSTILE 16
#define LINES_EACH 650

static uint64_t seed(void)
{
	const char *text = getenv("KVMQ_SEED");

	return text ? strtoull(text, NULL, 10) : 1;
}

/* Memory in use; ASan does not tell. */
static size_t memory_used(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* What has passed must be fit to show: it can be written, read again, and is the same. */
static void check_good(const struct guest_report *report)
{
	static struct guest_report again;
	char *line = sample_line(report);
	const char *reason;

	assert_in_range(report->disk_count, 0, GUEST_DISKS_MAX);
	if (guest_report__parse(&again, line, strlen(line), NULL, &reason))
		fail_msg("%s: %s", reason, line);
	assert_true(sample_equal(report, &again));
	free(line);
}

static void test_parse(void **state)
{
	struct guest_report *report = sample_new(), *last = NULL;
	struct mutator mutator;
	size_t good = 0, bad = 0, used;

	(void)state;
	mutator__open(&mutator, seed());
	used = memory_used();
	for (int i = 0; i < LINES; i++) {
		struct bytes bytes = mutator__next(&mutator);
		char *exact = malloc(bytes.size ? bytes.size : 1); /* reading on is seen */
		const char *reason = NULL;

		memcpy(exact, bytes.data, bytes.size);
		free(bytes.data);
		if (!guest_report__parse(report, exact, bytes.size, last, &reason)) {
			assert_null(reason);
			check_good(report);
			free(last);
			last = guest_report__copy(report);
			good++;
		} else {
			assert_true(reason && reason[0]);
			bad++;
		}
		free(exact);
		/* or all that follows is old */
		if (i % 16 == 15) {
			free(last);
			last = NULL;
		}
	}
	free(last);
	/* malloc keeps some of what is freed at hand. */
	assert_in_range(memory_used(), 0, used + 256 * 1024);
	assert_true(good > LINES / 100 && bad > LINES / 2);
	print_message("%zu refused, %zu taken\n", bad, good);
	mutator__close(&mutator);
	free(report);
}

/* What one guest sends, and what is to come of it. */
struct guest_case {
	struct bytes stream;
	size_t sent;
	uint64_t rejected, lines;
	struct guest_report *report; /* the last good one */
};

static void expect_line(struct guest_case *guest, struct guest_report *scratch, const char *line,
			size_t size)
{
	const char *reason;

	if (!size)
		return;
	guest->lines++;
	if (guest_report__parse(scratch, line, size, guest->report, &reason)) {
		guest->rejected++;
		return;
	}
	free(guest->report);
	guest->report = guest_report__copy(scratch);
}

static void prepare(struct guest_case *guest, uint64_t number)
{
	struct guest_report *scratch = sample_new();
	struct mutator mutator;
	const char *begin, *end;
	FILE *stream = open_memstream(&guest->stream.data, &guest->stream.size);

	mutator__open(&mutator, seed() * 1000 + number);
	for (int i = 0; i < LINES_EACH; i++) {
		/* The first one is good: what precedes it might be taken for the end of a line. */
		struct bytes bytes =
			i ? mutator__next(&mutator)
			  : (struct bytes){ strdup(mutator.lines[0].data), mutator.lines[0].size };

		fwrite(bytes.data, 1, bytes.size, stream);
		fputc('\n', stream);
		free(bytes.data);
	}
	fclose(stream);
	begin = guest->stream.data;
	while (begin < guest->stream.data + guest->stream.size) {
		size_t left = guest->stream.size - (size_t)(begin - guest->stream.data);

		end = memchr(begin, '\n', left);
		expect_line(guest, scratch, begin, (size_t)(end - begin));
		begin = end + 1;
	}
	mutator__close(&mutator);
	free(scratch);
}

/* Everybody sends at once. Returns the most memory that was in use. */
static size_t send_all(struct guest_links *links, struct fake_vm *vms, struct guest_case *guests)
{
	size_t left = HOSTILE, most = 0;

	while (left) {
		left = 0;
		for (size_t i = 0; i < HOSTILE; i++) {
			struct guest_case *guest = &guests[i];
			size_t rest = guest->stream.size - guest->sent;
			ssize_t sent = rest ? send(vms[i].port, guest->stream.data + guest->sent,
						   rest, MSG_NOSIGNAL)
					    : 0;

			if (sent > 0)
				guest->sent += (size_t)sent;
			left += guest->sent < guest->stream.size;
		}
		links_wait(links, 100);
		if (memory_used() > most)
			most = memory_used();
	}
	links_settle(links);
	return most;
}

static void test_link(void **state)
{
	struct guest_case *guests = calloc(HOSTILE, sizeof(*guests));
	struct fake_vm *vms = calloc(HOSTILE + 1, sizeof(*vms)), *quiet = &vms[HOSTILE];
	struct guest_report *report = sample_report(3);
	struct guest_links *links;
	char *line = sample_line(report);
	const char *missing;
	const struct guest *guest;
	struct guest before;
	size_t lines = 0, rejected = 0, used, most;

	(void)state;
	links = guest_links__new(27597, &missing);
	assert_non_null(links);
	fake_vms__connect(links, vms, HOSTILE + 1);
	for (size_t i = 0; i < HOSTILE; i++)
		prepare(&guests[i], i);
	fake_vm__send(quiet, links, line, strlen(line));
	fake_vm__send(quiet, links, "\n", 1);
	links_settle(links);
	before = *guest_links__find(links, (uint32_t)quiet->pid);
	used = memory_used();

	most = send_all(links, vms, guests);

	for (size_t i = 0; i < HOSTILE; i++) {
		guest = guest_links__find(links, (uint32_t)vms[i].pid);
		assert_int_equal(guest->rejected, guests[i].rejected);
		assert_true(guest->rejected_reason && guest->rejected_reason[0]);
		assert_true(sample_equal(guest->report, guests[i].report));
		lines += guests[i].lines;
		rejected += guests[i].rejected;
		free(guests[i].report);
		free(guests[i].stream.data);
	}
	guest = guest_links__find(links, (uint32_t)quiet->pid);
	assert_memory_equal(guest, &before, sizeof(before));
	assert_true(sample_equal(guest->report, report));
	print_message("%zu lines, %zu refused; at most %zu KiB of memory\n", lines, rejected,
		      (most - used) / 1024);
	assert_true(lines > 10000);
	assert_in_range(most, 0, used + HOSTILE * (sizeof(*report) + GUEST_REPORT_SIZE));
	fake_vms__stop(links, vms, HOSTILE + 1);
	free(line);
	free(report);
	free(vms);
	free(guests);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
