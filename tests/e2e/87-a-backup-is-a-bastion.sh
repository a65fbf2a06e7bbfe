#!/bin/bash
# Backup and restore as docs/operator.md has them: copies made while it runs, in the order that it says and without the state database, come up on another
# host: the evidence verifies against a checkpoint that left the host, recordings play, a request that waited still waits, keys open, agents work.
. "$(dirname "$0")/lib.sh"
in_demo
D=$SALLYPORT_DEMO_DIR
conf=$D/sallyport.yaml
store=$(sed -n 's/^ *store: *//p' "$conf" | tr -d '"' | cut -d ' ' -f 1)
master=$(sed -n 's/^ *master_key: *//p' "$conf" | tr -d '"' | cut -d ' ' -f 1)
is "a command before" Linux "$(sp demo-web 'uname -s' 2>&1 </dev/null)"
sp demo-web 'touch deployed.txt' >"$D/asked" 2>&1 </dev/null &
asked=$!
id=$(pending_id)
[ -n "$id" ] || fail "no request waits"
newest() { ls "$SALLYPORT_AUDIT"/checkpoint* 2>/dev/null | tail -n 1; }
wait_for 10 "a checkpoint" newest

# ---- the backup: the log first, then the recordings, the vault, the configuration ----
B=$D/backup
mkdir "$B"
records=$(audit_lines | wc -l)
cp -a "$D/state/audit" "$B/audit"
cp -a "$D/state/recordings" "$B/recordings"
cp -a "$store" "$B/vault"
cp -a "$conf" "$B/sallyport.yaml"
cp -a "$master" "$B/master.key"
elsewhere=$(ls "$B"/audit/checkpoint* | tail -n 1)
cp "$elsewhere" "$D/checkpoint-elsewhere" # what a witness or syslog holds

# ---- another host: state from the backup, paths of its own ----
R=$D/restored
mkdir -p "$R/state"
mv "$B/audit" "$B/recordings" "$R/state/"
mv "$B/vault" "$R/vault"
sed -e "s|^state: .*|state: $R/state|" -e "s|^\( *store: *\).*|\1$R/vault|" -e "s|^\( *master_key: *\).*|\1$B/master.key|" \
	-e 's|^listen: .*|listen: ["127.0.0.1:0"]|' "$B/sallyport.yaml" >"$R/sallyport.yaml"
sed -i -E 's|(listen: *"?127\.0\.0\.1):[0-9]+|\1:0|' "$R/sallyport.yaml"
sallyport vault list --store "$R/vault" --master-key "$B/master.key" | grep -q '^user-ca ' || fail "the master key does not open the restored keys"
echo "ok: every sealed key opens"
out=$(sallyport audit verify --dir "$R/state/audit" --checkpoint "$D/checkpoint-elsewhere" 2>&1) || fail "audit verify: $out"
echo "ok: the log holds what the checkpoint from elsewhere promises"
"$SALLYPORT_BUILD/sallyportd" -t -c "$R/sallyport.yaml" || fail "sallyportd -t"
"$SALLYPORT_BUILD/sallyportd" -f -c "$R/sallyport.yaml" >"$R/log" 2>&1 &
restored=$!
trap 'kill "$restored" 2>/dev/null; wait "$restored" 2>/dev/null; kill "$asked" 2>/dev/null' EXIT
up() { [ -s "$R/state/run/ssh.port" ] && [ -s "$R/state/run/http.port" ]; }
wait_for 20 "the restored bastion ($(tail -n 5 "$R/log"))" up
SALLYPORT_API=http://127.0.0.1:$(cat "$R/state/run/http.port")
is "the request that waited still waits, without the state database" "$id pending" "$(operator GET "/v1/approvals/$id" | jq -r '"\(.id) \(.state)"')"
rec=$(auditor GET /v1/recordings | jq -r '.recordings[0].id // empty')
[ -n "$rec" ] || fail "no recording is listed"
file=$(ls "$R/state/recordings/$rec"*.cast.gz | head -n 1)
has "recordings read" '"version":' "$(zcat "$file" 2>/dev/null | head -n 1)"
port=$(cat "$R/state/run/ssh.port")
is "agents work" Linux "$(sp -o Port="$port" demo-web 'uname -s' 2>&1 </dev/null)"
later() { [ "$(cat "$R"/state/audit/log-*.jsonl | wc -l)" -gt "$((records + 2))" ]; }
wait_for 10 "new records behind the old ones" later
out=$(sallyport audit verify --dir "$R/state/audit" --recordings "$R/state/recordings" --checkpoint "$D/checkpoint-elsewhere" 2>&1) || fail "audit verify: $out"
echo "ok: the chain goes on, old and new verify together"

# A copy that was cut back is noticed by the checkpoint from elsewhere alone.
cp -a "$R/state/audit" "$D/cut"
last=$(ls "$D"/cut/log-*.jsonl | tail -n 1)
head -n 3 "$last" >"$D/short" && mv "$D/short" "$last"
sallyport audit verify --dir "$D/cut" --checkpoint "$D/checkpoint-elsewhere" >/dev/null 2>&1 && fail "a log that was cut back passes"
echo "ok: a log that was cut back does not pass"
