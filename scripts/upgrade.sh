#!/usr/bin/env bash
# Opens a data folder of an earlier version with this one and compares the answers.
#
#   scripts/upgrade.sh NEW [OLD]     programs; without OLD the version of PREVIOUS is built from git
#   scripts/upgrade.sh --fixture OLD FILE.tar.gz   makes the folder that `cargo test` opens
#
# Then the old program meets the folder that the new one has opened: it has to refuse it clearly, or
# to know it. Exit code 1: an answer differs.
set -euo pipefail

# The commit whose data folders have to open.
PREVIOUS=57cf921
token=admin-token-for-tests-0123456789abcdef
questions=(
  "SELECT class_uid, COUNT(*) AS n FROM events WHERE class_uid <> 0 AND class_uid < 99904005 GROUP BY 1 ORDER BY 1"
  "SELECT event_id, time, agent, customer, call_uid, call_state, rule_id FROM events WHERE class_uid IN (2004, 6001) ORDER BY event_id LIMIT 5000"
)

work=$(mktemp -d)
server=
cleanup() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT
say() { printf 'upgrade: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Starts a program on a folder; its address is in $url.
start() {
  : > "$work/log"
  RINGFENCE_ADMIN_TOKEN=$token "$1" serve --data "$2" --listen 127.0.0.1:0 2> "$work/log" &
  server=$!
  until grep -q '"message":"serving"' "$work/log"; do
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; die "it did not start"; }
    sleep 0.1
  done
  url=http://$(sed -n 's/.*"message":"serving","address":"\([^"]*\)".*/\1/p' "$work/log")
}

stop() {
  kill -TERM "$server"
  wait "$server"
  server=
}

ask() {
  for question in "${questions[@]}"; do
    RINGFENCE_TOKEN=$token "$1" query --server "$url" --format jsonl "$question"
  done
  RINGFENCE_TOKEN=$token "$1" alerts --server "$url" --format jsonl --limit 500 |
    python3 -c 'import json,sys
rows = [json.loads(l) for l in sys.stdin]
keys = ("id", "entity_value", "title", "finding_count", "status")
print(*sorted(json.dumps({k: r.get(k) for k in keys}) for r in rows), sep="\n")'
}

# Until the answers stand still: consumers read at their own pace.
settled() {
  local before=- now
  while now=$(ask "$1" | sha256sum) && [ "$now" != "$before" ]; do before=$now; sleep 3; done
  ask "$1"
}

write_folder() { # OLD DIR AGENTS HOURS
  start "$1" "$2"
  RINGFENCE_TOKEN=$token "$1" source add crm --server "$url" --format json > /dev/null
  if [ "$3" -gt 3 ]; then
    RINGFENCE_ADMIN_TOKEN=$token "$1" simulate --seed 7 --agents "$3" --insiders 2 --hours "$4" --server "$url" >&2
  else
    # A small one: no signalling, and not all of the rest.
    "$1" simulate --seed 7 --agents "$3" --insiders 2 --hours "$4" --out "$work/shift" >&2
    awk '!/"class_uid":99904005/ && ++n <= 1000' "$work/shift" |
      curl -sS -H "Authorization: Bearer $token" --data-binary @- "$url/api/v1/events" >&2
  fi
  settled "$1" > "$work/before"
  stop
}

if [ "${1:-}" = --fixture ]; then
  write_folder "$2" "$work/data" 3 1
  cp "$work/before" "$work/data/answers.jsonl"
  rm -r "$work/data/tls" # no private key in a repository; the server makes another
  tar -C "$work/data" --owner=0 --group=0 -c . | gzip -9n > "$3"
  ls -l "$3" >&2
  exit
fi

[ $# -ge 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
new=$(realpath "$1")
old=${2:-}
if [ -z "$old" ]; then
  say "building $PREVIOUS"
  git -C "$(dirname "$0")/.." worktree add -f --detach "$work/old" "$PREVIOUS" >&2
  (cd "$work/old" && cargo build --profile quick -p ringfence --locked) >&2
  cp "${CARGO_TARGET_DIR:-$work/old/target}/quick/ringfence" "$work/ringfence-old"
  git -C "$(dirname "$0")/.." worktree remove --force "$work/old"
  old=$work/ringfence-old
fi
write_folder "$old" "$work/data" 60 4
start "$new" "$work/data"
settled "$new" > "$work/after"
stop
diff "$work/before" "$work/after" >&2 || die "an answer differs"
say "$(wc -l < "$work/before") lines of answers are the same"
if timeout 20 "$old" serve --data "$work/data" --listen 127.0.0.1:0 2> "$work/refused"; then
  die "the old program served the new folder"
fi
grep -q "does not match this release" "$work/refused" || die "not refused clearly: $(cat "$work/refused")"
say "the old program refuses the new folder: $(tail -n1 "$work/refused")"
