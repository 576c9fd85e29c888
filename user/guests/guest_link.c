// SPDX-License-Identifier: GPL-2.0-only
#include "guests/guest_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "base/log.h"
#include "base/units.h"
#include "guests/guest_internal.h"
#include "guests/guest_share.h"

/* Looked at in one call of guest_links__poll(); epoll takes turns among those that are ready. */
#define EVENTS_MAX 64
#define CHUNK_SIZE (64 * 1024)

#define WINDOW_ACCEPTS 128 /* connections from all in GUEST_WINDOW_NS; the rest waits */
#define VSOCK_LOOKS 3

struct vm_link {
	struct guest guest;
	uint64_t start_ns;
	bool kept; /* by guest_links__set_vms(), which is under way */
	struct guest_way way;
	bool has_vsock;		  /* which its CID may be of */
	unsigned int vsock_looks; /* for that, so far */
	int fd;			  /* of the one connection, or -1 */
	bool middle;		  /* its first bytes may be the end of a line */
	bool paused;
	struct guest_share share;
	struct guest_line line;
	int connect_error; /* of the last attempt */
	struct guest_links *links;
};

struct guest_links {
	int epoll;
	int listener; /* or -1 */
	int timer;    /* ends a window that something waits for */
	bool timer_armed;
	bool listener_paused;
	struct guest_share share; /* of all guests */
	uint64_t accepts_begin_ns;
	unsigned int accepts;
	uint64_t strangers;
	size_t left_out;      /* VMs that have a way, and there are too many */
	struct vm_link **vms; /* by ascending PID */
	size_t count;
	struct guest_report *scratch; /* what a line is read into */
	char chunk[CHUNK_SIZE];
};

static int watch(struct guest_links *links, int fd, void *who)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = who };

	return epoll_ctl(links->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/*
 * A guest that is not watched does not even report a hang-up, so a flood wakes nobody before the
 * window is over.
 */
static void pause_watch(struct guest_links *links, int fd, bool *paused)
{
	static const struct itimerspec window = { .it_value.tv_nsec = GUEST_WINDOW_NS };

	epoll_ctl(links->epoll, EPOLL_CTL_DEL, fd, NULL);
	*paused = true;
	if (!links->timer_armed)
		links->timer_armed = !timerfd_settime(links->timer, 0, &window, NULL);
}

static void reject(struct vm_link *vm, const char *reason)
{
	vm->guest.rejected++;
	vm->guest.rejected_reason = reason;
}

static void end_connection(struct vm_link *vm)
{
	if (vm->fd < 0)
		return;
	close(vm->fd);
	vm->fd = -1;
	if (guest_line__reset(&vm->line))
		reject(vm, "its connection ended within a line");
}

static int begin_connection(struct vm_link *vm, int fd, bool middle)
{
	int error = vm->paused ? 0 : watch(vm->links, fd, vm);

	end_connection(vm);
	if (error) {
		close(fd);
		return error;
	}
	vm->fd = fd;
	vm->middle = middle;
	return 0;
}

static void keep_report(struct vm_link *vm, const struct guest_report *report)
{
	bool begins = !vm->guest.first || vm->guest.first->session != report->session;
	struct guest_report *copy = guest_report__copy(report);
	struct guest_report *first = begins ? guest_report__copy(report) : vm->guest.first;

	if (!copy || !first) {
		free(copy);
		if (begins)
			free(first);
		reject(vm, "memory is short");
		return;
	}
	if (begins)
		free(vm->guest.first);
	vm->guest.first = first;
	free(vm->guest.report);
	vm->guest.report = copy;
	vm->guest.received_ns = clock_monotonic_ns();
}

static void take_line(void *context, const char *line, size_t size, const char *reason)
{
	struct vm_link *vm = context;
	struct guest_report *report = vm->links->scratch;
	bool middle = vm->middle;

	vm->middle = false;
	if (line && !guest_report__parse(report, line, size, vm->guest.report, &reason))
		keep_report(vm, report);
	else if (!middle)
		reject(vm, reason);
}

static void read_vm(struct guest_links *links, struct vm_link *vm)
{
	size_t room;
	ssize_t got;

	if (vm->fd < 0 || vm->paused)
		return;
	room = guest_share__room(&vm->share, &links->share, links->count, clock_monotonic_ns());
	if (!room) {
		pause_watch(links, vm->fd, &vm->paused);
		return;
	}
	got = recv(vm->fd, links->chunk, room < CHUNK_SIZE ? room : CHUNK_SIZE, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		end_connection(vm);
		return;
	}
	guest_line__feed(&vm->line, links->chunk, (size_t)got, take_line, vm);
	vm->share.bytes += (size_t)got;
	links->share.bytes += (size_t)got;
}

/*
 * The VM of a CID, by its own claim: a VM without a vsock device lies. If two claim it, not both
 * can be right, and neither gets it.
 */
static struct vm_link *find_cid(const struct guest_links *links, uint32_t cid)
{
	struct vm_link *found = NULL;

	for (size_t i = 0; i < links->count; i++) {
		if (links->vms[i]->way.cid != cid || !links->vms[i]->has_vsock)
			continue;
		if (found)
			return NULL;
		found = links->vms[i];
	}
	return found;
}

static void accept_guests(struct guest_links *links)
{
	uint64_t now = clock_monotonic_ns();

	if (now - links->accepts_begin_ns >= GUEST_WINDOW_NS) {
		links->accepts_begin_ns = now;
		links->accepts = 0;
	}
	while (links->accepts < WINDOW_ACCEPTS) {
		struct sockaddr_vm peer = { 0 };
		socklen_t size = sizeof(peer);
		int fd = accept4(links->listener, (struct sockaddr *)&peer, &size,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct vm_link *vm;

		if (fd < 0 && errno == EAGAIN)
			return;
		links->accepts++;
		if (fd < 0)
			continue;
		vm = find_cid(links, peer.svm_cid);
		if (!vm) {
			links->strangers++;
			close(fd);
		} else {
			begin_connection(vm, fd, false);
		}
	}
	pause_watch(links, links->listener, &links->listener_paused);
}

static void resume_all(struct guest_links *links)
{
	uint64_t expirations;

	if (read(links->timer, &expirations, sizeof(expirations)) < 0)
		return;
	links->timer_armed = false;
	if (links->listener_paused && !watch(links, links->listener, &links->listener)) {
		links->listener_paused = false;
		links->accepts = 0;
	}
	for (size_t i = 0; i < links->count; i++) {
		struct vm_link *vm = links->vms[i];

		if (!vm->paused)
			continue;
		vm->paused = false;
		vm->share.bytes = 0;
		if (vm->fd >= 0 && watch(links, vm->fd, vm))
			end_connection(vm);
	}
}

int guest_links__poll(struct guest_links *links)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(links->epoll, events, EVENTS_MAX, 0);

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		void *who = events[i].data.ptr;

		if (who == &links->listener)
			accept_guests(links);
		else if (who == &links->timer)
			resume_all(links);
		else
			read_vm(links, who);
	}
	return 0;
}

