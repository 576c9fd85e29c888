# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # shared with lib.sh, which clears up
# kvmq-io on a block device, against the kernel's own count: a loop device of 64 MiB. And
# what it does without one: its monitors, and reports as inside a guest.

needs_bpf 'kvmq-io on devices' || return

refuses 'io --qmp of no socket' 3 "--qmp: '/nosuch/qmp': " "$io" -q /nosuch/qmp 0.1 1
refuses 'io --vm nosuch' 3 '--vm: ' "$io" -m nosuch 0.1 1
for tool in "$cpu" "$exits" "$numa" "$io"; do
	refuses "${tool##*-} --cgroup of none" 3 "--cgroup: '/no/such' is not there: " "$tool" -c /no/such 0.1 1
	refuses "${tool##*-} --cgroup of a file" 3 '--cgroup: .*: Not a directory: ' \
		"$tool" -c "$(awk '$3 ~ /^cgroup/ { print $2; exit }' /proc/mounts)/cgroup.procs" 0.1 1
done
refuses 'io --guest-report to no folder' 3 '/nosuch/report: ' "$io" -g/nosuch/report 0.1 1

if works 'io --guest-report to a file' "$io" "-g$scratch/report" 0.05 3; then
	mv "$scratch/report" "$scratch/kvmq-io --guest-report"
	if (($(wc -l < "$scratch/kvmq-io --guest-report") != 3)); then
		bad 'io --guest-report to a file' 'not three lines'
	elif tests/golden/validate "$scratch/kvmq-io --guest-report"; then
		ok 'io --guest-report to a file'
	else
		failed=1
	fi
fi

# Each start is a session of its own, and goes on in the same file; the last report is of
# what SIGINT cuts short.
works 'io --guest-report INTERVAL COUNT' "$io" -g"$scratch/reports" 0.05 3 &&
	works 'io --guest-report once more' "$io" -g"$scratch/reports" 0.05 2 &&
	works 'io --guest-report and SIGINT' timeout --preserve-status -s INT 1 \
		"$io" -g"$scratch/reports" 3600 &&
	cp "$scratch/reports" "$scratch/out" &&
	holds 'io --guest-report: sessions' \
		'[line["sequence"] for line in lines] == [1, 2, 3, 1, 2, 1]' \
		'len({line["session"] for line in lines}) == 3'
refuses 'io --guest-report into a full device' 1 'No space left on device: ' \
	"$io" --guest-report=/dev/full 0.05 2
refuses 'io --guest-report into a folder' 3 'Is a directory: ' "$io" -g"$scratch" 0.05 2
for port in '' 0 x 4294967295 -1 1x; do
	refuses "io --guest-report=vsock:$port" 3 'no port of vsock: ' "$io" -g"vsock:$port" 0.05 2
done
refuses 'io --qmp of what is no socket' 3 "--qmp: '/etc/passwd': " "$io" -q /etc/passwd 0.05 1
works 'io: CAP_BPF and CAP_PERFMON suffice' \
	setpriv --bounding-set=-all,+bpf,+perfmon "$io" -j -b device 0.1 1 &&
	holds 'io: CAP_BPF and CAP_PERFMON suffice' 'len(intervals) == 1'

# Over memory: over a file on a disk it would be counted on that disk, and not by itself.
if ! image=$(mktemp -p /dev/shm 2> "$scratch/err") || ! truncate -s 64M "$image" ||
	! loop=$(losetup -f --show "$image" 2> "$scratch/err"); then
	skip 'io --by device' "no loop device: $(head -1 "$scratch/err")"
	rm -f "$image"
	return
fi

# "READS WRITES DISCARDS": an empty flush is a write in these books, and a flush in ours.
block_books() { awk '{ print $1, $5 - $16, $12 }' "/sys/block/${loop##*/}/stat"; }

