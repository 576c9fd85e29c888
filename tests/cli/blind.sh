# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# VMs of other users, and a /proc that does not show all: what is not seen is said, never "none".

# in_namespace COMMAND...: in a PID namespace of its own, with the /proc of that
in_namespace() { unshare -pf --mount-proc "$@"; }
# without_proc COMMAND...: where nothing is mounted on /proc
without_proc() {
	# shellcheck disable=SC2016 # words of the inner shell
	unshare -m sh -c 'mount --bind "$1" /proc && shift && exec "$@"' - "$scratch/empty" "$@"
}
# hidden COMMAND...: as nobody with what BPF takes, where /proc shows its own processes alone
hidden() {
	# shellcheck disable=SC2016 # words of the inner shell
	unshare -m sh -c 'mount -t proc -o hidepid=2 proc /proc && exec "$@"' - \
		setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all,+bpf,+perfmon \
		--ambient-caps=-all,+bpf,+perfmon "$@"
}
export -f in_namespace without_proc hidden
export scratch
mkdir "$scratch/empty"
cp "$cpu" "$io" "$numa" "$doctor" "$scratch/" # nobody runs them from there

# blind NAME PATTERN HOW COMMAND...: status 3, one line and no output
blind() {
	local name=$1 pattern=$2 how=$3

	shift 3
	refuses "$name" 3 "$pattern" bash -c "$how \"\$@\"" - "$@"
}

# warned NAME PATTERN HOW COMMAND...: goes on with what it sees, and says in one line what not
warned() {
	local name=$1 pattern=$2 how=$3

	shift 3
	try bash -c "$how \"\$@\"" - "$@"
	if one_line 0 "warning: .*$pattern"; then
		ok "$name"
	else
		bad "$name" "$why"
	fi
}

if ((EUID)) || ! in_namespace true 2> /dev/null; then
	skip 'what is not seen is said' 'needs root, to make namespaces'
	return
fi
needs_bpf 'what is not seen is said' || return
blind 'io in a PID namespace' 'PID namespace' in_namespace "$io" 0.1 1
blind 'io --by device in a PID namespace' 'PID namespace' in_namespace "$io" -b device 0.1 1
blind 'io where /proc is hidden' 'hidepid' hidden "$scratch/kvmq-io" 0.1 1
blind 'cpu --vm in a PID namespace' 'PID namespace' in_namespace "$cpu" -m nosuch 0.1 1
blind 'cpu --cgroup in a PID namespace' 'PID namespace' in_namespace "$cpu" -c / 0.1 1
warned 'cpu in a PID namespace' 'PID namespace' in_namespace "$cpu" 0.1 1
warned 'cpu where /proc is hidden' 'hidepid' hidden "$scratch/kvmq-cpu" 0.1 1
warned 'numa in a PID namespace' 'PID namespace' in_namespace "$numa" 0.1 1
if ldd "$io" | grep -q libasan; then
	skip 'what is not seen without /proc is said' 'LeakSanitizer needs /proc, and reads its options there'
else
	blind 'io without /proc' 'not mounted' without_proc "$io" 0.1 1
	blind 'cpu --cgroup without /proc' 'not mounted' without_proc "$cpu" -c / 0.1 1
	warned 'cpu without /proc' 'not mounted' without_proc "$cpu" 0.1 1
fi
try bash -c 'in_namespace "$@"' - "$doctor"
if ! grep -q 'none to be seen: .*PID namespace' "$scratch/out"; then
	bad 'doctor in a PID namespace' 'says that there is no VM'
elif (($(grep -c '^ .*PID namespace' "$scratch/out") < 4)); then
	bad 'doctor in a PID namespace' 'does not say so of kvmq-cpu, kvmq-numa and kvmq-io'
else
	ok 'doctor in a PID namespace'
fi

. tests/cli/vms.sh
[[ -w /dev/kvm ]] || { skip 'VMs of another user' 'no /dev/kvm here' && return; }
[[ -x $vmm ]] || { skip 'VMs of another user' "no ${vmm#"$PWD/"}: make vmm" && return; }
# A user without the right to look into anybody, but to /dev/kvm.
# shellcheck disable=SC2054 # these commas are setpriv's
other=(setpriv --reuid=65533 --regid=65533 --clear-groups --inh-caps=-all,+dac_override
	--ambient-caps=-all,+dac_override)
chmod 777 "$scratch"
printf '#!/bin/sh\nexec %s "$@"\n' "${other[*]} $vmm" > "$scratch/vmm"
chmod 755 "$scratch/vmm"
vmm=$scratch/vmm
disk=file=$scratch/disk,format=raw,if=virtio
: > "$scratch/disk"
if ! start_vm -early --mode halt --wait 2000 --drive "$disk"; then
	skip 'VMs of another user' "$(head -1 "$scratch/vmm-early")"
	return
fi
# A process of the same number in another namespace is not the VM.
try bash -c 'in_namespace "$@"' - "$numa" -j -b vm 0.5 1
if grep -q '"residency_na":"[^"]*PID namespace' "$scratch/out"; then
	ok 'numa says why memory is n/a in a PID namespace'
else
	bad 'numa says why memory is n/a in a PID namespace' 'no residency_missing'
fi
# All tools, for longer than kvmq-io takes to look again, and a VM that starts meanwhile.
declare -A tools=([cpu]=$cpu [exit]=$exits [numa]=$numa [io]=$io)
declare -A of_tool=()
for tool in "${!tools[@]}"; do
	timeout -k 5 60 "${tools[$tool]}" -j -b vm 1 7 > "$scratch/out-$tool" 2> "$scratch/err-$tool" &
	of_tool[$tool]=$!
done
sleep 2
start_vm -late --mode halt --wait 2000 --drive "$disk"
for tool in "${!tools[@]}"; do
	wait "${of_tool[$tool]}"
	status=$? title="$tool keeps VMs of another user"
	cp "$scratch/out-$tool" "$scratch/out"
	cp "$scratch/err-$tool" "$scratch/err"
	if ((status)); then
		bad "$title" "exit status $status"
	else
		holds "$title" 'len(intervals) == 7' \
			"all('$name-early' in [row['vm'] for row in line['rows']] for line in intervals)" \
			"'$name-late' in [row['vm'] for row in last['rows']]"
	fi
done
