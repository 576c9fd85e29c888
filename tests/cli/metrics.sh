# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # vms.sh sets what is not set here
# kvmqd's /metrics beside real VMs: what it counts lies between two readings of the kernel's books,
# a VM that goes takes its series with it, and nothing is refused to it.

# shellcheck source=tests/cli/vms.sh
. tests/cli/vms.sh
start_vms metrics || return 0
socket=$scratch/metrics.sock
mkdir "$scratch/textfile"
"$build/kvmqd" -c /dev/null --socket off --recording off --listen "unix:$socket" --interval 100ms \
	--budget 100% --textfile "$scratch/textfile" --vcpu-histograms on \
	> "$scratch/kvmqd" 2>&1 < /dev/null &
pid_daemon=$!
started+=("$pid_daemon")
if ! until_it "$pid_daemon" grep -q 'has started' "$scratch/kvmqd"; then
	bad metrics "$(head -1 "$scratch/kvmqd")"
	return
fi
until_it "$pid_daemon" test -s "$scratch/textfile/kvmq.prom" && ok "metrics: a text for node_exporter" ||
	bad "metrics: a text for node_exporter" "none: $(cat "$scratch/kvmqd")"
if python3 tests/cli/scrape "$socket" "$name-a" "$pid_a" "$tids_a" > "$scratch/out" 2> "$scratch/err"; then
	grep '^ok' "$scratch/out"
else
	bad "metrics: between two readings of schedstat" "$(grep -v '^ok' "$scratch/out" | head -3 | tr '\n' '|')"
fi
# the VM goes, and its series a few moments later
kill "$pid_a"
gone() { ! tests/cli/scrape "$socket" 2> /dev/null | grep -q "domain=\"$name-a\""; }
until_it "$pid_daemon" gone && ok "metrics: a VM takes its series with it" ||
	bad "metrics: a VM takes its series with it" "they are still there"
tests/cli/scrape "$socket" | grep -q "domain=\"$name-b\"" || bad "metrics: the other VM" "it has none"
if [[ $(command -v promtool) ]]; then
	tests/cli/scrape "$socket" | promtool check metrics > "$scratch/out" 2>&1 &&
		ok "metrics: promtool finds nothing" || bad "metrics: promtool" "$(head -3 "$scratch/out")"
fi
kill "$pid_daemon"
ended "$pid_daemon"
if ((status)) || grep -q refused "$scratch/kvmqd"; then
	bad "metrics: kvmqd ends" "exit status $status: $(tail -2 "$scratch/kvmqd" | tr '\n' '|')"
else
	ok "metrics: kvmqd ends"
fi