/* A port that does not answer is tried again, and reported once. */
static void connect_serial(struct vm_link *vm)
{
	int fd = guest_way__connect(&vm->way, vm->guest.vm_pid), error = fd < 0 ? fd : 0;

	if (!error)
		error = begin_connection(vm, fd, true);
	if (error && error != vm->connect_error)
		log_detail("%s of VM process %u: %s: no guest reports from there", vm->way.socket,
			   vm->guest.vm_pid,
			   error == -EPERM ? "it does not listen there" : strerror(-error));
	vm->connect_error = error;
}

/* A VMM that has just started may not have it yet; one that never has is not asked for ever. */
static void look_for_vsock(struct vm_link *vm)
{
	if (!vm->way.cid || vm->has_vsock || vm->vsock_looks == VSOCK_LOOKS)
		return;
	vm->has_vsock = guest_way__has_vsock(vm->guest.vm_pid);
	if (!vm->has_vsock && ++vm->vsock_looks == VSOCK_LOOKS)
		log_detail("VM process %u names CID %u and has no vsock device: it is not its own",
			   vm->guest.vm_pid, vm->way.cid);
}

static void vm__free(struct vm_link *vm)
{
	if (!vm)
		return;
	end_connection(vm);
	free(vm->guest.report);
	free(vm->guest.first);
	free(vm);
}

static struct vm_link *vm__new(struct guest_links *links, const struct guest_vm *given)
{
	struct vm_link *vm = calloc(1, sizeof(*vm));

	if (!vm)
		return NULL;
	vm->links = links;
	vm->fd = -1;
	vm->guest.vm_pid = given->pid;
	vm->start_ns = given->start_ns;
	vm->way = given->way;
	return vm;
}

static int compare(const void *a, const void *b)
{
	const struct vm_link *const *one = a, *const *other = b;

	return ((*one)->guest.vm_pid > (*other)->guest.vm_pid) -
	       ((*one)->guest.vm_pid < (*other)->guest.vm_pid);
}

/* The place of a VM, or NULL. */
static struct vm_link **find_vm(const struct guest_links *links, uint32_t pid)
{
	struct vm_link key = { .guest.vm_pid = pid };
	struct vm_link *const pointer = &key;

	return links->count ? bsearch(&pointer, links->vms, links->count, sizeof(pointer), compare)
			    : NULL;
}

