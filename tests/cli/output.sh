# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# Standard output that is full, closed, or has no reader any more.

needs_bpf 'broken outputs' || return

for options in '' --json; do
	refuses "cpu $options into a full device" 1 'standard output: No space' \
		sh -c "'$cpu' $options 0.1 5 > /dev/full"
	refuses "cpu $options without standard output" 1 'standard output: ' \
		sh -c "'$cpu' $options 0.1 5 >&-"
	# shellcheck disable=SC2016 # the inner shell's
	try bash -c '"$1" $2 0.1 > >(head -1 > "$3"); exit $?' bash "$cpu" "$options" "$scratch/head"
	if one_line 1 'standard output: Broken pipe'; then
		ok "cpu $options, a reader that ends"
	else
		bad "cpu $options, a reader that ends" "$why"
	fi
done

# The first interval begins with the first snapshot, and none is cut short.
works 'cpu INTERVAL COUNT' "$cpu" --json 0.05 3 &&
	holds 'cpu INTERVAL COUNT' 'len(intervals) == 3' \
		'sum(i["interval_ns"] for i in intervals) >= 150e6'
if works 'cpu --timestamp' "$cpu" -T 0.05 2; then
	if (($(grep -cE '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z$' "$scratch/out") == 2)); then
		ok 'cpu --timestamp'
	else
		bad 'cpu --timestamp' 'not two times'
	fi
fi

# A host need not have several nodes, VMs or KVM.
for option in maps sample,0.05 cgroup auto; do
	works "numa -R $option" "$numa" -j -R "$option" 0.05 2 &&
		holds "numa -R $option" 'len(intervals) == 2' 'last["nodes"]'
done
works 'numa --hist --events' "$numa" -H 0.05 1
refuses 'numa into a full device' 1 'standard output: No space' \
	sh -c "'$numa' 0.1 5 > /dev/full"

# Nor need it have a disk.
for options in '' '-b device' '-G'; do
	# shellcheck disable=SC2086 # options are words
	works "io -j $options" "$io" -j $options 0.05 2 &&
		holds "io -j $options" 'len(intervals) == 2'
done
works 'io --hist' "$io" -H 0.05 1 && ok 'io --hist'
refuses 'io into a full device' 1 'standard output: No space' sh -c "'$io' 0.1 5 > /dev/full"
refuses 'io --vm of none' 3 "--vm: no VM 'kvmq-nosuch' " "$io" --vm kvmq-nosuch 0.1 1
refuses 'io --qmp of no socket' 3 "--qmp: '/kvmq-nosuch': No such file" "$io" -q /kvmq-nosuch 0.1 1
# A request of the host's own, of which there must be some.
# shellcheck disable=SC2016 # the inner shell's
if works 'io by its schema' "$io" -j -e -b device -- \
	sh -c 'dd if=/dev/zero of="$0" bs=4k count=16 oflag=dsync 2> /dev/null || :' "$scratch/written"; then
	cp "$scratch/out" "$scratch/kvmq-io --json --events"
	tests/golden/validate "$scratch/kvmq-io --json --events" || failed=1
fi
