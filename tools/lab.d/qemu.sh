# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The outer QEMU: 10.0 or newer. With bookworm's 7.2 about one boot in six of kernel 6.12 died early
# ("Oops: int3" in sched_clock_cpu: its emulated CPUs race when code is patched, which BPF attach does too);
# with 10.0.2 none of 22 did.

QEMU_NAME=qemu-system-x86_64
QEMU_PACKAGES=(qemu-system-{x86,common,data} seabios)

# qemu_is_new PROGRAM... - no such program, or one that does not run, is not
qemu_is_new() {
	local version # one that says none is not new
	version=$("$@" --version 2> /dev/null | sed -n 's/^QEMU emulator version \([0-9]*\).*/\1/p')
	[ "${version:-0}" -ge 10 ]
}

# find_qemu - sets QEMU, an array: the machine's own, or the backported packages, unpacked
find_qemu() {
	local dir=$LAB_CACHE/qemu new
	QEMU=("$QEMU_NAME")
	qemu_is_new "${QEMU[@]}" && return
	if [ ! -d "$dir" ]; then
		say "fetching QEMU"
		new=$(mktemp -d "$LAB_CACHE/qemu.XXXXXX")
		apt_unpack "$new" "${QEMU_PACKAGES[@]/%//bookworm-backports}" ||
			die "$EXIT_LACKS" "cannot fetch QEMU: the mirror does not have it (log: $APT_ROOT/download.log)"
		chmod 755 "$new"
		mv "$new" "$dir"
	fi
	QEMU=("$dir/usr/bin/$QEMU_NAME" -L "$dir/usr/share/qemu" -L "$dir/usr/share/seabios")
	export QEMU_MODULE_DIR=$dir/usr/lib/x86_64-linux-gnu/qemu
	qemu_is_new "${QEMU[@]}" ||
		die "$EXIT_LACKS" "the fetched QEMU does not run here: $("${QEMU[0]}" --version 2>&1 | head -n 1)"
}

# share PATH TAG OPTIONS - a folder of this machine, over 9p; multidevs=remap because the root may hold
# several file systems, whose inode numbers would collide
share() {
	echo "-virtfs local,path=${1//,/,,},mount_tag=$2,security_model=none,multidevs=remap$3"
}

# A node is a socket where all have as many CPUs; otherwise each CPU is. By default QEMU puts all in one socket,
# and the kernel warns that CPUs which share a cache lie on different nodes.
smp_option() {
	local sockets=$OPT_NODES cpus
	for cpus in "${NODE_CPUS[@]}"; do
		[ "$cpus" -eq "${NODE_CPUS[0]}" ] || sockets=$OPT_CPUS
	done
	echo "-smp $OPT_CPUS,sockets=$sockets,cores=$((OPT_CPUS / sockets)),threads=1"
}

# numa_options - the nodes' CPUs, in their order, and memory, one line per option and value
numa_options() {
	local node first=0 spec
	for ((node = 0; node < OPT_NODES; node++)); do
		spec=node,nodeid=$node
		if [ "${NODE_CPUS[node]}" -gt 0 ]; then
			spec+=,cpus=$first-$((first + NODE_CPUS[node] - 1))
			first=$((first + NODE_CPUS[node]))
		fi
		if [ "${NODE_MIB[node]}" -gt 0 ]; then
			echo "-object memory-backend-ram,size=${NODE_MIB[node]}M,id=m$node"
			spec+=,memdev=m$node
		fi
		echo "-numa $spec"
	done
}

# distance_options - QEMU wants none or all, and each pair once
distance_options() {
	local from to
	[ ${#DISTANCE[@]} -gt 0 ] || return 0
	for ((from = 0; from < OPT_NODES; from++)); do
		for ((to = from + 1; to < OPT_NODES; to++)); do
			echo "-numa dist,src=$from,dst=$to,val=${DISTANCE[from * 8 + to]:-20}"
		done
	done
}

# qemu_options RUNDIR - one line per option and value. COMMAND's output and status, and a sign of
# life, come over virtio-serial ports, apart from the console.
# The time-stamp counter of the emulation is one clock for all CPUs, but QEMU does not say so and the kernel
# would go by the HPET: a guest takes 12.5 s to boot then, and 7.5 s with tsc=reliable; and KVM of an RT kernel
# refuses to load without a constant TSC. So invtsc is forced; and so is what KVM needs to
# intercept PAUSE, if that is asked for.
qemu_options() {
	local run=$1 port nr=0
	cat <<-EOO
		-name kvmq-lab
		-accel tcg,thread=$OPT_THREAD
		-cpu max,+svm,+invtsc${OPT_PAUSE:+,+pause-filter,+pfthreshold},x-force-features=on
		-m ${OPT_MIB}M
		$(smp_option)
		-kernel $KERNEL
		-initrd $run/initrd
		-append console=ttyS0 quiet tsc=reliable panic=-1 oops=panic $OPT_APPEND
		-nodefaults
		-display none
		-no-reboot
		-chardev file,id=console,path=$run/console
		-serial chardev:console
		-device virtio-serial-pci
	EOO
	for port in stdout stderr status beat; do
		nr=$((nr + 1))
		echo "-chardev file,id=$port,path=$run/$port"
		echo "-device virtserialport,nr=$nr,chardev=$port,name=$port"
	done
	numa_options
	distance_options
	share / root ,readonly=on
	[ -z "$OPT_OUT" ] || share "$OPT_OUT" out ''
}
