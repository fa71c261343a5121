#!/usr/bin/env python3
"""Checks a transparency log that lies in a folder, or a bundle of its records, from documents alone.

    verifier.py FOLDER KEY [--witness KEY ...] [--quorum N] [CHECKPOINT ...]
    verifier.py --bundle FILE KEY

Of a log it knows C2SP and nothing of Ringfence: signed-note, tlog-checkpoint, tlog-tiles and tlog-cosignature.
FOLDER has `checkpoint` and `tile/`, and may have `cosigned`: a checkpoint of the same size or less, with
cosignatures. KEY is the log's verifier key (`name+id+key`); each CHECKPOINT is a file with one that was seen
before. Of the witnesses named, N have to have cosigned. Of a bundle it knows what docs/evidence.md says. Prints
one line a fault; exit code 0 when there is none, 1 otherwise.
"""

import argparse
import base64
import binascii
import hashlib
import json
import pathlib
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519 = 1
COSIGNATURE = 4
WIDTH = 256
HASH = 32


class Bad(Exception):
    """What is wrong, in words."""


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_hash(hashes):
    """RFC 6962, 2.1: split at the largest power of two below the length."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(tree_hash(hashes[:split]), tree_hash(hashes[split:]))


class Key:
    """signed-note, “Verifier keys”."""

    def __init__(self, text, kind=ED25519):
        try:
            self.name, key_id, coded = text.split("+", 2)
            material = base64.b64decode(coded, validate=True)
            self.id = bytes.fromhex(key_id)
        except (ValueError, binascii.Error) as error:
            raise Bad(f"the key is none: {error}") from error
        if material[0] != kind or len(material) != 33:
            raise Bad("the key is none of Ed25519, or of another kind")
        if hashlib.sha256(self.name.encode() + b"\n" + material).digest()[:4] != self.id:
            raise Bad("the key's id is not that of its name and bytes")
        self.public = Ed25519PublicKey.from_public_bytes(material[1:])


def open_note(blob, key, what="checkpoint"):
    """The text of a note that the key signed."""
    try:
        text, signatures = blob.decode().rsplit("\n\n", 1)
    except ValueError as error:
        raise Bad(f"the {what} is no note") from error
    text += "\n"
    good = False
    for line in signatures.rstrip("\n").split("\n"):
        try:
            dash, name, coded = line.split(" ")
            signature = base64.b64decode(coded, validate=True)
        except (ValueError, binascii.Error) as error:
            raise Bad(f"a line of the {what}'s signatures is none") from error
        if dash != "\u2014":
            raise Bad(f"a line of the {what}'s signatures is none")
        if name != key.name or signature[:4] != key.id:
            continue
        try:
            key.public.verify(signature[4:], text.encode())
        except InvalidSignature as error:
            raise Bad(f"the log's signature under the {what} is false") from error
        good = True
    if not good:
        raise Bad(f"the log did not sign the {what}")
    return text


def open_checkpoint(blob, key):
    """The size and root of a checkpoint that the key signed."""
    lines = open_note(blob, key).split("\n")
    if lines[0] != key.name:
        raise Bad(f"the checkpoint is of {lines[0]!r}")
    return int(lines[1]), base64.b64decode(lines[2], validate=True)


def cosigners(blob, witnesses):
    """tlog-cosignature: names of the witnesses whose line, a time and a signature, is true."""
    text, signatures = blob.decode().rsplit("\n\n", 1)
    text += "\n"
    names = set()
    for line in signatures.rstrip("\n").split("\n"):
        _, name, coded = line.split(" ")
        signature = base64.b64decode(coded, validate=True)
        for witness in witnesses:
            if (name, signature[:4]) != (witness.name, witness.id):
                continue
            if len(signature) != 4 + 8 + 64:
                raise Bad(f"the cosignature of {name} has another length")
            (time,) = struct.unpack_from(">Q", signature, 4)
            message = f"cosignature/v1\ntime {time}\n{text}"
            try:
                witness.public.verify(signature[12:], message.encode())
            except InvalidSignature as error:
                raise Bad(f"the cosignature of {name} is false") from error
            names.add(name)
    return names


def path_of(index):
    """tlog-tiles: groups of three digits, all but the last with an x before them."""
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups)


class Log:
    def __init__(self, folder, size):
        self.folder, self.size = folder, size

    def read(self, level, index, width):
        """A tile or bundle, partial or the whole one that took its place."""
        whole = self.folder / "tile" / str(level) / path_of(index)
        partial = whole.with_name(f"{whole.name}.p") / str(width)
        for path in [whole] if width == WIDTH else [partial, whole]:
            if path.exists():
                return path.read_bytes(), path == whole
        raise Bad(f"tile/{level}/{path_of(index)} of width {width} is missing")

    def width(self, level, index):
        return min(WIDTH, (self.size >> (8 * level)) - index * WIDTH)

    def hashes(self, level, index):
        width = self.width(level, index)
        blob, whole = self.read(level, index, width)
        if len(blob) not in ({width * HASH, WIDTH * HASH} if whole else {width * HASH}):
            raise Bad(f"tile/{level}/{path_of(index)} has another length than its width takes")
        return [blob[at : at + HASH] for at in range(0, width * HASH, HASH)]

    def entries(self, index):
        """As many as can be read, and whether they are as many as there have to be."""
        width = self.width(0, index)
        blob, whole = self.read("entries", index, width)
        entries, at = [], 0
        while at + 2 <= len(blob):
            (length,) = struct.unpack_from(">H", blob, at)
            if at + 2 + length > len(blob):
                break
            entries.append(blob[at + 2 : at + 2 + length])
            at += 2 + length
        fits = at == len(blob) and len(entries) in ({width, WIDTH} if whole else {width})
        return entries[:width], fits


def check(folder, key, remembered, witnesses, quorum):
    """Yields faults."""
    newest = (folder / "checkpoint").read_bytes()
    size, root = open_checkpoint(newest, key)
    log = Log(folder, size)
    leaves = []
    for index in range((size + WIDTH - 1) // WIDTH):
        width = log.width(0, index)
        try:
            logged = log.hashes(0, index)
        except Bad as bad:
            yield str(bad)
            logged = []
        try:
            entries, fits = log.entries(index)
        except Bad as bad:
            yield str(bad)
            entries, fits = [], True
        if not fits:
            yield f"tile/entries/{path_of(index)} has another length than its width takes"
        for at in range(width):
            entry = leaf_hash(entries[at]) if at < len(entries) else None
            there = logged[at] if at < len(logged) else None
            if entries and there is not None and entry != there:
                yield f"entry {index * WIDTH + at} is not what was logged"
            leaves.append(there or entry or bytes(HASH))
    below, level = leaves, 1
    while len(below) >= WIDTH:
        made = [tree_hash(below[at : at + WIDTH]) for at in range(0, len(below) - WIDTH + 1, WIDTH)]
        for index in range((len(made) + WIDTH - 1) // WIDTH):
            try:
                there = log.hashes(level, index)
            except Bad as bad:
                yield str(bad)
                continue
            for at, hash_ in enumerate(there):
                if made[index * WIDTH + at] != hash_:
                    first = (index * WIDTH + at) * WIDTH**level
                    yield f"the hash over entries {first} to {first + WIDTH**level - 1} is not theirs"
        below, level = made, level + 1
    if tree_hash(leaves) != root:
        yield f"the entries do not make the root of the checkpoint of {size} entries"
    for file in remembered:
        old, old_root = open_checkpoint(file.read_bytes(), key)
        if old > size:
            yield f"a checkpoint with {old} entries is remembered, and the log has {size}: it was rolled back"
        elif tree_hash(leaves[:old]) != old_root:
            yield f"the first {old} entries are not those of the checkpoint that is remembered"
    names = cosigners(newest, witnesses)
    if (folder / "cosigned").exists():
        cosigned = (folder / "cosigned").read_bytes()
        old, old_root = open_checkpoint(cosigned, key)
        if old > size:
            yield f"witnesses cosigned {old} entries, and the log has {size}: it was rolled back"
        elif tree_hash(leaves[:old]) != old_root:
            yield f"the first {old} entries are not those that witnesses cosigned"
        names |= cosigners(cosigned, witnesses)
    if len(names) < quorum:
        yield f"{len(names)} of the {quorum} witnesses that have to have cosigned did"


def root_of(leaf, index, size, path):
    """RFC 9162, 2.1.3.2: the root to which a path leads."""
    if index >= size:
        raise Bad("the checkpoint has no such entry")
    place, last, hash_ = index, size - 1, leaf
    for beside in path:
        if last == 0:
            raise Bad("the path is too long")
        if place & 1 or place == last:
            hash_ = node_hash(beside, hash_)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            hash_ = node_hash(hash_, beside)
        place, last = place >> 1, last >> 1
    if last:
        raise Bad("the path is too short")
    return hash_


def check_record(item, checkpoint, size, root):
    """A record of a bundle: its proof, and what its entry commits to."""
    head, _, note = item["proof"].partition("\n\n")
    first, index, *path = head.split("\n")
    if first != "c2sp.org/tlog-proof@v1" or index != f"index {item['index']}":
        raise Bad("the proof is that of another entry, or none")
    if note != checkpoint:
        raise Bad("the proof is to another checkpoint than the bundle's")
    entry = item["entry"].encode()
    path = [base64.b64decode(one, validate=True) for one in path]
    if root_of(leaf_hash(entry), item["index"], size, path) != root:
        raise Bad("the proof does not lead to the checkpoint's root")
    version, _, _, commitment = item["entry"].split(" ")
    if version != "v1":
        raise Bad("it is no entry of an evidence log")
    if item.get("erased") is True:
        return
    salt = base64.b64decode(item["salt"], validate=True)
    made = hashlib.sha256(b"ringfence evidence record v1\n" + salt + item["text"].encode()).digest()
    if len(salt) != HASH or base64.b64encode(made).decode() != commitment:
        raise Bad("the record is not the one that was logged")


def check_bundle(file, key):
    """Yields faults."""
    kind = "ringfence evidence bundle v1"
    with file.open("rb") as lines:
        digest, count, at = hashlib.sha256(), 0, -1
        first = lines.readline()
        digest.update(first)
        header = json.loads(first)
        if header["format"] != kind:
            raise Bad("it is no bundle")
        checkpoint = header["checkpoint"]
        size, root = open_checkpoint(checkpoint.encode(), key)
        for number, line in enumerate(lines, 2):
            whole = line.endswith(b"\n")
            item = json.loads(line) if whole else {}
            if "seal" in item:
                break
            if not whole:
                yield "cut off: its last line is not whole"
                return
            digest.update(line)
            count += 1
            try:
                if item["index"] <= at:
                    raise Bad("it is not in the order of the log")
                check_record(item, checkpoint, size, root)
            except (Bad, ValueError, KeyError) as bad:
                yield f"line {number}: entry {item.get('index')}: {bad}"
            at = max(at, item.get("index", at))
        else:
            yield "cut off: it has no last line"
            return
        if lines.readline():
            yield "something stands after its last line"
    text = open_note(item["seal"].encode(), key, "last line")
    wanted = f"{kind}\nlog {key.name}\nrecords {count}\nsha256 {digest.hexdigest()}\n"
    if text != wanted:
        yield "the last line signs other records, or another number of them"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bundle", action="store_true")
    parser.add_argument("place", type=pathlib.Path)
    parser.add_argument("key")
    parser.add_argument("--witness", action="append", default=[])
    parser.add_argument("--quorum", type=int, default=0)
    parser.add_argument("remembered", type=pathlib.Path, nargs="*")
    asked = parser.parse_args()
    faults = 0
    try:
        if asked.bundle:
            found = check_bundle(asked.place, Key(asked.key))
        else:
            witnesses = [Key(text, COSIGNATURE) for text in asked.witness]
            found = check(asked.place, Key(asked.key), asked.remembered, witnesses, asked.quorum)
        for fault in found:
            print(fault)
            faults += 1
    except (Bad, ValueError, KeyError, OSError) as error:
        print(error)
        faults += 1
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
