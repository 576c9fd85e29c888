# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the files share their variables
# The slow-down of the scheduler's benchmarks, pinned to one CPU. What counts is
# CPU time, and the least of a few runs: others on the machine only add to it.
# Lines of the data file: ROUND TOOL BENCHMARK CPU_NS.

pipe_loops=30000
runs=3

bench_command()
{
	if [[ $1 == pipe ]]; then
		bench=(perf bench sched pipe -l "$pipe_loops")
	else
		bench=(perf bench sched messaging -g 2 -l 40)
	fi
}

# measure_tool ROUND TOOL
measure_tool()
{
	local pid="" name bench run

	stop_all
	if [[ -v missing[$2] ]]; then
		return
	fi
	if [[ $2 != none ]]; then
		"start_$2" || return
		pid=$started
	fi
	for name in pipe messaging; do
		bench_command "$name"
		for ((run = 0; run < runs; run++)); do
			"$build/bench/measure" -- taskset -c "$cpu" "${bench[@]}" ||
				die "${bench[*]} did not run"
		done | awk -v key="$1 $2 $name" '!least || $2 < least { least = $2 }
			END { print key, least }' >>"$scratch/sched"
	done
	[[ -z $pid ]] || stop "$pid"
	rm -f "$scratch/perf.data"
}

# slow_down TOOL BENCHMARK: to the empty program in the same round
slow_down()
{
	awk -v tool="$1" -v bench="$2" '
		$3 != bench { next }
		$2 == tool { ns[$1] = $4 }
		$2 == "empty" { base[$1] = $4 }
		END { for (i in ns) if (base[i]) print ns[i] / base[i] }' "$scratch/sched" | median
}

cpu_time()
{
	awk -v tool="$1" -v bench="$2" '$2 == tool && $3 == bench { print $4 }' "$scratch/sched" |
		median
}

# sched_row BENCHMARK TOOL NAME
sched_row()
{
	local figure="$1: $3" ns ratio value

	ns=$(cpu_time "$2" "$1")
	if [[ -z $ns ]]; then
		unmeasured "$figure" "$(why_not "$2")"
		return
	fi
	ratio=$(slow_down "$2" "$1")
	if [[ $1 == pipe ]]; then
		value=$(calc "$ns / $pipe_loops / 1000" "%.2f us/op")
	else
		value=$(calc "$ns / 1000000" "%.0f ms")
	fi
	value+=$(number ', %.3f x empty' "$ratio")
	if [[ -z $ratio ]]; then
		unmeasured "$figure to an empty program" "$(why_not empty)"
	elif [[ $2 == kvmq ]]; then
		judge "$figure" "$value" "$ratio" 1.02 "<= 1.02 x empty"
	else
		row "$figure" "$value"
	fi
}

sched_benchmarks()
{
	local round tool name end=$((SECONDS + 130))
	local tools=(none empty kvmq runqlat perf)
	local names=(nothing "empty program" kvmq-cpu runqlat "perf sched record")

	if [[ -v missing[perf] ]]; then
		section "perf bench sched"
		unmeasured "all of it" "${missing[perf]}"
		return
	fi
	for ((round = 0; round < $1 && (round < 3 || SECONDS < end); round++)); do
		for tool in "${tools[@]}"; do
			measure_tool "$round" "$tool"
		done
	done
	section "perf bench sched, CPU time: $round rounds, all in turn"
	for name in pipe messaging; do
		for tool in "${!tools[@]}"; do
			sched_row "$name" "${tools[tool]}" "${names[tool]}"
		done
	done
}
