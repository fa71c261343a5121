#!/usr/bin/env bash
# Tests the Debian package: its form, its unit, its bill of materials, and its life from install to
# purge.
#
#   scripts/package_test.sh FILE.deb
#
# Installs into a copy of this system's root that only this script sees (a mount namespace with an
# overlay), where it may make one, else says so. Exit code 1: something is not as it should be.
set -euo pipefail

[ $# = 1 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
deb=$(realpath "$1")
python=${RINGFENCE_PYTHON:-${RINGFENCE_VENV:-$HOME/.cache/ringfence/venv}/bin/python}
work=$(mktemp -d)
server=
cleanup() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT
step() { printf 'package: %s\n' "$*"; }
die() { printf 'package: %s\n' "$*" >&2; exit 1; }

step "lintian"
lintian --fail-on error --no-tag-display-limit "$deb" 2>/dev/null || die "lintian has errors"

dpkg-deb -x "$deb" "$work/root"
unit="$work/root/usr/lib/systemd/system/ringfence.service"
step "unit"
# The program is where the package puts it; verify wants it there.
sed "s|/usr/bin/ringfence|$work/root/usr/bin/ringfence|" "$unit" > "$work/ringfence.service"
said=$(systemd-analyze verify --man=no "$work/ringfence.service" 2>&1 | grep ringfence.service || true)
[ -z "$said" ] || die "systemd-analyze verify: $said"
score=$(systemd-analyze security --offline=true "$unit" 2>/dev/null | sed -n 's/.*exposure level.*: \([0-9.]*\) .*/\1/p')
step "exposure $score (0 is best, 10 worst)"
awk -v s="$score" 'BEGIN { exit !(s != "" && s <= 3.0) }' || die "the unit exposes too much"

step "bill of materials"
"$python" - "$work/root/usr/share/doc/ringfence/sbom.cdx.json" <<'PY'
import json, pathlib, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

text = pathlib.Path(sys.argv[1]).read_text()
if error := JsonStrictValidator(SchemaVersion.V1_5).validate_str(text):
    sys.exit(f"package: the bill of materials is not CycloneDX: {error}")
found = {c["name"] for c in json.loads(text)["components"]}
if missing := {"datafusion", "rustls", "ringfence-spine"} - found:
    sys.exit(f"package: the bill of materials lacks {missing}")
print(f"package: {len(found)} components")
PY

step "pages and completions"
for page in "$work"/root/usr/share/man/man1/*.gz; do
  gzip -t "$page"
done
bash -n "$work/root/usr/share/bash-completion/completions/ringfence"

# Waits for a line of a log, and fails when the process that writes it has ended.
await() {
  until grep -q "$2" "$1"; do
    kill -0 "$server" 2>/dev/null || { cat "$1" >&2; die "the server ended"; }
    sleep 0.1
  done
}

step "run what is in it"
mkdir "$work/data"
chmod 700 "$work/data"
"$work/root/usr/bin/ringfence" doctor --config "$work/root/etc/ringfence/ringfence.toml" \
  --data "$work/data" --server http://127.0.0.1:1 --format jsonl > "$work/doctor" || true
! grep -q E-CONF "$work/doctor" || die "the shipped configuration has mistakes: $(cat "$work/doctor")"
sed "s|/etc/ringfence/rules|$work/root/etc/ringfence/rules|" \
  "$work/root/etc/ringfence/ringfence.toml" > "$work/ringfence.toml"
socket="$work/notify"
"$python" - "$socket" > "$work/notified" <<'PY' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while (said := s.recv(99).decode()) != "STOPPING=1":
    print(said, flush=True)
print(said)
PY
listener=$!
until [ -S "$socket" ]; do sleep 0.1; done
: > "$work/log"
NOTIFY_SOCKET=$socket WATCHDOG_USEC=400000 "$work/root/usr/bin/ringfence" serve \
  --config "$work/ringfence.toml" --data "$work/data" --listen 127.0.0.1:0 2> "$work/log" &
server=$!
await "$work/log" '"serving"'
until grep -q WATCHDOG=1 "$work/notified"; do kill -0 "$server"; sleep 0.1; done
kill -TERM "$server"
wait "$server" || die "it did not stop cleanly"
server=
wait "$listener"
[ "$(head -n1 "$work/notified")" = READY=1 ] || die "systemd was not told that it is ready"

step "install, remove, purge"
life() {
  set -e
  mkdir -p "$work/upper" "$work/over" "$work/mnt"
  mount -t tmpfs none "$work/upper"
  mkdir "$work/upper/up" "$work/upper/wk"
  mount -t overlay none -o "lowerdir=/,upperdir=$work/upper/up,workdir=$work/upper/wk" "$work/mnt"
  mount --bind /dev "$work/mnt/dev"
  mount -t proc none "$work/mnt/proc"
  cp "$deb" "$work/mnt/tmp/ringfence.deb"
  chroot "$work/mnt" sh -ec '
    dpkg -i --force-depends /tmp/ringfence.deb >/dev/null
    id ringfence >/dev/null
    test "$(stat -c %U:%a /var/lib/ringfence)" = ringfence:700
    test "$(stat -c %G:%a /etc/ringfence/ringfence.toml)" = ringfence:640
    echo "# mine" >> /etc/ringfence/ringfence.toml
    touch /var/lib/ringfence/kept
    chown ringfence /var/lib/ringfence/kept
    dpkg -i --force-depends --force-confdef --force-confold /tmp/ringfence.deb >/dev/null
    grep -q "# mine" /etc/ringfence/ringfence.toml
    dpkg -r ringfence >/dev/null
    test ! -e /usr/bin/ringfence
    test -e /var/lib/ringfence/kept
    test -e /etc/ringfence/ringfence.toml
    dpkg -P ringfence >/dev/null
    test ! -e /var/lib/ringfence
    test ! -e /etc/ringfence
  '
}
export -f life
export work deb
if unshare --mount true 2>/dev/null && unshare --mount bash -c life; then
  step "its life is as it should be"
elif [ "$(id -u)" = 0 ] && [ -n "${CI:-}" ]; then
  die "install, remove or purge went wrong"
else
  step "left out or failed: needs root and a kernel with overlays"
fi
