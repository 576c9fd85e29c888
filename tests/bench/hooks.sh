# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the files share their variables
# ns per run of each hook, by the kernel's statistics, of programs side by side on
# it. Who comes first finds the caches cold, so each order has its round, and a
# result is the mean of two. Lines of a data file: ROUND TOOL PROGRAM RUNS NS; the
# kernel keeps 15 letters of a program's name.

pairs=("empty kvmq" "kvmq empty")
triples=("empty kvmq runqlat" "runqlat kvmq empty" "kvmq runqlat empty" "empty runqlat kvmq")

# start_tools ORDER: leaves TOOL=PID of each in $labels. Only runqlat may be missing.
start_tools()
{
	local tool

	labels=() tool_pids=()
	stop_all
	for tool in $1; do
		if [[ ! -v missing[$tool] ]] && "start_$tool" 0.5; then
			labels+=("$tool=$started")
			tool_pids+=("$started")
		elif [[ $tool != runqlat ]]; then
			return 1
		fi
	done
}

# measure_round FILE ROUND COMMAND...
measure_round()
{
	local file=$1 round=$2

	shift 2
	"$build/bench/measure" "${labels[@]}" -- "$@" >"$scratch/round" || die "$1 did not run"
	sed "s/^/$round /" "$scratch/round" >>"$scratch/$file"
}

# Lines ROUND VALUE: the median of the geometric means of rounds 0 and 1, 2 and 3 ...
pair_median()
{
	awk '{ value[$1] = $2 }
		END { for (i in value) if (i % 2 == 0 && value[i] * value[i + 1] > 0)
			print sqrt(value[i] * value[i + 1]) }' | median
}

# run_ns FILE TOOL PROGRAM: ROUND NS for each
run_ns()
{
	[[ -f $scratch/$1 ]] || return
	awk -v tool="$2" -v program="$3" \
		'$2 == tool && $3 == program && $4 { print $1, $5 / $4 }' "$scratch/$1"
}

# ratio_of FILE FILE, both ROUND VALUE: ROUND RATIO
ratio_of()
{
	awk 'NR == FNR { first[$1] = $2; next } $1 in first { print $1, first[$1] / $2 }' "$1" "$2"
}

# position_ratios OURS EMPTY ROUND: files of ROUND NS. Ours to the empty program in the same
# place: ours of rounds like ROUND (0 or 1), the empty one's of those with the other order.
position_ratios()
{
	awk -v ours="$3" 'NR == FNR { first[$1] = $2; next } { second[$1] = $2 }
		END { for (i in first) if (i % 2 == ours) {
			other = ours ? i - 1 : i + 1
			if (second[other] > 0)
				print first[i] / second[other] } }' "$1" "$2"
}

# in_rounds FILE ROUND: the values of rounds like ROUND
in_rounds()
{
	awk -v round="$2" '$1 % 2 == round { print $2 }' "$1"
}

# start_pair ROUND EMPTY TOOL: in the round's order; leaves $labels and $tool_pids.
start_pair()
{
	local tool orders=("$2 $3" "$3 $2")

	labels=() tool_pids=()
	stop_all
	for tool in ${orders[$1 % 2]}; do
		"start_$tool" || return
		labels+=("${tool%_*}=$started")
		tool_pids+=("$started")
	done
}

# pair_row FIGURE FILE TOOL EMPTY OURS WHY [LIMIT]: two programs of a pair; or why there are
# no runs of one
pair_row()
{
	local no_data=$6 needs=(vmm empty "$3")

	run_ns "$2" empty "$4" >"$scratch/empty"
	run_ns "$2" "$3" "$5" >"$scratch/ours"
	hook_rows "$1" "kvmq-$3" "$scratch/empty" "$scratch/ours" "${@:7}"
}

