// SPDX-License-Identifier: GPL-2.0-only
/* The options of a VMM's command line that are about disks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/disk_internal.h"
#include "host/dialect.h"

#define OPTIONS_MAX 2048 /* each is looked for among all */

/* Of which those with quotes and brackets, and commas that are not doubled. */
#define OTHERS (CLOUD_HYPERVISOR | CROSVM | KVMTOOL | UNKNOWN)

/* What an option looks like, without the dashes, and in which VMM's command line. */
static const struct form {
	const char *name;
	enum option_kind kind;
	unsigned int dialects;
	const char *implied; /* the key that the first item may do without */
} forms[] = {
	{ "drive", OPTION_DRIVE, QEMU | UNKNOWN, NULL },
	{ "blockdev", OPTION_BLOCKDEV, QEMU | UNKNOWN, "driver" },
	{ "device", OPTION_DEVICE, QEMU | UNKNOWN, "driver" },
	{ "chardev", OPTION_CHARDEV, QEMU | UNKNOWN, "backend" },
	{ "machine", OPTION_MACHINE, QEMU | UNKNOWN, "type" },
	{ "M", OPTION_MACHINE, QEMU | UNKNOWN, "type" },
	{ "disk", OPTION_DISK, OTHERS, "path" },
	{ "block", OPTION_DISK, CROSVM | UNKNOWN, "path" },
	{ "rwdisk", OPTION_DISK, CROSVM | UNKNOWN, "path" },
	{ "root", OPTION_DISK, CROSVM, "path" },
	{ "rwroot", OPTION_DISK, CROSVM, "path" },
	{ "qcow", OPTION_DISK, CROSVM, "path" },
	{ "rwqcow", OPTION_DISK, CROSVM, "path" },
	{ "b", OPTION_DISK, CROSVM, "path" },
	{ "d", OPTION_DISK, CROSVM | KVMTOOL, "path" },
	{ "r", OPTION_DISK, CROSVM, "path" },
	{ "vhost-user-blk", OPTION_DISK, CROSVM, "socket" },
	{ "vhost-user", OPTION_DISK, CROSVM, "type" },
};

/* Options of QEMU's whose value is a file and nothing but a file: no comma in it is doubled. */
static const struct shortcut {
	const char *name;
	const char *interface; /* NULL: the machine's */
	const char *index;     /* NULL: the next one */
	const char *media;
} shortcuts[] = {
	{ "hda", NULL, "0", "disk" },	     { "hdb", NULL, "1", "disk" },
	{ "hdc", NULL, "2", "disk" },	     { "hdd", NULL, "3", "disk" },
	{ "cdrom", NULL, "2", "cdrom" },     { "fda", "floppy", "0", "disk" },
	{ "fdb", "floppy", "1", "disk" },    { "sd", "sd", NULL, "disk" },
	{ "mtdblock", "mtd", NULL, "disk" }, { "pflash", "pflash", NULL, "disk" },
};

/* Options of QEMU, old ones too, that have no value: what follows them may be an image. */
static const char *const switches[] = {
	"h",
	"help",
	"version",
	"mem-prealloc",
	"audio-help",
	"snapshot",
	"usb",
	"nographic",
	"portrait",
	"full-screen",
	"fullscreen",
	"alt-grab",
	"ctrl-grab",
	"no-frame",
	"no-quit",
	"sdl",
	"curses",
	"win2k-hack",
	"no-fd-bootchk",
	"no-acpi",
	"no-hpet",
	"rtc-td-hack",
	"localtime",
	"tdf",
	"S",
	"s",
	"singlestep",
	"one-insn-per-tb",
	"daemonize",
	"no-reboot",
	"no-shutdown",
	"enable-kvm",
	"no-kvm",
	"no-kvm-irqchip",
	"no-kvm-pit",
	"no-kvm-pit-reinjection",
	"enable-nesting",
	"enable-hax",
	"xen-attach",
	"xen-create",
	"xen-domid-restrict",
	"preconfig",
	"nodefaults",
	"no-user-config",
	"nodefconfig",
	"enable-fips",
	"enable-sync-profile",
	"semihosting",
	"old-param",
	"show-cursor",
	"async-teardown",
	"perfmap",
	"jitdump",
	"virtfs_synth",
	"no-virtio",
	"std-vga",
};

