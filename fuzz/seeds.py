#!/usr/bin/env python3
"""Fills `corpus/TARGET` with small inputs to start from, and writes `corpus/TARGET.dict`.

They are cut out of `samples`, `rules` and `mappings`, joined by what stands in `seeds/TARGET`,
and by the SIP torture messages where RINGFENCE_TESTDATA names the test data. The dictionary
holds the words of a target's seeds: without them the fuzzer would have to guess names letter by
letter. A second run adds only what is new.
"""

import gzip
import hashlib
import os
import pathlib
import re
import struct

FUZZ = pathlib.Path(__file__).resolve().parent
ROOT = FUZZ.parent
MAX_SEED = 16 * 1024
MAX_WORDS = 300


def files(folder, pattern):
    return [path.read_bytes() for path in sorted((ROOT / folder).glob(pattern))]


def lines(blobs):
    return [line for blob in blobs for line in blob.splitlines() if line.strip()]


def frames(capture):
    """Packets of a little-endian pcap or pcapng file."""
    blocks = capture.startswith(b"\x0a\x0d\x0d\x0a")
    at = 0 if blocks else 24
    while at + 16 <= len(capture):
        if not blocks:
            (length,) = struct.unpack_from("<I", capture, at + 8)
            yield capture[at + 16 : at + 16 + length]
            at += 16 + length
            continue
        kind, total = struct.unpack_from("<II", capture, at)
        if kind == 6:  # enhanced packet block
            (length,) = struct.unpack_from("<I", capture, at + 20)
            yield capture[at + 28 : at + 28 + length]
        at += max(total, 12)


def sip_messages(captures):
    """One message for each kind of first line, wherever in the packets it begins."""
    found = {}
    for frame in (frame for pcap in captures for frame in frames(pcap)):
        if first := re.search(rb"SIP/2\.0 \d{3}|[A-Z]{3,10} sips?:", frame):
            found.setdefault(first.group(), frame[first.start() :])
    return list(found.values())


def hep3(payload, key=b""):
    """A HEP3 packet: UDP over IPv4, SIP."""

    def chunk(kind, body):
        return struct.pack(">HHH", 0, kind, 6 + len(body)) + body

    body = chunk(1, b"\x02") + chunk(2, b"\x11") + chunk(3, b"\xc0\0\2\1") + chunk(4, b"\xc0\0\2\2")
    body += chunk(7, b"\x13\xc4") + chunk(8, b"\x13\xc4") + chunk(9, b"\x6b\x02\0\0")
    body += chunk(10, b"\0\0\0\x07") + chunk(11, b"\x01") + chunk(12, b"\0\0\0\x63")
    body += (chunk(14, key) if key else b"") + chunk(15, payload)
    return b"HEP3" + struct.pack(">H", 6 + len(body)) + body


def hep_compressed(payload):
    """The same with a gzip payload in chunk 16."""
    body = gzip.compress(payload, mtime=0)
    chunk = struct.pack(">HHH", 0, 16, 6 + len(body)) + body
    return b"HEP3" + struct.pack(">H", 6 + len(chunk)) + chunk


def zstd_stored(payload):
    """A zstd frame of one stored block (RFC 8878 sections 3.1.1.1 and 3.1.1.2)."""
    payload = payload[:200]
    block = (len(payload) << 3 | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(payload)]) + block + payload


def der(tag, *parts):
    body = b"".join(parts)
    return bytes([tag, len(body)]) + body


def pb(field, body):
    """A length-delimited field of Protocol Buffers, shorter than 128 bytes."""
    return bytes([field << 3 | 2, len(body)]) + body


def subject(name):
    """An X.501 name: an organisation and a common name."""

    def attribute(oid, text):
        return der(0x31, der(0x30, der(6, b"\x55\x04" + bytes([oid])), der(0x0C, text)))

    return attribute(10, b"Example") + attribute(3, name)


