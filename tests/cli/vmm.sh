# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# The program that makes VMs for tests: what it is told of memory it does, or refuses.

# wrong OPTION...: status 2, one line, and no VM
wrong() {
	try "$vmm" "$@"
	if ((status != 2)); then
		bad "vmm $*" "exit status $status, not 2"
	elif (($(wc -l < "$scratch/err") != 1)) || [[ -s $scratch/out ]]; then
		bad "vmm $*" 'not one line on standard error alone'
	else
		ok "vmm $*"
	fi
}

# touches NAME PAGES OPTION...: all vCPUs get through the memory, and each page is written to
touches() {
	local name=$1 pages=$2

	shift 2
	try "$vmm" --seconds 0.5 --mode touch --burn 0 --vcpus 2 "$@"
	if ((status)); then
		bad "$name" "exit status $status"
	elif ! grep -qE '^ready .* low=0x[0-9a-f]+ memory=0x[0-9a-f]+00000 name=vmm$' "$scratch/out"; then
		bad "$name" 'its ready line has no addresses'
	elif (($(grep -cE '^vcpu [01] .* loops=[1-9]' "$scratch/out") != 2)); then
		bad "$name" 'a vCPU that counts no loop'
	elif ! grep -qE "^memory pid=[0-9]+ pages=$pages touched=$pages\$" "$scratch/out"; then
		bad "$name" "not all $pages pages were written to"
	else
		ok "$name"
	fi
}

if [[ ! -x $vmm ]]; then
	skip vmm "no ${vmm#"$PWD/"}: make vmm"
	return
fi
wrong --mode touch
wrong --busy 0
wrong --place bind:0
wrong --memory 0
wrong --memory 2049
wrong --memory 8 --place bind
wrong --memory 8 --place default:0
wrong --memory 8 --place bind:0x
wrong --memory 8 --place bind:0:0
wrong --memory 8 --place balance:0:
wrong --memory 8 --place bind:64
wrong --memory 8 --place bind:0,
wrong --memory 8 --place node:0,node:0,node:0
wrong --memory 3 --backing hugetlb
wrong --memory 8 --backing huge
if [[ ! -w /dev/kvm ]]; then
	skip 'vmm --memory' 'no /dev/kvm here, or no right to it'
	return
fi
# One gets round, and the other one halts at the end of its first loop.
try "$vmm" --seconds 0.5 --vcpus 2 --busy 1 --burn 10
if ((status)); then
	bad 'vmm --busy' "exit status $status"
elif grep -qE '^vcpu 0 .* loops=([2-9]|[0-9]{2,}) ' "$scratch/out" &&
	grep -q '^vcpu 1 .* loops=1 ' "$scratch/out"; then
	ok 'vmm --busy'
else
	bad 'vmm --busy' 'not one of the two is busy'
fi
touches 'vmm --memory' 2048 --memory 8
touches 'vmm --memory, in huge pages' 2048 --memory 8 --backing thp
touches 'vmm --memory, shared and pinned' 512 --memory 2 --backing memfd --pin-memory

# Four vCPUs that burn 100 ms each at the same time make far more loops than one after the other, on a busy machine, too.
read -r begin _ < /proc/uptime
try "$vmm" --seconds 2 --vcpus 4 --mode lock --burn 100000
read -r end _ < /proc/uptime
loops=$(sed -n 's/^vcpu .* loops=\([0-9]*\) .*/\1/p' "$scratch/out")
most=$(((10#${end/./} - 10#${begin/./}) / 10))
if ((status)); then
	bad 'vmm --mode lock' "exit status $status"
elif (($(grep -c '^[1-9]' <<< "$loops") < 2)); then
	bad 'vmm --mode lock' 'the lock does not go round'
elif ((${loops//$'\n'/+} > most)); then
	bad 'vmm --mode lock' "more than one had it: ${loops//$'\n'/+} loops of 100 ms within $most of them"
else
	ok 'vmm --mode lock'
fi
