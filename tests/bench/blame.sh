# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the files share their variables
# What --blame costs, against kvmq-cpu without: both at the same time, on the same
# switches. Beside a switch, all that is done: it looks at wake-ups and moves, too.

# Runs like start_kvmq, with --blame.
start_blame()
{
	start blame taskset -c "$tool_cpus" "$build/kvmq-cpu" --blame "${1:-1}"
	wait_for blame '*timerfd*' 1
}

# blame_rounds FILE COUNT VMM-OPTIONS COMMAND...: with COMMAND; no options: no VM
blame_rounds()
{
	local file=$1 count=$2 options=$3 round pid=""
	local orders=("kvmq blame" "blame kvmq")

	shift 3
	[[ -z $options || ! -v missing[vmm] ]] || return
	for ((round = 0; round < count; round++)); do
		start_tools "${orders[round % 2]}" || return
		if [[ $options ]]; then
			# shellcheck disable=SC2086 # words
			start_vmm $options || return
			pid=$started
			sleep 0.1
		fi
		measure_round "$file" "$round" "$@"
		[[ ! $pid ]] || stop "$pid"
		stop "${tool_pids[@]}"
	done
}

# ns_of FILE TOOL [PROGRAM]: ROUND NS of all its programs, or of those whose name begins so
ns_of()
{
	[[ -f $scratch/$1 ]] || return
	awk -v tool="$2" -v program="$3" '
		$2 == tool && index($3, program) == 1 { ns[$1] += $5 }
		END { for (i in ns) print i, ns[i] }' "$scratch/$1"
}

# against_plain FILE [PROGRAM]
against_plain()
{
	ns_of "$1" kvmq "${2:-}" >"$scratch/plain"
	ns_of "$1" blame "${2:-}" >"$scratch/ours"
	ratio_of "$scratch/ours" "$scratch/plain" | pair_median
}

# blame_row FIGURE FILE LIMIT TOOL...: which cannot be had without these
blame_row()
{
	local ratio

	ratio=$(against_plain "$2" sched_switch)
	if [[ -z $ratio ]]; then
		unmeasured "$1" "$(why_not "${@:4}")"
		return
	fi
	judge "$1" "$(number '%.2f x without' "$ratio")" "$ratio" "$3" "<= $3 x without"
	row "$1: all programs" "$(number '%.2f x without' "$(against_plain "$2")")"
}

blame_costs()
{
	local tools=(kvmq blame)

	section "kvmq-cpu --blame at a switch, against kvmq-cpu, $1 rounds"
	[[ -v missing[perf] ]] ||
		blame_rounds blame.none "$1" "" taskset -c "$cpu" perf bench sched pipe -l 60000
	blame_row "no VM, sched pipe" blame.none 1.15 perf "${tools[@]}"
	blame_rounds blame.halt "$1" \
		"--vcpus 16 --pin $vcpu_cpus --burn 0 --mode halt --wait 1000" sleep 1.2
	blame_row "halting vCPUs, 8 a CPU" blame.halt 2 vmm "${tools[@]}"
	blame_rounds blame.busy "$1" "--vms 2 --vcpus 2 --pin $vcpu_cpus --mode busy" sleep 1.5
	blame_row "busy vCPUs, one waits for each CPU" blame.busy 2 vmm "${tools[@]}"
}