# hook_rows FIGURE TOOL EMPTY OURS [LIMIT]: two files of ROUND NS. $needs: whose fault it is
# if there is nothing to be compared.
hook_rows()
{
	local ratio value

	ratio=$(ratio_of "$4" "$3" | pair_median)
	if [[ -z $ratio ]]; then
		unmeasured "$1: $2" "$(why_not "${needs[@]}")"
		return
	fi
	row "$1: empty program" "$(number '%.0f ns' "$(pair_median <"$3")")"
	value=$(number '%.0f ns, %.2f x empty' "$(pair_median <"$4")" "$ratio")
	if [[ -n ${5:-} ]]; then
		judge "$1: $2" "$value" "$ratio" "$5" "<= $5 x empty"
	else
		row "$1: $2" "$value"
	fi
}

# order_rows FIGURE EMPTY OURS [LIMIT]: who comes first at a hook finds caches and TLB cold for
# what all have in common, so each place is compared with the empty program in the same place
order_rows()
{
	local place round ratio value places=(second first)

	for round in 1 0; do
		place=${places[round]}
		ratio=$(position_ratios "$3" "$2" $round | median)
		if [[ -z $ratio ]]; then
			unmeasured "$1, $place" "$(why_not "${needs[@]}")"
			continue
		fi
		value=$(number '%.0f ns, %.2f x empty, %.0f ns' \
			"$(in_rounds "$3" $round | median)" "$ratio" \
			"$(in_rounds "$2" $((1 - round)) | median)")
		if [[ -n ${4:-} ]]; then
			judge "$1, $place" "$value" "$ratio" "$4" "<= $4 x empty"
		else
			row "$1, $place" "$value"
		fi
	done
}

# exit_rows FILE: sched_process_exit has no target
exit_rows()
{
	run_ns "$1" empty empty_exit >"$scratch/empty"
	run_ns "$1" kvmq sched_process_e >"$scratch/ours"
	hook_rows sched_process_exit kvmq-cpu "$scratch/empty" "$scratch/ours"
}

# idle_rounds FILE COUNT ORDER...: all but a few switches are the benchmark's. FILE.cold: of
# tasks that touch more pages between two switches than a TLB holds.
idle_rounds()
{
	local file=$1 count=$2 round

	shift 2
	[[ ! -v missing[perf] ]] || return
	for ((round = 0; round < count; round++)); do
		start_tools "${@:round % $# + 1:1}" || return
		measure_round "$file" "$round" taskset -c "$cpu" perf bench sched pipe -l 60000
		measure_round "$file.cold" "$round" taskset -c "$cpu" "$build/bench/cold" 3000 4000
		measure_round "$file.exits" "$round" taskset -c "$cpu" bash -c \
			'for i in {1..500}; do (:); done'
		stop "${tool_pids[@]}"
	done
}

# Rounds that runqlat is in: it would spoil the caches for the others.
runqlat_rows()
{
	local ns wakeup ratio needs=(perf empty kvmq runqlat)

	[[ -v missing[runqlat] ]] || idle_rounds idle.all "$1" "${triples[@]}"
	run_ns idle.all runqlat sched_switch >"$scratch/runqlat"
	run_ns idle.all kvmq sched_switch >"$scratch/ours"
	ratio=$(ratio_of "$scratch/ours" "$scratch/runqlat" | pair_median)
	if [[ -z $ratio ]]; then
		unmeasured "sched_switch: kvmq-cpu to runqlat" "$(why_not "${needs[@]}")"
		return
	fi
	ns=$(pair_median <"$scratch/runqlat")
	wakeup=$(run_ns idle.all runqlat sched_wakeup | pair_median)
	row "sched_switch: runqlat" "$(number '%.0f ns, and %.0f in sched_wakeup' "$ns" "$wakeup")"
	judge "sched_switch: kvmq-cpu" "$(number '%.2f x runqlat' "$ratio")" \
		"$ratio" 0.2 "<= 1/5 of runqlat"
}

