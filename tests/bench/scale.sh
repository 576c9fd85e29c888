# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the files share their variables
# How long each tool takes to its first line beside a large host's processes, and what it takes
# then: of such a host there is what /proc shows of it (crowd.c), which needs no memory of guests.

# NAME|TASKS VMS DISKS of each VM; or NAME|vmm OPTION..., for real VMs
scale_hosts=("nothing|0 0 0" "18,000 tasks|18000 0 0" "2,000 VM-like processes|0 2000 2"
	"18,000 tasks and 2,000 VM-like processes|18000 2000 2" "200 VMs of 64 disks|0 200 64"
	"6,000 vCPUs in 1,500 VMs that halt|vmm --vms 1500 --vcpus 4 --mode halt --wait 20000000")
scale_tools=(kvmq-cpu kvmq-exit kvmq-numa kvmq-io "kvmq-io --with-guests"
	"kvmq-top --batch" "kvmq-why 1" kvmq-doctor)
scale_intervals=4 # of 1 s, once the first line is there

# start_crowd TASKS VMS DISKS, or start_crowd vmm OPTION...: returns when all are there
start_crowd()
{
	local crowd

	if [[ $1 == vmm ]]; then
		start_vmm "${@:2}" && return
		missing[crowd]=${missing[vmm]}
		return 1
	fi
	rm -f "$scratch/ready"
	start crowd "$build/bench/crowd" "$@" "$scratch/ready"
	crowd=$started
	wait_until 120 ended_or_ready "$crowd" && ! ended "$crowd" && return
	missing[crowd]=$(tail -1 "$scratch/crowd.err")
	[[ -n ${missing[crowd]} ]] || missing[crowd]="it did not start"
	stop "$crowd"
	return 1
}

ended_or_written()
{
	[[ -s $scratch/scaled.out ]] || ended "$1"
}

# scale_ending BEGIN LOOKS: it says all at once, and ends. Leaves $seconds, without those for which it looks, $cpu and
# $mib, of all of it.
scale_ending()
{
	local begin=$1 looks=$2 kib now

	while ! ended "$started"; do
		now=$(cpu_ns "$started" 2>/dev/null)
		kib=$(memory_kib "$started" VmHWM 2>/dev/null)
		[[ $kib ]] && mib=$(calc "$kib / 1024" %.1f) cpu=$(calc "$now / 1e6" %.1f)
		sleep 0.02
	done
	seconds=$(calc "$EPOCHREALTIME - $begin - $looks" %.2f)
}

# scale_tool COMMAND...: leaves $seconds, $cpu (ms an interval) and $mib; false: it failed
scale_tool()
{
	local tool=$1 begin=$EPOCHREALTIME before

	shift
	seconds="" cpu="" mib=""
	rm -f "$scratch/scaled.out"
	start scaled taskset -c "$tool_cpus" "$build/$tool" "$@"
	if [[ $tool == kvmq-doctor ]]; then
		scale_ending "$begin" 0
	elif [[ $tool == kvmq-why ]]; then
		scale_ending "$begin" "$1"
	elif wait_until 60 ended_or_written "$started" && ! ended "$started"; then
		seconds=$(calc "$EPOCHREALTIME - $begin - 1" %.2f)
		before=$(cpu_ns "$started")
		sleep "$scale_intervals"
		cpu=$(calc "($(cpu_ns "$started") - $before) / $scale_intervals / 1e6" %.1f)
		mib=$(calc "$(memory_kib "$started" VmHWM) / 1024" %.1f)
	fi
	stop "$started"
	[[ $mib ]]
}

# scale_host NAME WHAT...: as start_crowd takes it
scale_host()
{
	local host=$1 tool seconds cpu mib worst

	shift
	if ! start_crowd "$@"; then
		unmeasured "$host" "${missing[crowd]}"
		return
	fi
	row "beside $host" ""
	for tool in "${scale_tools[@]}"; do
		# shellcheck disable=SC2086 # words
		if ! scale_tool $tool; then
			unmeasured "  $tool" "$(tail -1 "$scratch/scaled.err")"
			continue
		fi
		worst=$(calc "($seconds / 3 > $mib / 64 ? $seconds / 3 : $mib / 64)" %.3f)
		judge "  $tool" "$(printf '%5.2f s %6.1f ms %5.1f MiB' "$seconds" "$cpu" "$mib")" \
			"$worst" 1 "<= 3 s, 64 MiB"
	done
	stop_all
}

scale_costs()
{
	local host sizes

	section "scale: seconds to the first line, CPU an interval of 1 s, memory at most"
	for host in "${scale_hosts[@]}"; do
		read -ra sizes <<<"${host#*|}"
		scale_host "${host%|*}" "${sizes[@]}"
	done
}
