// SPDX-License-Identifier: GPL-2.0-only
#include "probe/vmm_entry.h"

#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

#define CODE_SIZE 8

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

/* Place in the file of a function that a table of symbols has; 0: has not. */
static off_t find_symbol(Elf *elf, Elf_Scn *table, const GElf_Shdr *header, const char *function)
{
	Elf_Data *data = elf_getdata(table, NULL);
	GElf_Shdr section;
	GElf_Sym symbol;
	const char *name;

	for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC || !name || strcmp(name, function) ||
		    !gelf_getshdr(elf_getscn(elf, symbol.st_shndx), &section))
			continue;
		return (off_t)(symbol.st_value - section.sh_addr + section.sh_offset);
	}
	return 0;
}

static off_t find_function(Elf *elf, const char *function)
{
	Elf_Scn *table = NULL;
	GElf_Shdr header;
	off_t found = 0;

	while (!found && (table = elf_nextscn(elf, table)))
		if (gelf_getshdr(table, &header) &&
		    (header.sh_type == SHT_DYNSYM || header.sh_type == SHT_SYMTAB))
			found = find_symbol(elf, table, &header, function);
	return found;
}

size_t vmm_entry__find(const char *path, const char *function)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t code[CODE_SIZE];
	size_t offset = 0;
	off_t place = 0;
	Elf *elf;

	if (fd < 0)
		return 0;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf)
		place = find_function(elf, function);
	if (place && pread(fd, code, sizeof(code), place) == (ssize_t)sizeof(code))
		offset = vmm_entry__offset(code, sizeof(code));
	elf_end(elf);
	close(fd);
	return offset;
}
