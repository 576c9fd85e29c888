// SPDX-License-Identifier: GPL-2.0-only
#include "host/vm_cmdline.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "host/dialect.h"

struct parse {
	struct vm_identity *identity;
	char weak[VM_NAME_SIZE]; /* used if there is no better name */
	bool android;		 /* its emulator takes @NAME for -avd NAME */
	bool single_dash;
};

/* The arguments that are there in full. */
struct words {
	const char *at, *end;
};

static const char *next_word(struct words *words)
{
	size_t left = (size_t)(words->end - words->at);
	const char *word = words->at;

	if (!left || strnlen(word, left) == left)
		return NULL; /* cut off: it may be half a name */
	words->at += strlen(word) + 1;
	return word;
}

static bool is_uuid(const char *text)
{
	for (int i = 0; i < VM_UUID_SIZE - 1; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return !text[VM_UUID_SIZE - 1];
}

/* The next of QEMU's ITEM[,ITEM]..., in which a comma is doubled. False: that was the last. */
static bool next_item(const char **text, char item[VM_NAME_SIZE])
{
	const char *c = *text;
	size_t length = 0;

	if (!*c)
		return false;
	for (; *c && (*c != ',' || c[1] == ','); c++) {
		c += *c == ',';
		if (length < VM_NAME_SIZE - 1)
			item[length++] = *c;
	}
	item[length] = '\0';
	*text = c + (*c == ',');
	return true;
}

static void set_name(struct parse *parse, const char *value)
{
	text_copy(parse->identity->name, VM_NAME_SIZE, value, strlen(value));
}

static void set_weak_name(struct parse *parse, const char *value)
{
	text_copy(parse->weak, VM_NAME_SIZE, value, strlen(value));
}

static void set_uuid(struct parse *parse, const char *value)
{
	if (is_uuid(value))
		memcpy(parse->identity->uuid, value, VM_UUID_SIZE);
}

static void set_id(struct parse *parse, const char *value)
{
	if (strlen(value) < VM_ID_SIZE)
		strcpy(parse->identity->id, value);
}

/*
 * [guest=]NAME[,option=...]. Items may come in any order, but only the first may lack its key. A
 * second -name changes what it holds.
 */
static void take_qemu_name(struct parse *parse, const char *value)
{
	bool keyless = value[strcspn(value, "=,")] != '=';
	char item[VM_NAME_SIZE];

	for (bool first = true; next_item(&value, item); first = false) {
		if (first && keyless)
			set_name(parse, item);
		else if (!strncmp(item, "guest=", 6))
			set_name(parse, item + 6);
	}
}

/* The value of a key in a list of items, which must not contradict each other. */
static void take_smbios(struct parse *parse, const char *value)
{
	char item[VM_NAME_SIZE], uuid[VM_UUID_SIZE] = "";
	bool is_system = false;

	while (next_item(&value, item)) {
		if (!strncmp(item, "uuid=", 5) && is_uuid(item + 5))
			memcpy(uuid, item + 5, sizeof(uuid));
		is_system |= !strcmp(item, "type=1");
	}
	if (is_system && uuid[0])
		set_uuid(parse, uuid);
}

static void take_platform(struct parse *parse, const char *value)
{
	char item[VM_NAME_SIZE];

	while (next_item(&value, item))
		if (!strncmp(item, "uuid=", 5))
			set_uuid(parse, item + 5);
}

static void take_config(struct parse *parse, const char *value)
{
	struct vm_identity *identity = parse->identity;

	if (identity->config_count < VM_CONFIGS_MAX)
		identity->configs[identity->config_count++] = value;
}

/* A name that every VM's socket has in a folder of the VM's. */
static bool is_common(const char *name)
{
	static const char *const common[] = {
		"api",	       "api-sock", "api-socket", "clh-api", "cloud-hypervisor",
		"firecracker", "crosvm",   "socket",	 "control", "vmm",
		"vm"
	};

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (!strcmp(name, common[i]))
			return true;
	return !*name;
}

/* [path=]FOLDER/NAME.ENDING: a VM without a better name is known by its socket. */
static void take_socket(struct parse *parse, const char *value)
{
	char item[VM_NAME_SIZE], *path = item, *slash, *dot;

	if (!next_item(&value, item) || !strncmp(item, "fd=", 3))
		return;
	path += strncmp(path, "path=", 5) ? 0 : 5;
	slash = strrchr(path, '/');
	dot = strrchr(slash ? slash + 1 : path, '.');
	if (dot)
		*dot = '\0';
	if (slash && is_common(slash + 1)) {
		*slash = '\0';
		slash = strrchr(path, '/');
	}
	set_weak_name(parse, slash ? slash + 1 : path);
}

/* VirtualBox: a UUID or a name. */
static void take_machine(struct parse *parse, const char *value)
{
	if (is_uuid(value))
		set_uuid(parse, value);
	else
		set_weak_name(parse, value);
}

/* QEMU is the only one to write -name. */
static void take_unknown_name(struct parse *parse, const char *value)
{
	if (parse->single_dash)
		take_qemu_name(parse, value);
	else
		set_name(parse, value);
}

static void ignore(struct parse *parse, const char *value)
{
	(void)parse;
	(void)value;
}

static const struct option {
	unsigned int dialects;
	const char *name;
	void (*take)(struct parse *parse, const char *value);
} options[] = {
	{ QEMU, "name", take_qemu_name },
	{ QEMU, "uuid", set_uuid },
	{ QEMU, "smbios", take_smbios },
	{ QEMU, "id", set_id },		/* Proxmox */
	{ QEMU, "avd", set_weak_name }, /* Android's emulator */
	{ QEMU, "readconfig", take_config },
	{ QEMU, "append", ignore }, /* the guest's options */
	{ FIRECRACKER | KATA, "id", set_name },
	{ FIRECRACKER, "api-sock", take_socket },
	{ CLOUD_HYPERVISOR, "api-socket", take_socket },
	{ CLOUD_HYPERVISOR, "platform", take_platform },
	{ CROSVM | KVMTOOL, "name", set_name },
	{ CROSVM, "socket", take_socket },
	{ CROSVM, "s", take_socket },
	{ VIRTUALBOX, "comment", set_name },
	{ VIRTUALBOX, "startvm", take_machine },
	{ VIRTUALBOX, "s", take_machine },
	{ UNKNOWN, "name", take_unknown_name },
	{ UNKNOWN, "id", set_name },
	{ UNKNOWN, "uuid", set_uuid },
};

/* The option that a word is, or NULL. *value: what follows its =, which QEMU does not have. */
static const struct option *find_option(unsigned int dialect, const char *word, const char **value)
{
	size_t dashes = strspn(word, "-"), length;

	word += dashes;
	length = dialect == QEMU ? strlen(word) : strcspn(word, "=");
	*value = word[length] ? word + length + 1 : NULL;
	if (dashes < 1 || dashes > 2)
		return NULL;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].dialects & dialect && strlen(options[i].name) == length &&
		    !memcmp(options[i].name, word, length))
			return &options[i];
	return NULL;
}

