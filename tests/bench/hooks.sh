# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the files share their variables
# ns per run of each hook, by the kernel's statistics, all programs side by side
# on the same hook. Who comes first finds the caches cold, so the order changes.
# Lines of a data file: ROUND TOOL PROGRAM RUNS NS; the kernel keeps 15 letters
# of a program's name.

orders=(
	"empty kvmq runqlat" "runqlat kvmq empty" "kvmq runqlat empty"
	"empty runqlat kvmq" "kvmq empty runqlat" "runqlat empty kvmq"
)

# start_tools ORDER: leaves TOOL=PID of each in $labels.
start_tools()
{
	local tool

	labels=() tool_pids=()
	for tool in $1; do
		[[ -v missing[$tool] ]] && continue
		"start_$tool" 0.5 || continue
		labels+=("$tool=$started")
		tool_pids+=("$started")
	done
	[[ ! -v missing[empty] ]] || die "empty program: ${missing[empty]}"
	[[ ! -v missing[kvmq] ]] || die "kvmq-cpu: ${missing[kvmq]}"
}

# measure_round FILE ROUND COMMAND...
measure_round()
{
	local file=$1 round=$2

	shift 2
	"$build/bench/measure" "${labels[@]}" -- "$@" | sed "s/^/$round /" >>"$scratch/$file"
}

# median_ns FILE TOOL PROGRAM
median_ns()
{
	awk -v tool="$2" -v program="$3" \
		'$2 == tool && $3 == program && $4 { print $5 / $4 }' "$scratch/$1" | median
}

# median_ratio FILE TOOL PROGRAM TOOL PROGRAM: of one to the other in one round
median_ratio()
{
	awk -v tool="$2" -v program="$3" -v base_tool="$4" -v base_program="$5" '
		!$4 { next }
		$2 == tool && $3 == program { ns[$1] = $5 / $4 }
		$2 == base_tool && $3 == base_program { base[$1] = $5 / $4 }
		END { for (i in ns) if (base[i]) print ns[i] / base[i] }' "$scratch/$1" | median
}

# hook_rows FILE HOOK EMPTY LIMIT NAME: the empty program's row and kvmq-cpu's
hook_rows()
{
	local ratio ns

	ratio=$(median_ratio "$1" kvmq "$2" empty "$3")
	row "$5: empty program" "$(printf '%.0f ns' "$(median_ns "$1" empty "$3")")"
	ns=$(printf '%.0f ns, %.2f x empty' "$(median_ns "$1" kvmq "$2")" "$ratio")
	if [[ -n $4 ]]; then
		judge "$5: kvmq-cpu" "$ns" "$ratio" "$4" "<= $4 x empty"
	else
		row "$5: kvmq-cpu" "$ns"
	fi
}

# A task in no VM: all but a handful of the switches are the benchmark's.
hooks_without_vm()
{
	local round ratio ns wakeup

	section "ns per run, task in no VM ($1 rounds of perf bench sched pipe)"
	for ((round = 0; round < $1; round++)); do
		start_tools "${orders[round % ${#orders[@]}]}"
		measure_round idle "$round" taskset -c "$cpu" perf bench sched pipe -l 60000
		measure_round exits "$round" taskset -c "$cpu" bash -c \
			'for i in {1..500}; do (:); done'
		stop "${tool_pids[@]}"
	done
	hook_rows idle sched_switch empty_switch 1.15 sched_switch
	if [[ -v missing[runqlat] ]]; then
		unmeasured "sched_switch: runqlat" "${missing[runqlat]}"
	else
		ratio=$(median_ratio idle kvmq sched_switch runqlat sched_switch)
		ns=$(median_ns idle runqlat sched_switch)
		row "sched_switch: runqlat" "$(printf '%.0f ns' "$ns")"
		judge "sched_switch: kvmq-cpu to runqlat" "$(printf '%.2f x runqlat' "$ratio")" \
			"$ratio" 0.2 "<= 1/5 of runqlat"
		wakeup=$(median_ns idle runqlat sched_wakeup)
		row "sched_wakeup: runqlat" "$(printf '%.0f ns; kvmq-cpu has none' "$wakeup")"
	fi
	hook_rows exits sched_process_e empty_exit "" sched_process_exit
}

# vm_share: of the switches, in kvmq-cpu's last interval
vm_share()
{
	tail -1 "$scratch/kvmq.out" | sed -n \
		's/.*"vm_switches":\([0-9]*\),"other_switches":\([0-9]*\).*/\1 \2/p' |
		awk '$1 + $2 { print $1 / ($1 + $2) }'
}

# of_vcpu TOOL PROGRAM: ns per vCPU switch in each round. Other switches happen
# meanwhile; they are taken out at what they cost before the VM was there.
of_vcpu()
{
	awk -v tool="$1" -v program="$2" '
		FILENAME ~ /share$/ { share[$1] = $2; next }
		$2 != tool || $3 != program || !$4 { next }
		FILENAME ~ /other$/ { other[$1] = $5 / $4; next }
		share[$1] { print $1, ($5 / $4 - (1 - share[$1]) * other[$1]) / share[$1] }' \
		"$scratch/share" "$scratch/other" "$scratch/vcpu"
}

# of_vcpus TOOL PROGRAM: the median
of_vcpus()
{
	of_vcpu "$1" "$2" | awk '{ print $2 }' | median
}

hooks_with_vm()
{
	local round ratio pid

	section "ns per run, vCPU ($1 rounds of 8 vCPUs that halt, on one CPU)"
	for ((round = 0; round < $1; round++)); do
		kvmq_options=-j start_tools "${orders[round % ${#orders[@]}]}"
		measure_round other "$round" sleep 0.7
		if ! start_vmm --vcpus 8 --pin "$cpu" --mode halt --wait 1000 --burn 0; then
			stop "${tool_pids[@]}"
			unmeasured "sched_switch: kvmq-cpu" "${missing[vmm]}"
			return
		fi
		pid=$started
		sleep 0.1
		measure_round vcpu "$round" sleep 1.2
		echo "$round $(vm_share)" >>"$scratch/share"
		stop "$pid"
		measure_round vcpu_exits "$round" \
			"$build/vmm" --spawn 4 --parallel 2 --vcpus 32 --lifetime 0.02 --wait 100000 --mode halt
		stop "${tool_pids[@]}"
	done
	row "share of vCPU switches" "$(awk '{ print $2 * 100 }' "$scratch/share" | median |
		awk '{ printf "%.0f %%; the others are taken out", $1 }')"
	ratio=$(join <(of_vcpu kvmq sched_switch | sort) <(of_vcpu empty empty_switch | sort) |
		awk '{ print $2 / $3 }' | median)
	row "sched_switch: empty program" "$(printf '%.0f ns' "$(of_vcpus empty empty_switch)")"
	judge "sched_switch: kvmq-cpu" \
		"$(printf '%.0f ns, %.2f x empty' "$(of_vcpus kvmq sched_switch)" "$ratio")" \
		"$ratio" 3 "<= 3 x empty"
	[[ -v missing[runqlat] ]] ||
		row "sched_switch: runqlat" "$(printf '%.0f ns' "$(of_vcpus runqlat sched_switch)")"
	hook_rows vcpu_exits sched_process_e empty_exit "" sched_process_exit
}
