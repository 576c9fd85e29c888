// SPDX-License-Identifier: GPL-2.0-only
/* What kvmq-top's keys do, where a page of one scene does not show it. */
#include "unit.h"

#include <errno.h>

#include "base/log.h"
#include "base/units.h"
#include "top/settings.h"
#include "top_scene.h"

#define MANY 1000

/* A VM that has been ready for so much of each second. */
struct crowd_vm {
	uint32_t pid;
	uint64_t ready_ms;
};

static void add_vm(struct view *view, const struct crowd_vm *from, uint64_t second)
{
	struct thread_snapshot *thread = list_add(&view->sched.threads);
	struct vm *vm = list_add(&view->sched.vms);

	assert_true(thread && vm);
	*vm = (struct vm){ .pid = from->pid, .start_ns = from->pid, .chosen = true };
	snprintf(vm->name, sizeof(vm->name), "vm%u", from->pid);
	thread->identity = (struct identity){ .id = from->pid,
					      .vm_pid = from->pid,
					      .vm_start_ns = from->pid,
					      .tid = from->pid,
					      .is_vcpu = true };
	thread->figures.elapsed_ns = second * NSEC_PER_SEC;
	thread->figures.ready_ns[CAUSE_WAKE] = second * from->ready_ms * NSEC_PER_MSEC;
	thread->figures.run_ns = thread->figures.elapsed_ns - thread->figures.ready_ns[CAUSE_WAKE];
	thread->figures.waits[CAUSE_WAKE] = second * 100;
	thread->hist.count[CAUSE_WAKE][40 + from->pid % 40] = (uint32_t)second * 100;
}

static void fill(struct view *view, const struct crowd_vm *vms, size_t count, uint64_t second)
{
	list_clear(&view->sched.threads);
	list_clear(&view->sched.vms);
	view->host.cpus = 4;
	view->sched.time_ns = view->sched.end_ns = (1000 + second) * NSEC_PER_SEC;
	view->sched.realtime_ns = view->sched.time_ns;
	for (size_t i = 0; i < count; i++)
		add_vm(view, &vms[i], second);
}

/* What these VMs did in a second. */
static void show(struct top_scene *scene, const struct crowd_vm *vms, size_t count)
{
	fill(&scene->views[0], vms, count, 1);
	fill(&scene->views[1], vms, count, 2);
	assert_int_equal(
		top__show(&scene->top, &scene->views[0], &scene->views[0], &scene->views[1]), 0);
}

static void open_crowd(struct top_scene *scene)
{
	*scene = (struct top_scene){ .views = { { .host = { .cpus = 4 } } } };
	assert_int_equal(top__init(&scene->top, top_screens, top_screen_count, top_panes), 0);
	scene->top.time.follow = true;
}

static uint32_t selected(struct top_scene *scene)
{
	const struct top_line *line = tree__selected(&top__state(&scene->top)->tree);

	return line ? line->key.vm_pid : 0;
}

static void test_selection_follows(void **state)
{
	static const struct crowd_vm first[] = { { 1, 300 }, { 2, 200 }, { 3, 100 } };
	static const struct crowd_vm other[] = { { 1, 100 }, { 2, 300 }, { 3, 200 }, { 4, 400 } };
	static const struct crowd_vm fewer[] = { { 1, 100 }, { 3, 200 } };
	struct top_scene scene;

	(void)state;
	open_crowd(&scene);
	show(&scene, first, 3);
	assert_int_equal(selected(&scene), 1);
	/* As long as nobody has chosen, the first line is selected, whichever VM that is. */
	show(&scene, other, 4);
	assert_int_equal(selected(&scene), 4);
	show(&scene, first, 3);
	top_scene__type(&scene.top, "<down>");
	assert_int_equal(selected(&scene), 2);
	show(&scene, other, 4);
	assert_int_equal(selected(&scene), 2);
	top_scene__type(&scene.top, "r");
	assert_int_equal(selected(&scene), 2);
	/* It goes: what stands in its place is selected, until it comes back. */
	show(&scene, fewer, 2);
	assert_int_not_equal(selected(&scene), 0);
	show(&scene, first, 3);
	assert_int_equal(selected(&scene), 2);
	show(&scene, first, 0);
	assert_int_equal(selected(&scene), 0);
	top_scene__type(&scene.top, "<down><up><enter>bH<pgdn>");
	free(top_scene__page(&scene.top));
	top_scene__close(&scene);
}

/* A vCPU that goes leaves its VM selected. */
static void test_child_goes(void **state)
{
	static const struct crowd_vm vms[] = { { 1, 300 }, { 2, 200 } };
	struct top_scene scene;

	(void)state;
	open_crowd(&scene);
	show(&scene, vms, 2);
	top_scene__type(&scene.top, "<down><enter><down>");
	assert_int_equal(tree__selected(&top__state(&scene.top)->tree)->key.level, 1);
	top_scene__type(&scene.top, "<up><enter><enter>");
	assert_int_equal(tree__selected(&top__state(&scene.top)->tree)->key.level, 0);
	assert_int_equal(selected(&scene), 2);
	top_scene__close(&scene);
}

