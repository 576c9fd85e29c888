# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# doc/prometheus, by Prometheus' own tools: texts, rules, alerts that fire and do not, and queries.
# tools/setup prometheus installs what this needs.

prometheus=$(command -v prometheus)
promtool=$(command -v promtool)
here=doc/prometheus

if tests/prometheus/words "$build/kvmq-why" "$here/alerts.yml" > "$scratch/out" 2> "$scratch/err"; then
	ok "alerts say what the rules of kvmq-why say"
else
	bad "alerts say what the rules of kvmq-why say" "$(grep '^not' "$scratch/out")"
fi

# checked NAME COMMAND...: works and says nothing of an error
checked() {
	local name=$1

	shift
	try "$@"
	if ((status)); then
		bad "$name" "$(cat "$scratch/out" "$scratch/err" | grep -v '^$' | head -5 | tr '\n' '|')"
	else
		ok "$name"
	fi
}

if [[ ! $promtool ]]; then
	skip "promtool" "it is not installed: tools/setup prometheus"
	return 0
fi
for text in tests/golden/metrics-*.prom; do
	"$promtool" check metrics < "$text" > "$scratch/out" 2> "$scratch/err"
	status=$?
	((status)) && bad "check metrics $(basename "$text")" "$(head -3 "$scratch/err" | tr '\n' '|')" ||
		ok "check metrics $(basename "$text")"
done
checked "check rules" "$promtool" check rules "$here/rules.yml" "$here/alerts.yml"
checked "check config" "$promtool" check config --syntax-only "$here/scrape.yml"
cp "$here"/{rules,alerts}.yml tests/prometheus/alerts_test.yml "$scratch"
checked "test rules" "$promtool" test rules "$scratch/alerts_test.yml"
# each alert has a test
for alert in $(sed -n 's/^ *- alert: //p' "$here/alerts.yml"); do
	grep -q "alertname: $alert\$" "$scratch/alerts_test.yml" || bad "test rules" "none of $alert"
done
tests/prometheus/queries "$here/dashboard.json" --rules > "$scratch/dashboard.yml"
checked "queries of the dashboard" "$promtool" check rules "$scratch/dashboard.yml"

if [[ ! $prometheus ]]; then
	skip "a real Prometheus" "it is not installed: tools/setup prometheus"
	return 0
fi
tests/prometheus/queries "$here/dashboard.json" > "$scratch/queries"
timeout 120 tests/prometheus/live "$prometheus" "$here/rules.yml" tests/golden/metrics-*.prom \
	< "$scratch/queries" > "$scratch/out" 2> "$scratch/err"
status=$?
if ((status)); then
	bad "a real Prometheus" "$(grep '^not ok' "$scratch/out" | head -5 | tr '\n' '|')"
else
	ok "a real Prometheus: $(sed -n 's/^ok live: //p' "$scratch/out")"
fi