static void read_options(struct parse *parse, unsigned int dialect, struct words *words)
{
	const char *word, *value;

	while ((word = next_word(words))) {
		const struct option *option = find_option(dialect, word, &value);

		if (word[0] == '@' && parse->android)
			set_weak_name(parse, word + 1);
		if (!option)
			continue;
		if (!value)
			value = next_word(words);
		if (!value)
			break;
		parse->single_dash = word[1] != '-';
		option->take(parse, value);
	}
}

/* runsc-sandbox [FLAG...] boot [FLAG...] CONTAINER: it writes all flags with =. */
static void read_gvisor(struct parse *parse, struct words *words)
{
	const char *word, *last = NULL;
	bool boots = false;

	while ((word = next_word(words))) {
		if (boots && word[0] != '-')
			last = word;
		boots |= !strcmp(word, "boot");
	}
	/* Half a word after it would be the container's. */
	if (last && words->at == words->end)
		set_name(parse, last);
}

/* krunvm start [OPTION...] NAME [COMMAND...] */
static void read_krunvm(struct parse *parse, struct words *words)
{
	static const char *const valued[] = { "--cpus", "--mem", "--env", "-e" };
	const char *word;

	do {
		word = next_word(words);
	} while (word && strcmp(word, "start"));
	while (word && (word = next_word(words))) {
		if (word[0] != '-') {
			set_name(parse, word);
			return;
		}
		for (size_t i = 0; i < sizeof(valued) / sizeof(valued[0]); i++)
			if (!strcmp(word, valued[i]) && !next_word(words))
				return;
	}
}

void vm_identity__read(struct vm_identity *identity, const char *cmdline, size_t size)
{
	struct parse parse = { .identity = identity };
	struct words words = { cmdline, cmdline + size };
	const char *program = next_word(&words);
	unsigned int dialect = program ? dialect_of(program) : UNKNOWN;

	*identity = (struct vm_identity){ 0 };
	parse.android = program && strstr(program, "emulator");
	if (dialect == GVISOR)
		read_gvisor(&parse, &words);
	else if (dialect == KRUNVM)
		read_krunvm(&parse, &words);
	else
		read_options(&parse, dialect, &words);
	if (!identity->name[0])
		memcpy(identity->name, parse.weak, sizeof(identity->name));
}
