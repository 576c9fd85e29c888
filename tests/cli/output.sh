# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# Standard output that is full, closed, or has no reader any more.

# "${unread[@]}" COMMAND...: with standard output that nobody reads
# shellcheck disable=SC2016 # the inner shell's
unread=(bash -c 'exec 3<> "$0" 4> "$0" 3>&-; exec "$@" >&4 4>&-' "$scratch/pipe")
mkfifo "$scratch/pipe"

# That nobody reads any more is the end, and no failure; that there is no room is one.
for tool in "$cpu" "$exits" "$numa" "$io"; do
	for option in --help --version --columns=help; do
		works "${tool##*/kvmq-} $option without a reader" "${unread[@]}" "$tool" "$option" &&
			ok "${tool##*/kvmq-} $option without a reader"
		refuses "${tool##*/kvmq-} $option into a full device" 1 'standard output: No space' \
			sh -c "'$tool' $option > /dev/full"
	done
done
for options in '' --json; do
	"$doctor" $options > /dev/null 2>&1
	wanted=$?
	try "${unread[@]}" "$doctor" $options
	if ((status == wanted)) && [[ ! -s $scratch/err ]]; then
		ok "doctor $options without a reader"
	else
		bad "doctor $options without a reader" "status $status, not $wanted, or a message"
	fi
	refuses "doctor $options into a full device" 1 'standard output: No space' \
		sh -c "'$doctor' $options > /dev/full"
done

needs_bpf 'broken outputs' || return

for tool in "$cpu" "$numa" "$io"; do
	for options in '' --json --events; do
		works "${tool##*/kvmq-} $options without a reader" "${unread[@]}" timeout 30 "$tool" 60 $options &&
			ok "${tool##*/kvmq-} $options without a reader"
	done
done
# What a command does is wanted all the same.
# shellcheck disable=SC2016 # the inner shell's
try "${unread[@]}" "$cpu" 0.05 -- sh -c 'sleep 0.3; : > "$0"; exit 7' "$scratch/done"
if ((status == 7)) && [[ -e $scratch/done && ! -s $scratch/err ]]; then
	ok 'cpu -- COMMAND without a reader'
else
	bad 'cpu -- COMMAND without a reader' "status $status, not the command's, or a message"
fi

for options in '' --json; do
	refuses "cpu $options into a full device" 1 'standard output: No space' \
		sh -c "'$cpu' $options 0.1 5 > /dev/full"
	refuses "cpu $options without standard output" 1 'standard output: ' \
		sh -c "'$cpu' $options 0.1 5 >&-"
	# shellcheck disable=SC2016 # the inner shell's
	works "cpu $options, a reader that ends" bash -c '"$1" $2 0.1 > >(head -1 > "$3")' \
		bash "$cpu" "$options" "$scratch/head" &&
		ok "cpu $options, a reader that ends"
done

# The first interval begins with the first snapshot, and none is cut short.
works 'cpu INTERVAL COUNT' "$cpu" --json 0.05 3 &&
	holds 'cpu INTERVAL COUNT' 'len(intervals) == 3' \
		'sum(i["interval_ns"] for i in intervals) >= 150e6'
stamp='^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}'
if works 'cpu --timestamp' env TZ=XYZ-5:30 "$cpu" -T 0.05 2; then
	if (($(grep -cE "$stamp\\+05:30\$" "$scratch/out") == 2)); then
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
# A limit is an error like any other, and its advice is about the limit.
for tool in "$cpu" "$exits" "$numa" "$io" "$doctor"; do
	name=${tool##*/kvmq-} arguments='-j 0.1 5'
	[[ $name == doctor ]] && arguments=-j
	truncate -s 4096 "$scratch/limited"
	refuses "$name beyond a file's limit" 1 'standard output: File too large: .*ulimit -f' \
		bash -c "ulimit -f 4; exec '$tool' $arguments >> '$scratch/limited'"
	[[ $name == doctor ]] || refuses "$name beyond its open files" 3 ': .*Too many open files: .*ulimit -n' \
		bash -c "ulimit -n 12; exec '$tool' $arguments"
done
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
