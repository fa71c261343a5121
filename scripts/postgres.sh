#!/usr/bin/env bash
# A PostgreSQL of our own for tests: in a folder, reached through a socket there, gone afterwards.
#
#   scripts/postgres.sh run COMMAND…            runs a command with one; RINGFENCE_TEST_POSTGRES is its URL
#   scripts/postgres.sh start DIR [NAME=VALUE…] makes and starts one, with settings; prints its URL
#   scripts/postgres.sh again DIR               starts one that was stopped
#   scripts/postgres.sh stop DIR [immediate]    stops it; `immediate` as a crash would
#   scripts/postgres.sh there                   exit code 0 if PostgreSQL is installed
#
# PostgreSQL refuses to run as root: then it runs as Debian's user `postgres`, who gets the folder.
# Texts sort as in Danish, where AA comes after Z: what relies on the order of bytes has to say so.
set -euo pipefail

bin=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n1 || true)

there() { [ -n "$bin" ] && [ -x "$bin/initdb" ]; }

as_owner() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && setpriv --reuid postgres --regid postgres --clear-groups "$@")
  else
    "$@"
  fi
}

start() {
  local dir=$1 setting port=5432
  shift
  mkdir -p "$dir"
  [ "$(id -u)" != 0 ] || chown -R postgres: "$dir"
  as_owner "$bin/initdb" --pgdata "$dir/data" --username postgres --auth-local trust --auth-host scram-sha-256 --no-sync \
    --encoding UTF8 --locale C.UTF-8 --locale-provider icu --icu-locale da >"$dir/initdb.log" 2>&1 \
    || { cat "$dir/initdb.log" >&2; exit 1; }
  {
    echo "listen_addresses = ''"
    echo "unix_socket_directories = '$dir'"
    echo "fsync = off"
    echo "max_connections = 200"
    echo "shared_buffers = 32MB"
    for setting in "$@"; do
      echo "${setting%%=*} = '${setting#*=}'"
      [ "${setting%%=*}" != port ] || port=${setting#*=}
    done
  } >>"$dir/data/postgresql.conf"
  again "$dir"
  echo "postgres:///postgres?host=$dir&user=postgres&port=$port"
}

again() {
  as_owner "$bin/pg_ctl" --pgdata "$1/data" --log "$1/log" --wait --silent start >&2 \
    || { tail -n 20 "$1/log" >&2; exit 1; }
}

stop() {
  as_owner "$bin/pg_ctl" --pgdata "$1/data" --mode "${2:-fast}" --wait --silent stop >&2
}

run() {
  local dir code=0
  dir=$(mktemp -d "${TMPDIR:-/tmp}/ringfence-pg.XXXXXX")
  trap 'stop "$dir" immediate || true; rm -rf "$dir"' EXIT
  RINGFENCE_TEST_POSTGRES=$(start "$dir")
  export RINGFENCE_TEST_POSTGRES
  "$@" || code=$?
  exit "$code"
}

command=${1:-}
case $command in
  there) there ;;
  run | start | again | stop)
    there || { echo "postgres.sh: PostgreSQL is not installed: scripts/peers.sh test" >&2; exit 1; }
    shift
    "$command" "$@"
    ;;
  *) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
