#!/usr/bin/env bash
# Runs tests with nextest where it is installed, else with cargo test. Arguments are nextest's.
set -euo pipefail
if cargo nextest --version >/dev/null 2>&1; then
  exec cargo nextest run --cargo-profile quick --no-fail-fast "$@"
fi
args=()
while [ $# -gt 0 ]; do
  case $1 in
    -E) shift ;; # cargo test has no filter expressions: run all of the named packages
    --no-capture) ;;
    *) args+=("$1") ;;
  esac
  shift
done
exec cargo test --profile quick --no-fail-fast "${args[@]}"
