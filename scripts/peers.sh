#!/usr/bin/env bash
# Installs what Ringfence's build, demo and tests need and this machine does not have.
#
#   scripts/peers.sh GROUP…     GROUP is build, demo or test; each includes the one before
#
# Debian packages come through apt-get (as root, or with sudo), Python packages go to a folder of
# their own: ${RINGFENCE_VENV:-~/.cache/ringfence/venv}. What is there is left alone, so that a
# second run changes nothing and needs no network. Exit code 1: something could not be installed.
set -euo pipefail

venv="${RINGFENCE_VENV:-$HOME/.cache/ringfence/venv}"

# One line each: the file or program that tells whether it is there, and the Debian package.
build_debs=("cc gcc" "make make" "/usr/include/stdlib.h libc6-dev")
demo_debs=("logger bsdutils" "curl curl" "python3 python3")
test_debs=(
  "openssl openssl"
  "rsyslogd rsyslog"                                    # real syslog sender
  "/usr/lib/*/rsyslog/lmnsd_ossl.so rsyslog-openssl"    # … and its TLS
  "/usr/lib/*/rsyslog/omelasticsearch.so rsyslog-elasticsearch"  # … and its bulk requests
  "sipp sip-tester"                                     # real SIP traffic
  "kamailio kamailio"                                   # a real proxy that mirrors it
  "dpkg-deb dpkg"                                       # the package and its checks
  "lintian lintian"
  "/usr/lib/*/faketime/libfaketimeMT.so.1 libfaketime"  # a clock that steps, for the long proofs
  "systemd-analyze systemd"
  "chromium chromium"                                   # the console, as people see it
  "/usr/lib/postgresql/*/bin/initdb postgresql"         # the other state store
  "python3 python3"
  "/usr/lib/python3*/ensurepip/__init__.py python3-venv"
)
# A mail server, a checker of the bill of materials, a SIP scanner, readers of the lake, a checker of
# the API, senders of documents and of logs, another judge of passkeys, a reader of QR codes, a checker of SCIM.
test_pips=(aiosmtpd cedarpy==4.12.2 webauthn==3.0.1 zxing-cpp==3.1.1 'scim2-tester[httpx2]==0.5.2'
  'cyclonedx-python-lib[json-validation]' sipvicious deltalake duckdb pyarrow schemathesis
  'elasticsearch<9' opentelemetry-sdk opentelemetry-exporter-otlp-proto-http)
# Compiles the event schema anew. The tests use the compiled form in the repository.
schema_pip=ocsf-schema-compiler
schema_python=3.14

say() { printf 'peers: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

usage() {
  sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

# Whether a program is on the path (or where daemons are), or a file matches a pattern.
present() {
  case $1 in
    /*) compgen -G "$1" >/dev/null ;;
    *) PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null ;;
  esac
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "needs root to install Debian packages: run as root, or install sudo"
  fi
}

quiet_apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >/dev/null
}

install_debs() {
  local missing=() line
  for line in "$@"; do
    present "${line%% *}" || missing+=("${line##* }")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "install these by hand, there is no apt-get here: ${missing[*]}"
  say "installing Debian packages: ${missing[*]}"
  # The package lists are fetched only when those at hand do not lead to the packages.
  if ! quiet_apt install -y --no-install-recommends "${missing[@]}" 2>/dev/null; then
    say "fetching Debian's package lists"
    quiet_apt update
    quiet_apt install -y --no-install-recommends "${missing[@]}" \
      || die "could not install: ${missing[*]}"
  fi
}

# Prints the packages among its arguments that the folder does not have.
missing_pips() {
  "$venv/bin/python" - "$@" <<'PY'
import sys
from importlib.metadata import PackageNotFoundError, version
for name in sys.argv[1:]:
    try:
        version(name.split("[")[0].split("<")[0])
    except PackageNotFoundError:
        print(name)
PY
}

install_pips() {
  if [ ! -x "$venv/bin/python" ]; then
    say "making a Python folder: $venv"
    mkdir -p "$(dirname "$venv")"
    python3 -m venv "$venv"
  fi
  local missing
  mapfile -t missing < <(missing_pips "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing Python packages: ${missing[*]}"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "${missing[@]}" \
    || die "could not install: ${missing[*]}"
}

download() {
  (cd "$1" && apt-get -qq download syslog-ng-core syslog-ng-mod-http syslog-ng-scl \
    libivykis0 libnet1 libjson-c5 libpcre3 libcurl4 >/dev/null)
}

# syslog-ng and rsyslog exclude each other in Debian: this one is unpacked into a folder of its own,
# ${RINGFENCE_SYSLOG_NG:-~/.cache/ringfence/syslog-ng}, and runs from there.
unpack_syslog_ng() {
  local dir="${RINGFENCE_SYSLOG_NG:-$HOME/.cache/ringfence/syslog-ng}" fetched deb
  [ ! -x "$dir/usr/sbin/syslog-ng" ] || return 0
  say "unpacking Debian's syslog-ng into $dir"
  fetched=$(mktemp -d)
  # The package lists may name versions that are there no longer.
  if ! download "$fetched" 2>/dev/null && ! { quiet_apt update && download "$fetched"; }; then
    rm -rf "$fetched"
    die "could not download syslog-ng"
  fi
  for deb in "$fetched"/*.deb; do dpkg-deb -x "$deb" "$dir"; done
  rm -rf "$fetched"
}

check_rust() {
  command -v cargo >/dev/null || die "cargo is missing: install Rust with rustup, or your own way"
  local wanted have
  wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$(dirname "$0")/../Cargo.toml")
  have=$(rustc --version | cut -d' ' -f2)
  [ "$(printf '%s\n%s\n' "$wanted" "$have" | sort -V | head -n1)" = "$wanted" ] \
    || die "Rust $have is too old: $wanted or later is needed"
}

build() {
  install_debs "${build_debs[@]}"
  check_rust
}

demo() {
  build
  install_debs "${demo_debs[@]}"
}

test_() {
  demo
  install_debs "${test_debs[@]}"
  unpack_syslog_ng
  install_pips "${test_pips[@]}"
  if "$venv/bin/python" -c "import sys; sys.exit(sys.version_info < (${schema_python/./, }))"; then
    install_pips "$schema_pip"
  else
    say "left out $schema_pip: it needs Python $schema_python or later"
  fi
}

[ $# -gt 0 ] || usage
for group in "$@"; do
  case $group in
    build | demo) "$group" ;;
    test) test_ ;;
    *) usage ;;
  esac
  say "$group: all there"
done