static void test_wishes(void **state)
{
	static const struct crowd_vm vms[] = { { 1, 300 } };
	struct top_scene scene;

	(void)state;
	open_crowd(&scene);
	show(&scene, vms, 1);
	top_scene__type(&scene.top, "[{]");
	assert_int_equal(scene.top.wishes.steps, -10);
	assert_false(scene.top.time.follow);
	top_scene__type(&scene.top, "<end>");
	assert_true(scene.top.time.follow);
	top_scene__type(&scene.top, " ");
	assert_false(scene.top.time.follow);
	top_scene__type(&scene.top, "s2.5<enter>");
	assert_int_equal(scene.top.wishes.interval_ns, 2500 * NSEC_PER_MSEC);
	top_scene__type(&scene.top, "w/tmp/a b<enter>");
	assert_true(scene.top.wishes.write);
	assert_string_equal(scene.top.wishes.path, "/tmp/a b");
	top_scene__type(&scene.top, "g-5s<enter>");
	assert_true(scene.top.wishes.go);
	assert_int_equal(scene.top.wishes.go_ns, 997 * NSEC_PER_SEC);
	assert_false(scene.top.wishes.quit);
	top_scene__type(&scene.top, "q");
	assert_true(scene.top.wishes.quit);
	top_scene__close(&scene);
}

/* Whatever is typed, in whatever size. */
static void test_noise(void **state)
{
	static const struct crowd_vm vms[] = { { 1, 300 }, { 2, 200 }, { 3, 0 }, { 4, 1000 } };
	struct top_scene scene;
	unsigned int seed = 1;

	(void)state;
	open_crowd(&scene);
	log_keep_errors(true);
	for (int i = 0; i < 20000; i++) {
		int key = rand_r(&seed) % 4 ? 1 + rand_r(&seed) % 255
					    : TOP_KEY_UP + rand_r(&seed) % 10;

		if (i % 7 == 0)
			show(&scene, vms, (size_t)rand_r(&seed) % 5);
		top__press(&scene.top, key);
		assert_int_equal(scene.top.error, 0);
		scene.top.rows = 1 + (unsigned int)rand_r(&seed) % 40;
		scene.top.columns = 1 + (unsigned int)rand_r(&seed) % 200;
		free(top_scene__page(&scene.top));
	}
	top_scene__close(&scene);
}

/* Each key of a terminal full of 1,000 VMs takes less than 0.1 s. */
static void test_many(void **state)
{
	static const char *const keys[] = { "<down>", "<pgdn>", ">",	     "oP99<enter>",
					    "r",      "i",	"/9<enter>", "<enter>",
					    "b",      "H",	"<home>" };
	static struct crowd_vm vms[MANY];
	struct top_scene scene;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		vms[i] = (struct crowd_vm){ i + 1, i };
	open_crowd(&scene);
	show(&scene, vms, MANY);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		uint64_t begin = clock_thread_cpu_ns();

		top_scene__type(&scene.top, keys[i]);
		free(top_scene__page(&scene.top));
		assert_true(clock_thread_cpu_ns() - begin < 100 * NSEC_PER_MSEC);
	}
	top_scene__close(&scene);
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_settings(void **state)
{
	static const char *const broken[] = { "nonsense\n",   "screen=Z\n",
					      "busy=2\n",     "sort.c=NOSUCH\n",
					      "sort.cc=VM\n", "columns.c=A,B\n",
					      "=\n",	      "reverse.c=\n" };
	char path[] = "/tmp/kvmq-test-XXXXXX";
	struct top_scene scene;

	(void)state;
	assert_true(mkstemp(path) >= 0);
	open_crowd(&scene);
	top_scene__type(&scene.top, "nr>xio%KVM<enter>");
	assert_true(scene.top.changed);
	assert_int_equal(settings__write(&scene.top, settings__hold(path), path), 0);
	top_scene__close(&scene);
	open_crowd(&scene);
	assert_int_equal(settings__read(&scene.top, path), 0);
	assert_int_equal(top__screen(&scene.top)->key, 'x');
	assert_true(scene.top.only_busy);
	assert_string_equal(top__state(&scene.top)->sort->header, "%KVM");
	assert_true(scene.top.states[2].reverse);
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct capture capture;
		char text[64];

		snprintf(text, sizeof(text), "busy=1\n%s", broken[i]);
		write_text(path, text);
		capture_begin(&capture, STDERR_FILENO);
		assert_int_equal(settings__read(&scene.top, path), -EINVAL);
		assert_non_null(strstr(capture_end(&capture), "line 2: "));
		assert_false(scene.top.only_busy);
	}
	unlink(path);
	assert_int_equal(settings__read(&scene.top, path), 0);
	top_scene__close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_selection_follows),
		cmocka_unit_test(test_child_goes),
		cmocka_unit_test(test_wishes),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_settings),
	};

	log_init("test_top_keys", 0);
	return cmocka_run_group_tests_name("top keys", tests, NULL, NULL);
}
