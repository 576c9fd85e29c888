# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the files share their variables
# What kvmq-numa costs: ns per run of its programs at hint faults, beside empty ones on
# the same hooks and in the same run (with two nodes and fentry: in the lab, where only
# the ratio says something: tools/lab -- tests/bench/run numa); and the time on a CPU to
# read where memory is.

RESIDENCY_GIB=8
LARGE_GIB=256 # what the period is promised for

start_empty_numa()
{
	start empty "$build/bench/empty" "$build/bench/empty_numa.bpf.o"
	wait_for empty '*bpf*link*' 3
}

# kvmq-numa makes its timer after everything else.
start_numa()
{
	start numa "$build/kvmq-numa" -j 1
	wait_for numa '*timerfd*' 1
}

# touch_memory: a process in no VM, which takes hint faults
touch_memory()
{
	python3 - <<-END
	import time
	memory, end = bytearray(64 << 20), time.monotonic() + 8
	while time.monotonic() < end:
	    for at in range(0, len(memory), 4096):
	        memory[at] = 1
	END
}

# numa_rounds COUNT: each order of attaching has its turn
numa_rounds()
{
	local round

	for ((round = 0; round < $1; round++)); do
		start_pair "$round" empty_numa numa || return
		measure_round numa.idle "$round" bash -c "$(declare -f touch_memory); touch_memory"
		start_vmm --vcpus 1 --mode touch --memory 64 --backing small || return
		tool_pids+=("$started")
		measure_round numa.vcpu "$round" sleep 8
		stop "${tool_pids[@]}"
	done
}

# numa_row FIGURE FILE EMPTY OURS [LIMIT]
numa_row()
{
	pair_row "$1" "$2" numa "$3" "$4" "no such fault: one node, or balancing is off" "${@:5}"
}

numa_hooks()
{
	section "ns per run at hint faults, $1 rounds"
	[[ -v missing[vmm] ]] || numa_rounds "$1"
	numa_row "hint fault, task in no VM" numa.idle empty_fault numa_fault 2
	numa_row "hint fault, vCPU" numa.vcpu empty_fault numa_fault
	numa_row "KVM's fault handler, entry" numa.vcpu empty_enter numa_kvm_enter
	numa_row "KVM's fault handler, return" numa.vcpu empty_leave numa_kvm_leave
}

# With a period of 1,000 times its cost, what a reading takes decides how old it gets.
residency_costs()
{
	local pages source ns

	section "Residency of $RESIDENCY_GIB GiB, and what that makes of $LARGE_GIB GiB"
	"$build/bench/residency" $RESIDENCY_GIB >"$scratch/residency" ||
		die "residency did not run"
	while read -r pages source ns; do
		if [[ $ns == n/a ]]; then
			row "$pages pages, $source" "n/a"
			continue
		fi
		row "$pages pages, $source" "$(calc "$ns / 1e6" '%.1f ms, each ')$(
			calc "$ns / 1e6 < 1 ? 1 : $ns / 1e6" '%.0f s')"
		[[ $source == sample ]] && continue # as long for any size
		row "  of $LARGE_GIB GiB" "$(
			calc "$ns * $LARGE_GIB / $RESIDENCY_GIB / 1e6" '%.0f ms, each ')$(
			calc "$ns * $LARGE_GIB / $RESIDENCY_GIB / 1e6" '%.0f s')"
	done <"$scratch/residency"
}

numa_costs()
{
	numa_hooks "$1"
	residency_costs
}
