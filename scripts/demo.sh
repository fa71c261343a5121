#!/usr/bin/env bash
# Ringfence at work on real input: starts a server with everything embedded in a folder of its own,
# sends it captured SIP attacks, system logs and a shift of 200 agents through its network sources,
# and shows the alerts as they appear. Ctrl-C ends it at any time; run it as often as you like.
set -euo pipefail

ringfence="${RINGFENCE:?path of the ringfence binary}"
here=$(cd "$(dirname "$0")/.." && pwd)
data=$(mktemp -d "${TMPDIR:-/tmp}/ringfence-demo.XXXXXX")
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
token() { tr -dc 'A-Za-z0-9' </dev/urandom 2>/dev/null | head -c 40; }

server= ; follower=
finish() {
  trap - EXIT INT TERM
  [ -n "$follower" ] && kill "$follower" 2>/dev/null || true
  [ -n "$server" ] && kill -TERM "$server" 2>/dev/null && wait "$server" 2>/dev/null || true
  rm -rf "$data"
}
trap finish EXIT
trap 'echo; say "Stopping."; exit 130' INT TERM

cat >"$data/ringfence.toml" <<TOML
version = 1

[[source]]
name = "sip-edge"
site = "main"

[[source]]
name = "syslog"
site = "main"

[[listeners.hep_udp]]
name = "hep"
listen = "127.0.0.1:0"
source = "sip-edge"
allow = ["127.0.0.0/8"]
plain_udp = true

[[listeners.syslog_udp]]
name = "syslog"
listen = "127.0.0.1:0"
source = "syslog"
allow = ["127.0.0.0/8"]
plain_udp = true
TOML

RINGFENCE_ADMIN_TOKEN=$(set +o pipefail; token)
export RINGFENCE_ADMIN_TOKEN
say "1. A server with everything embedded"
"$ringfence" serve --config "$data/ringfence.toml" --data "$data/data" --listen 127.0.0.1:0 \
  2>"$data/server.log" &
server=$!
address=
for _ in $(seq 150); do
  address=$(sed -n 's/.*"message":"serving".*"address":"\([^"]*\)".*/\1/p' "$data/server.log")
  [ -n "$address" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$data/server.log" >&2; exit 1; }
  sleep 0.1
done
[ -n "$address" ] || { echo "the server did not start:" >&2; cat "$data/server.log" >&2; exit 1; }
export RINGFENCE_SERVER="http://$address"
port() { sed -n "s/.*\"message\":\"listening\",\"listener\":\"$1\",\"addr\":\"127.0.0.1:\([0-9]*\)\".*/\1/p" "$data/server.log"; }
hep=$(port hep); syslog=$(port syslog)
echo "   API at $RINGFENCE_SERVER, HEP on UDP port $hep, syslog on UDP port $syslog"

say "2. Alerts, as they appear"
"$ringfence" alerts --follow --format table 2>/dev/null | stdbuf -oL cut -c1-180 &
follower=$!
sleep 0.5

say "3. Captured SIP attacks (SIPVicious against a registrar), mirrored over HEP"
"$ringfence" replay --hep "127.0.0.1:$hep" "$here"/samples/sip/*.pcap 2>&1 | sed "s|$here/||; s/^/   /"
sleep 2

say "4. System logs by logger(1): a password being guessed, logging switched off"
for i in $(seq 12); do
  logger --udp --server 127.0.0.1 --port "$syslog" --rfc5424=notq -t sshd \
    "Failed password for invalid user admin from 203.0.113.66 port $((40000 + i)) ssh2"
done
logger --udp --server 127.0.0.1 --port "$syslog" --rfc5424=notq -t systemd \
  "Stopped rsyslog.service - System Logging Service."
sleep 2

say "5. A shift of 200 agents, 3 of them insiders, 5 hours in a few seconds, over HTTP"
"$ringfence" simulate --sip --seed 1 --hours 5 --truth "$data/truth.json" --format json
sleep 5

kill "$follower" 2>/dev/null || true; follower=
say "6. What needs a person, most severe first"
"$ringfence" alerts --format table --limit 15 | cut -c1-200
printf '\nThe insiders of this shift really were: '
tr -d '\n' <"$data/truth.json" | sed 's/.*"insiders": *\[\([^]]*\)\].*/\1/' | tr -s ' '

say "7. Looking further with SQL: what one of them opened without a call"
agent=$(tr -d '\n' <"$data/truth.json" | sed 's/.*"insiders": *\[ *"\([^"]*\)".*/\1/')
query="SELECT time, customer, call_state FROM events WHERE agent = '$agent' AND class_uid IN (6001, 0) AND call_state = 'none' ORDER BY time LIMIT 8"
echo "   ringfence query \"$query\""
"$ringfence" query --format table "$query"

say "8. A CRM that asks first (samples/crm): the same agent, without a call and on one"
CRM_TOKEN=$("$ringfence" service add crm --role integration --days 1 --format table 2>/dev/null)
CRM_SOURCE_TOKEN=$("$ringfence" source add crm --class 6001 --format table 2>/dev/null)
pbx=$("$ringfence" source add pbx --call-state --format table 2>/dev/null)
export CRM_TOKEN CRM_SOURCE_TOKEN
crm() { echo "   \$ crm.py open $*"; "$here"/samples/crm/crm.py open "$@" | sed 's/^/     /' || true; }
on_call() { # ACTIVITY: 2 answered, 5 ended
  curl -sS -o /dev/null -H "Authorization: Bearer $pbx" "$RINGFENCE_SERVER/api/v1/events" -d "{
    \"class_uid\": 99904001, \"activity_id\": $1, \"time\": $(date +%s%3N), \"call_uid\": \"demo-1\",
    \"direction\": \"inbound\", \"agent\": {\"uid\": \"$agent\"}, \"customer\": {\"uid\": \"C-1001\"}}"
}
crm "$agent" C-1001
on_call 2
sleep 1
crm "$agent" C-1001
crm "$agent" C-1002
crm "$agent" C-1002 "their spouse, on the same line"
on_call 5

say "9. How the server is"
"$ringfence" status --format table | sed 's/^/   /'
if [ -t 0 ] && [ -t 1 ]; then
  say "The server runs on. Its console, for you as its first administrator:"
  cat <<TEXT
   http://localhost:${RINGFENCE_SERVER##*:}/enrol#$(cat "$data/data/first-administrator.txt")
And in another terminal:
   export RINGFENCE_SERVER=$RINGFENCE_SERVER RINGFENCE_TOKEN=$RINGFENCE_ADMIN_TOKEN
   $ringfence alerts --follow
   $ringfence query "SELECT class_name, count(*) AS n FROM events GROUP BY 1 ORDER BY 2 DESC"
   CRM_TOKEN=$CRM_TOKEN CRM_SOURCE_TOKEN=$CRM_SOURCE_TOKEN $here/samples/crm/crm.py serve
Ctrl-C ends the demo and removes its data.
TEXT
  wait "$server"
fi
say "Done. Your own logs: docs/intake.md"
