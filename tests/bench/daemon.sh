# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the files share their variables
# What kvmqd takes beside 1,000 vCPUs: all of it and without its parts, its recording by tiers, and
# those who scrape it.

daemon_begin=35	 # s: what it does once, such as to touch its memory, is no cost of being on
daemon_span=30	 # s: three moments at an interval of 10 s
daemon_minute=60 # s: what is done once a minute, too

# start_kvmqd OPTION...: returns when it has read its first view
start_kvmqd()
{
	rm -f "$scratch/kvmqd.err" # of the one before, which has started, too
	start kvmqd taskset -c "$tool_cpus" "$build/kvmqd" -c /dev/null --socket off "$@"
	if wait_until 60 has_begun "$started" && ! ended "$started"; then
		return
	fi
	missing[kvmqd]=$(tail -1 "$scratch/kvmqd.err")
	[[ -n ${missing[kvmqd]} ]] || missing[kvmqd]="it did not start"
	stop "$started"
	return 1
}

has_begun()
{
	ended "$1" || grep -qs 'has started' "$scratch/kvmqd.err"
}

# resident_mib PID PATTERN: of what it has mapped by such a name
resident_mib()
{
	awk -v pattern="$2" '/^[0-9a-f]+-[0-9a-f]+ / { wanted = $6 ~ pattern }
		wanted && $1 == "Rss:" { sum += $2 }
		END { printf "%.1f", sum / 1024 }' "/proc/$1/smaps"
}

# percent_since BEGIN BEFORE PID: of one CPU, what it took since then, of which it had taken BEFORE
percent_since()
{
	calc "($(cpu_ns "$3") - $2) / (${EPOCHREALTIME/./} - $1) / 10" %.3f
}

# measure_kvmqd PID SPAN: sets percent, of one CPU over so many s, and peak, in MiB
measure_kvmqd()
{
	local begin before

	sleep "$daemon_begin"
	begin=${EPOCHREALTIME/./}
	before=$(cpu_ns "$1")
	sleep "$2"
	percent=$(percent_since "$begin" "$before" "$1")
	peak=$(calc "$(memory_kib "$1" VmHWM) / 1024" %.1f)
}

# start_yardstick: reads a file of each thread of the VMs as often; its pid is in $started
start_yardstick()
{
	local vms

	mapfile -t vms < <(pgrep -P "$1")
	start yardstick taskset -c "$tool_cpus" "$build/bench/schedstats" "${vms[@]}"
}

# daemon_whole VMM: as it is delivered, but for its interval; all parts stay on
daemon_whole()
{
	local percent peak yardstick begin before reading

	start_yardstick "$1"
	yardstick=$started
	if ! start_kvmqd --interval 10s --budget 100% --recording "$scratch/kvmqd.db" \
		--listen "unix:$scratch/kvmqd.http"; then
		unmeasured "all of it" "${missing[kvmqd]}"
		stop "$yardstick"
		return
	fi
	begin=${EPOCHREALTIME/./}
	before=$(cpu_ns "$yardstick")
	measure_kvmqd "$started" "$daemon_minute"
	reading=$(percent_since "$begin" "$before" "$yardstick")
	judge "all of it: CPU" "$percent % of one, $(calc "$percent / 0.05" %.1f) times that" \
		"$percent" 0.05 "<= 0.05 %"
	row "  to read schedstat of $(tail -1 "$scratch/yardstick.out") threads as often" \
		"$reading % of one"
	row "  all of it, to that" "$(calc "$percent / $reading" %.2f)"
	judge "all of it: resident at most" "$peak MiB, $(calc "$peak / 32" %.2f) times that" "$peak" 32 \
		"<= 32 MiB"
	row "  of these, tables of hooks" "$(resident_mib "$started" bpf-map) MiB"
	row "  its own memory" "$(resident_mib "$started" '^(\\[heap\\])?$') MiB"
	row "  programs and libraries" "$(resident_mib "$started" '^/.*(kvmqd|[.]so)') MiB"
	stop "$started" "$yardstick"
	rm -f "$scratch/kvmqd.db"*
}

