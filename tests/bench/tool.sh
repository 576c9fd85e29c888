# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the files share their variables
# What kvmq-cpu itself takes: to start, and then each second.

interval=0.01

# From exec to the first line, less the interval that it is about, in ms.
first_data()
{
	local begin end line

	begin=$EPOCHREALTIME
	exec {first}< <(exec "$build/kvmq-cpu" "$@" 2>/dev/null)
	read -r line <&"$first"
	end=$EPOCHREALTIME
	wait $!
	exec {first}<&-
	[[ -n $line ]] || return 1
	calc "(${end/./} - ${begin/./}) / 1000 - $interval * 1000" "%g\n"
}

# start_up OPTION...: the median of several, in ms
start_up()
{
	for _ in {1..7}; do first_data "$@" "$interval" 1; done | median
}

# start_up_judged FIGURE OPTION...
start_up_judged()
{
	local figure=$1 ms

	shift
	ms=$(start_up "$@")
	judge "$figure" "$(number '%.0f ms' "$ms")" "$ms" 500 "<= 500 ms"
}

# cpu_ms COMMAND...
cpu_ms()
{
	"$build/bench/measure" -- "$@" | awk '{ printf "%.0f", $2 / 1e6 }'
}

start_up_times()
{
	section "from start to first data, medians of 7"
	start_up_judged "no VM"
	row "no VM: CPU time" "$(cpu_ms "$build/kvmq-cpu" "$interval" 1) ms"
	if ! start_vmm --vms 8 --vcpus 8 --mode halt --wait 100000 --burn 10; then
		unmeasured "64 vCPUs" "${missing[vmm]}"
		return
	fi
	start_up_judged "64 vCPUs"
	start_up_judged "64 vCPUs, --json --hist" --json --hist
	start_up_judged "64 vCPUs, --events=0" --events=0
	stop "$started"
	# It gets its turns like everybody else there.
	start_vmm --vms "$(nproc)" --vcpus 2 || return
	row "2 busy vCPUs a CPU" "$(number '%.0f ms' "$(start_up)")"
	stop "$started"
}

# ns on a CPU so far, all threads
cpu_ns()
{
	cat "/proc/$1/task/"*/schedstat | awk '{ sum += $1 } END { printf "%d", sum }'
}

memory_kib()
{
	awk -v key="$2:" '$1 == key { print $2 }' "/proc/$1/status"
}

# judge_taken FIGURE PID PERCENT MIB: of one CPU, and resident at most, over 12 s
judge_taken()
{
	local figure=$1 pid=$2 begin before percent rss peak

	sleep 3
	begin=${EPOCHREALTIME/./}
	before=$(cpu_ns "$pid")
	sleep 12
	percent=$(calc "($(cpu_ns "$pid") - $before) / (${EPOCHREALTIME/./} - $begin) / 10" %.3f)
	rss=$(calc "$(memory_kib "$pid" VmRSS) / 1024" %.1f)
	peak=$(calc "$(memory_kib "$pid" VmHWM) / 1024" %.1f)
	judge "$figure: CPU" "$percent % of one" "$percent" "$3" "<= $3 %"
	judge "$figure: resident" "$rss MiB, $peak at most" "$peak" "$4" "<= $4 MiB"
}

# take_top FIGURE VMS VCPUS: kvmq-top's screen of CPUs, on a terminal of its own
take_top()
{
	local figure=$1 vmm_pid pid

	stop_all
	if ! start_vmm --vms "$2" --vcpus "$3" --mode halt --wait 100000 --burn 10; then
		unmeasured "$figure" "${missing[vmm]}"
		return
	fi
	vmm_pid=$started
	start top env TERM=xterm XDG_CONFIG_HOME="$scratch" \
		script -qc "exec taskset -c $tool_cpus $build/kvmq-top 1" /dev/null
	wait_until 20 top_has_begun "$started"
	pid=$(pgrep -P "$started" -x kvmq-top)
	if [[ $pid ]]; then
		judge_taken "$figure" "$pid" 0.5 40
		kill "$pid"
	else
		unmeasured "$figure" "kvmq-top did not start"
	fi
	stop "$started" "$vmm_pid"
}

# top_has_begun PID: the child of that one has made its timer
top_has_begun()
{
	local pid

	ended "$1" && return
	pid=$(pgrep -P "$1" -x kvmq-top) && has_files "$pid" '*timerfd*' 1
}

# take FIGURE VMS VCPUS
take()
{
	local figure=$1 vmm_pid line

	stop_all
	if ! start_vmm --vms "$2" --vcpus "$3" --mode halt --wait 100000 --burn 10; then
		unmeasured "$figure" "${missing[vmm]}"
		return
	fi
	vmm_pid=$started
	if ! start_kvmq; then
		unmeasured "$figure" "${missing[kvmq]}"
		return
	fi
	judge_taken "$figure" "$started" 0.3 32
	stop "$started" "$vmm_pid"
	line=$(grep '^cost:' "$scratch/kvmq.out" | tail -2 | head -1)
	row "$figure: its own word" "${line#cost: }"
	line=$(grep '^losses:' "$scratch/kvmq.out" | tail -1)
	[[ ! $line ]] || row "$figure: losses" "${line#losses: }"
}

tool_takes()
{
	section "what kvmq-cpu takes at intervals of 1 s, over 12 s"
	take "64 vCPUs" 8 8
	take "1,000 vCPUs" 50 20
	section "what kvmq-top takes, screen c"
	take_top "64 vCPUs" 8 8
	take_top "1,000 vCPUs" 50 20
}