def gather():
    captures = files("samples", "sip/*.pcap") + files("samples", "*.pcap*")
    sip = sip_messages(captures[:3])
    torture = os.environ.get("RINGFENCE_TESTDATA", ROOT.parent / "shared" / "data")
    hostile = [path.read_bytes() for path in sorted(pathlib.Path(torture).glob("sip/torture/*.dat"))]
    log = lines(files("samples/intake", "auth.log"))
    events = lines(files("samples/intake", "*.ndjson"))
    rules = [text for text in files("rules", "*.yml") if b"scenarios:" not in text]
    conditions = [line.split(b"condition:")[1].strip() for line in lines(rules) if b"condition:" in line]
    counted = b"".join(b"%d %s" % (len(line), line) for line in log)
    framed = [counted, b"\n".join(log), b"\0".join(log), b"5 hello<13>plain\n"]
    small = [pcap for pcap in captures if len(pcap) < MAX_SEED]
    chains = [
        b"".join(bytes([min(len(f), 255)]) + f[:255] for f in list(frames(pcap))[:8]) for pcap in captures
    ]
    # The pipeline wants frames of at most 255 bytes; these hit more than one link type.
    chains += [bytes([min(len(f), 241)]) + f[14:255] for pcap in captures for f in list(frames(pcap))[:2]]
    leef = [b"1.0|a|b|1|id|src=192.0.2.1\tdevTime=1795339800000", b"2.0|a|b|1|id|x5E|sev=5^msg=two words"]
    attribute = pb(1, b"user.id") + pb(2, pb(1, b"4711"))
    record = b"\x10\x09" + pb(5, pb(1, b"<13>a line")) + pb(6, attribute)
    otlp = [pb(1, pb(1, pb(1, attribute)) + pb(2, pb(1, pb(1, b"scope")) + pb(2, record) * 2))]
    otlp += [b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"}}]}]}]}']
    hep = [hep3(m[:800]) for m in sip[:4]] + [hep3(b"OPTIONS sip:a SIP/2.0\r\n\r\n", b"myHep")]
    hep += [hep[0] + hep[-1], hep_compressed(sip[0])]
    return {
        "api_body": [gzip.compress(e, mtime=0) for e in events[:3]] + [zstd_stored(e) for e in events[:3]],
        "capture_file": small,
        "capture_hep": hep,
        "capture_pipeline": chains,
        "event_entry": [bytes([kind]) + e for e in events[:4] for kind in (1, 2, 3)],
        "normalise_bulk": [b"".join(b'{"create":{"_index":"logs"}}\n' + e + b"\n" for e in events[:3])],
        "normalise_leef": leef,
        "normalise_mapping": files("mappings", "*.toml"),
        "normalise_otlp": otlp,
        "normalise_sip": sip + hostile,
        "normalise_split": files("samples/intake", "*.ndjson") + events + [b"[" + b",".join(events[:3]) + b"]"],
        "normalise_syslog": log,
        "normalise_table": files("samples/intake", "*.csv"),
        "connectors_csv": files("samples/intake", "*.csv"),
        "sigma_condition": conditions,
        "sigma_parse": rules,
        "sigma_test_file": files("rules", "*.test.yml"),
        "sip_framing": sip + hostile + [b"\r\n\r\n".join(sip[:3])],
        "sip_mask": sip + hostile,
        "sip_message": sip + hostile,
        "sources_hep_framing": hep,
        "sources_folder_cut": [b'a,"b\nc",d\nhalf', b"one\r\n\ntwo"],
        "normalise_ami": [
            b"Asterisk Call Manager/9.0.0\r\nResponse: Success\r\nActionID: a\r\n\r\n"
            b"Event: Hangup\r\nPrivilege: call,all\r\nUniqueid: 1.2\r\nLinkedid: 1.1\r\n\r\n",
        ],
        "normalise_evtx": [b"ElfChnk\0" + bytes(120) + b"\x80" + bytes(383) + b"**\0\0"],
        "normalise_esl": [
            b"Content-Type: auth/request\n\nContent-Type: command/reply\nReply-Text: +OK accepted\n\n"
            b"Content-Length: 2\nContent-Type: text/event-json\n\n{}",
        ],
        "sources_subject": [subject(b"pbx"), subject(b"*.example.com")],
        "sources_syslog_framing": framed,
    }


def dictionary(seeds):
    """The words of the seeds in libFuzzer's format, most frequent first."""
    count = {}
    for seed in seeds:
        for word in set(re.findall(rb"[A-Za-z_][A-Za-z0-9_./-]{2,23}", seed)):
            count[word] = count.get(word, 0) + 1
    words = sorted(count, key=lambda word: (-count[word], word))[:MAX_WORDS]
    return "".join(f'"{word.decode()}"\n' for word in words)


def main():
    wanted = gather()
    for folder in sorted((FUZZ / "seeds").iterdir()):
        # One input a file, or a line each where the file says so by its ending.
        for path in sorted(folder.iterdir()):
            blob = path.read_bytes()
            wanted.setdefault(folder.name, []).extend(
                blob.splitlines() if path.suffix == ".lines" else [blob]
            )
    for target, seeds in wanted.items():
        corpus = FUZZ / "corpus" / target
        corpus.mkdir(parents=True, exist_ok=True)
        for seed in seeds:
            if len(seed) <= MAX_SEED:
                (corpus / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
        (FUZZ / "corpus" / f"{target}.dict").write_text(dictionary(seeds))


if __name__ == "__main__":
    main()