/*
 * One "key=value" up to a comma, which is doubled inside. In command lines of other VMMs, quotes
 * and brackets hide commas. value has room for all of the text. Returns where the next item begins,
 * or the end.
 */
static const char *read_item(json_t *values, const char *text, char *value, const char *implied,
			     bool quotes)
{
	char key[OPTION_KEY_SIZE] = "";
	size_t key_length = strcspn(text, "=,"), length = 0;
	bool has_key = text[key_length] == '=', quoted = false;
	const char *c = has_key ? text + key_length + 1 : text;
	unsigned int brackets = 0;

	for (; *c && (*c != ',' || quoted || brackets || (!quotes && c[1] == ',')); c++) {
		if (quotes && *c == '"') {
			quoted = !quoted;
			continue;
		}
		brackets += quotes && !quoted && *c == '[';
		brackets -= brackets && !quoted && *c == ']';
		c += *c == ',' && !quotes;
		value[length++] = *c;
	}
	value[length] = '\0';
	if (has_key)
		snprintf(key, sizeof(key), "%.*s", (int)key_length, text);
	else if (implied)
		snprintf(key, sizeof(key), "%s", implied);
	else if (length < sizeof(key))
		snprintf(key, sizeof(key), "%s", value);
	/* A key alone is a switch. */
	if (key[0] && !(has_key && key_length >= sizeof(key)))
		option__set(values, key, has_key || implied ? value : "on",
			    has_key || implied ? length : strlen("on"));
	return c + (*c == ',');
}

static json_t *read_items(const char *text, const char *implied, bool quotes)
{
	json_t *values = json_object();
	char *value = malloc(strlen(text) + 1);

	while (values && value && *text) {
		text = read_item(values, text, value, implied, quotes);
		implied = NULL;
	}
	free(value);
	return values;
}

static int add_option(struct options *options, const struct option *option)
{
	size_t count = options->count;
	void *list = options->list;

	if (count == OPTIONS_MAX)
		return -E2BIG;
	if (!(count & (count - 1)))
		list = reallocarray(list, count ? count * 2 : 1, sizeof(*options->list));
	if (!list)
		return -ENOMEM;
	options->list = list;
	options->list[options->count++] = *option;
	return 0;
}

static int add(struct options *options, enum option_kind kind, json_t *values)
{
	const struct option option = { .kind = kind, .values = values };
	int error;

	if (!values) {
		options->refused++;
		return 0;
	}
	error = add_option(options, &option);
	if (error)
		json_decref(values);
	return error;
}

static const struct form *find_form(unsigned int dialect, const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].dialects & dialect && strlen(forms[i].name) == length &&
		    !memcmp(forms[i].name, name, length))
			return &forms[i];
	return NULL;
}

static const struct shortcut *find_shortcut(const char *name)
{
	for (size_t i = 0; i < sizeof(shortcuts) / sizeof(shortcuts[0]); i++)
		if (!strcmp(shortcuts[i].name, name))
			return &shortcuts[i];
	return NULL;
}

static bool is_switch(const char *name)
{
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (!strcmp(switches[i], name))
			return true;
	return false;
}

static int add_shortcut(struct options *options, const struct shortcut *shortcut, const char *file)
{
	json_t *values = json_object();

	if (!values)
		return -ENOMEM;
	option__set(values, "file", file, strlen(file));
	if (shortcut->interface)
		option__set(values, "if", shortcut->interface, strlen(shortcut->interface));
	if (shortcut->index)
		option__set(values, "index", shortcut->index, strlen(shortcut->index));
	option__set(values, "media", shortcut->media, strlen(shortcut->media));
	return add(options, OPTION_DRIVE, values);
}