# shellcheck disable=SC2317 # called by the tool's command
use_disk() {
	dd if=/dev/zero of="$1" bs=16k count=20 oflag=direct conv=fsync
	blkdiscard -o 1M -l 1M "$1"
	dd if="$1" of=/dev/null bs=4k count=10 iflag=direct
}
export -f use_disk
sleep 0.2 # udev and others have looked at it
read -r reads writes discards <<< "$(block_books)"
try "$io" -j -H -b device -- bash -c "use_disk $loop 2> /dev/null"
cp "$scratch/out" "$scratch/kvmq-io --json --hist"
read -r reads_after writes_after discards_after <<< "$(block_books)"
if ((status)); then
	bad 'io --by device' "exit status $status"
elif ! tests/golden/validate "$scratch/kvmq-io --json --hist"; then
	failed=1
else
	holds "io --by device: the kernel's own count" \
		"{row['op']: row['requests'] for row in rows if row['device'] == '${loop##*/}'
		and row['op'] in ('read', 'write', 'discard')} == {'read': $((reads_after - reads)),
		'write': $((writes_after - writes)), 'discard': $((discards_after - discards))}" \
		"$((writes_after - writes)) >= 20 and $((discards_after - discards)) == 1" \
		"all(row['issued'] == row['requests'] and row['in_flight'] == 0 for row in rows
		if row['device'] == '${loop##*/}')" \
		"sum(row['bytes'] for row in rows if row['device'] == '${loop##*/}'
		and row['op'] == 'write') == 20 * 16384" \
		"any(row['op'] == 'flush' and row['requests'] for row in rows
		if row['device'] == '${loop##*/}')" \
		'all(sum(bucket["count"] for bucket in row["hist"]["d"]) == row["d_requests"]
		for row in rows if row["hist"]["d"] is not None)'
fi

try "$io" -j -b device -e0 -- bash -c "use_disk $loop 2> /dev/null"
grep kvmq.io.event/1 "$scratch/out" > "$scratch/kvmq-io --json --events"
if tests/golden/validate "$scratch/kvmq-io --json --events" && ((status == 0)); then
	holds 'io --events: a line for each request' \
		"sum(1 for line in open('$scratch/kvmq-io --json --events')
		if json.loads(line)['device'] == '${loop##*/}') == sum(row['requests'] for row in rows
		if row['device'] == '${loop##*/}' and row['op'] != 'all')"
else
	bad 'io --events' "exit status $status"
fi

# read_disk WORD...: these of the tool, which sees 64 reads, one after the other
read_disk() {
	works "io ${*//"$scratch/"/}" "$io" "$@" -- \
		dd if="$loop" of=/dev/null bs=4k count=64 iflag=direct status=none
}
read_disk -j -e -b device && holds 'io --events: what they say' \
	"[(event['sector'], event['bytes'], event['op'], event['thread'], event['error'], event['vm'])
	for event in events if event['device'] == '${loop##*/}'] ==
	[(8 * i, 4096, 'read', 'dd', 0, None) for i in range(64)]" \
	'all(event["d_ns"] > 0 for event in events)'
read_disk -j -e3600000000 -b device && holds 'io --events=USEC' 'not events' \
	"[row['requests'] for row in rows if row['device'] == '${loop##*/}'] == [64]"
refuses 'io --events into a full device' 1 'standard output: No space' \
	sh -c "'$io' -e -b device -- sh -c 'dd if=$loop of=/dev/null bs=4k count=64 iflag=direct \
		status=none; sleep 5' > /dev/full"
# A guest's report is of its own disks; here, of this host's.
read_disk "-g$scratch/disks" && [[ ! -s $scratch/out ]] && cp "$scratch/disks" "$scratch/out" &&
	holds 'io --guest-report: what it counts' 'len(lines) == 1' \
		"[(disk['flows']['read']['requests'], disk['flows']['read']['bytes'], disk['size_bytes'])
		for disk in lines[0]['disks'] if disk['name'] == '${loop##*/}'] ==
		[(64, 64 * 4096, 64 << 20)]"
