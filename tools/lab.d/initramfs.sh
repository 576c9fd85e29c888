# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Initial file systems, of the host and of its guests, and the static programs in them.

HOST_MODULES="virtio_pci virtio_blk virtio_console 9p 9pnet_virtio overlay"
GUEST_MODULES="virtio_pci virtio_blk virtio_console"
GUEST_KERNEL_PREFIX=6.12-cloud # 6.1's and 6.12's cloud flavour are the smallest packaged kernels

# build_program SOURCE - prints the path of the static program, built once per content
build_program() {
	local source=$1 name bin
	name=$(basename "$source" .c)
	bin=$LAB_CACHE/bin/$name-$(content_key "$source")
	if [ ! -x "$bin" ]; then
		mkdir -p "$LAB_CACHE/bin"
		${CC:-cc} -std=gnu17 -static -O2 -pthread -Wall -Wextra -Werror -o "$bin.new" "$source" ||
			die "$EXIT_LACKS" "cannot build ${source#"$LAB_TOP/"}"
		mv "$bin.new" "$bin"
	fi
	echo "$bin"
}

# plain_module FILE TARGET - unpacked, for an insmod that knows no compression
plain_module() {
	case $1 in
	*.xz) xz -dc "$1" ;;
	*.zst) zstd -dcq "$1" ;;
	*.gz) gzip -dc "$1" ;;
	*) cat "$1" ;;
	esac > "$2"
}

# pack_modules ROOT RELEASE DIR MODULE... - copies modules and what they need into DIR, and writes DIR/order.
# A built-in module needs no file; one that the kernel does not have at all is an error.
pack_modules() {
	local root=$1 release=$2 dir=$3 module deps kind file base
	shift 3
	mkdir -p "$dir"
	: > "$dir/order"
	[ -n "$root" ] || return 0
	for module in "$@"; do
		deps=$(modprobe -d "$root" -S "$release" --show-depends "$module" 2>&1) ||
			die "$EXIT_LACKS" "kernel $release has no $module: build it with that (=y or =m): $deps"
		while read -r kind file _; do
			[ "$kind" = insmod ] || continue
			base=${file##*/}
			base=${base%%.ko*}.ko
			grep -qx "$base" "$dir/order" && continue
			plain_module "$file" "$dir/$base"
			echo "$base" >> "$dir/order"
		done <<< "$deps"
	done
}

# Not compressed: QEMU loads it at once, while unpacking would be emulated.
pack_initramfs() { (cd "$1" && find . | cpio -o -H newc --quiet) > "$2"; }

# make_host_initramfs RUNDIR - made anew for each boot (0.3 s), so nothing in it can be stale
make_host_initramfs() {
	local dir=$1/root modules=$HOST_MODULES
	[ -n "$OPT_NO_KVM" ] || modules="$modules kvm-amd"
	mkdir -p "$dir"/{bin,lab/bin}
	cp /bin/busybox "$dir/bin/"
	cp "$LAB_D/host-early" "$dir/init"
	cp "$LAB_D"/{host-init,lab-guest} "$dir/lab/bin/"
	cp "$RELAY" "$dir/lab/bin/relay"
	cp "$TALK" "$dir/lab/bin/talk"
	chmod 755 "$dir/init" "$dir"/lab/bin/*
	write_host_config > "$dir/lab/config"
	echo "$KERNEL_MODULES" > "$dir/lab/modules"
	# shellcheck disable=SC2086 # one word per module
	pack_modules "$KERNEL_MODULES" "$KERNEL_RELEASE" "$dir/mods" $modules
	pack_initramfs "$dir" "$1/initrd"
	rm -rf "$dir"
}

# make_guest_initramfs FILE DIR MODULE... - DIR, with modules in it, as a guest's initial file system FILE
make_guest_initramfs() {
	local file=$1 dir=$2 kernel=${GUEST_KERNEL%/*}
	shift 2
	mkdir -p "$dir/dev"
	pack_modules "$kernel" "${kernel##*/}-amd64" "$dir/mods" "$@"
	pack_initramfs "$dir" "$file.new"
	mv "$file.new" "$file"
	rm -rf "$dir"
}

# prepare_guest - sets GUEST_KERNEL and GUEST_INITRD, which every nested guest boots, and GUEST_TOOLS
prepare_guest() {
	local kernel dir key
	find_kernel $GUEST_KERNEL_PREFIX
	kernel=$FOUND
	AGENT=$(build_program "$LAB_TOP/tests/lab/guest/agent.c")
	GUEST_KERNEL=$kernel/vmlinuz
	key=${kernel##*/}-${AGENT##*-}-$(content_key "$LAB_D/initramfs.sh")
	GUEST_INITRD=$LAB_CACHE/guest/$key
	mkdir -p "$LAB_CACHE/guest"
	if [ ! -f "$GUEST_INITRD" ]; then
		dir=$(mktemp -d "$LAB_CACHE/guest/new.XXXXXX")
		cp "$AGENT" "$dir/init"
		# shellcheck disable=SC2086 # one word per module
		make_guest_initramfs "$GUEST_INITRD" "$dir" $GUEST_MODULES
	fi
	prepare_tools "$key"
}

# write_host_config - what host-init must know, as bash assignments
write_host_config() {
	local home=${HOME:-/root}
	printf '%s=%q\n' LAB_KERNEL "$KERNEL_RELEASE" LAB_CWD "$PWD" LAB_OUT_SHARED "$OPT_OUT" LAB_NO_KVM "$OPT_NO_KVM" \
		LAB_SYSTEMD "$OPT_SYSTEMD" LAB_GUEST_KERNEL "$GUEST_KERNEL" LAB_GUEST_INITRD "$GUEST_INITRD" \
		LAB_GUEST_TOOLS "$GUEST_TOOLS" HOME "$home" LANG "${LANG:-C.UTF-8}"
	printf 'LAB_GUESTS=('
	[ ${#OPT_GUESTS[@]} -eq 0 ] || printf '%q ' "${OPT_GUESTS[@]}"
	printf ')\nLAB_COMMAND=('
	printf '%q ' "${COMMAND[@]}"
	printf ')\n'
}
