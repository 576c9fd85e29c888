// SPDX-License-Identifier: GPL-2.0-only
#include "probe/vmm_entry.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interrupt.h"

#define CODE_SIZE 8
#define SECTIONS_MAX 4096
#define TABLE_MAX (16U << 20) /* bytes: QEMU's own, with all its symbols, have 5 MiB */

/*
 * block_acct_done(stats, cookie) is block_account_one_io(stats, cookie, false), of which compilers
 * make: a landing pad for indirect branches, if any; a third argument of 0; a jump.
 */
size_t vmm_entry__offset(const uint8_t *code, size_t size)
{
#ifdef __x86_64__
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa }, clear_edx[] = { 0x31, 0xd2 };
	size_t at = 0;

	if (size >= sizeof(endbr64) && !memcmp(code, endbr64, sizeof(endbr64)))
		at = sizeof(endbr64);
	if (size <= at + sizeof(clear_edx) || memcmp(code + at, clear_edx, sizeof(clear_edx)))
		return 0;
	at += sizeof(clear_edx);
	return code[at] == 0xe9 || code[at] == 0xeb ? at : 0;
#else
	(void)code;
	(void)size;
	return 0;
#endif
}

/*
 * An executable that anybody may run: what it says about its own sizes is believed within limits.
 */
struct executable {
	int fd;
	Elf64_Shdr *sections;
	size_t count;
};

static int read_at(int fd, void *to, size_t size, uint64_t place)
{
	ssize_t got = pread(fd, to, size, (off_t)place);

	if (got < 0)
		return -errno;
	return (size_t)got == size ? 0 : -ENOEXEC;
}

static int read_sections(struct executable *executable)
{
	static const unsigned char ident[] = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64 };
	Elf64_Ehdr header;
	int error = read_at(executable->fd, &header, sizeof(header), 0);

	if (error)
		return error;
	if (memcmp(header.e_ident, ident, sizeof(ident)) != 0 ||
	    header.e_shentsize != sizeof(Elf64_Shdr))
		return -ENOEXEC;
	if (header.e_shnum > SECTIONS_MAX)
		return -E2BIG;
	executable->count = header.e_shnum;
	executable->sections = calloc(executable->count + 1, sizeof(Elf64_Shdr));
	if (!executable->sections)
		return -ENOMEM;
	return read_at(executable->fd, executable->sections, executable->count * sizeof(Elf64_Shdr),
		       header.e_shoff);
}

/* A whole section, with a 0 behind it, to be freed. Returns 0 or -errno. */
static int read_section(const struct executable *executable, const Elf64_Shdr *section,
			char **bytes)
{
	int error;

	if (section->sh_size > TABLE_MAX)
		return -E2BIG;
	*bytes = malloc(section->sh_size + 1);
	if (!*bytes)
		return -ENOMEM;
	(*bytes)[section->sh_size] = '\0';
	error = read_at(executable->fd, *bytes, section->sh_size, section->sh_offset);
	if (error)
		free(*bytes);
	return error;
}

/* The place of a function in the file, by the symbols and their names. 0: it is none of them. */
static uint64_t find_symbol(const struct executable *executable, const Elf64_Sym *symbols,
			    size_t count, const char *names, size_t names_size,
			    const char *function)
{
	for (size_t i = 0; i < count; i++) {
		const Elf64_Sym *symbol = &symbols[i];
		const Elf64_Shdr *section;

		if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_name >= names_size ||
		    strcmp(names + symbol->st_name, function) != 0 ||
		    symbol->st_shndx == SHN_UNDEF || symbol->st_shndx >= executable->count)
			continue;
		section = &executable->sections[symbol->st_shndx];
		return symbol->st_value - section->sh_addr + section->sh_offset;
	}
	return 0;
}

static int look_in_table(const struct executable *executable, const Elf64_Shdr *table,
			 const char *function, uint64_t *place)
{
	const Elf64_Shdr *strings;
	char *symbols, *names;
	int error;

	if (table->sh_link >= executable->count)
		return -ENOEXEC;
	strings = &executable->sections[table->sh_link];
	error = read_section(executable, table, &symbols);
	if (error)
		return error;
	error = read_section(executable, strings, &names);
	if (!error) {
		*place = find_symbol(executable, (const Elf64_Sym *)(const void *)symbols,
				     table->sh_size / sizeof(Elf64_Sym), names, strings->sh_size,
				     function);
		free(names);
	}
	free(symbols);
	return error ? error : *place ? 0 : -ENOENT;
}

/* Only the first table of either type counts: there are no more. */
static int find_function(const struct executable *executable, const char *function, uint64_t *place)
{
	static const uint32_t types[] = { SHT_DYNSYM, SHT_SYMTAB };
	int error = -ENOENT;

	for (size_t type = 0; type < sizeof(types) / sizeof(types[0]); type++)
		for (size_t i = 0; i < executable->count; i++) {
			if (executable->sections[i].sh_type != types[type])
				continue;
			error = look_in_table(executable, &executable->sections[i], function,
					      place);
			if (!error)
				return 0;
			break;
		}
	return error;
}

static int find_place(struct executable *executable, const char *function, uint64_t *place)
{
	struct stat status;
	int error;

	if (fstat(executable->fd, &status))
		return -errno;
	error = S_ISREG(status.st_mode) ? read_sections(executable) : -ENOEXEC;
	return error ? error : find_function(executable, function, place);
}

int vmm_entry__find(const char *path, const char *function, uint64_t *place)
{
	const char *before = interrupt__guard("reading a VMM's executable");
	struct executable executable = { .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) };
	int error = executable.fd < 0 ? -errno : find_place(&executable, function, place);
	uint8_t code[CODE_SIZE];

	if (!error && !read_at(executable.fd, code, sizeof(code), *place))
		*place += vmm_entry__offset(code, sizeof(code));
	free(executable.sections);
	if (executable.fd >= 0)
		close(executable.fd);
	interrupt__guard(before);
	return error;
}
