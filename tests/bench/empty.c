// SPDX-License-Identifier: GPL-2.0-only
/* Keeps the programs of an object file attached until it is killed. */
#include <bpf/libbpf.h>
#include <err.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct bpf_program *program;
	struct bpf_object *object;

	if (argc != 2)
		errx(2, "usage: empty OBJECT-FILE");
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		err(1, "%s", argv[1]);
	if (bpf_object__load(object))
		err(1, "loading %s", argv[1]);
	bpf_object__for_each_program(program, object)
	{
		if (!bpf_program__attach(program))
			err(1, "attaching %s", bpf_program__name(program));
	}
	for (;;)
		pause();
}