# daemon_without FIGURE OPTION...: what is left without a part tells what it costs
daemon_without()
{
	local figure=$1 percent peak

	shift
	if ! start_kvmqd --interval 10s --budget 100% "$@"; then
		unmeasured "$figure" "${missing[kvmqd]}"
		return
	fi
	measure_kvmqd "$started" "$daemon_span"
	row "$figure" "$percent % of one, $peak MiB"
	stop "$started"
}

# Bytes of a day, from two looks at a recording; the last tier's moments are closer than usual.
daemon_recording()
{
	local file=$scratch/kvmqd.db

	if ! start_kvmqd --interval 1s --budget 100% --listen off --recording "$file" \
		--tiers '1s/1h 10s/7d 30s/90d'; then
		unmeasured "bytes of a day" "${missing[kvmqd]}"
		return
	fi
	sleep 32
	"$here/tier_bytes" "$file" >"$scratch/tiers" || die "tier_bytes did not run"
	sleep 63
	"$here/tier_bytes" "$file" "$(<"$scratch/tiers")" >"$scratch/days" || die "tier_bytes did not run"
	while read -r seconds mib; do
		row "recording: a day of moments each $seconds s" "$mib MiB"
	done <"$scratch/days"
	stop "$started"
	rm -f "$file"*
}

daemon_scrapes()
{
	local median most bytes

	if ! start_kvmqd --interval 1s --budget 100% --recording off --listen "unix:$scratch/kvmqd.http"; then
		unmeasured "a scrape" "${missing[kvmqd]}"
		return
	fi
	sleep 3
	# each of another moment, whose text is made then
	read -r median most bytes < <("$here/scrapes" "$scratch/kvmqd.http" 9 1.1)
	judge "a scrape, median of 9" "$(number '%s ms, %s at most' "$median" "$most")" "$median" 30 "<= 30 ms"
	row "  its text" "$(number '%.2f MB' "$(calc "${bytes:-0} / 1e6")")"
	read -r median most bytes < <("$here/scrapes" "$scratch/kvmqd.http" 9 0)
	row "  of a moment whose text is there" "$(number '%s ms, %s at most' "$median" "$most")"
	stop "$started"
}

metric()
{
	"$here/scrapes" "$scratch/kvmqd.http" 1 0 "$1"
}

# Beside guests that hardly do anything, so that the budget is kvmqd's.
daemon_storm()
{
	local begin before calm percent served used

	if ! start_kvmqd --interval 10s --recording off --listen "unix:$scratch/kvmqd.http"; then
		unmeasured "a storm of scrapes" "${missing[kvmqd]}"
		return
	fi
	sleep 30 # what it saves up, and what its beginning costs
	calm=$(metric kvmq_used_ratio)
	begin=${EPOCHREALTIME/./}
	before=$(cpu_ns "$started")
	served=$("$here/../cli/flood" "$scratch/kvmqd.http" rush 30)
	percent=$(percent_since "$begin" "$before" "$started")
	sleep 11 # the next moment tells
	used=$(metric kvmq_used_ratio)
	row "beside a storm of scrapes, 30 s" "$percent % of one; answers: $served"
	judge "  of its budget, in that minute" "$(number '%.3f %% of one, %.3f before' \
		"$(calc "${used:-0} * 100")" "$(calc "${calm:-0} * 100")")" "$used" 0.01 "<= 1 %"
	row "  what was given up: level" "$(metric kvmq_level)"
	stop "$started"
}

daemon_costs()
{
	section "what kvmqd takes beside 1,000 vCPUs, at intervals of 10 s: all of it over $daemon_minute s, without parts over $daemon_span s"
	stop_all
	if ! start_vmm --vms 50 --vcpus 20 --mode halt --wait 100000 --burn 10; then
		unmeasured "1,000 vCPUs" "${missing[vmm]}"
		return
	fi
	daemon_whole "$started"
	daemon_without "without its recording" --recording off --listen off
	daemon_without "and without exits" --recording off --listen off --exits off
	daemon_without "and without nodes and disks" --recording off --listen off --exits off --numa off \
		--block off
	daemon_recording
	daemon_scrapes
	stop_all
	start_vmm --vms 50 --vcpus 20 --mode halt --wait 5000000 --burn 10 && daemon_storm
}
