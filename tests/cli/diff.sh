# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# kvmq-diff: what it refuses, and what a run is. tests/golden/diff has what it shows.

diff=$build/kvmq-diff
number=0
for ready in 500 510 495 505 520 490 600 612 590 606 630 588; do
	number=$((number + 1))
	tests/golden/diff-scene "$ready" > "$scratch/scene"
	"$build/tests/test_golden" kvmq-cpu "$scratch/scene" "$scratch/run$number" && continue
	bad 'diff: recordings' "none of $ready"
	return
done
a=("$scratch"/run[1-6])
b=("$scratch"/run{7,8,9,10,11,12})

# ends NAME STATUS COMMAND...: with that, and nothing on standard error
ends() {
	local name=$1 wanted=$2
	shift 2

	try "$@"
	if ((status == wanted)) && [[ ! -s $scratch/err ]]; then
		ok "$name"
	else
		bad "$name" "exit status $status, not $wanted"
	fi
}

refuses 'diff without B' 2 "B, after '--'" "$diff" "${a[@]}"
refuses 'diff without A' 2 "A, before '--'" "$diff" -- "${b[@]}"
refuses 'diff: a margin' 2 'margin' "$diff" --margin=101 "${a[@]}" -- "${b[@]}"
refuses 'diff: a margin of words' 2 'margin' "$diff" --margin=2%% "${a[@]}" -- "${b[@]}"
refuses 'diff: --json --lkml' 2 'leave one' "$diff" --json --lkml "${a[@]}" -- "${b[@]}"
refuses 'diff: scores of some' 2 'one for each' "$diff" --score="$scratch/scene" "${a[@]}" -- "${b[@]}"
refuses 'diff: pairs without a partner' 3 'as many of both' "$diff" --pairs "${a[@]}" -- "$scratch/run7"
refuses 'diff: no such figure' 3 'nosuch@web-1' "$diff" --primary nosuch@web-1 "${a[@]}" -- "${b[@]}"
refuses 'diff: a figure without a side' 3 'less or more' "$diff" --primary waits_per_s "${a[@]}" -- "${b[@]}"
refuses 'diff: no such VM' 3 'ready_pct' "$diff" --role nosuch "${a[@]}" -- "${b[@]}"
refuses 'diff: shorter than --runs' 3 'as long as --runs' "$diff" --runs=60 "${a[@]}" -- "${b[@]}"

# What is no recording, a part of one, of another version, or of a later kvmq.
refuses 'diff: no such file' 3 'B: ' "$diff" "${a[@]}" -- "$scratch/nosuch"
refuses 'diff: a folder' 3 'B: ' "$diff" "${a[@]}" -- "$scratch"
refuses 'diff: text' 3 'no recording' "$diff" "${a[@]}" -- "$scratch/scene"
: > "$scratch/empty"
refuses 'diff: an empty file' 3 'holds nothing yet' "$diff" "${a[@]}" -- "$scratch/empty"
head -c 20000 "$scratch/run7" > "$scratch/cut"
refuses 'diff: a cut file' 3 'damaged' "$diff" "${a[@]}" -- "$scratch/cut"
if command -v sqlite3 > /dev/null; then
	cp "$scratch/run7" "$scratch/older"
	sqlite3 "$scratch/older" "UPDATE runs SET version = '0.0'"
	refuses 'diff: two versions' 3 'one version' "$diff" "${a[@]}" -- "$scratch/older"
	cp "$scratch/run7" "$scratch/newer"
	sqlite3 "$scratch/newer" 'PRAGMA user_version = 99' > /dev/null
	refuses 'diff: a later kvmq' 3 'newer' "$diff" "${a[@]}" -- "$scratch/newer"
	cp "$scratch/run7" "$scratch/single"
	sqlite3 "$scratch/single" 'DELETE FROM moments WHERE id > 1'
	refuses 'diff: one moment' 3 'no run' "$diff" "${a[@]}" -- "$scratch/single"
else
	skip 'diff: two versions' 'no sqlite3: tools/setup check'
fi

ends 'diff: worse' 1 "$diff" -p ready_pct@web-1 "${a[@]}" -- "${b[@]}"
ends 'diff: the other way' 0 "$diff" -p ready_pct@web-1 "${b[@]}" -- "${a[@]}"
ends 'diff: within a wide margin' 0 "$diff" -p ready_pct@web-1 --margin 30% "${a[@]}" -- "${b[@]}"
ends 'diff: too few runs' 125 "$diff" -p ready_pct@web-1 "${a[@]:0:3}" -- "${b[@]:0:3}"
ends 'diff: of all roles, one is worse' 1 "$diff" "${a[@]}" -- "${b[@]}"
if [[ -e /dev/full ]]; then
	"$diff" "${a[@]}" -- "${b[@]}" > /dev/full 2> "$scratch/err"
	status=$?
	if ((status == 125)); then
		ok 'diff: a full disk'
	else
		bad 'diff: a full disk' "exit status $status"
	fi
fi

# Scores: of requests a second more is better.
scores=()
for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
	echo "# a benchmark
