# `make demo` and `make test` are all that a fresh Debian or Ubuntu machine needs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Outside the checkout, shared by demo, test and CI; never relied on.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/ringfence/target
export RINGFENCE_VENV ?= $(HOME)/.cache/ringfence/venv
export RINGFENCE_PYTHON ?= $(RINGFENCE_VENV)/bin/python
export PATH := $(HOME)/.cargo/bin:$(PATH)
PROFILE := quick
BIN := $(CARGO_TARGET_DIR)/$(PROFILE)/ringfence

.PHONY: help console console-test console-e2e console-speed screenshots demo build release package package-test test test-postgres unit lint prove crash-test fuzz bench bench-detect bench-voice bench-lake bench-access bench-evidence

help:
	@printf '%s\n' \
	  'make demo      install what is missing, build, run the main job on real sample input' \
	  'make test      install what is missing, build, run all tests' \
	  'make lint      formatting, clippy, layers' \
	  'make console   the web console, which `make build` puts into the program' \
	  'make screenshots  the picture of the README, and those of all pages in console/test-results/pictures' \
	  'make prove     the long proofs: crashes, kills, 20 simulated shifts, fuzzing, load' \
	  'make bench     speed of each engine, beside a peer or a physical limit' \
	  'make release   the optimised binary' \
	  'make package   the Debian package, in dist/'

# What the browser gets, from npm by the lock file; no script of a package runs.
NODE := scripts/node.sh
NPX := cd console && ../$(NODE) npx --no-install

console: console/node_modules/.package-lock.json
	@$(NPX) openapi-typescript ../crates/api/openapi.json -o src/api/schema.d.ts >/dev/null
	@$(NPX) vite build --logLevel warn

console/node_modules/.package-lock.json: console/package.json console/package-lock.json
	@scripts/peers.sh build
	@$(NODE) npm ci --prefix console --ignore-scripts --no-audit --no-fund --loglevel error

build: console
	@scripts/peers.sh build
	@cargo build --profile $(PROFILE) -p ringfence --locked

demo: build
	@scripts/peers.sh demo
	@RINGFENCE="$(BIN)" scripts/demo.sh

release: console
	@scripts/peers.sh build
	@cargo build --release -p ringfence --locked

package: release
	@scripts/package.sh "$(CARGO_TARGET_DIR)/release/ringfence" dist

# The same from the test build: form, unit, life from install to purge.
package-test: build
	@scripts/peers.sh test
	@PACKAGE_LEVEL=0 scripts/package_test.sh "$$(PACKAGE_LEVEL=0 scripts/package.sh "$(BIN)" "$(CARGO_TARGET_DIR)/dist")"

test: console
	@scripts/peers.sh test
	@scripts/layers.py
	@scripts/test.sh --locked --workspace
	@$(MAKE) --no-print-directory test-postgres
	@$(MAKE) --no-print-directory console-test console-e2e

# Types, style, unit tests and weight of the console.
console-test: console
	@$(NPX) tsc --noEmit
	@$(NPX) eslint . --max-warnings 0
	@$(NPX) prettier --check --log-level warn .
	@$(NPX) vitest run --reporter dot
	@scripts/node.sh node console/scripts/weight.mjs

# The console in Debian's Chromium before a real server.
console-e2e: build
	@scripts/peers.sh test
	@cd console && RINGFENCE="$(BIN)" ../$(NODE) npx --no-install playwright test

# The pages before a million events and a hundred thousand alerts, and pictures of all of them; both with
# the server, the data and the browser of the tests.
console-speed screenshots: build
	@scripts/peers.sh test
	@cd console && RINGFENCE="$(BIN)" RINGFENCE_E2E=$(if $(filter screenshots,$@),picture,speed) \
	  ../$(NODE) npx --no-install playwright test

# The same tests of everything that keeps state, on a PostgreSQL of their own.
# With nextest the whole workspace is named: what `make test` built is used as it is. Cargo alone has no filter.
test-postgres:
	@scripts/postgres.sh run scripts/test.sh --locked \
	  $$(cargo nextest --version >/dev/null 2>&1 && echo --workspace || echo -p ringfence-state -p ringfence) \
	  -E 'package(ringfence-state) + (package(ringfence) & test(/^(alerts|crash|webhooks)::/))'

lint:
	@cargo fmt --all --check
	@cargo clippy --profile $(PROFILE) --workspace --all-targets --locked -- -D warnings

prove: crash-test
	@scripts/peers.sh test
	@RINGFENCE_PROVE=1 scripts/test.sh -p ringfence-calls -E 'binary(story1)' --no-capture
	@scripts/upgrade.sh "$(BIN)"
	@scripts/fuzz.sh 300
	@RINGFENCE="$(BIN)" scripts/load.sh
	@RINGFENCE="$(BIN)" scripts/load.sh 25000 30
	@RINGFENCE="$(BIN)" scripts/load.sh 0
	@RINGFENCE="$(BIN)" LOAD_RULES="$${RINGFENCE_TESTDATA:-../shared/data}/sigma/sigmahq-rules.tar.gz" scripts/load.sh 10000 30
	@RINGFENCE="$(BIN)" LOAD_RULES="$${RINGFENCE_TESTDATA:-../shared/data}/sigma/sigmahq-rules.tar.gz" scripts/load.sh 0
	@scripts/load_syslog.py "$(BIN)" 600000
	@scripts/flood.py "$(BIN)"
	@$(MAKE) --no-print-directory console-speed
	@scripts/soak.py "$(BIN)" 45

crash-test: build
	@RINGFENCE_PROVE_KILLS=220 RINGFENCE_PROVE_CRASHES=1500 scripts/test.sh \
	  -p ringfence-spine -E 'binary(power_cut) + binary(kill) + binary(real_disk)'
	@RINGFENCE_PROVE_KILLS=200 scripts/test.sh -p ringfence -E 'test(kill)'

bench: bench-detect bench-voice bench-lake bench-access bench-evidence
	@cargo bench --locked -p ringfence-spine -p ringfence-normalise -p ringfence-calls -p ringfence-sources

bench-detect:
	@cargo bench --locked -p ringfence-sigma

bench-voice:
	@cargo bench --locked -p ringfence-sip -p ringfence-capture

# Decisions while the call join is fed.
bench-access:
	@cargo bench --locked -p ringfence-policy -p ringfence-access

# The evidence log beside the cost of hashing and syncing the same.
bench-evidence:
	@cargo bench --locked -p ringfence-tlog -p ringfence-evidence

bench-lake:
	@cargo bench --locked -p ringfence-lake

fuzz:
	@scripts/fuzz.sh 60