/* "disk:[format=F:]FILE", of QEMU before 2.12. */
static int add_usb(struct options *options, const char *text)
{
	static const char disk[] = "disk:", format[] = "format=";
	json_t *values;
	size_t length;

	if (strncmp(text, disk, strlen(disk)) != 0)
		return 0;
	values = json_object();
	text += strlen(disk);
	text += strspn(text, ":");
	if (values && !strncmp(text, format, strlen(format))) {
		text += strlen(format);
		length = strcspn(text, ":");
		option__set(values, "format", text, length);
		text += length + (text[length] == ':');
	}
	if (!values)
		return -ENOMEM;
	option__set(values, "if", "usb", strlen("usb"));
	option__set(values, "file", text, strlen(text));
	return add(options, OPTION_DRIVE, values);
}

/* "GROUP.ID.KEY=VALUE" changes what another option says. */
static void apply_set(struct options *options, const char *text)
{
	size_t group = strcspn(text, ".="), equals = strcspn(text, "=");
	const struct form *form = find_form(QEMU, text, group);
	char id[OPTION_KEY_SIZE], key[OPTION_KEY_SIZE];
	const char *dot;
	json_t *values;

	if (!form || text[group] != '.' || text[equals] != '=')
		return;
	dot = memchr(text + group + 1, '.', equals - group - 1);
	if (!dot || equals - group >= OPTION_KEY_SIZE)
		return;
	snprintf(id, sizeof(id), "%.*s", (int)(dot - text - (long)group - 1), text + group + 1);
	snprintf(key, sizeof(key), "%.*s", (int)(text + equals - dot - 1), dot + 1);
	values = options__find(options, form->kind, "id", id);
	if (values && *key)
		option__set(values, key, text + equals + 1, strlen(text + equals + 1));
}

static json_t *read_values(const char *text, const char *implied, bool quotes)
{
	return *text == '{' ? options__from_json(text) : read_items(text, implied, quotes);
}

const json_t *option__values(struct option *option)
{
	if (option->unread)
		option->values = read_values(option->unread, option->implied, false);
	option->unread = NULL;
	return option->values;
}

/*
 * What is written in another form than it is meant may be anything: a doubled comma, an escape,
 * JSON that is cut.
 */
bool option__may_hold(const struct option *option, const char *text)
{
	const char *unread = option->unread;

	return strstr(unread, text) || strchr(text, ',') ||
	       (*unread == '{' && (strchr(unread, '\\') || unread[strlen(unread) - 1] != '}'));
}

static int add_form(struct options *options, const struct form *form, const char *text)
{
	const struct option device = { .kind = OPTION_DEVICE,
				       .unread = text,
				       .implied = form->implied };

	if (form->kind == OPTION_DEVICE)
		return add_option(options, &device);
	return add(options, form->kind,
		   read_values(text, form->implied, form->kind == OPTION_DISK));
}

/* The argument after one, or NULL: there is none, or its end is cut off. */
static const char *next_argument(const char *argument, const char *end)
{
	const char *next = argument + strlen(argument) + 1;

	return next < end && memchr(next, '\0', (size_t)(end - next)) ? next : NULL;
}

/*
 * How a reader of one VMM's arguments continues: returns the last argument that belongs to this
 * one.
 */
typedef const char *(*argument_reader)(struct options *options, const char *argument,
				       const char *end, int *error);

/* QEMU takes one dash or two, a value apart, and an image without any option. */
static const char *read_qemu(struct options *options, const char *argument, const char *end,
			     int *error)
{
	const char *name = argument + 1 + (argument[0] == '-' && argument[1] == '-');
	const char *value = next_argument(argument, end);
	const struct shortcut *shortcut;
	const struct form *form;

	if (!*argument || *argument == '@')
		return argument; /* Android's emulator: a device of that name */
	if (*argument != '-') {
		*error = add_shortcut(options, &shortcuts[0], argument);
		return argument;
	}
	options->snapshot |= !strcmp(name, "snapshot");
	form = find_form(QEMU, name, strlen(name));
	if (!value || (!form && is_switch(name)))
		return argument;
	shortcut = form ? NULL : find_shortcut(name);
	if (form)
		*error = add_form(options, form, value);
	else if (shortcut)
		*error = add_shortcut(options, shortcut, value);
	else if (!strcmp(name, "usbdevice"))
		*error = add_usb(options, value);
	else if (!strcmp(name, "set"))
		apply_set(options, value);
	else if (*value == '-')
		return argument; /* a switch that is not known */
	return value;
}

