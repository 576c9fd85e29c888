// SPDX-License-Identifier: GPL-2.0-only
/* How the reports of a VM arrive: by its vsock, or by the socket of its serial port. */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "disks/look_up.h"
#include "guests/guest_internal.h"
#include "guests/guest_link.h"
#include "host/proc.h"

#define ITEM_SIZE 256
#define ID_SIZE 128

#define LISTENS 0x10000 /* __SO_ACCEPTCON */
#define SAME_NAME_MAX 16
#define SOCKETS_MAX 200000 /* any user may have any number of these */
#define FILES_MAX 65536

/* include/uapi/linux/major.h, include/linux/miscdevice.h */
#define MISC_MAJOR 10
#define VHOST_VSOCK_MINOR 241

/* 0 to 2 are not guests'. */
#define CID_MIN 3

/* The argument after *argument, or NULL; cmdline ends at end. */
static const char *next_argument(const char *argument, const char *end)
{
	const char *next = memchr(argument, '\0', (size_t)(end - argument));

	return next && next + 1 < end ? next + 1 : NULL;
}

/* Copies what fits with its NUL. */
static bool copy_text(char *value, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size)
		return false;
	memcpy(value, text, length + 1);
	return true;
}

/*
 * QEMU's FIRST[,KEY[=VALUE]]...; FIRST may lack its key, which is implied then. A comma in a value
 * is doubled. The last value of a key counts. false, too, if the value does not fit.
 */
static bool find_option(const char *text, const char *implied, const char *key, char *value,
			size_t size)
{
	bool found = false;

	for (const char *c = text; *c; c += *c == ',') {
		bool first = c == text;
		char item[ITEM_SIZE], *equals;
		size_t length = 0;

		for (; *c && (*c != ',' || c[1] == ','); c++) {
			c += *c == ',';
			if (length < sizeof(item))
				item[length] = *c;
			length++;
		}
		if (length >= sizeof(item))
			continue;
		item[length] = '\0';
		equals = strchr(item, '=');
		if (equals)
			*equals = '\0';
		if (!strcmp(!equals && first ? implied : item, key)) {
			const char *bare = first ? item : "on";

			found = copy_text(value, size, equals ? equals + 1 : bare);
		}
	}
	return found;
}

/* A property of a -device in either syntax; device is its JSON, or NULL. */
static bool find_property(const json_t *device, const char *text, const char *key, char *value,
			  size_t size)
{
	const json_t *item = json_object_get(device, key);

	if (!device)
		return find_option(text, "driver", key, value, size);
	if (json_is_integer(item))
		return (size_t)snprintf(value, size, "%lld", (long long)json_integer_value(item)) <
		       size;
	return json_is_string(item) && copy_text(value, size, json_string_value(item));
}

static uint32_t parse_cid(const char *text)
{
	char *end;
	unsigned long long cid;

	errno = 0;
	cid = strtoull(text, &end, 0); /* as QEMU reads it */
	return end == text || *end || errno || cid < CID_MIN || cid >= UINT32_MAX ? 0
										  : (uint32_t)cid;
}

/* A vsock device gives the CID; the serial port of our name gives the id of its chardev. */
static void read_device(struct guest_way *way, char chardev[ID_SIZE], const char *text)
{
	char driver[ID_SIZE], value[ID_SIZE];
	json_t *device;

	/*
	 * There may be a thousand of other kinds. In JSON, any text with an escape may be one of
	 * these.
	 */
	if (!strstr(text, "vhost-vsock-") && !strstr(text, "virtserialport") && !strchr(text, '\\'))
		return;
	device = text[0] == '{' ? json_loads(text, 0, NULL) : NULL;
	if ((text[0] == '{' && !device) ||
	    !find_property(device, text, "driver", driver, sizeof(driver)))
		goto out;
	if (!strncmp(driver, "vhost-vsock-", strlen("vhost-vsock-"))) {
		if (find_property(device, text, "guest-cid", value, sizeof(value)))
			way->cid = parse_cid(value);
	} else if (!strcmp(driver, "virtserialport") && !chardev[0] &&
		   find_property(device, text, "name", value, sizeof(value)) &&
		   !strcmp(value, GUEST_LINK_SERIAL) &&
		   !find_property(device, text, "chardev", chardev, ID_SIZE)) {
		chardev[0] = '\0';
	}
out:
	json_decref(device);
}

static bool is_on(const char *value)
{
	return !strcmp(value, "on") || !strcmp(value, "yes") || !strcmp(value, "true") ||
	       !strcmp(value, "y");
}

/* The socket of a -chardev, if it is the one of that id and QEMU listens there. */
static void read_chardev(struct guest_way *way, const char *id, const char *text)
{
	char value[ID_SIZE];

	if (!find_option(text, "backend", "backend", value, sizeof(value)) ||
	    strcmp(value, "socket") || !find_option(text, "backend", "id", value, sizeof(value)) ||
	    strcmp(value, id) || !find_option(text, "backend", "server", value, sizeof(value)) ||
	    !is_on(value))
		return;
	if (find_option(text, "backend", "abstract", value, sizeof(value)) && is_on(value))
		return;
	if (!find_option(text, "backend", "path", way->socket, sizeof(way->socket)))
		way->socket[0] = '\0';
}

