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
for tool in "$cpu" "$exits" "$numa" "$io"; do
	refuses "${tool##*/kvmq-} -e 1000" 2 "--events: '1000' stands apart from it: write --events=1000" \
		"$tool" -e 1000
done
refuses 'exit --events with --hist' 2 '--hist: not with --events, which prints no table: ' "$exits" -e -H
refuses 'exit --events with --top' 2 '--top: not with --events, ' "$exits" -e1 -n 1
refuses 'exit --json with --columns' 2 '--columns: ' "$exits" -j -o VM
refuses 'exit INTERVAL 0' 2 'INTERVAL: ' "$exits" 0
refuses 'exit -- without a command' 2 'command is missing' "$exits" --

refuses 'numa --by thread' 2 '--by: ' "$numa" --by thread
refuses 'numa --hist by vCPU' 2 '--hist: ' "$numa" -H -b vcpu
refuses 'numa --events with --hist' 2 '--hist: not with --events, ' "$numa" -e -H
refuses 'numa --json with --columns' 2 '--columns: ' "$numa" -j -o VM
refuses 'numa --sort nosuch' 2 '--sort: ' "$numa" --sort nosuch
refuses 'numa --blame' 2 '--blame: ' "$numa" --blame
refuses 'cpu --residency' 2 '--residency: ' "$cpu" --residency maps
for value in nosuch '' map 'maps,' maps,0 maps,x 'maps, 1' ,1 auto,86401 sample,1,1; do
	refuses "numa --residency '$value'" 2 '--residency: ' "$numa" --residency "$value"
done

for value in nosuch vcpu thread ''; do
	refuses "io --by '$value'" 2 '--by: ' "$io" --by "$value"
done
refuses 'cpu --by device' 2 '--by: ' "$cpu" --by device
for option in --qmp=/run/web.qmp --vmm --with-guests --guest-report; do
	refuses "cpu $option" 2 "${option}: " "$cpu" "$option"
done
refuses 'io --qmp ""' 2 '--qmp: ' "$io" --qmp ''
refuses 'io --qmp without a value' 2 '--qmp: ' "$io" --qmp
# shellcheck disable=SC2046 # 65 words
refuses 'io --qmp of 65 sockets' 2 '--qmp: more than 64 sockets' "$io" $(yes -- -qa | head -65)
refuses 'io --guest-report=""' 2 '--guest-report: ' "$io" --guest-report=
refuses 'io --vmm=x' 2 '--vmm=x: ' "$io" --vmm=x
for option in --qmp=a --vmm --with-guests --vm=web --cgroup=/a; do
	refuses "io --by device $option" 2 "${option%=*}: not with --by device, whose rows are no VM's: " "$io" -b device "$option"
done
for option in --qmp=a --vmm --with-guests; do
	refuses "io --events $option" 2 "${option%=*}: not with --events, which are requests of the host: " \
		"$io" -e "$option"
done
for option in --vm=web --cgroup=/a --qmp=a --vmm --with-guests --events --hist --json --sort=Q --top=1 \
	--columns=VM --timestamp --by=device; do
	refuses "io --guest-report $option" 2 "${option%=*}: not with --guest-report, which shows nothing, but reports: " \
		"$io" --guest-report "$option"
done
for option in --hist --columns=VM --sort=Q --top=1; do
	refuses "io --events $option" 2 "${option%=*}: not with --events, " "$io" -e "$option"
done
refuses 'io --json with --columns' 2 '--columns: ' "$io" -j -o VM
refuses 'io --columns of kvmq-cpu' 2 '--columns: ' "$io" --columns %RUN
refuses 'io column of JSON only' 2 '--columns: ' "$io" --columns elapsed_ns
refuses 'io --sort nosuch' 2 '--sort: ' "$io" --sort nosuch
refuses 'io --blame' 2 '--blame: ' "$io" --blame
refuses "io --events='x'" 2 '--events: ' "$io" --events=x
refuses 'io INTERVAL 0' 2 'INTERVAL: ' "$io" 0
refuses 'io -- without a command' 2 'command is missing' "$io" --

if [[ -x $doctor ]]; then
	refuses 'doctor unknown option' 2 '--nosuch: ' "$doctor" --nosuch
	refuses 'doctor option of another tool' 2 '--vm: ' "$doctor" --vm web
	refuses 'doctor argument' 2 "'5abc': " "$doctor" 5abc
	refuses 'doctor command' 2 "'--': " "$doctor" -- true
	refuses 'doctor --json=x' 2 '--json=x: ' "$doctor" --json=x
fi

for tool in "$cpu" "$exits" "$numa" "$io" "$doctor"; do
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
if works 'io --columns help' "$io" --columns help; then
	if grep -q '^KAVG  *GAVG - D' "$scratch/out" && grep -q '^Qp99  *in the host' "$scratch/out"; then
		ok 'io --columns help'
	else
		bad 'io --columns help' 'no KAVG or no Qp99 in it'
	fi
fi
for option in '' -j -H '-b device' -e; do
	# shellcheck disable=SC2086 # options are words
	refuses "io --columns help $option into a full device" 1 'standard output: ' \
		sh -c "'$io' --columns help $option > /dev/full"
done
refuses 'exit --columns help into a full device' 1 'standard output: ' \
	sh -c "'$exits' --columns help > /dev/full"
refuses 'cpu --columns help into a full device' 1 'standard output: ' \
	sh -c "'$cpu' --columns help > /dev/full"

# The completion knows each tool's columns, and no others; its options: options.sh.
# same NAME KNOWN OFFERED: both have a word a line
same() {
	if [[ $(sort <<< "$2") == "$(sort <<< "$3")" ]]; then
		ok "$1"
	else
		bad "$1" "differs in $(comm -3 <(sort <<< "$2") <(sort <<< "$3") | tr -d '\t' | tr '\n' ' ')"
	fi
}
# offered FUNCTION ARGUMENTS...: of the completion
offered() {
	# shellcheck source=doc/kvmq.bash
	(. doc/kvmq.bash 2> /dev/null && "$@") | tr ' ' '\n'
}
# completed WORD...: what the last one may become
completed() {
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
	_kvmq 2> /dev/null
	# shellcheck disable=SC2031 # of the same subshell
	echo "${COMPREPLY[*]}"
}
for name in cpu exit numa io; do
	try "$build/kvmq-$name" --columns help
	same "$name: completion of columns" "$(sed '/^$/,$d' "$scratch/out" | cut -d' ' -f1)" \
		"$(offered _kvmq_values "kvmq-$name" --sort)"
done
same 'completion of --by=' device "$(offered completed kvmq-io --by = d)"
same 'completion of --guest-report=' 'vsock' "$(offered completed kvmq-io --guest-report = vs)"
same 'completion of --guest-report=, a file' '/dev/null' "$(offered completed kvmq-io --guest-report = /dev/nul)"
same 'completion of INTERVAL after --guest-report' '' "$(offered completed kvmq-io --guest-report '')"
same 'completion of --qmp' '/dev/null' "$(offered completed kvmq-io -q /dev/nul)"