/* cloud-hypervisor takes many disks after one --disk. */
static const char *read_disks(struct options *options, const struct form *form,
			      const char *argument, const char *end, int *error)
{
	bool many = options->dialect & (CLOUD_HYPERVISOR | UNKNOWN);
	const char *value = next_argument(argument, end);

	for (; value && *value != '-' && !*error; value = next_argument(value, end)) {
		*error = add_form(options, form, value);
		argument = value;
		if (!many)
			break;
	}
	return argument;
}

/* One letter has one dash, a word has two; a value is a separate argument, or follows '='. */
static const char *read_other(struct options *options, const char *argument, const char *end,
			      int *error)
{
	size_t dashes = strspn(argument, "-"), length = strcspn(argument + dashes, "=");
	const char *name = argument + dashes;
	const struct form *form = find_form(options->dialect, name, length);

	if (dashes == 1 && !form && options->dialect == KVMTOOL && *name == 'd') {
		*error = add_form(options, find_form(KVMTOOL, "d", 1), name + 1);
		return argument;
	}
	if (!form || dashes != (length > 1 ? 2 : 1))
		return argument;
	if (!name[length])
		return read_disks(options, form, argument, end, error);
	*error = add_form(options, form, name + length + 1);
	return argument;
}

/* An unknown program may be any of them, but then an argument without an option is no image. */
static const char *read_unknown(struct options *options, const char *argument, const char *end,
				int *error)
{
	size_t dashes = strspn(argument, "-");
	const char *name = argument + dashes;
	const struct form *form = find_form(UNKNOWN, name, strcspn(name, "="));

	if (!dashes)
		return argument;
	return form && form->kind == OPTION_DISK ? read_other(options, argument, end, error)
						 : read_qemu(options, argument, end, error);
}

int options__read(struct options *options, const char *cmdline, size_t size)
{
	const char *end = cmdline + size, *argument = cmdline;
	argument_reader read;
	int error = 0;

	*options = (struct options){ 0 };
	if (!size || !memchr(cmdline, '\0', size))
		return 0;
	options->dialect = dialect_of(cmdline);
	read = options->dialect == QEMU	     ? read_qemu
	       : options->dialect == UNKNOWN ? read_unknown
					     : read_other;
	while ((argument = next_argument(argument, end)) && !error)
		argument = read(options, argument, end, &error);
	if (error)
		options__free(options);
	return error;
}

void options__free(struct options *options)
{
	for (size_t i = 0; i < options->count; i++)
		json_decref(options->list[i].values);
	free(options->list);
	*options = (struct options){ 0 };
}

const char *option__get(const json_t *values, const char *prefix, const char *key)
{
	char name[OPTION_KEY_SIZE];

	if ((size_t)snprintf(name, sizeof(name), "%s%s", prefix, key) >= sizeof(name))
		return NULL;
	return json_string_value(json_object_get(values, name));
}

bool option__is_on(const json_t *values, const char *prefix, const char *key)
{
	const char *value = option__get(values, prefix, key);

	return value && (!strcmp(value, "on") || !strcmp(value, "true") || !strcmp(value, "yes") ||
			 !strcmp(value, "y"));
}

json_t *options__find(const struct options *options, enum option_kind kind, const char *key,
		      const char *value)
{
	for (size_t i = 0; i < options->count; i++) {
		struct option *option = &options->list[i];
		const char *is;

		if (option->kind != kind || (option->unread && !option__may_hold(option, value)))
			continue;
		option__values(option);
		is = json_string_value(json_object_get(option->values, key));
		if (is && !strcmp(is, value))
			return option->values;
	}
	return NULL;
}
