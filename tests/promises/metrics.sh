#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What metrics prints and the alerts on it, judged by Prometheus' own tool.

cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

fake=build/tests/staticdax-fake
said=$(mktemp)
trap 'rm -f "$said"' EXIT
if ! promtool=$(tests/prometheus.sh promtool 2>"$said"); then
	tap_not_ok "promtool_is_there" "$(cat "$said")"
	tap_done
fi

# agrees NAME COMMAND...: it succeeds and has nothing to say
agrees() {
	local name=$1
	shift
	if "$@" >"$said" 2>&1; then tap_ok "$name"; else tap_not_ok "$name" "$(cat "$said")"; fi
}

for status in ok nothing canary no_privilege; do
	metrics=$(FAKE_STATUS=$status $fake metrics)
	agrees "metrics_when_$status" "$promtool" check metrics <<<"$metrics"
done
agrees "metrics_of_another_version" "$promtool" check metrics \
	<<<"$(FAKE_STATUS=pins_version $fake metrics 2>/dev/null)"
agrees "alerts" "$promtool" check rules share/staticdax.rules.yml
agrees "alerts_fire" "$promtool" test rules tests/promises/alerts.yml

missing=
for name in $(grep -oE '\bstaticdax_[a-z_]+' share/staticdax.rules.yml | sort -u); do
	$fake metrics | grep -q "^${name}[ {]" || missing="$missing $name"
done
if [ -z "$missing" ]; then tap_ok "alerts_are_on_metrics_there_are"; else
	tap_not_ok "alerts_are_on_metrics_there_are" "$missing"
fi
tap_done
