# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A private apt below the cache: other releases' packages can be fetched and unpacked while the machine's
# own apt configuration and package state stay as they are. The mirror is the one this machine uses.

APT_ROOT=$LAB_CACHE/apt
APT_SUITES="bullseye bookworm bookworm-backports trixie trixie-backports sid"
APT_SECURITY="bullseye-security bookworm-security trixie-security"

lab_apt() {
	local tool=$1
	shift
	APT_CONFIG=$APT_ROOT/apt.conf "$tool" -q=2 "$@"
}

# find_mirror PATTERN - the first of the machine's Debian mirrors with a release of that name. Origin is empty
# where the machine has fetched no lists yet (a fresh container), and then the release's name must do.
find_mirror() {
	# shellcheck disable=SC2016 # apt's fields, not the shell's
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) o=$(ORIGIN)' 'Created-By: Packages' |
		awk -v want="$1" '$2 ~ want && $3 ~ /^o=(Debian)?$/ { print $1; exit }'
}

find_keyring() {
	local file
	for file in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
		[ -r "$file" ] && echo "$file" && return
	done
	die "$EXIT_LACKS" "no Debian keyring: apt-get install debian-archive-keyring"
}

write_sources() {
	local keyring main security suite
	keyring=$(find_keyring)
	main=$(find_mirror '^(stable|oldstable|testing|sid|unstable|bullseye|bookworm|trixie|forky)$')
	security=$(find_mirror '-security$')
	[ -n "$main" ] || die "$EXIT_LACKS" "no Debian mirror in this machine's apt sources: add one"
	for suite in $APT_SUITES; do echo "deb [signed-by=$keyring] $main $suite main"; done
	[ -n "$security" ] || return 0
	for suite in $APT_SECURITY; do echo "deb [signed-by=$keyring] $security $suite main"; done
}

# Proxies and certificates come along from the machine's own configuration; its hooks (Update::Post-Invoke)
# do not. Lists are kept packed and no index of them is kept: 60 MB instead of 430. Check-Valid-Until is off because a mirror that lags by days still has every package it lists.
write_apt_conf() {
	apt-config dump | grep -E '^Acquire::(http|https)::' || true # a machine without any
	cat <<-EOC
		Dir::State "$APT_ROOT/state";
		Dir::State::status "$APT_ROOT/state/status";
		Dir::Cache "$APT_ROOT/cache";
		Dir::Etc "$APT_ROOT/etc";
		Dir::Etc::netrc "/etc/apt/auth.conf";
		Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
		APT::Architecture "amd64";
		APT::Sandbox::User "$(id -un)";
		Acquire::Languages "none";
		Acquire::PDiffs "false";
		Acquire::GzipIndexes "true";
		Dir::Cache::pkgcache "";
		Dir::Cache::srcpkgcache "";
		Acquire::Check-Valid-Until "false";
		Acquire::Retries "3";
	EOC
}

# apt_update - 5 s for nine suites; a suite that fails (a mirror without it) leaves the others usable
apt_update() {
	local log=$APT_ROOT/update.log
	mkdir -p "$APT_ROOT"/{state/lists/partial,cache/archives/partial,etc/apt.conf.d,etc/preferences.d}
	: > "$APT_ROOT/state/status"
	write_apt_conf > "$APT_ROOT/apt.conf"
	write_sources > "$APT_ROOT/etc/sources.list"
	say "reading the package lists of Debian's releases"
	lab_apt apt-get update > "$log" 2>&1 && return
	sed -n '/^[EW]:/s/^/lab: apt: /p' "$log" | head -n 3 >&2
	return 1
}

# apt_unpack DIR PACKAGE... - fetches and unpacks; nothing is installed. Returns 1 where the mirror does not have
# a package that it lists; any other failure ends the lab with apt's own words.
apt_unpack() {
	local dir=$1 log=$APT_ROOT/download.log debs deb
	shift
	debs=$(mktemp -d "$APT_ROOT/debs.XXXXXX")
	# In the background, for a signal to be heard at once
	(cd "$debs" && APT_CONFIG=$APT_ROOT/apt.conf exec apt-get -q=2 download "$@") > "$log" 2>&1 &
	FETCHING=$!
	if ! wait "$FETCHING"; then
		rm -rf "$debs"
		grep -qE ' 404  Not Found| 410  Gone|Unable to locate package|Can.t find a source' "$log" && return 1
		die "$EXIT_LACKS" "cannot fetch $1: $(grep -m 1 '^[EW]: ' "$log" || tail -n 1 "$log")"
	fi
	FETCHING=
	for deb in "$debs"/*.deb; do
		dpkg -x "$deb" "$dir" || die "$EXIT_LACKS" "cannot unpack ${deb##*/} into $dir (above: why)"
	done
	rm -rf "$debs"
}
