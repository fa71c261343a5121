#!/usr/bin/env python3
"""Keeps of a compiled OCSF schema what the tests need: the classes that Ringfence emits and every
object they reach, without descriptions.

    ocsf-schema-compiler SCHEMA -e FOLDER_WITH_EXTENSION > full.json
    ocsf/compact.py full.json > ocsf/compiled.json

Short keys: t type, o object, a is an array, r required, p only with one of these profiles, e enum.
"""

import json
import sys

EMITTED = {0, 1001, 1007, 1008, 2003, 2004, 2006, 3001, 3002, 3005, 4001, 4002, 4003, 6001, 6003, 6005}


def attributes(source, reached):
    out = {}
    for name, a in sorted(source.items()):
        short = {"t": a["type"]}
        if a["type"] == "object_t":
            short = {"o": a["object_type"]}
            reached.add(a["object_type"])
        if a.get("is_array"):
            short["a"] = True
        if a.get("requirement") == "required":
            short["r"] = True
        profiles = a.get("profiles") or ([a["profile"]] if a.get("profile") else [])
        if profiles:
            short["p"] = profiles
        if "enum" in a:
            short["e"] = {key: value["caption"] for key, value in a["enum"].items()}
        out[name] = short
    return out


def item(source, reached):
    out = {"attributes": attributes(source["attributes"], reached)}
    if source.get("constraints"):
        out["constraints"] = source["constraints"]
    return out


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        full = json.load(file)
    reached, classes, objects = set(), {}, {}
    for name, c in sorted(full["classes"].items(), key=lambda pair: pair[1]["uid"]):
        if c["uid"] in EMITTED or c.get("extension") == "contact_center":
            head = {"name": name, "caption": c["caption"], "category_uid": c["category_uid"]}
            classes[str(c["uid"])] = head | item(c, reached)
    while todo := reached - objects.keys():
        for name in todo:
            objects[name] = item(full["objects"][name], reached)
    base = full["dictionary"]["types"]["attributes"]
    types = {name: t.get("type", name) for name, t in sorted(base.items())}

    def lines(table):
        return ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in table)

    print(f'{{"version":{json.dumps(full["version"])},')
    print(f'"classes":{{\n{lines(classes.items())}\n}},')
    print(f'"objects":{{\n{lines(sorted(objects.items()))}\n}},')
    print(f'"types":{{\n{lines(types.items())}\n}}}}')


main()