requests $((number > 6 ? 900 + number : 1000 + number)).5 1/s" > "$scratch/score$number"
	scores+=("--score=$scratch/score$number")
done
ends 'diff: a score is worse' 1 "$diff" -p requests "${scores[@]}" "${a[@]}" -- "${b[@]}"
echo 'requests many 1/s' > "$scratch/score9"
refuses 'diff: a score of words' 3 'line 1: expected NAME VALUE UNIT' \
	"$diff" -p requests "${scores[@]}" "${a[@]}" -- "${b[@]}"

# JSON lines of a tool are a run as its recording is.
json=()
for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
	"$cpu" --json --by vm --from "$scratch/run$number" > "$scratch/json$number"
	json+=("$scratch/json$number")
done
ends 'diff: JSON lines' 1 "$diff" -p ready_pct@web-1 "${json[@]:0:6}" -- "${json[@]:6}"
same_verdict() { "$diff" --json -p "$1" "${json[@]:0:6}" -- "${json[@]:6}" | jq -c "$2"; }
if command -v jq > /dev/null; then
	figure='.rows[] | select(.role == "web-1" and .figure == "'
	for key in ready_pct wait_mean_ns wait_p99_ns wait_max_ns waits_per_s run_pct; do
		one="$figure$key\") | [.a.runs, .b.runs, .verdict]"
		recorded=$("$diff" --json "${a[@]}" -- "${b[@]}" | jq -c "$one")
		if [[ $(same_verdict ready_pct "$one") == "$recorded" ]]; then
			ok "diff: $key of JSON lines and recordings"
		else
			bad "diff: $key of JSON lines and recordings" "$(same_verdict ready_pct "$one")"
		fi
	done
	# Two intervals as one: shares are known, percentiles are not.
	cat "$scratch/json1" "$scratch/json7" > "$scratch/two"
	joined=$("$diff" --json "$scratch/two" -- "$scratch/two" |
		jq -c '[.rows[] | select(.role == "web-1") | select(.figure == "ready_pct" or .figure == "wait_max_ns" or
			.figure == "wait_p99_ns") | .figure, .a.runs[0]]')
	if [[ $joined == '["ready_pct",5.5,"wait_max_ns",600000]' || $joined == '["wait_max_ns",600000,"ready_pct",5.5]' ]]; then
		ok 'diff: two intervals of JSON'
	else
		bad 'diff: two intervals of JSON' "$joined"
	fi
	# Rows of vCPUs, and of all threads, are a VM's together.
	"$build/tests/test_golden" kvmq-cpu tests/golden/cpu-causes.scene "$scratch/causes"
	for by in vcpu vm thread; do
		"$cpu" --json --by $by --from "$scratch/causes" > "$scratch/by-$by"
	done
	for by in vcpu thread; do
		one=$("$diff" --json "$scratch/by-$by" -- "$scratch/by-vm" | jq -r '[.rows[] | select(.role == "web") |
			select(.a.known > 0 and .a.runs == .b.runs) | .figure] | sort | join(" ")')
		if [[ $one == 'ready_pct ready_preempt_pct ready_throttled_pct ready_wake_pct run_pct wait_max_ns wait_mean_ns waits_per_s' ]]; then
			ok "diff: JSON by $by and by VM"
		else
			bad "diff: JSON by $by and by VM" "the same: $one"
		fi
	done
else
	skip 'diff: figures of JSON lines' 'no jq: tools/setup check'
fi
ends 'diff: JSON lines with a recording' 1 "$diff" -p ready_pct@web-1 "${json[@]:0:6}" -- "${b[@]}"
refuses 'diff: JSON lines with --runs' 3 'one run' "$diff" --runs 5 "${json[0]}" -- "${json[1]}"
json_is_refused() { refuses "$1" 3 "$2" "$diff" "${json[0]}" -- "$scratch/line"; }
head -c 500 "${json[0]}" > "$scratch/line"
json_is_refused 'diff: JSON that is cut off' 'line 1: no JSON, or cut off'
echo '{"schema":"kvmq.io/1","rows":[]}' > "$scratch/line"
json_is_refused 'diff: JSON of another schema' "'kvmq.io/1'"
echo '{"a":1}' > "$scratch/line"
json_is_refused 'diff: foreign JSON' 'no line of a kvmq tool'
{ cat "${json[0]}"; echo '[]'; } > "$scratch/line"
json_is_refused 'diff: no object' 'line 2: no object'
echo '{"schema":"kvmq.cpu.event/1"}' > "$scratch/line"
json_is_refused 'diff: JSON without an interval' 'no interval in it'
{ cat "${json[0]}"; sed s/kvm1/kvm2/ "${json[1]}"; } > "$scratch/line"
json_is_refused 'diff: JSON of two hosts' 'line 2: of another tool or host'
{ echo -n '{"schema":"'; head -c 17000000 /dev/zero | tr '\0' a; } > "$scratch/line"
json_is_refused 'diff: a line of 17 MB' 'too long'
sed 's/"rows":\[/&5,/' "${json[0]}" > "$scratch/line"
json_is_refused 'diff: rows that are none' 'rows that are none'
