#!/bin/bash
# /metrics as Prometheus reads it: promtool's linter has nothing to say, what happened is counted, and each metric that an alert rule, a panel of the
# dashboard or the operator's guide names is one that is served - and the guide names each that is.
. "$(dirname "$0")/lib.sh"
in_demo
promtool=$(command -v promtool || echo "$SALLYPORT_BUILD/tools/promtool")
[ -x "$promtool" ] || skip "needs promtool (Debian's package prometheus; ./quickstart check fetches it)"
D=$SALLYPORT_DEMO_DIR
monitoring=$SALLYPORT_TOP/packaging/examples/monitoring
guide=$SALLYPORT_TOP/docs/operator.md

# ---- something to count ----
sp demo-web 'tail -n 1 app.log' >"$D/out" 2>&1 || fail "the allowed command: $(cat "$D/out")"
sp demo-web 'rm -rf /srv/data' >"$D/out" 2>&1
sp demo-web 'cat app.env' >"$D/out" 2>&1
sp demo-web 'touch watched.txt' >"$D/out" 2>&1 &
id=$(pending_id)
[ -n "$id" ] || fail "no request"
curl -sS "$SALLYPORT_API/metrics" >"$D/before"
operator POST "/v1/approvals/$id/approve" '{"reason":"watched"}' >/dev/null
wait
curl -sS "$SALLYPORT_API/metrics" >"$D/metrics"
value() { grep -F -- "sallyport_$1 " "$D/${2:-metrics}" | head -n 1 | sed 's/.* //'; }

out=$("$promtool" check metrics <"$D/metrics" 2>&1) || fail "promtool check metrics: $out"
is "promtool's linter has nothing to say" "" "$out"
is "a request that waits is counted by its age" "1 0" "$(value 'approvals_pending_by_age{age="1m"}' before) $(value 'approvals_pending_by_age{age="older"}' before)"
is "and not once it is answered" 0 "$(value 'approvals_pending_by_age{age="1m"}')"
is "the answer too" 1 "$(value 'approvals_answered_total{state="approved"}')"
is "and how long it took" 1 "$(value approval_wait_seconds_count)"
is "the denial" 1 "$(value 'decisions_total{verdict="deny"}')"
has "by its rule" '^sallyport_rule_decisions_total\{rule="[^"]+",verdict="deny"\} 1$' "$(cat "$D/metrics")"
has "what was masked by its rule" '^sallyport_rule_maskings_total\{rule="password-field"\} [1-9]' "$(cat "$D/metrics")"
[ "$(value audit_commit_seconds_count)" -gt 4 ] || fail "group commits are not counted"
lag() { curl -sS "$SALLYPORT_API/metrics" | grep -qE '^sallyport_recorder_lag_seconds_count [1-9]'; }
wait_for 10 "the recorder's lag" lag
is "nothing failed" "" "$(grep '^sallyport_failures_total' "$D/metrics" | grep -v ' 0$')"
kill -9 "$(pids_of sallyport-vault)"
vault_down() { curl -sS "$SALLYPORT_API/metrics" | grep -q '^sallyport_failures_total{what="vault"} 1$'; }
wait_for 10 "a failure that is counted" vault_down

# ---- names ----
served=$(sed -n 's/^# TYPE \(sallyport_[a-z_]*\) .*/\1/p' "$D/metrics" | sort)
[ "$(wc -l <<<"$served")" -gt 20 ] || fail "too few metrics: $served"
for f in "$monitoring/alerts.yaml" "$monitoring/grafana-dashboard.json" "$guide"; do
	strange=$(grep -oE 'sallyport_[a-z_]+' "$f" | sed -E 's/_(bucket|sum|count)$//' | sort -u | comm -23 - <(printf '%s\n' "$served" | sort -u))
	is "$(basename "$f") names only what is served" "" "$strange"
done
is "the guide explains all that is served" "" "$(comm -13 <(grep -oE '^\| `sallyport_[a-z_]+' "$guide" | tr -d '|` ' | sort -u) <(printf '%s\n' "$served" | sort -u))"
# And each label that is asked for.
while IFS= read -r label; do
	name=${label%%=*} wanted=${label#*=}
	for one in ${wanted//|/ }; do
		grep -qF -e "{$name=\"$one\"" -e ",$name=\"$one\"" "$D/metrics" || fail "a rule or panel asks for $name=\"$one\", which is not served"
	done
done < <(grep -hoE 'sallyport_[a-z_]+\\?\{[^}]*\}' "$monitoring"/* | tr -d '\\' | grep -oE '[a-z]+=~?"[^"]*"' | tr -d '"~' | sort -u)
out=$("$promtool" check rules "$monitoring/alerts.yaml" 2>&1) || fail "promtool check rules: $out"
has "the alert rules are rules" 'SUCCESS: [1-9][0-9]* rules found' "$out"
jq -e '.panels | length > 8' "$monitoring/grafana-dashboard.json" >/dev/null || fail "the dashboard is no dashboard"

# The rules fire on what they are for, and not on a quiet day: promtool plays it.
(cd "$monitoring" && "$promtool" test rules alerts-test.yaml) >"$D/out" 2>&1 || fail "the rules do not fire as they should: $(cat "$D/out")"
echo "ok: the rules fire on what they are for"
