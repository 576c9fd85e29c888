# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# One user's thousands of vCPUs beside a busy VM of another user that comes after them.

. tests/cli/vms.sh
start_vms 'shares of the table' || return

: > "$scratch/hog" # that it can be read at once
HOG_VMS=80 HOG_VCPUS=64 # more than the least table has
[[ $(id -u) == 0 ]] && command -v setpriv > /dev/null || { skip 'shares of the table' 'no setpriv' && return; }
# Its table of reasons is that of a host with four VMs.
"$exits" -j -b vm 0.5 > "$scratch/early" 2> "$scratch/early.err" &
early=$!
started+=("$early")
until_it "$early" test -s "$scratch/early"
cp "$vmm" "$scratch/vmm-of-all" && chmod 755 "$scratch" "$scratch/vmm-of-all"
setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all,+dac_override \
	--ambient-caps=-all,+dac_override "$scratch/vmm-of-all" --name "$name-hog" --vms "$HOG_VMS" \
	--vcpus "$HOG_VCPUS" --mode halt --wait 20000000 --seconds 0 > "$scratch/hog" 2>&1 &
started+=($!)
for ((i = 0; i < 600; i++)); do
	(($(grep -c '^ready' "$scratch/hog") >= HOG_VMS)) && break
	kill -0 "${started[-1]}" 2> /dev/null || break
	sleep 0.1
done
if (($(grep -c '^ready' "$scratch/hog") < HOG_VMS)); then
	skip 'shares of the table' "$(grep -v '^ready' "$scratch/hog" | head -1)"
	return
fi
start_vm -late --vcpus 2

# Some intervals of its own.
late_is_seen() { (($(grep -c -- "\"$name-late\"" "$scratch/early") >= 4)); }
until_it "$early" late_is_seen
interrupted "$early" "$scratch/early.err"
tail -n 1 "$scratch/early" > "$scratch/out"
cp "$scratch/early.err" "$scratch/err"
if ((status)); then
	bad 'reasons of a victim beside thousands' "exit status $status"
elif grep -q '"isa": *null' "$scratch/out"; then
	skip 'reasons of a victim beside thousands' 'this KVM traces no exits'
else
	holds 'reasons of a victim beside thousands' \
		"[row['reasons'] for row in rows if row['vm'] == '$name-late'][0]"
	holds 'whose share of the reasons is used up' 'last["losses"]["reasons"] > 0' \
		"{one['uid'] for one in last['losses_by'] if one['loss'] == 'reasons'} == {65534}"
fi

# bracket NAME ARGUMENT...: the victim's ready time lies between two readings of schedstat
bracket() {
	if why=$(PYTHONPATH=tests/lab/inside PYTHONDONTWRITEBYTECODE=1 python3 - "$name-late" "${@:2}" 2>&1 << 'PYTHON'
import sys
from kvmq import Tool, vcpus
from measuring import Bracket, check_bracket
tool = Tool(*sys.argv[2:], "4")
tids = {row["vcpu"]: row["tid"] for row in vcpus(tool.report(), sys.argv[1]).values()}
assert len(tids) == 2, f"vCPUs of the victim: {tids}"
found = Bracket(tool, tids.values())
tool.stop(may_give_up=True)
for vcpu, tid in tids.items():
    earlier, later = (vcpus(r)[sys.argv[1], vcpu]["total"] for r in (found.earlier, found.later))
    check_bracket(f"vCPU {vcpu}", later["ready_ns"] - earlier["ready_ns"], *found.ready[tid])
PYTHON
	); then
		ok "$1"
	else
		bad "$1" "$(tail -1 <<< "$why")"
	fi
}

bracket 'a victim beside thousands: exact'
bracket 'a victim beside thousands: exact with --vm' -m "$name-late"
works 'a victim beside thousands' "$cpu" -j -b vm 0.5 1 &&
	holds 'a victim beside thousands: both are there' \
		"any(row['vm'] == '$name-late' for row in rows)" 'last["losses"]["threads"] > 0'
works 'what --vm leaves out' "$cpu" -j -m "$name-late" 0.5 1 &&
	holds 'what --vm leaves out takes no slot' 'last["losses"]["threads"] == 0' 'len(rows) == 2' \
		"last['vms'] >= $HOG_VMS + 3" "last['vcpus'] >= $HOG_VMS * $HOG_VCPUS"
for tool in cpu exit numa; do
	works "kvmq-$tool: whose share is used up, in JSON" "$build/kvmq-$tool" -j -b vm 0.5 1 &&
		holds "kvmq-$tool: whose share is used up, in JSON" \
			"sum(one['count'] for one in last['losses_by'] if one['uid'] == 65534) > 0" \
			"all(one['uid'] == 65534 and one['loss'] in ('threads', 'reasons') for one in last['losses_by'])"
done
try "$cpu" -b vm 0.5 1
if grep -q "^losses: [0-9]* switches of threads not tracked (table full), [0-9]* of them user 65534's" "$scratch/out"; then
	ok 'whose share is used up'
else
	bad 'whose share is used up' "no line of user 65534's: $(grep ^losses "$scratch/out" | tail -1)"
fi
