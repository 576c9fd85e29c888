/* SPDX-License-Identifier: GPL-2.0-only */
/* The file of --html: opened with the caller's privileges, and written once all is known. */
#ifndef KVMQ_PAGE_FILE_H
#define KVMQ_PAGE_FILE_H

#include <stdio.h>

struct page_file {
	const char *path; /* borrowed */
	FILE *stream;	  /* NULL: it is not open */
};

/* As output_file__hold(): what is in it stays for now. 0 or -errno after one line. */
int page_file__open(struct page_file *page, const char *path);

/* Refuses to write over a file that is read: 0, or -EINVAL after one line. */
int page_file__check(const struct page_file *page, const char *input);

/* Empties it, to be written from the beginning; the end is where it is known that it was written.
 */
int page_file__begin(struct page_file *page);
int page_file__end(struct page_file *page);

/* Also of one that is not open. */
void page_file__close(struct page_file *page);

#endif
