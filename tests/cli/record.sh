# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh and vms.sh set what is not set here
# --record and --from: what was measured is shown again, byte for byte; what is no recording
# of the tool is refused by name, and left as it is.

file=$scratch/recording
echo 'some text' > "$scratch/text"
refuses 'cpu --from what is not there' 1 "'/nonexistent/r'" "$cpu" --from /nonexistent/r
refuses 'cpu --from a text' 1 "/text'.*no recording" "$cpu" --from "$scratch/text"
refuses 'cpu --since without --from' 2 'since' "$cpu" --since -10min
refuses 'io --record and --from' 2 'from' "$io" --record "$file" --from "$file"
if command -v sqlite3 > /dev/null; then
	sqlite3 "$scratch/other" 'CREATE TABLE t (a)'
	refuses "cpu --from another program's database" 1 "/other'.*another program" "$cpu" --from "$scratch/other"
fi
# shellcheck source=tests/cli/vms.sh
. tests/cli/vms.sh
start_vms 'recordings' || return

# same TOOL OPTION...: what --from shows is what was shown while it was recorded
same() {
	local what=$1 tool=$build/kvmq-$1

	shift
	rm -f "$file"*
	try "$tool" "$@" --record "$file" 0.1 4
	if ((status)) || [[ ! -s $scratch/out ]]; then
		bad "$what $*: recorded" "exit status $status"
		return
	fi
	mv "$scratch/out" "$scratch/live"
	try "$tool" "$@" --from "$file"
	if ((status)); then
		bad "$what $*: --from" "exit status $status"
	elif ! cmp "$scratch/live" "$scratch/out" > "$scratch/err" 2>&1; then
		bad "$what $*: --from" 'other bytes than when it was recorded'
	else
		ok "$what $*: --from shows what --record did"
	fi
}

for options in '--json' '--json --hist' '--json --blame' '' '--blame --by vm' '--overlap' '--events' '--json --events'; do
	read -ra words <<< "$options"
	same cpu "${words[@]}"
done
for options in '--json --hist' '' '--json --by vm'; do
	read -ra words <<< "$options"
	same exit "${words[@]}"
	same numa "${words[@]}"
done
same exit --json --events
for options in '--json' '--by device' '--json --by device --hist'; do
	read -ra words <<< "$options"
	same io "${words[@]}"
done

# What the host was like is recorded by each tool.
if command -v sqlite3 > /dev/null; then
	for tool in cpu io; do
		rm -f "$file"*
		try "$build/kvmq-$tool" --record "$file" 0.1 1
		recorded=$(sqlite3 "$file" "SELECT build, length(command_line) > 0, cpu FROM host LIMIT 1")
		wanted="$(uname -v)|1|$(sed -n '/^model name/{s/.*: //p;q}' /proc/cpuinfo | cut -c1-63)"
		if [[ $recorded == "$wanted" ]]; then
			ok "$tool --record: what the host is like"
		else
			bad "$tool --record: what the host is like" "'$recorded', not '$wanted'"
		fi
	done
fi

rm -f "$file"*
try "$cpu" --json --record "$file" 0.1 6
# A step ends with the interval that brings it to 0.2 s, give or take half of one.
steps=$(python3 - "$scratch/out" << 'PYTHON'
import json
import sys
steps, step = [], 0
for line in open(sys.argv[1], encoding="utf-8"):
    step += json.loads(line)["interval_ns"]
    if step + 50_000_000 >= 200_000_000:
        steps.append(step)
        step = 0
print(steps + [step] * (step > 0))
PYTHON
)
refuses 'exit --from a recording of kvmq-cpu' 1 "recording'.*kvmq-cpu" "$exits" --from "$file"
works 'cpu --from: coarser steps' "$cpu" --json --from "$file" 0.2 &&
	holds 'cpu --from: coarser steps' "[i[\"interval_ns\"] for i in intervals] == $steps"

# Of all that were recorded, one: as the live tool shows it.
refuses 'cpu --from: a VM that is not in it' 3 "no VM 'nobody' in '.*recording'" "$cpu" --from "$file" -m "$name-a" -m nobody
refuses 'cpu --from: a cgroup that nobody had' 3 "no VM of '/nobody' in '.*recording'" "$cpu" --from "$file" -c /nobody
for what in cpu exit numa io; do
	rm -f "$file"*
	try "$build/kvmq-$what" --json --record "$file" 0.1 2
	works "$what --from --vm" "$build/kvmq-$what" --json --from "$file" --vm "pid=$pid_a" &&
		holds "$what --from --vm" "len(intervals) == 2 and last['vms'] >= 2" \
			"(rows or '$what' == 'io') and all(row['vm'] == '$name-a' for row in rows)"
done
rm -f "$file"*
try "$build/kvmq-why" --json --record "$file" 0.1 2
works 'why --from --vm' "$build/kvmq-why" --json --from "$file" --vm "$name-b" &&
	holds 'why --from --vm' "lines[-1]['vms'] >= 2" "{verdict['vm'] for verdict in lines[-1]['verdicts']} == {'$name-b'}"
works 'top --from --vm' "$build/kvmq-top" --batch --from "$file" --vm "$name-b" && if
	! grep -q ",\"*$name-b\"*," "$scratch/out" || grep -q "$name-a" "$scratch/out"
then
	bad 'top --from --vm' "not $name-b alone"
else
	ok 'top --from --vm'
fi

# A file that may not grow costs the recording, and nothing else.
rm -f "$file"*
(ulimit -f 128 && timeout 60 "$cpu" --json --record "$file" 0.05 40 2> "$scratch/err") | cat > "$scratch/out"
status=${PIPESTATUS[0]}
if ((status)) || [[ $(wc -l < "$scratch/out") != 40 ]]; then
	bad 'cpu --record: no room' "status $status, $(wc -l < "$scratch/out") intervals of 40"
elif ! grep -q "^kvmq-cpu: --record: '.*recording'" "$scratch/err" || (($(wc -l < "$scratch/err") != 1)); then
	bad 'cpu --record: no room' 'not one line that names the recording'
else
	ok 'cpu --record: no room'
fi

# Nor does what somebody else has put there index a table.
damaged() {
	cp "$scratch/whole" "$file"
	sqlite3 "$file" "$2" && refuses "cpu --from: $1" 1 "recording'.*damaged" "$cpu" --from "$file"
}
if command -v sqlite3 > /dev/null; then
	rm -f "$file"*
	try "$cpu" --blame --record "$file" 0.1 2
	mv "$file" "$scratch/whole"
	damaged 'a state that there is not' 'UPDATE threads SET state = 99'
	damaged 'a negative state' 'UPDATE threads SET state = -1'
	damaged 'changes of none that is known' "UPDATE blame SET changes = x'0800'"
fi
