# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the files share their variables
# What kvmq-io takes from each request of the host, beside biolatency and biosnoop: a loop
# device over memory, since a disk of its own would hide it.

io_runtime=2 # seconds

# Leaves $io_device. It goes with this script, however that ends: by now the device is only
# waiting for the last one to close it, and its file has no name.
start_io_loop()
{
	local image

	image=$(mktemp /dev/shm/kvmq-bench.XXXXXX) || die "no file in /dev/shm"
	truncate -s 256M "$image"
	if ! io_device=$(losetup -f --show "$image" 2>"$scratch/loop.err"); then
		missing[fio]="no loop device: $(tail -1 "$scratch/loop.err")"
		rm -f "$image"
		return 1
	fi
	rm -f "$image"
	exec {io_fd}<"$io_device"
	losetup -d "$io_device"
}

stop_io_loop()
{
	stop_all # they have the device open, too
	exec {io_fd}<&-
}

# One run of fio, and no output but its requests
set_fio()
{
	fio=(taskset -c "$cpu" fio --name=bench --filename="$io_device" --rw=randread --bs=4k
		--direct=1 --ioengine=io_uring --iodepth=16 --runtime="$io_runtime" --time_based
		--output-format=terse --terse-version=3)
}

# Requests of one run of fio, a second.
io_requests()
{
	"${fio[@]}" 2>/dev/null | awk -F ';' '{ print $8 }'
}

# start_io_tool TOOL: waits for its programs. Its word in $missing is the first of its name.
start_io_tool()
{
	stop_all
	[[ ! -v missing[$1] && ! -v missing[${1%% *}] ]] || return
	case $1 in
	kvmq-io) start "$1" taskset -c "$tool_cpus" "$build/kvmq-io" --by device 1000 ;;
	"kvmq-io by vm") start "$1" taskset -c "$tool_cpus" "$build/kvmq-io" 1000 ;;
	"kvmq-io --events") start "$1" taskset -c "$tool_cpus" "$build/kvmq-io" --by device --events=1000 1000 ;;
	biolatency) start "$1" taskset -c "$tool_cpus" biolatency 1000 ;;
	"biolatency -Q") start "$1" taskset -c "$tool_cpus" biolatency -Q 1000 ;;
	biosnoop) start "$1" taskset -c "$tool_cpus" biosnoop ;;
	esac
	wait_for "$1" '*bpf*link*' 2
}

# io_round ROUND TOOL: lines "ROUND TOOL|PROGRAM NS" in $scratch/io, of each run; "all": of all
# programs, for each request
io_round()
{
	start_io_tool "$2" || return
	"$build/bench/measure" "io=$started" -- "${fio[@]}" >"$scratch/round" || die "fio did not run"
	stop "$started"
	awk -v key="$1 $2|" '$1 != "io" { next }
		{ sum += $4; if ($3 > most) most = $3 }
		$3 > 100 { printf "%s%s %.0f\n", key, $2, $4 / $3 }
		END { if (most) printf "%sall %.1f\n", key, sum / most }' "$scratch/round" >>"$scratch/io"
}

# io_ns TOOL PROGRAM: ROUND NS
io_ns()
{
	[[ ! -f $scratch/io ]] || awk -v key="$1|$2" '{ round = $1; ns = $NF
		sub(/^[^ ]* /, ""); sub(/ [^ ]*$/, "") } $0 == key { print round, ns }' "$scratch/io"
}

# io_tool_rows TOOL: what it takes from a request, and its programs
io_tool_rows()
{
	local ns program

	ns=$(io_ns "$1" all | awk '{ print $2 }' | median)
	if [[ -z $ns ]]; then
		unmeasured "hooks of $1" "$(why_not "$1" "${1%% *}")"
		return
	fi
	row "hooks of $1, ns a request" "$ns"
	sed -n "s/^[0-9]* $1|\\([^ ]*\\) .*/\\1/p" "$scratch/io" | sort -u | while read -r program; do
		[[ $program == all ]] || printf '    %-38s %s a run\n' "$program" \
			"$(number '%.0f ns' "$(io_ns "$1" "$program" | awk '{ print $2 }' | median)")"
	done
}

# io_hook_rows ROUNDS: each tool alone, in turns
io_hook_rows()
{
	local round tool ratio

	for ((round = 0; round < $1; round++)); do
		for tool in kvmq-io biolatency "kvmq-io by vm" biosnoop; do
			io_round "$round" "$tool"
		done
	done
	for tool in kvmq-io "kvmq-io by vm" biolatency biosnoop; do
		io_tool_rows "$tool"
	done
	io_ns kvmq-io all >"$scratch/ours"
	io_ns biolatency all >"$scratch/theirs"
	ratio=$(ratio_of "$scratch/ours" "$scratch/theirs" | awk '{ print $2 }' | median)
	if [[ -z $ratio ]]; then
		unmeasured "kvmq-io's hooks to biolatency's" "$(why_not kvmq-io biolatency)"
		return
	fi
	judge "kvmq-io's hooks to biolatency's" "$(number '%.2f x' "$ratio")" "$ratio" 0.9 "<= 0.9 x"
}

# io_slowdown ROUNDS: fio's own requests per second, each tool beside a run without
io_slowdown()
{
	local round tool ratio

	for ((round = 0; round < $1; round++)); do
		for tool in "${io_tools[@]}"; do
			start_io_tool "$tool" || continue
			io_requests >>"$scratch/iops.$tool"
			stop "$started"
			io_requests >>"$scratch/iops.$tool.none"
		done
	done
	for tool in "${io_tools[@]}"; do
		ratio=$([[ ! -f $scratch/iops.$tool ]] ||
			paste "$scratch/iops.$tool" "$scratch/iops.$tool.none" |
			awk '$1 && $2 { print $1 / $2 }' | median)
		if [[ -z $ratio ]]; then
			unmeasured "fio with $tool" "$(why_not "$tool" "${tool%% *}")"
			continue
		fi
		row "fio with $tool" "$(number '%.3f of its IOPS' "$ratio")"
	done
}

io_costs()
{
	local io_tools=(kvmq-io "kvmq-io by vm" "kvmq-io --events" biolatency "biolatency -Q" biosnoop)
	local fio

	section "requests of a loop device over memory, a native fio at depth 16, medians of $1"
	if [[ -v missing[fio] ]] || ! start_io_loop; then
		unmeasured "kvmq-io against biolatency" "${missing[fio]}"
		return
	fi
	set_fio
	io_hook_rows "$1"
	io_slowdown "$1"
	stop_io_loop
}
