#!/usr/bin/env bash
# Idle memory, and event-to-alert latency under 5,000 events/s, on a server of its own.
#
#   scripts/load.sh [RATE] [SECONDS]    RATE 0: as fast as the server takes it
#
# With LOAD_RULES, an archive of Sigma rules, these are loaded besides our own.
set -euo pipefail
ringfence="${RINGFENCE:?path of the ringfence binary}"
export RINGFENCE="$ringfence"
here=$(cd "$(dirname "$0")" && pwd)
data=$(mktemp -d "${TMPDIR:-/tmp}/ringfence-load.XXXXXX")
RINGFENCE_ADMIN_TOKEN=$(set +o pipefail; tr -dc 'A-Za-z0-9' </dev/urandom | head -c 40)
export RINGFENCE_ADMIN_TOKEN
printf '[rules]\nfolders = ["%s"]\n' "$data/rules" >"$data/ringfence.toml"
mkdir "$data/rules"
if [ -n "${LOAD_RULES:-}" ]; then tar -xzf "$LOAD_RULES" -C "$data/rules"; fi
"$ringfence" serve --config "$data/ringfence.toml" --data "$data/data" --listen 127.0.0.1:0 2>"$data/log" &
server=$!
trap 'kill -TERM $server 2>/dev/null; wait $server 2>/dev/null; rm -rf "$data"' EXIT
address=
for _ in $(seq 300); do
  address=$(sed -n 's/.*"message":"serving".*"address":"\([^"]*\)".*/\1/p' "$data/log")
  [ -n "$address" ] && break
  sleep 0.1
done
sleep 5
idle=$(awk '/VmRSS/ {print int($2 / 1024)}' "/proc/$server/status")
echo "goal idle-memory-mib measured $idle wanted 100 $([ "$idle" -lt 100 ] && echo ok || echo short)"
"${PYTHON:-python3}" "$here/load.py" "http://$address" "$server" "${1:-5000}" "${2:-60}"
