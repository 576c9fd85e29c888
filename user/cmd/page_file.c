// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/page_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/output_file.h"

#define OPTION "--html"

static int fail(const struct page_file *page, int error)
{
	log_error(OPTION ": '%s': %s: %s", page->path, strerror(error),
		  remedy(error, "give another file"));
	return -error;
}

int page_file__open(struct page_file *page, const char *path)
{
	int fd = output_file__hold(OPTION, path), error;

	if (fd < 0)
		return fd;
	page->path = path;
	page->stream = fdopen(fd, "w");
	if (page->stream)
		return 0;
	error = errno;
	close(fd);
	return fail(page, error);
}

int page_file__check(const struct page_file *page, const char *input)
{
	struct stat written, read;

	if (fstat(fileno(page->stream), &written) || stat(input, &read) ||
	    written.st_dev != read.st_dev || written.st_ino != read.st_ino)
		return 0;
	log_error(OPTION ": '%s' is what is read: give another file", page->path);
	return -EINVAL;
}

int page_file__begin(struct page_file *page)
{
	return ftruncate(fileno(page->stream), 0) ? fail(page, errno) : 0;
}

int page_file__end(struct page_file *page)
{
	int failed = fflush(page->stream);

	if (!failed && !ferror(page->stream))
		return 0;
	return fail(page, failed && errno ? errno : EIO);
}

void page_file__close(struct page_file *page)
{
	if (page->stream)
		fclose(page->stream);
	page->stream = NULL;
}
