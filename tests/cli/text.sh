# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh and vms.sh set what is not set here
# What a stranger calls a VM and its process does nothing to a terminal, in whatever is printed.

# shellcheck source=tests/cli/vms.sh
. tests/cli/vms.sh
start_vms 'names of strangers' || return

# C1, an override of direction, no UTF-8; a wide character that a comm's 15 bytes cut in two
odd=$'\302\2332J\342\200\256\377'
wide=$'\346\265\213\350\257\225\350\231\232\346\213\237\346\234\272'
name=$odd$BASHPID
if ! start_vm '' --mode halt --wait 2000; then
	bad 'a VM with an odd name' "$(head -1 "$scratch/vmm")"
	return
fi
odd=$name name=$wide$BASHPID
if ! start_vm '' --mode halt --wait 2000; then
	bad 'a VM with a wide name' "$(head -1 "$scratch/vmm")"
	return
fi

# harmless NAME: both outputs, as what a terminal is sent
harmless() {
	if LC_ALL=C grep -aqP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' "$scratch/out" "$scratch/err"; then
		bad "$1" 'a control character'
	elif ! cat "$scratch/out" "$scratch/err" | iconv -f UTF-8 -t UTF-8 > /dev/null 2>&1; then
		bad "$1" 'no UTF-8'
	elif grep -aq ' $' "$scratch/out"; then
		bad "$1" 'a line that ends with a blank'
	elif ! grep -aq "$2" "$scratch/out"; then
		bad "$1" "no '$2'"
	else
		ok "$1"
	fi
}

for options in "-t $scratch/trace" -j -e; do
	# shellcheck disable=SC2086 # options are words
	LC_ALL=C try "$cpu" 0.2 2 $options
	harmless "cpu ${options%% *} of an odd name" "$([[ $options == -j ]] && echo u009B || echo '?2J??')"
done
cp "$scratch/trace" "$scratch/out"
harmless 'labels of an odd name' '?2J??'
for options in '' -j; do
	# shellcheck disable=SC2086 # options are words
	LC_ALL=C try "$doctor" $options
	harmless "doctor $options of an odd name" "$([[ $options ]] && echo u009B || echo '?2J??')"
done
LC_ALL=C try "$numa" 0.2 1
harmless 'numa of an odd name' '?2J??'
LC_ALL=C try "$io" -v 0.2 1
harmless 'io -v of an odd name' ' disk' # of which these have none
# Found as it is, and exact in JSON
works 'an odd --vm' "$cpu" -j -m "$odd" 0.2 1 &&
	holds 'an odd --vm' 'rows and all(row["vm"].startswith("\x9b2J\u202e\\xff") for row in rows)'
works 'a wide --vm' "$cpu" -j -m "$name" 0.2 1 &&
	holds 'a wide --vm' "rows and all(row['vm'] == '$name' for row in rows)"
refuses 'an odd --vm of none' 3 "no VM '\?\[31m'" "$cpu" -m $'\033[31m' 0.2 1
