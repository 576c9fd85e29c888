# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# What every part of the lab needs: messages, the cache, its lock, the packages of this machine.

# Exit statuses: 2 wrong usage, 3 this machine lacks something, 125 the host failed; anything else is COMMAND's.
EXIT_USAGE=2
EXIT_LACKS=3
EXIT_HOST=125

LAB_CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/kvmq/lab

say() { printf 'lab: %s\n' "$*" >&2; }

die() {
	local status=$1
	shift
	say "$*"
	exit "$status"
}

# One dpkg-query for all (20 ms); it prints a line for each installed package and fails for the others.
need_packages() {
	local package installed
	command -v dpkg-query > /dev/null || die "$EXIT_LACKS" "this machine is no Debian: the lab needs apt and dpkg"
	# It complains of each package that it does not know: those are named below.
	# shellcheck disable=SC2046 # one word per package
	installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $(cat "$LAB_D/packages") 2> /dev/null || true)
	while read -r package; do
		grep -qx "installed $package" <<< "$installed" ||
			die "$EXIT_LACKS" "package $package is missing: apt-get install $package"
	done < "$LAB_D/packages"
}

# Two labs may start at once: whoever changes the cache holds this lock. A boot holds it no longer.
lock_cache() {
	mkdir -p "$LAB_CACHE" || die "$EXIT_LACKS" "cannot write the cache $LAB_CACHE: set XDG_CACHE_HOME"
	exec 9> "$LAB_CACHE/lock"
	if ! flock -n 9; then
		say "waiting for another lab that is filling the cache"
		flock 9
	fi
	trap clean_cache EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
	clean_cache
}

FETCHING=

# clean_cache - removes what was being fetched or made: by a lab that failed, or by this one
clean_cache() {
	[ -z "$FETCHING" ] || kill "$FETCHING" 2> /dev/null || true # it may have ended by itself
	rm -rf "$LAB_CACHE"/{kernel,guest}/new.* "$LAB_CACHE"/{bin,guest}/*.new "$LAB_CACHE"/qemu.* "$LAB_CACHE"/apt/debs.*
}

unlock_cache() {
	clean_cache
	trap - EXIT INT TERM HUP
	exec 9>&-
}

# content_key FILE... - a name that changes when any of the files does
content_key() { cat "$@" | sha256sum | cut -c1-16; }
