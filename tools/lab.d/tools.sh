# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The initial file system of nested guests that run commands: beside the agent a shell, and fio. All of it is in
# memory, so that such a guest has no disk but those of the test.

TOOLS_MODULES="mq-deadline bfq $GUEST_MODULES virtio_scsi sd_mod vmw_vsock_virtio_transport"
FIO_LIBRARIES='/[^ ]*/(lib(c|m|z|aio|numa)\.so|ld-linux)[^ ]*'

# stub_source WANTED KEPT... - assembly that defines what program WANTED wants of libraries and none of KEPT has, as
# functions that trap
stub_source() {
	local wanted=$1
	shift
	awk 'NR == FNR { if (NF == 3) { sub(/@.*/, "", $3); has[$3] = 1 } next }
		$1 == "U" && split($2, name, "@") && !(name[1] in has) {
			printf ".globl %s\n.type %s, @function\n%s: ud2\n", name[1], name[1], name[1]
		}' <(nm -D --quiet --defined-only "$@") <(nm -D --undefined-only "$wanted")
	echo '.section .note.GNU-stack, "", @progbits'
}

# stub_versions WANTED - the versions of such symbols, for the linker
stub_versions() {
	nm -D --undefined-only "$1" | awk '$1 == "U" && split($2, name, "@") > 1 && name[2] !~ /^GLIBC/ {
			symbols[name[2]] = symbols[name[2]] " " name[1] ";"
		}
		END { for (version in symbols) print version " { global:" symbols[version] " };" }'
}

# copy_fio DIR - Debian's fio needs 64 libraries, 80 MB, nearly all of them for storage over a network: in an emulated
# guest it would take seconds to start. One library with nothing in it stands for those.
copy_fio() {
	local dir=$1 fio kept stub library
	fio=$(command -v fio)
	mapfile -t kept < <(ldd "$fio" | grep -oE "$FIO_LIBRARIES")
	cp -L --parents -t "$dir" "$fio" "${kept[@]}"
	stub=$dir/usr/lib/libnothing.so
	mkdir -p "$dir/usr/lib"
	stub_source "$fio" "${kept[@]}" > "$dir/stub.s"
	stub_versions "$fio" > "$dir/stub.map"
	${CC:-cc} -shared -nostdlib -Wl,--version-script="$dir/stub.map" -o "$stub" "$dir/stub.s" ||
		die "$EXIT_LACKS" "cannot build a library in place of fio's"
	rm "$dir"/stub.*
	readelf -d "$fio" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | while read -r library; do
		[[ ${kept[*]} == *"/$library"* ]] || ln -s libnothing.so "$dir/usr/lib/$library"
	done
}

# prepare_tools KEY - sets GUEST_TOOLS, which guests with tools boot
prepare_tools() {
	local runner dir applet
	runner=$(build_program "$LAB_TOP/tests/lab/guest/runner.c")
	GUEST_TOOLS=$LAB_CACHE/guest/tools-$1-${runner##*-}-$(dpkg-query -W fio busybox-static libc6 |
		cat - "$LAB_D/tools.sh" | content_key)
	[ -f "$GUEST_TOOLS" ] && return
	dir=$(mktemp -d "$LAB_CACHE/guest/new.XXXXXX")
	mkdir "$dir/bin" "$dir/tmp"
	cp "$AGENT" "$dir/init"
	cp "$runner" "$dir/bin/runner"
	cp /bin/busybox "$dir/bin/"
	for applet in $(busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "$dir/bin/$applet"
	done
	copy_fio "$dir"
	# shellcheck disable=SC2086 # one word per module
	make_guest_initramfs "$GUEST_TOOLS" "$dir" $TOOLS_MODULES
}
