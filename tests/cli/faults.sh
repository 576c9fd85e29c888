# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # lib.sh sets and reads what is not set or read here
# Memory and system calls that fail, one at a time: the tool says so, and nothing is missing unsaid.

if [[ $build == */sanitize ]]; then
	skip 'faults' 'a sanitizer has an allocator of its own'
else
	tests/cli/faults "$build" || failed=1
fi
