# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# tools/ab with a fake in the lab's place, which "boots" a host by copying a recording.

number=0
for ready in 500 510 495 505 520 490 600 612 590 606 630 588; do
	number=$((number + 1))
	tests/golden/diff-scene "$ready" > "$scratch/scene"
	"$build/tests/test_golden" kvmq-cpu "$scratch/scene" "$scratch/run$number" && continue
	bad 'ab: recordings' "none of $ready"
	return
done
cat > "$scratch/lab" << 'END'
#!/bin/bash
# Says what it was asked for, fails as often as the file "fails" holds lines, and gives the next recording of a side.
here=$(dirname "$0")
echo "$*" >> "$here/asked"
if [[ -s $here/fails ]]; then
	sed -i 1d "$here/fails"
	exit 125
fi
for word in "$@"; do
	[[ $word == */[ab]-[0-9]* ]] && file=$word
done
name=${file##*/}
[[ ! -s $here/forgets ]] || exit 0
number=$((10#${name#?-}))
[[ $name == a-* ]] || number=$((number + 6))
cp "$here/run$number" "$file"
END
chmod +x "$scratch/lab"

# ab STATUS NAME OPTION...
ab() {
	local wanted=$1 name=$2
	shift 2

	rm -rf "$scratch/out.d" "$scratch/asked"
	try env LAB="$scratch/lab" BUILD="$build" tools/ab --out "$scratch/out.d" "$@"
	if ((status == wanted)); then
		ok "$name"
	else
		bad "$name" "exit status $status, not $wanted: $(tail -n 1 "$scratch/err")"
	fi
}

# asked NAME NUMBER PATTERN: so many boots were asked for with it
asked() {
	local count

	count=$(grep -c -e "$3" "$scratch/asked")
	if ((count == $2)); then
		ok "$1"
	else
		bad "$1" "$count, not $2: $(head -n 2 "$scratch/asked")"
	fi
}

ab 1 'ab: worse' --a 6.1 --b 6.12 --append-b quiet --setup-a 'echo a' --guest g:2 --seed 7 -- -p ready_pct@web-1
asked 'ab: kernel of A' 6 '--kernel 6.1 .*/a-00'
asked 'ab: kernel of B' 6 '--kernel 6.12 .*/b-00'
asked 'ab: command line of B alone' 6 '--append quiet'
asked 'ab: setup of A alone' 6 'echo a$'
asked 'ab: guests of both' 12 '--guest g:2'
sed 's/.*\/\([ab]-[0-9]*\).*/\1/' "$scratch/asked" > "$scratch/order"
if [[ $(sed 's/.*-//' "$scratch/order" | uniq -d | wc -l) -eq 6 && $(sed 's/-.*//' "$scratch/order" | uniq | wc -l) -lt 12 ]]; then
	ok 'ab: random order within each pair'
else
	bad 'ab: random order within each pair' "$(tr '\n' ' ' < "$scratch/order")"
fi
ab 1 'ab: the same again' --seed 7 -- -p ready_pct@web-1
if sed 's/.*\/\([ab]-[0-9]*\).*/\1/' "$scratch/asked" | cmp -s - "$scratch/order"; then
	ok 'ab: the same order of the same seed'
else
	bad 'ab: the same order of the same seed' 'another'
fi
echo > "$scratch/fails"
ab 1 'ab: a host that dies is booted again' -- -p ready_pct@web-1
printf '\n\n' > "$scratch/fails"
ab 125 'ab: a host that dies twice' -- -p ready_pct@web-1
echo > "$scratch/forgets"
ab 125 'ab: a host that leaves nothing' -- -p ready_pct@web-1
[[ $(tail -n 1 "$scratch/err") == *'not recorded'* ]] || bad 'ab: a host that leaves nothing' 'it does not say so'
rm "$scratch/forgets"
ab 125 'ab: few runs are undecided' --runs 3 -- -p ready_pct@web-1
for wrong in '--workload nosuch' '--runs 0' '--side a' '--real --guest g:2' '--nosuch x' 'word' '--side c --real'; do
	# shellcheck disable=SC2086 # words
	ab 2 "ab: $wrong" $wrong
done
[[ ! -e $scratch/asked ]] || bad 'ab: wrong usage' 'a host was booted'
