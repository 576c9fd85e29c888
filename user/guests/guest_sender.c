// SPDX-License-Identifier: GPL-2.0-only
/* The guest's side of sending reports. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "base/log.h"
#include "base/output_file.h"
#include "base/units.h"
#include "guests/guest_link.h"
#include "host/proc.h"

#define PATIENCE_NS (100 * NSEC_PER_MSEC)
#define PORTS "/sys/class/virtio-ports"

struct guest_sender {
	char *path; /* NULL: vsock */
	uint32_t port;
	int fd;		     /* or -1 */
	bool connecting;     /* a connect() is under way */
	const char *refusal; /* why the file is not written to; NULL: it is */
	bool device;
	bool broken; /* what was sent may end within a line: a newline has to go first */
	char *line;  /* that is being sent, or NULL */
	size_t size, sent;
};

/* Waits for room to write until the deadline. Returns 0, -EAGAIN or -EPIPE: nobody is there. */
static int wait_writable(const struct guest_sender *sender, uint64_t deadline_ns)
{
	struct pollfd fd = { .fd = sender->fd, .events = POLLOUT | POLLRDHUP };
	uint64_t now;

	do {
		now = clock_monotonic_ns();
		if (now > deadline_ns)
			now = deadline_ns;
	} while (poll(&fd, 1, (int)((deadline_ns - now) / NSEC_PER_MSEC)) < 0 && errno == EINTR);
	if (fd.revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL))
		return -EPIPE;
	/* A receiver that takes a little each time must not hold us, either. */
	return fd.revents & POLLOUT && now < deadline_ns ? 0 : -EAGAIN;
}

/* A line of which nothing was sent is not kept: the next report says more. */
static void drop_line(struct guest_sender *sender)
{
	if (!sender->line)
		return;
	sender->broken = sender->sent ? sender->sent < sender->size : sender->line[0] == '\n';
	free(sender->line);
	sender->line = NULL;
}

static void lose(struct guest_sender *sender)
{
	drop_line(sender);
	/* What was sent on one connection must not appear on the next. */
	if (!sender->path)
		sender->broken = false;
	if (sender->fd >= 0)
		close(sender->fd);
	sender->fd = -1;
}

/*
 * Devices have links as names. For a file, the path must lead to a plain file of ours, and to the
 * one that was opened.
 */
static bool is_refused(struct guest_sender *sender, const struct stat *opened)
{
	struct stat named;

	if (!S_ISREG(opened->st_mode))
		return false;
	if (lstat(sender->path, &named))
		return true;
	sender->refusal = output_file__refusal(&named);
	return sender->refusal || named.st_ino != opened->st_ino || named.st_dev != opened->st_dev;
}

static int open_path(struct guest_sender *sender)
{
	int flags = O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, error;
	const char *path = sender->path;
	struct stat stat;

	sender->fd = open(path, flags);
	/* A missing device is not made by writing to its name. */
	if (sender->fd < 0 && errno == ENOENT && strncmp(path, "/dev/", 5))
		sender->fd = open(path, flags | O_CREAT | O_EXCL, 0600);
	error = sender->fd < 0 ? -errno : 0;
	if (error == -ENXIO && !lstat(path, &stat) && S_ISFIFO(stat.st_mode))
		return -EAGAIN;
	if (error || fstat(sender->fd, &stat))
		return error ? error : -errno;
	if (is_refused(sender, &stat)) {
		lose(sender);
		return -EPERM;
	}
	sender->device = S_ISCHR(stat.st_mode);
	/* An earlier writer may have been stopped within a line. */
	if (!S_ISREG(stat.st_mode))
		sender->broken = true;
	return 0;
}

static int open_vsock(struct guest_sender *sender)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_HOST,
		.svm_port = sender->port,
	};

	sender->fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sender->fd < 0)
		return -errno;
	sender->connecting = true;
	if (!connect(sender->fd, (struct sockaddr *)&address, sizeof(address)) ||
	    errno == EINPROGRESS)
		return 0;
	lose(sender);
	return -EAGAIN;
}

