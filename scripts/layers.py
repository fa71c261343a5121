#!/usr/bin/env python3
"""Checks that Ringfence's crates keep to their layers.

Reads `cargo metadata --no-deps`, so that nothing is built or fetched. A crate may use crates of
lower layers; crates of its own layer only where SIDEWAYS names it; a pure crate may name no crate
that does I/O, waits or reads a clock; and some foreign crates are for one crate of ours alone.
Development dependencies are free: a test may use what it tests against.

Exit code 0: all is well. 1: words say what is not.
"""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Lowest first. Every crate of the workspace stands in exactly one.
LAYERS = {
    "words": ["event", "crypto"],
    "engines": ["console", "sip", "capture", "sigma", "media", "stir", "dlp", "tlog", "policy",
                "identity", "scim"],
    "decisions": ["normalise", "calls", "detect", "simulate", "behaviour", "consent", "compliance"],
    "world": ["backup", "spine", "lake", "state", "respond", "sources", "connectors", "edge", "endpoint", "vault",
              "access", "federation",
              "evidence", "witness"],
    "faces": ["api", "server", "ringfence"],
}
PURE = {"words", "engines", "decisions"}

# Edges inside a layer that were decided, user first.
SIDEWAYS = {
    ("sources", "spine"),  # the intake writes to the event log
    ("connectors", "sources"),  # what they fetch goes to the one intake
    ("witness", "evidence"),  # a witness keeps its key as a log does
    ("server", "api"),  # the server mounts the API's routes
    ("ringfence", "api"),
    ("ringfence", "server"),  # the binary starts the server
}

# What makes a crate impure.
IO_CRATES = {
    "async-std", "async-trait", "axum", "datafusion", "futures", "hyper", "hyper-util", "mio",
    "nix", "object_store", "quinn-udp", "rcgen", "reqwest", "rustix", "rustls", "smol", "socket2",
    "sqlx", "tempfile", "tokio", "tokio-rustls", "tokio-stream", "tokio-util", "tower", "tracing",
    "tracing-subscriber", "ureq",
}

# Foreign crates that only these of ours may name (deny.toml holds the same for `cargo deny`).
ONLY = {
    "argon2": {"crypto"},
    "aws-lc-rs": {"crypto"},
    "axum": {"api", "server"},
    "datafusion": {"lake"},
    "sqlx": {"state"},
    "cedar-policy": {"policy"},
    "clap": {"ringfence"},
    "anyhow": {"ringfence"},
}


def short(package):
    """`ringfence-sip` is `sip`; the binary is `ringfence`."""
    return package.removeprefix("ringfence-")


def metadata():
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1", "--offline"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"layers: cargo metadata failed:\n{run.stderr.strip()}")
    return json.loads(run.stdout)["packages"]


def check(packages):
    ours = {package["name"] for package in packages}
    ranks = {name: rank for rank, names in enumerate(LAYERS.values()) for name in names}
    layer_of = {name: layer for layer, names in LAYERS.items() for name in names}
    for package in packages:
        user = short(package["name"])
        if user not in ranks:
            yield f"{user}: stands in no layer: add it to LAYERS in scripts/layers.py"
            continue
        for dependency in package["dependencies"]:
            if dependency["kind"] == "dev":
                continue
            name = dependency["name"]
            if name in ours:
                yield from internal(user, short(name), ranks, layer_of)
            else:
                yield from foreign(user, name, layer_of)


def internal(user, used, ranks, layer_of):
    if used not in ranks:
        return
    if ranks[used] > ranks[user]:
        yield (f"{user} ({layer_of[user]}) uses {used} ({layer_of[used]}): arrows go down only; "
               f"move what both need to a lower layer")
    elif ranks[used] == ranks[user] and (user, used) not in SIDEWAYS:
        yield (f"{user} uses {used}, both are {layer_of[user]}: none goes sideways; pass the value "
               f"through the crate above, or name the edge in SIDEWAYS and say why")


def foreign(user, name, layer_of):
    if layer_of[user] in PURE and name in IO_CRATES:
        yield f"{user} ({layer_of[user]}) names {name}: this layer is pure, with no I/O and no runtime"
    if user not in ONLY.get(name, {user}):
        yield f"{user} names {name}: only {', '.join(sorted(ONLY[name]))} may"


def main():
    packages = metadata()
    mistakes = list(check(packages))
    for mistake in mistakes:
        print(f"layers: {mistake}", file=sys.stderr)
    if mistakes:
        return 1
    print(f"layers: {len(packages)} crates keep to their layers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
