# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Kernels: from a version prefix to a folder of the cache that holds vmlinuz and lib/modules/RELEASE.

KERNEL_LIST=$LAB_CACHE/kernels

# Writes "NAME PACKAGE..." for each kernel that Debian packages, oldest first: NAME is the release without
# -amd64. From 6.19 on an image package is empty: vmlinuz is in linux-binary-*, the modules are in
# linux-modules-*, and modules.builtin, without which modprobe knows no built-in module, in linux-base-*.
read_kernel_list() {
	lab_apt apt-cache dumpavail | awk '
		/^Package: / { package = "" }
		/^Package: linux-image-[0-9].*-amd64$/ { package = $2 }
		# a metapackage (linux-image-6.12-amd64) depends on a linux-image
		/^Depends: / && package != "" && !/ linux-image-[0-9]/ {
			name = package
			gsub(/^linux-image-|-amd64$/, "", name)
			for (i = 2; i <= NF; i++)
				if ($i ~ /^linux-(binary|modules|base)-[0-9]/)
					package = package " " $i
			print name, package
		}' | sort -u -V -k1,1
}

# Once a day: the second boot of a day asks no mirror. Without network the old list still serves.
refresh_kernel_list() {
	[ -s "$KERNEL_LIST" ] && [ "$(date -r "$KERNEL_LIST" +%F)" = "$(date +%F)" ] && return
	apt_update || [ -d "$APT_ROOT/state/lists" ] || die "$EXIT_LACKS" "cannot read Debian's package lists"
	read_kernel_list > "$KERNEL_LIST.new"
	if [ -s "$KERNEL_LIST.new" ]; then
		mv "$KERNEL_LIST.new" "$KERNEL_LIST"
	elif [ -s "$KERNEL_LIST" ]; then
		say "Debian's package lists cannot be read: going on with those of $(date -r "$KERNEL_LIST" +%F)"
	else
		die "$EXIT_LACKS" "cannot read Debian's package lists: is there a network? (log: $APT_ROOT/update.log)"
	fi
}

# match_kernels PREFIX[-rt|-cloud] - lines of the list, newest first
match_kernels() {
	local want=$1 flavour=''
	case $want in
	*-rt) flavour=-rt ;;
	*-cloud) flavour=-cloud ;;
	esac
	awk -v prefix="${want%"$flavour"}" -v flavour="$flavour" '{
		has = match($1, /-(rt|cloud)$/) ? substr($1, RSTART) : ""
		base = substr($1, 1, length($1) - length(has))
		next_char = substr(base, length(prefix) + 1, 1)
		if (has == flavour && index(base, prefix) == 1 && next_char !~ /[0-9]/)
			print
	}' "$KERNEL_LIST" | sort -r -V -k1,1
}

# fetch_kernel NAME PACKAGE... - complete or not there at all: unpacked beside its place, then renamed. Returns 1
# where the mirror does not have it.
fetch_kernel() {
	local name=$1 dir=$LAB_CACHE/kernel/$1 release=$1-amd64 new part
	shift
	[ -d "$dir" ] && return
	say "fetching kernel $name"
	mkdir -p "$LAB_CACHE/kernel"
	new=$(mktemp -d "$LAB_CACHE/kernel/new.XXXXXX")
	if ! apt_unpack "$new/deb" "$@"; then
		rm -rf "$new"
		return 1
	fi
	mkdir -p "$new/lib"
	for part in "$new"/deb/{usr/,}lib/modules; do
		[ ! -d "$part" ] || mv "$part" "$new/lib/"
	done
	for part in "$new/deb/boot/vmlinuz-$release" "$new/lib/modules/$release/vmlinuz"; do
		[ ! -f "$part" ] || mv "$part" "$new/vmlinuz"
	done
	# Newer ones have it there by themselves. It tells HZ.
	part=$new/deb/boot/config-$release
	[ ! -f "$part" ] || mv "$part" "$new/lib/modules/$release/config"
	[ -f "$new/vmlinuz" ] || die "$EXIT_LACKS" "kernel $name: no vmlinuz in its packages ($*)"
	rm -rf "$new/deb"
	depmod -b "$new" "$release" > "$LAB_CACHE/depmod.log" 2>&1 ||
		die "$EXIT_LACKS" "kernel $name: depmod: $(tail -n 1 "$LAB_CACHE/depmod.log")"
	chmod 755 "$new"
	mv "$new" "$dir" || die "$EXIT_LACKS" "kernel $name: cannot be kept in $LAB_CACHE (above: why)"
}

# find_kernel PREFIX - sets FOUND to the newest such kernel's folder, fetched if need be. A mirror may list a version
# that it no longer has (seen with bullseye-security): then the next one is taken, and for the day that one is
# off the list.
find_kernel() {
	local tries=0 name packages
	while read -r name packages; do
		# shellcheck disable=SC2086 # one word per package
		if fetch_kernel "$name" $packages; then
			FOUND=$LAB_CACHE/kernel/$name
			return
		fi
		say "the mirror does not have kernel $name: trying an older one"
		grep -v "^$name " "$KERNEL_LIST" > "$KERNEL_LIST.new" || true # it was the only one
		mv "$KERNEL_LIST.new" "$KERNEL_LIST"
		tries=$((tries + 1))
		[ $tries -lt 4 ] || break
	done < <(match_kernels "$1")
	[ $tries -eq 0 ] || die "$EXIT_LACKS" "--kernel $1: cannot be fetched (log: $APT_ROOT/download.log)"
	die "$EXIT_USAGE" "--kernel $1: Debian packages no such kernel; --list shows them"
}

# bzimage_release FILE - the release that a bzImage says it is (Documentation/arch/x86/boot.rst: at 0x20e a
# 16-bit offset to a string, counted from 0x200; "HdrS" at 0x202)
bzimage_release() {
	local offset
	[ "$(stat -L -c %s "$1")" -gt 1024 ] || return 1
	[ "$(dd if="$1" bs=1 skip=514 count=4 status=none | tr -d '\0')" = HdrS ] || return 1
	offset=$(od -An -tu2 -j526 -N2 "$1")
	dd if="$1" bs=1 skip=$((offset + 512)) count=128 status=none | tr '\0' '\n' | head -n 1 | cut -d' ' -f1
}

# resolve_kernel K MODULES - sets KERNEL (image), KERNEL_RELEASE and KERNEL_MODULES (the folder that holds
# lib/modules, or empty for a kernel with everything built in)
resolve_kernel() {
	if [ -f "$1" ]; then
		KERNEL=$(realpath "$1")
		KERNEL_RELEASE=$(bzimage_release "$KERNEL") || die "$EXIT_USAGE" "--kernel $1: not a bzImage"
		KERNEL_MODULES=$2
	else
		find_kernel "$1"
		KERNEL=$FOUND/vmlinuz
		KERNEL_RELEASE=${FOUND##*/}-amd64
		KERNEL_MODULES=$FOUND
	fi
	[ -z "$KERNEL_MODULES" ] || [ -d "$KERNEL_MODULES/lib/modules/$KERNEL_RELEASE" ] ||
		die "$EXIT_USAGE" "--modules $KERNEL_MODULES: no lib/modules/$KERNEL_RELEASE in it: make modules_install INSTALL_MOD_PATH=$KERNEL_MODULES"
}
