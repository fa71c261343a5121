#!/usr/bin/env python3
"""Prints the software bill of materials: CycloneDX 1.5 JSON of what is compiled into `ringfence`.

Reads `cargo metadata` and Cargo.lock; the same sources print the same bytes. Development
dependencies are left out, and so is what only other systems need.
"""

import json
import os
import pathlib
import re
import subprocess
import tomllib
import uuid
from datetime import datetime, timezone

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = "x86_64-unknown-linux-gnu"


def metadata():
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET]
    return json.loads(subprocess.check_output(command, cwd=ROOT))


def checksums():
    """SHA-256 of each package from the registry, by name and version."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    return {(p["name"], p["version"]): p["checksum"] for p in lock["package"] if "checksum" in p}


def reached(nodes, start):
    """Ids that the start needs to be built or to run."""
    seen, todo = set(), [start]
    while todo:
        ident = todo.pop()
        if ident in seen:
            continue
        seen.add(ident)
        todo += [d["pkg"] for d in nodes[ident]["deps"] if used(d)]
    return seen


def used(dependency):
    return any(kind["kind"] != "dev" for kind in dependency["dep_kinds"])


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, sums):
    found = {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
    }
    if package["description"]:
        found["description"] = " ".join(package["description"].split())
    if package["license"]:
        # "MIT/Apache-2.0" is how crates wrote OR before SPDX expressions.
        found["licenses"] = [{"expression": re.sub(r"\s*/\s*", " OR ", package["license"])}]
    if digest := sums.get((package["name"], package["version"])):
        found["hashes"] = [{"alg": "SHA-256", "content": digest}]
    if package["repository"]:
        found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return found


def main():
    data = metadata()
    packages = {p["id"]: p for p in data["packages"]}
    nodes = {n["id"]: n for n in data["resolve"]["nodes"]}
    top = next(p for p in data["packages"] if p["name"] == "ringfence")
    inside = sorted(reached(nodes, top["id"]) - {top["id"]}, key=lambda i: purl(packages[i]))
    sums = checksums()
    components = [component(packages[i], sums) for i in inside]
    edges = []
    for ident in sorted({*inside, top["id"]}, key=lambda i: purl(packages[i])):
        needs = {purl(packages[d["pkg"]]) for d in nodes[ident]["deps"] if used(d)}
        edges.append({"ref": purl(packages[ident]), "dependsOn": sorted(needs)})
    main_component = component(top, sums) | {"type": "application"}
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    body = json.dumps([components, edges], sort_keys=True)
    bom = {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, body)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": main_component,
        },
        "components": components,
        "dependencies": edges,
    }
    print(json.dumps(bom, indent=1))


main()
