# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the files share their variables
# What recording costs: bytes of a vCPU and interval with its distributions, over 100 intervals,
# and time on a CPU of a moment, with one half of the vCPUs busy and the other idle.

record_costs()
{
	local vcpus

	for vcpus in 64 1000; do
		section "Recording $vcpus vCPUs, half of them busy"
		"$build/bench/record" "$scratch/recording" "$vcpus" >"$scratch/record" ||
			die "record did not run"
		record_bytes busy 120
		record_bytes idle 24
		record_time "written" write_ns 5 "$vcpus"
		record_time "written, all of them idle" idle_write_ns 5 "$vcpus"
		record_time "read" read_ns "" "$vcpus"
		row "memory of SQLite's, at most" "$(record_value memory_bytes '%.1f MiB' 1048576)"
	done
}

# record_value NAME FORMAT DIVISOR
record_value()
{
	awk -v name="$1" -v format="$2" -v by="$3" '$1 == name { printf format, $2 / by }' \
		"$scratch/record"
}

# record_bytes KIND LIMIT
record_bytes()
{
	local bytes

	bytes=$(record_value "$1_bytes" %.1f 1)
	judge "bytes of one that is $1, and interval" "$(number %s "$bytes")" "$bytes" "$2" "<= $2"
}

# record_time WORDS NAME LIMIT VCPUS: the limit is that of 1,000
record_time()
{
	local ms

	ms=$(record_value "$2" %.2f 1e6)
	if [[ $3 && $4 == 1000 ]]; then
		judge "a moment $1" "$(number '%s ms' "$ms")" "$ms" "$3" "<= $3 ms"
	else
		row "a moment $1" "$(number '%s ms' "$ms")"
	fi
}
