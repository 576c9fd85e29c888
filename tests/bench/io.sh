# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the files share their variables
# What kvmq-io takes from each request of the host, beside biolatency and biosnoop: a loop
# device over memory, since a disk of its own would hide it.

io_runtime=2 # seconds

start_io_loop()
{
	[[ ! -v missing[io] ]] || return
	type -P fio >/dev/null || missing[io]="no fio: package fio"
	[[ -v missing[io] ]] && return 1
	io_image=$(mktemp /dev/shm/kvmq-bench.XXXXXX)
	truncate -s 256M "$io_image"
	if ! io_device=$(losetup -f --show "$io_image" 2>"$scratch/loop.err"); then
		missing[io]="no loop device: $(tail -1 "$scratch/loop.err")"
		rm -f "$io_image"
		return 1
	fi
}

stop_io_loop()
{
	losetup -d "$io_device"
	rm -f "$io_image"
	io_device=""
}

# Requests of one run of fio.
io_requests()
{
	taskset -c "$cpu" fio --name=bench --filename="$io_device" --rw=randread --bs=4k --direct=1 \
		--ioengine=io_uring --iodepth=16 --runtime=$io_runtime --time_based \
		--output-format=terse --terse-version=3 2>/dev/null | awk -F ';' '{ print $8 }'
}

start_io_tool()
{
	local directory=/usr/sbin

	case $1 in
	none) started="" ;;
	kvmq-io) start "$1" taskset -c "$tool_cpus" "$build/kvmq-io" --by device 1000 ;;
	"kvmq-io by vm") start "$1" taskset -c "$tool_cpus" "$build/kvmq-io" 1000 ;;
	"kvmq-io --events") start "$1" taskset -c "$tool_cpus" "$build/kvmq-io" --by device --events=1000 1000 ;;
	biolatency) start "$1" taskset -c "$tool_cpus" "$directory/biolatency" 1000 ;;
	"biolatency -Q") start "$1" taskset -c "$tool_cpus" "$directory/biolatency" -Q 1000 ;;
	biosnoop) start "$1" taskset -c "$tool_cpus" "$directory/biosnoop" ;;
	esac
	[[ -z $started ]] || wait_for "$1" '*bpf*link*' 2
}

# "NAME RUNS NS" of each program that has run since bpf statistics were turned on
io_programs()
{
	bpftool -j prog show 2>/dev/null | python3 -c '
import json, sys
for program in json.load(sys.stdin):
    if program.get("run_cnt"):
        print(program.get("name", "?"), program["run_cnt"], program["run_time_ns"])'
}

# io_hooks TOOL: ns of all its programs for each request, and those of each
io_hooks()
{
	sysctl -q kernel.bpf_stats_enabled=1
	if start_io_tool "$1"; then
		io_programs >"$scratch/io.before"
		io_requests >/dev/null
		io_programs >"$scratch/io.after"
		stop "$started"
	fi
	sysctl -q kernel.bpf_stats_enabled=0
	awk 'FILENAME == ARGV[1] { runs[$1] = $2; ns[$1] = $3; next }
		{ r = $2 - runs[$1]; n = $3 - ns[$1]; sum += n; if (r > most) most = r
		  if (r > 100) printf "%s %.0f\n", $1, n / r }
		END { if (most) printf "all %.1f\n", sum / most }' \
		"$scratch/io.before" "$scratch/io.after"
}

# io_hook_rows ROUNDS: each tool alone, in turns
io_hook_rows()
{
	local round tool ours theirs

	for ((round = 0; round < $1; round++)); do
		for tool in kvmq-io "kvmq-io by vm" biolatency biosnoop; do
			io_hooks "$tool" >"$scratch/hooks.$tool.$round"
		done
	done
	for tool in kvmq-io "kvmq-io by vm" biolatency biosnoop; do
		[[ -v missing[$tool] ]] && unmeasured "hooks of $tool" "${missing[$tool]}" && continue
		row "hooks of $tool, ns a request" "$(cat "$scratch/hooks.$tool."* | awk '$1 == "all" { print $2 }' | median)" 
		awk '$1 != "all" { sum[$1] += $2; count[$1]++ }
			END { for (name in sum) printf "    %-38s %.0f ns a run\n", name, sum[name] / count[name] }' \
			"$scratch/hooks.$tool."* | sort
	done
	ours=$(cat "$scratch/hooks.kvmq-io."* | awk '$1 == "all" { print $2 }' | median)
	theirs=$(cat "$scratch/hooks.biolatency."* | awk '$1 == "all" { print $2 }' | median)
	[[ -n $ours && -n $theirs ]] &&
		judge "hooks of kvmq-io against biolatency's" "$(calc "$ours / $theirs" %.2f) x" \
			"$(calc "$ours / $theirs")" 1 "<= 1"
}

# io_slowdown ROUNDS: fio's own requests per second, each tool beside a run without
io_slowdown()
{
	local round tool

	for ((round = 0; round < $1; round++)); do
		for tool in "${io_tools[@]}"; do
			start_io_tool none
			io_requests >>"$scratch/iops.$tool.none"
			start_io_tool "$tool" || continue
			io_requests >>"$scratch/iops.$tool"
			stop "$started"
		done
	done
	for tool in "${io_tools[@]}"; do
		[[ -v missing[$tool] ]] && unmeasured "fio with $tool" "${missing[$tool]}" && continue
		row "fio with $tool" "$(paste "$scratch/iops.$tool" "$scratch/iops.$tool.none" |
			awk '$2 { print $1 / $2 }' | median | awk '{ printf "%.3f of its IOPS", $1 }')"
	done
}

io_costs()
{
	local io_tools=(kvmq-io "kvmq-io by vm" "kvmq-io --events" biolatency "biolatency -Q" biosnoop)

	section "requests of a loop device over memory, a native fio at depth 16, medians of $1"
	if ! start_io_loop; then
		unmeasured "kvmq-io against biolatency" "${missing[io]}"
		return
	fi
	io_hook_rows "$1"
	io_slowdown "$1"
	stop_io_loop
}