hooks_without_vm()
{
	local needs=(perf empty kvmq) file

	section "ns per run, task in no VM: perf bench sched pipe, $1 rounds"
	idle_rounds idle "$1" "${pairs[@]}"
	for file in idle idle.cold; do
		run_ns $file empty empty_switch >"$scratch/empty.$file"
		run_ns $file kvmq sched_switch >"$scratch/ours.$file"
	done
	hook_rows sched_switch kvmq-cpu "$scratch/empty.idle" "$scratch/ours.idle" 1.15
	order_rows "sched_switch: kvmq-cpu" "$scratch/empty.idle" "$scratch/ours.idle" 1.15
	order_rows "TLB cold: kvmq-cpu" "$scratch/empty.idle.cold" "$scratch/ours.idle.cold"
	runqlat_rows 4
	exit_rows idle.exits
}

# vm_share: of the switches, in kvmq-cpu's last interval
vm_share()
{
	tail -1 "$scratch/kvmq.out" | sed -n \
		's/.*"vm_switches":\([0-9]*\),"other_switches":\([0-9]*\).*/\1 \2/p' |
		awk '$1 + $2 { print $1 / ($1 + $2) }'
}

# vcpu_rounds FILE MODE COUNT ORDER...: what a switch costs without a VM is in
# FILE.other, with 8 vCPUs a CPU in FILE.
vcpu_rounds()
{
	local file=$1 mode=$2 count=$3 round pid

	shift 3
	for ((round = 0; round < count; round++)); do
		kvmq_options=-j start_tools "${@:round % $# + 1:1}" || return
		measure_round "$file.other" "$round" sleep 0.7
		# shellcheck disable=SC2086 # words
		start_vmm --vcpus 16 --pin "$vcpu_cpus" --burn 0 --mode $mode || return
		pid=$started
		sleep 0.1
		measure_round "$file" "$round" sleep 1.2
		echo "$round $(vm_share)" >>"$scratch/$file.share"
		stop "$pid"
		measure_round "$file.exits" "$round" "$build/vmm" --spawn 4 --parallel 2 \
			--vcpus 32 --lifetime 0.02 --wait 100000 --mode halt
		stop "${tool_pids[@]}"
	done
}

# vcpu_ns FILE TOOL PROGRAM: ROUND NS per vCPU switch. Other switches happen
# meanwhile; they are taken out at what they cost before the VM was there.
vcpu_ns()
{
	[[ -f $scratch/$1.share ]] || return
	awk -v tool="$2" -v program="$3" '
		FILENAME ~ /share$/ { share[$1] = $2; next }
		$2 != tool || $3 != program || !$4 { next }
		FILENAME ~ /other$/ { other[$1] = $5 / $4; next }
		share[$1] > 0.2 { print $1, ($5 / $4 - (1 - share[$1]) * other[$1]) / share[$1] }' \
		"$scratch/$1.share" "$scratch/$1.other" "$scratch/$1"
}

# vcpu_rows FILE FIGURE MODE COUNT
vcpu_rows()
{
	local needs=(vmm empty kvmq)

	[[ -v missing[vmm] ]] || vcpu_rounds "$1" "$3" "$4" "${pairs[@]}"
	vcpu_ns "$1" empty empty_switch >"$scratch/empty"
	vcpu_ns "$1" kvmq sched_switch >"$scratch/ours"
	hook_rows "$2" kvmq-cpu "$scratch/empty" "$scratch/ours" 3
	[[ -s $scratch/ours ]] || return
	row "$2: share" "$(awk '{ print $2 * 100 }' "$scratch/$1.share" | median |
		awk '{ printf "%.0f %% of the switches; the others are taken out", $1 }')"
}

hooks_with_vm()
{
	section "ns per run, vCPU: 8 a CPU, $1 rounds"
	vcpu_rows vcpu "sched_switch, halt" "halt --wait 1000" "$1" || return
	vcpu_rows vmm "sched_switch, VMM sleeps" "pio --wait 50" "$1" || return
	if [[ -v missing[runqlat] ]]; then
		row "sched_switch, halt: runqlat" "n/a: ${missing[runqlat]}"
	else
		vcpu_rounds vcpu.all "halt --wait 1000" 2 "${triples[@]}"
		row "sched_switch, halt: runqlat" \
			"$(number '%.0f ns' "$(vcpu_ns vcpu.all runqlat sched_switch | pair_median)")"
	fi
	exit_rows vcpu.exits
}
