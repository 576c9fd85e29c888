# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the files share their variables
# ns per run of the programs at entries and exits, beside empty ones on the same
# hooks and in the same run. Needs a KVM that traces them: natively, or in the lab
# (tools/lab --cpus 2 -- tests/bench/run exits), where only the ratio says something.

start_empty_kvm()
{
	start empty "$build/bench/empty" "$build/bench/empty_kvm.bpf.o"
	wait_for empty '*bpf*link*' 3
}

# kvmq-exit makes its timer after everything else.
start_exit()
{
	start exit "$build/kvmq-exit" -j 1
	wait_for exit '*timerfd*' 1
}

# exits_rounds COUNT: each order of attaching has its turn
exits_rounds()
{
	local round

	for ((round = 0; round < $1; round++)); do
		start_pair "$round" empty_kvm exit || return
		start_vmm --vcpus 1 --mode pio --burn 100 || return
		tool_pids+=("$started")
		sleep 0.5
		measure_round exits "$round" sleep 2
		stop "${tool_pids[@]}"
	done
}

# exits_row FIGURE EMPTY OURS [LIMIT]
exits_row()
{
	pair_row "$1" exits exit "$2" "$3" "this KVM does not trace it" "${@:4}"
}

exit_hooks()
{
	section "ns per run at entries and exits: port writes, $1 rounds"
	[[ -v missing[vmm] ]] || exits_rounds "$1"
	exits_row kvm_entry empty_entry kvm_entry 3
	exits_row kvm_exit empty_vm_exit kvm_exit 3
	exits_row kvm_userspace_exit empty_user_exit kvm_userspace_e
}
