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
if ! until_it "$pid_daemon" grep -qs 'has started' "$scratch/kvmqd"; then
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
# What is mapped of the tables that it shares with its hooks is what is used of them: of the slots of
# threads, records of exits and flows hardly any, however many places the tables have.
tests/cli/scrape "$socket" > "$scratch/out"
vcpus=$(awk '/^kvmq_vm_vcpus/ { sum += $NF } END { print sum + 0 }' "$scratch/out")
tables=$(awk '/^[0-9a-f]+-[0-9a-f]+ / { wanted = /bpf-map/ } wanted && $1 == "Rss:" { sum += $2 }
	END { print sum + 0 }' "/proc/$pid_daemon/smaps")
if ((!tables || tables > 1800 + 16 * vcpus)); then
	bad "metrics: memory for tables" "$tables KiB beside $vcpus vCPUs"
else
	ok "metrics: $tables KiB of tables beside $vcpus vCPUs"
fi
# by the rules' own thresholds: there is no recording, whose incidents need them, too
if tests/cli/scrape "$socket" > "$scratch/out" &&
	grep -qx "kvmq_vm_verdict{domain=\"$name-b\",rule=\"cpu-own\"} 0" "$scratch/out"; then
	ok "metrics: a VM that hardly does anything is not said to be slow"
else
	bad "metrics: a VM that hardly does anything" "$(grep "^kvmq_vm_verdict.*$name-b.*cpu-own" "$scratch/out")"
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
# end_daemon: sets status
end_daemon() {
	kill "$pid_daemon"
	ended "$pid_daemon"
}
end_daemon
if ((status)) || grep -q refused "$scratch/kvmqd"; then
	bad "metrics: kvmqd ends" "exit status $status: $(tail -2 "$scratch/kvmqd" | tr '\n' '|')"
else
	ok "metrics: kvmqd ends"
fi

# Who asks all the time gets a quarter of the budget at most, and no more of what was not used than
# that of 10 s: by what the daemon was given of the CPUs, however busy these are.
budget_pct=1
rm "$scratch/kvmqd" # of the one before, which has started, too
"$build/kvmqd" -c /dev/null --socket off --recording off --listen "unix:$socket" --interval 10min \
	--exits off --numa off --block off --budget "$budget_pct%" > "$scratch/kvmqd" 2>&1 < /dev/null &
pid_daemon=$!
started+=("$pid_daemon")
own_us() { cat "/proc/$pid_daemon/task/"*/schedstat | awk '{ sum += $1 } END { printf "%d", sum / 1e3 }'; }
if until_it "$pid_daemon" grep -qs 'has started' "$scratch/kvmqd"; then
	tests/cli/scrape "$socket" > "$scratch/out" # its text is made once
	begin=${EPOCHREALTIME/./} before=$(own_us)
	tests/cli/flood "$socket" rush 4 > "$scratch/out" 2> "$scratch/err"
	took=$((${EPOCHREALTIME/./} - begin)) spent=$(($(own_us) - before))
	# beside it, each second, what the hooks cost; and one answer may be too much
	limit=$(((took + 10000000) * budget_pct / 100 / 4 + took / 500 + 15000))
	if ! grep -qx '200:[0-9]*' "$scratch/out"; then
		bad "metrics: beside a rush" "answers: $(cat "$scratch/out") $(tail -1 "$scratch/err")"
	elif ((spent > limit)); then
		bad "metrics: a rush takes its share" "$spent us of $took, and not $limit"
	else
		ok "metrics: a rush takes its share: $spent us of $took, $(cat "$scratch/out")"
	fi
	end_daemon
else
	bad "metrics: beside a rush" "$(head -1 "$scratch/kvmqd")"
fi
