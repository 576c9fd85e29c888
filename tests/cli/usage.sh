# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# Wrong usage: exit status 2, nothing on standard output, one line on standard error.
# The parser itself is tested option by option in tests/unit/test_options.c; this is
# about the tools as they are.

big=99999999999999999999999

for option in -m --vm -c --cgroup -b --by -o --columns -s --sort -n --top; do
	refuses "cpu $option without a value" 2 "${option}: " "$cpu" "$option"
done
for value in nosuch 5abc '' -1 $big; do
	refuses "cpu --by '$value'" 2 '--by: ' "$cpu" --by "$value"
	refuses "cpu --top '$value'" 2 '--top: ' "$cpu" --top "$value"
	refuses "cpu --events='$value'" 2 '--events: ' "$cpu" "--events=$value"
	refuses "cpu --columns '$value'" 2 '--columns: ' "$cpu" --columns "$value"
	refuses "cpu --sort '$value'" 2 '--sort: ' "$cpu" --sort "$value"
done
for value in 5abc '' 0 1e3 ' 1' 0.0001 100000 $big nan; do
	refuses "cpu INTERVAL '$value'" 2 'INTERVAL: ' "$cpu" "$value"
done
for value in 5abc '' 0 1.5 4294967296 $big; do
	refuses "cpu COUNT '$value'" 2 'COUNT: ' "$cpu" 1 "$value"
done
refuses 'cpu --vm ""' 2 '--vm: ' "$cpu" --vm ''
refuses 'cpu --cgroup ""' 2 '--cgroup: ' "$cpu" --cgroup ''
refuses 'cpu negative INTERVAL' 2 '-1: ' "$cpu" -1
refuses 'cpu negative COUNT' 2 '-1: ' "$cpu" 1 -1
refuses 'cpu one argument too many' 2 "'3': " "$cpu" 1 2 3
refuses 'cpu -- without a command' 2 'command is missing' "$cpu" --
refuses 'cpu --json=x' 2 '--json=x: ' "$cpu" --json=x
refuses 'cpu --top 0' 2 '--top: ' "$cpu" --top 0
refuses 'cpu unknown long option' 2 '--nosuch: ' "$cpu" --nosuch
refuses 'cpu unknown short option' 2 '-x: ' "$cpu" --json -xH
refuses 'cpu column of JSON only' 2 '--columns: ' "$cpu" --columns run_ns

refuses 'exit --by thread' 2 '--by: ' "$exits" --by thread
refuses 'exit --by nosuch' 2 '--by: ' "$exits" --by nosuch
refuses 'exit --columns of reasons' 2 '--columns: ' "$exits" --columns REASON
refuses 'exit --columns of kvmq-cpu' 2 '--columns: ' "$exits" --columns %RUN
refuses 'exit --sort nosuch' 2 '--sort: ' "$exits" --sort nosuch
refuses 'exit --events with --hist' 2 '--events prints no table: ' "$exits" -e -H
refuses 'exit --events with --top' 2 '--events prints no table: ' "$exits" -e1 -n 1
refuses 'exit --json with --columns' 2 '--columns: ' "$exits" -j -o VM
refuses 'exit INTERVAL 0' 2 'INTERVAL: ' "$exits" 0
refuses 'exit -- without a command' 2 'command is missing' "$exits" --

refuses 'numa --by thread' 2 '--by: ' "$numa" --by thread
refuses 'numa --hist by vCPU' 2 '--hist: ' "$numa" -H -b vcpu
refuses 'numa --events with --hist' 2 '--events prints no table: ' "$numa" -e -H
refuses 'numa --json with --columns' 2 '--columns: ' "$numa" -j -o VM
refuses 'numa --sort nosuch' 2 '--sort: ' "$numa" --sort nosuch
refuses 'numa --blame' 2 '--blame: ' "$numa" --blame
refuses 'cpu --residency' 2 '--residency: ' "$cpu" --residency maps
for value in nosuch '' map 'maps,' maps,0 maps,x 'maps, 1' ,1 auto,86401 sample,1,1; do
	refuses "numa --residency '$value'" 2 '--residency: ' "$numa" --residency "$value"
done

if [[ -x $doctor ]]; then
	refuses 'doctor unknown option' 2 '--nosuch: ' "$doctor" --nosuch
	refuses 'doctor option of another tool' 2 '--vm: ' "$doctor" --vm web
	refuses 'doctor argument' 2 "'5abc': " "$doctor" 5abc
	refuses 'doctor command' 2 "'--': " "$doctor" -- true
	refuses 'doctor --json=x' 2 '--json=x: ' "$doctor" --json=x
fi

for tool in "$cpu" "$exits" "$numa" "$doctor"; do
	name=${tool##*/kvmq-}
	for option in --help -h --version -V; do
		works "$name $option" "$tool" "$option" || continue
		if grep -q "${tool##*/}" "$scratch/out"; then
			ok "$name $option"
		else
			bad "$name $option" "its name is not there"
		fi
	done
	for option in --help --version; do
		refuses "$name $option into a full device" 1 'standard output: ' \
			sh -c "'$tool' $option > /dev/full"
		refuses "$name $option without standard output" 1 'standard output: ' \
			sh -c "'$tool' $option >&-"
	done
done
if works 'cpu --columns help' "$cpu" --columns help; then
	if grep -q '^%RDY  *ready, but not on a CPU$' "$scratch/out"; then
		ok 'cpu --columns help'
	else
		bad 'cpu --columns help' 'no %RDY in it'
	fi
fi
if works 'exit --columns help' "$exits" --columns help; then
	if grep -q '^%GUEST  *on a CPU, in the guest$' "$scratch/out" &&
		grep -q '^REASON  *why the guest was left$' "$scratch/out"; then
		ok 'exit --columns help'
	else
		bad 'exit --columns help' 'no %GUEST or no REASON in it'
	fi
fi
refuses 'exit --columns help into a full device' 1 'standard output: ' \
	sh -c "'$exits' --columns help > /dev/full"
refuses 'cpu --columns help into a full device' 1 'standard output: ' \
	sh -c "'$cpu' --columns help > /dev/full"