/*
 * A port without a host stays open, since QEMU tells its management about each opening. A port that
 * was unplugged looks the same until it is written to.
 */
static int probe_device(struct guest_sender *sender)
{
	drop_line(sender);
	if (write(sender->fd, "\n", 1) == 1)
		return 0; /* a host has come meanwhile */
	if (errno != EAGAIN && errno != EINTR)
		lose(sender);
	return -EAGAIN;
}

/* Makes a connection, if that is possible until the deadline. */
static int be_connected(struct guest_sender *sender, uint64_t deadline_ns)
{
	socklen_t size = sizeof(int);
	int error = 0, result = 0;

	if (sender->fd >= 0 && !sender->connecting &&
	    wait_writable(sender, clock_monotonic_ns()) == -EPIPE) {
		if (sender->device)
			return probe_device(sender);
		lose(sender);
	}
	if (sender->fd < 0)
		result = sender->path ? open_path(sender) : open_vsock(sender);
	if (result || !sender->connecting)
		return result;
	result = wait_writable(sender, deadline_ns);
	if (result == -EAGAIN)
		return result;
	sender->connecting = false;
	if (!result && !getsockopt(sender->fd, SOL_SOCKET, SO_ERROR, &error, &size) && !error)
		return 0;
	lose(sender);
	return -EAGAIN;
}

static ssize_t write_some(const struct guest_sender *sender)
{
	const char *rest = sender->line + sender->sent;
	size_t size = sender->size - sender->sent;

	/* A socket would raise SIGPIPE. */
	return sender->path ? write(sender->fd, rest, size)
			    : send(sender->fd, rest, size, MSG_NOSIGNAL);
}

/* Sends what is there of a line. 0 when nothing is left. */
static int flush_line(struct guest_sender *sender, uint64_t deadline_ns)
{
	int error = 0;

	while (sender->line && sender->sent < sender->size && !error) {
		ssize_t wrote = write_some(sender);

		if (wrote >= 0)
			sender->sent += (size_t)wrote;
		else if (errno == EAGAIN)
			error = wait_writable(sender, deadline_ns);
		else if (errno != EINTR)
			error = -errno;
	}
	if (error == -EAGAIN || error == -ENOSPC || error == -EDQUOT) {
		if (!sender->sent)
			drop_line(sender);
		return error;
	}
	if (error == -EPIPE && sender->device) {
		drop_line(sender);
		return -EAGAIN;
	}
	if (error) {
		lose(sender);
		return error == -EPIPE || error == -ECONNRESET || error == -ENOTCONN ? -EAGAIN
										     : error;
	}
	drop_line(sender);
	return 0;
}

static int make_line(struct guest_sender *sender, const struct guest_report *report)
{
	json_t *object = guest_report__json(report);
	size_t size = object ? json_dumpb(object, NULL, 0, JSON_COMPACT) : 0;
	size_t begin = sender->broken;

	sender->line = size ? malloc(begin + size + 1) : NULL;
	if (!sender->line) {
		json_decref(object);
		return -ENOMEM;
	}
	json_dumpb(object, sender->line + begin, size, JSON_COMPACT);
	json_decref(object);
	if (begin)
		sender->line[0] = '\n';
	sender->line[begin + size] = '\n';
	sender->size = begin + size + 1;
	sender->sent = 0;
	return 0;
}

int guest_sender__send(struct guest_sender *sender, const struct guest_report *report)
{
	uint64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
	int error = be_connected(sender, deadline_ns);

	if (!error)
		error = flush_line(sender, deadline_ns);
	if (!error)
		error = make_line(sender, report);
	if (!error)
		error = flush_line(sender, deadline_ns);
	return error;
}

