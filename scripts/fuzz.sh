#!/usr/bin/env bash
# Builds the fuzz targets and runs each for a bounded time, on stable Rust.
#
#   scripts/fuzz.sh [SECONDS] [TARGET…]     SECONDS for each target: 60 where none is given
#
# Without targets it runs all that do not need the query engine; name `lake_…`, `api_…` or `server_…`, or set
# RINGFENCE_FUZZ_LAKE=1, and these are built too (many minutes). Needs a C++ compiler and Python.
# What it finds stands in fuzz/artifacts/TARGET, what it learns in fuzz/corpus/TARGET.
# Exit code 1: a target crashed, hung for 10 s or took more than 2 GB.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=60
if [[ ${1:-} =~ ^[0-9]+$ ]]; then
  seconds=$1
  shift
fi
mapfile -t all < <(ls fuzz/fuzz_targets | sed 's/\.rs$//')
lake=${RINGFENCE_FUZZ_LAKE:-}
targets=("$@")
if [ $# = 0 ]; then
  for target in "${all[@]}"; do
    if [ -n "$lake" ] || [[ $target != @(lake|api|server)_* ]]; then targets+=("$target"); fi
  done
fi
for target in "${targets[@]}"; do
  if [[ " ${all[*]} " != *" $target "* ]]; then
    printf 'fuzz: no target `%s`; there are: %s\n' "$target" "${all[*]}" >&2
    exit 2
  fi
  if [[ $target == @(lake|api|server)_* ]]; then lake=1; fi
done

# The compiler's coverage pass is in stable Rust; only the sanitizers are not. Ringfence's own code
# has no `unsafe`, so that panics, broken invariants, hangs and memory are what can go wrong.
coverage=(
  -Cpasses=sancov-module
  -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares
)
export CARGO_TARGET_DIR=${RINGFENCE_FUZZ_DIR:-$HOME/.cache/ringfence/fuzz}
host=$(rustc -vV | sed -n 's/^host: //p')
# Fuzz what is shipped: start from the product's versions of all dependencies.
if [ Cargo.lock -nt fuzz/Cargo.lock ]; then cp Cargo.lock fuzz/Cargo.lock; fi
# Naming the target keeps the flags off build scripts and macros.
RUSTFLAGS="${coverage[*]}" nice -n 19 cargo build --quiet --release --bins --target "$host" \
  --manifest-path fuzz/Cargo.toml ${lake:+--features lake}
python3 fuzz/seeds.py

failed=0
logs=$CARGO_TARGET_DIR/logs
mkdir -p "$logs"
row='%-24s %12s %9s %8s %8s  %s\n'
# shellcheck disable=SC2059
printf "$row" target execs execs/s coverage inputs result
for target in "${targets[@]}"; do
  corpus=fuzz/corpus/$target artifacts=fuzz/artifacts/$target log=$logs/$target.log
  mkdir -p "$corpus" "$artifacts"
  options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=16384
    -print_final_stats=1 -artifact_prefix="$artifacts/")
  if [ -s "$corpus.dict" ]; then options+=(-dict="$corpus.dict"); fi
  result=ok
  if ! nice -n 19 "$CARGO_TARGET_DIR/$host/release/$target" "${options[@]}" "$corpus" >"$log" 2>&1; then
    failed=1
    input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n1)
    result="FAILED: ${input:-see $log}"
  fi
  execs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
  reached=$(grep -o 'cov: [0-9]*' "$log" | tail -n1 || true)
  # shellcheck disable=SC2059
  printf "$row" "$target" "${execs:-?}" "${rate:-?}" "${reached#cov: }" "$(ls "$corpus" | wc -l)" "$result"
done
exit $failed
