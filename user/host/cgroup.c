// SPDX-License-Identifier: GPL-2.0-only
#include "host/cgroup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/mountinfo.h"
#include "host/proc.h"

static const char standard_mount[] = "/sys/fs/cgroup";

/*
 * A line of /proc/PID/cgroup, ID:CONTROLLERS:PATH. The path comes last, and may hold any character
 * but a newline, which the kernel refuses in a name.
 */
struct line {
	char *controllers; /* by commas; empty: version 2 */
	char *path;
};

/* Takes the next line off *text. False: there is none. */
static bool next_line(char **text, struct line *line)
{
	char *one;

	while ((one = strsep(text, "\n"))) {
		one += strspn(one, "0123456789");
		line->controllers = one + 1;
		if (*one != ':')
			continue;
		line->path = strchr(line->controllers, ':');
		if (!line->path || line->path[1] != '/')
			continue;
		*line->path++ = '\0';
		return true;
	}
	return false;
}

/* Whether a comma-separated list has this word, of so many characters. */
static bool has_word(const char *list, const char *word, size_t length)
{
	for (const char *c = list; c; c = strchr(c, ',')) {
		c += *c == ',';
		if (!strncmp(c, word, length) && (!c[length] || c[length] == ','))
			return true;
	}
	return false;
}

/* How much a line tells about its process. A VM manager makes cgroups in all of these. */
static int rank(const struct line *line)
{
	static const char *const best[] = { "name=systemd", "cpu", "memory", "pids" };
	const int count = sizeof(best) / sizeof(best[0]);

	if (!line->path[1])
		return 0; /* the root: of processes that are in no other cgroup */
	if (!*line->controllers)
		return count + 2;
	for (int i = 0; i < count; i++)
		if (has_word(line->controllers, best[i], strlen(best[i])))
			return count + 1 - i;
	return 1;
}

int process_cgroup(const char *proc, uint32_t pid, char *path, size_t size)
{
	char text[CGROUP_TEXT_SIZE];
	ssize_t got = read_file(text, sizeof(text), "%s/%u/cgroup", proc, pid);

	return got < 0 ? (int)got : cgroup__from_text(text, path, size);
}

int cgroup__from_text(char *text, char *path, size_t size)
{
	int most = -1;
	struct line line;

	while (next_line(&text, &line)) {
		if (rank(&line) <= most)
			continue;
		most = rank(&line);
		snprintf(path, size, "%s", line.path);
	}
	return most < 0 ? -ENOENT : 0;
}

/* Whether it is a hierarchy of cgroups whose paths can be looked up. */
static bool is_hierarchy(const struct mountinfo *mount)
{
	return !strcmp(mount->type, "cgroup2") ||
	       (!strcmp(mount->type, "cgroup") && *mount->options);
}

static int add_place(struct cgroup_filter *filter, const struct mountinfo *mount, const char *path)
{
	const char *root = mount->root[1] ? mount->root : "";
	bool unified = !strcmp(mount->type, "cgroup2");
	struct cgroup_place *place;
	void *list = reallocarray(filter->list, filter->count + 1, sizeof(*filter->list));

	if (!list)
		return -ENOMEM;
	filter->list = list;
	place = &filter->list[filter->count++];
	*place = (struct cgroup_place){ 0 };
	if (asprintf(&place->path, "%s%s", root, *path || *root ? path : "/") < 0)
		place->path = NULL;
	if (!unified)
		place->options = strdup(mount->options);
	return place->path && (unified || place->options) ? 0 : -ENOMEM;
}

/*
 * An existing folder, without links and dots, so that it can be compared as text. Returns the part
 * of it below the mount, which real holds; or NULL with errno.
 */
static const char *find_below(const struct mountinfo *mount, const char *folder,
			      char real[PATH_MAX])
{
	char top[PATH_MAX];
	struct stat status;
	size_t length;

	if (!realpath(mount->folder, top) || !realpath(folder, real) || stat(real, &status))
		return NULL;
	length = strlen(top);
	if (strncmp(real, top, length) || (real[length] && real[length] != '/'))
		errno = ENOENT;
	else if (!S_ISDIR(status.st_mode))
		errno = ENOTDIR;
	else
		return real + length;
	return NULL;
}

/* The same for a name in all hierarchies, or for the path of a folder. */
static const char *look_up(const struct mountinfo *mount, const char *name, char real[PATH_MAX])
{
	char folder[2 * PATH_MAX];
	const char *path = name[0] == '/' ? find_below(mount, name, real) : NULL;

	if (path || (name[0] == '/' && errno != ENOENT))
		return path;
	/* A name below the usual mount is a name in the hierarchies, wherever these are mounted. */
	if (!strncmp(name, standard_mount, sizeof(standard_mount) - 1))
		name += sizeof(standard_mount) - 1;
	snprintf(folder, sizeof(folder), "%s/%s", mount->folder, name);
	return find_below(mount, folder, real);
}

static int look_in(struct cgroup_filter *filter, const struct mountinfo *mount, const char *name)
{
	char real[PATH_MAX];
	const char *path = look_up(mount, name, real);

	return path ? add_place(filter, mount, path) : -errno;
}

int cgroup_filter__find(struct cgroup_filter *filter, const char *proc, const char *name)
{
	int error = -ENODEV, result;
	char path[PATH_MAX], *line = NULL;
	struct mountinfo mount;
	size_t size = 0;
	FILE *file;

	*filter = (struct cgroup_filter){ 0 };
	snprintf(path, sizeof(path), "%s/self/mountinfo", proc);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (getline(&line, &size, file) > 0) {
		if (!mountinfo__parse(&mount, line) || !is_hierarchy(&mount))
			continue;
		mountinfo__unescape(mount.root);
		mountinfo__unescape(mount.folder);
		result = look_in(filter, &mount, name);
		/*
		 * That one hierarchy cannot be read says more than that another lacks the folder.
		 */
		if (result && (error == -ENODEV || error == -ENOENT))
			error = result;
	}
	free(line);
	fclose(file);
	return filter->count ? 0 : error;
}

void cgroup_filter__free(struct cgroup_filter *filter)
{
	for (size_t i = 0; i < filter->count; i++) {
		free(filter->list[i].options);
		free(filter->list[i].path);
	}
	free(filter->list);
	*filter = (struct cgroup_filter){ 0 };
}

static bool is_of(const struct line *line, const struct cgroup_place *place)
{
	if (!*line->controllers || !place->options)
		return !*line->controllers && !place->options;
	return has_word(place->options, line->controllers, strcspn(line->controllers, ","));
}

static bool is_below(const char *path, const char *parent)
{
	size_t length = strlen(parent);

	return !strncmp(path, parent, length) &&
	       (length == 1 || !path[length] || path[length] == '/');
}

bool cgroup_filter__holds(const struct cgroup_filter *filter, const char *proc, uint32_t pid)
{
	char file[CGROUP_TEXT_SIZE], *text = file;
	struct line line;

	if (read_file(file, sizeof(file), "%s/%u/cgroup", proc, pid) < 0)
		return false;
	while (next_line(&text, &line))
		for (size_t i = 0; i < filter->count; i++)
			if (is_of(&line, &filter->list[i]) &&
			    is_below(line.path, filter->list[i].path))
				return true;
	return false;
}
