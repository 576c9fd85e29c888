# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # lib.sh sets and reads what is not set or read here
# What the help, the parser, the manual page and the completion say of options is the same.

tests/cli/options "$build" || failed=1