/* Whether this guest has a vsock device; -EACCES and others: it cannot be told. */
static int find_vsock(void)
{
	/* The first socket loads the module, and that makes the device. */
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0), error = 0;
	uint32_t cid = VMADDR_CID_ANY;

	if (fd < 0)
		return -ENODEV;
	close(fd);
	fd = open("/dev/vsock", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, IOCTL_VM_SOCKETS_GET_LOCAL_CID, &cid))
		error = -errno;
	else if (cid == VMADDR_CID_ANY)
		error = -ENODEV;
	close(fd);
	/* Those of a host, without a guest's transport */
	return !error && cid <= VMADDR_CID_HOST ? -EHOSTUNREACH : error;
}

/* The device of the port; udev is not everywhere. */
static bool find_serial(char *path, size_t size)
{
	struct dirent *entry;
	bool found = false;
	char name[64];
	DIR *folder;

	snprintf(path, size, "/dev/virtio-ports/" GUEST_LINK_SERIAL);
	if (!access(path, F_OK))
		return true;
	folder = opendir(PORTS);
	while (folder && !found && (entry = readdir(folder))) {
		if (read_file(name, sizeof(name), PORTS "/%s/name", entry->d_name) <= 0)
			continue;
		name[strcspn(name, "\n")] = '\0';
		found = !strcmp(name, GUEST_LINK_SERIAL);
		snprintf(path, size, "/dev/%s", entry->d_name);
	}
	if (folder)
		closedir(folder);
	return found;
}

/* Where to send to: path is empty for vsock. */
static int choose(const char *destination, char path[PATH_MAX], uint32_t *port)
{
	uint64_t number = GUEST_LINK_PORT;

	path[0] = '\0';
	*port = GUEST_LINK_PORT;
	if (!destination) {
		if (!find_vsock() || find_serial(path, PATH_MAX))
			return 0;
		log_error("this guest has no vsock and no serial port " GUEST_LINK_SERIAL
			  ": give the VM a vhost-vsock-pci or virtserialport device");
		return -ENODEV;
	}
	if (strncmp(destination, "vsock", 5) || (destination[5] && destination[5] != ':')) {
		if (destination[0] && strlen(destination) < PATH_MAX) {
			strcpy(path, destination);
			return 0;
		}
		log_error("guest reports: no path: name a device, a file or a FIFO");
		return -EINVAL;
	}
	if (destination[5] && parse_number(destination + 6, 1, UINT32_MAX - 1, &number)) {
		log_error("%s: no port of vsock: give a number from 1 to 4294967294", destination);
		return -EINVAL;
	}
	*port = (uint32_t)number;
	if (find_vsock() != -ENODEV)
		return 0;
	log_error("%s: this guest has no vsock: give the VM a vhost-vsock-pci device", destination);
	return -ENODEV;
}

int guest_sender__open(struct guest_sender **out, const char *destination)
{
	struct guest_sender *sender;
	char path[PATH_MAX];
	uint32_t port;
	int error = choose(destination, path, &port);

	*out = NULL;
	if (error)
		return error;
	sender = calloc(1, sizeof(*sender));
	if (sender && path[0])
		sender->path = strdup(path);
	if (!sender || (path[0] && !sender->path)) {
		free(sender);
		log_error("guest reports: memory is short");
		return -ENOMEM;
	}
	sender->port = port;
	sender->fd = -1;
	error = sender->path ? open_path(sender) : 0;
	if (error && error != -EAGAIN) {
		log_error("%s: %s: guest reports go to a device, a file of one's own or a FIFO",
			  path, sender->refusal ? sender->refusal : strerror(-error));
		guest_sender__close(sender);
		return error;
	}
	*out = sender;
	return 0;
}

void guest_sender__close(struct guest_sender *sender)
{
	if (!sender)
		return;
	if (sender->fd >= 0)
		close(sender->fd);
	free(sender->line);
	free(sender->path);
	free(sender);
}