/* What is known of a VM that still exists, or NULL: PIDs may come again. */
static struct vm_link *find_known(const struct guest_links *links, const struct guest_vm *given)
{
	struct vm_link **place = find_vm(links, given->pid);
	bool known = place && (*place)->start_ns == given->start_ns &&
		     guest_way__equal(&(*place)->way, &given->way);

	return known ? *place : NULL;
}

static bool has_way(const struct vm_link *vm)
{
	return vm->way.cid || vm->way.socket[0];
}

int guest_links__set_vms(struct guest_links *links, const struct guest_vm *vms, size_t count)
{
	struct vm_link **list = calloc(count ? count : 1, sizeof(struct vm_link *));
	size_t kept = 0, ways = 0;
	int error = 0;

	if (!list)
		return -ENOMEM;
	/* VMs that are known keep their place; later ones come after them. */
	for (size_t i = 0; i < count; i++) {
		struct vm_link *vm = find_known(links, &vms[i]);

		if (!vm)
			continue;
		ways += has_way(vm);
		vm->kept = true;
		list[kept++] = vm;
	}
	links->left_out = 0;
	for (size_t i = 0; i < count; i++) {
		struct vm_link *vm;

		if (find_known(links, &vms[i]))
			continue;
		vm = vm__new(links, &vms[i]);
		if (!vm) {
			error = -ENOMEM;
			continue;
		}
		if (has_way(vm) && ++ways > GUEST_LINKS_MAX) {
			links->left_out++;
			/* Next time, when there may be room, it is a new one. */
			vm->way = (struct guest_way){ 0 };
		}
		vm->kept = true;
		list[kept++] = vm;
	}
	for (size_t i = 0; i < links->count; i++)
		if (!links->vms[i]->kept)
			vm__free(links->vms[i]);
	free(links->vms);
	links->vms = list;
	links->count = kept;
	qsort(list, kept, sizeof(struct vm_link *), compare);
	for (size_t i = 0; i < kept; i++) {
		list[i]->kept = false;
		look_for_vsock(list[i]);
		if (list[i]->fd < 0 && list[i]->way.socket[0])
			connect_serial(list[i]);
	}
	return error;
}

static int listen_vsock(uint32_t port)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_ANY,
		.svm_port = port,
	};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -errno;
	if (!bind(fd, (struct sockaddr *)&address, sizeof(address)) && !listen(fd, WINDOW_ACCEPTS))
		return fd;
	error = -errno;
	close(fd);
	return error;
}

static const char *vsock_missing(int listener)
{
	switch (listener) {
	case -EAFNOSUPPORT:
		return "this kernel has no vsock";
	case -EADDRINUSE:
		return "another process has its vsock port";
	case -EPERM:
	case -EACCES:
		return "the kernel refuses the vsock port";
	}
	if (listener < 0)
		return "the vsock port cannot be had";
	/* The device exists with the module, or beforehand, to load it by. */
	if (access("/dev/vhost-vsock", F_OK))
		return "vhost_vsock is not there: modprobe vhost_vsock";
	return NULL;
}

struct guest_links *guest_links__new(uint32_t port, const char **missing)
{
	struct guest_links *links = calloc(1, sizeof(*links));

	if (!links)
		return NULL;
	links->scratch = calloc(1, sizeof(*links->scratch));
	links->epoll = epoll_create1(EPOLL_CLOEXEC);
	links->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	links->listener = listen_vsock(port ? port : GUEST_LINK_PORT);
	*missing = vsock_missing(links->listener);
	if (!links->scratch || links->epoll < 0 || links->timer < 0 ||
	    watch(links, links->timer, &links->timer) ||
	    (links->listener >= 0 && watch(links, links->listener, &links->listener))) {
		guest_links__free(links);
		return NULL;
	}
	return links;
}

void guest_links__free(struct guest_links *links)
{
	if (!links)
		return;
	for (size_t i = 0; i < links->count; i++)
		vm__free(links->vms[i]);
	if (links->listener >= 0)
		close(links->listener);
	if (links->timer >= 0)
		close(links->timer);
	if (links->epoll >= 0)
		close(links->epoll);
	free(links->vms);
	free(links->scratch);
	free(links);
}

int guest_links__fd(const struct guest_links *links)
{
	return links->epoll;
}

const struct guest *guest_links__find(const struct guest_links *links, uint32_t vm_pid)
{
	struct vm_link **place = find_vm(links, vm_pid);
	const struct guest *guest = place ? &(*place)->guest : NULL;

	return guest && (guest->report || guest->rejected) ? guest : NULL;
}

size_t guest_links__left_out(const struct guest_links *links)
{
	return links->left_out;
}

uint64_t guest_links__strangers(const struct guest_links *links)
{
	return links->strangers;
}