void guest_way__from_cmdline(struct guest_way *way, const char *cmdline, size_t size)
{
	static const char *const options[] = { "device", "chardev" };
	const char *end = cmdline + size;
	char chardev[ID_SIZE] = "";

	*way = (struct guest_way){ 0 };
	/* Devices first: they say which character device it is. */
	for (int pass = 0; pass < 2; pass++) {
		const char *argument = size ? cmdline : NULL;

		for (; argument; argument = next_argument(argument, end)) {
			const char *value = next_argument(argument, end);

			if (!value ||
			    strnlen(value, (size_t)(end - value)) == (size_t)(end - value))
				break; /* the last one, or cut off */
			if (argument[0] != '-' ||
			    strcmp(argument + 1 + (argument[1] == '-'), options[pass]))
				continue;
			if (!pass)
				read_device(way, chardev, value);
			else if (chardev[0])
				read_chardev(way, chardev, value);
		}
	}
}

bool guest_way__equal(const struct guest_way *a, const struct guest_way *b)
{
	return a->cid == b->cid && !strcmp(a->socket, b->socket);
}

bool guest_way__has_vsock(uint32_t pid)
{
	return process_has_device("/proc", pid, MISC_MAJOR, VHOST_VSOCK_MINOR);
}

/* Sockets of a name: usually one, but there may be others in namespaces of other users. */
struct sockets {
	unsigned long inodes[SAME_NAME_MAX];
	size_t count;
};

/* "NUM: REFERENCES PROTOCOL FLAGS TYPE STATE INODE PATH" */
static void take_socket(struct sockets *sockets, const char *line, const char *name)
{
	unsigned int flags, type;
	unsigned long inode;
	int path = 0;

	if (sscanf(line, "%*s %*x %*x %x %x %*x %lu %n", &flags, &type, &inode, &path) < 3 ||
	    !path || !(flags & LISTENS) || type != SOCK_STREAM || strcmp(line + path, name) != 0)
		return;
	if (sockets->count < SAME_NAME_MAX)
		sockets->inodes[sockets->count++] = inode;
}

/* Those that listen under this name, in the process's network namespace. */
static void find_sockets(struct sockets *sockets, const char *name, uint32_t pid)
{
	char path[64], *line = NULL;
	size_t size = 0;
	FILE *file;

	sockets->count = 0;
	snprintf(path, sizeof(path), "/proc/%u/net/unix", pid);
	file = fopen(path, "re");
	for (int i = 0; file && i < SOCKETS_MAX && !interrupted(); i++) {
		if (getline(&line, &size, file) <= 0)
			break;
		line[strcspn(line, "\n")] = '\0';
		take_socket(sockets, line, name);
	}
	free(line);
	if (file)
		fclose(file);
}

static bool is_one_of(const struct sockets *sockets, const char *target)
{
	unsigned long inode;

	if (sscanf(target, "socket:[%lu]", &inode) != 1)
		return false;
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->inodes[i] == inode)
			return true;
	return false;
}

/*
 * Whether the process has one of them. The VMM wrote the command line, and this tool may have more
 * rights: with the path of another process's socket it would connect to that one.
 */
static bool has_one_of(const struct sockets *sockets, uint32_t pid)
{
	char path[64], target[64];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%u/fd", pid);
	folder = sockets->count ? opendir(path) : NULL;
	for (int i = 0; folder && !found && i < FILES_MAX && (entry = readdir(folder)); i++) {
		ssize_t length =
			readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);

		if (length <= 0)
			continue;
		target[length] = '\0';
		found = is_one_of(sockets, target);
	}
	if (folder)
		closedir(folder);
	return found;
}

/* With which rights the process opens files. */
static bool read_owner(uint32_t pid, unsigned int *uid)
{
	char status[4096];
	const char *field;

	if (read_file(status, sizeof(status), "/proc/%u/status", pid) <= 0)
		return false;
	field = strstr(status, "\nUid:");
	return field && sscanf(field, "\nUid: %*u %*u %*u %u", uid) == 1;
}

/*
 * The VMM may have another root than we have, and a path longer than an address has room for. A
 * process with a socket of this name may have bound it in a namespace where the name is another
 * file, so the file must belong to the process, too.
 */
static int open_socket(const struct guest_way *way, uint32_t pid)
{
	struct look_up look_up;
	struct stat status;
	unsigned int uid;
	int fd;

	look_up__begin(&look_up, "/proc", pid);
	fd = look_up__open(&look_up, way->socket);
	look_up__end(&look_up);
	if (fd < 0)
		return fd;
	if (!fstat(fd, &status) && S_ISSOCK(status.st_mode) && read_owner(pid, &uid) &&
	    status.st_uid == uid)
		return fd;
	close(fd);
	return -EACCES;
}

/* The kernel knows who listens, whatever was found before. */
static bool listens(int fd, uint32_t pid)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) && (uint32_t)peer.pid == pid;
}

static int connect_to(const struct guest_way *way, uint32_t pid)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int target = open_socket(way, pid), fd, error = 0;

	if (target < 0)
		return target;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", target);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		error = -errno;
	else if (!listens(fd, pid))
		error = -EPERM;
	close(target);
	if (error && fd >= 0)
		close(fd);
	return error ? error : fd;
}

int guest_way__connect(const struct guest_way *way, uint32_t pid)
{
	const char *before = interrupt__guard("connecting to a VM's serial port");
	struct sockets sockets;
	int result = -EPERM;

	find_sockets(&sockets, way->socket, pid);
	if (has_one_of(&sockets, pid))
		result = connect_to(way, pid);
	interrupt__guard(before);
	return result;
}
