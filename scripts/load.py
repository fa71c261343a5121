#!/usr/bin/env python3
"""Time from event to visible alert while the server takes a steady load.

    load.py URL RATE SECONDS     token in RINGFENCE_ADMIN_TOKEN; prints one table and the goal line

`ringfence simulate` makes the load. Every 150 ms a probe is posted: a call to a premium prefix from
an address that was never seen, which a rule turns into an alert of its own. It is timed from just
before its request until the API shows the alert.
"""
import json, os, subprocess, sys, time, urllib.request

url, rate, seconds = sys.argv[1].rstrip("/"), int(sys.argv[2]), int(sys.argv[3])
token = os.environ["RINGFENCE_ADMIN_TOKEN"]
ringfence = os.environ.get("RINGFENCE", "ringfence")


def call(path, body=None):
    request = urllib.request.Request(url + path, body, {"authorization": "Bearer " + token})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def probe(n):
    address = f"198.51.{100 + n // 250}.{n % 250 + 1}"
    event = {
        "class_uid": 99904005, "activity_id": 1, "severity_id": 1, "time": int(time.time() * 1000),
        "metadata": {"uid": f"probe-{os.getpid()}-{n}", "version": "1.8.0", "product": {"name": "probe"}},
        "sip": {"method": "INVITE", "request_user": "+881612345678", "from_user": "1", "transport": "tls"},
        "src_endpoint": {"ip": address, "port": 5060}, "dst_endpoint": {"ip": "192.0.2.1", "port": 5061},
    }
    began = time.monotonic()
    call("/api/v1/events", json.dumps(event).encode())
    acknowledged = time.monotonic() - began
    while time.monotonic() - began < 30:
        if call(f"/api/v1/alerts?limit=1&entity_value={address}")["items"]:
            return acknowledged, time.monotonic() - began
        time.sleep(0.005)
    return acknowledged, float("inf")


env = dict(os.environ, RINGFENCE_SERVER=url)
load = subprocess.Popen(
    [ringfence, "simulate", "--seed", "99", "--rate", str(rate), "--hours", "24", "--agents", "400", "--format", "json"],
    env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
time.sleep(5)
status = lambda: call("/api/v1/status")
first, began = status()["spine"]["entries"], time.monotonic()
sent = lambda: sum(s["count"]["accepted"] for s in status()["sources"])
before = sent()
acks, shown, n = [], [], 0
while time.monotonic() - began < seconds and load.poll() is None:
    a, s = probe(n)
    acks.append(a), shown.append(s)
    n += 1
    time.sleep(0.15)
taken, memory = (sent() - before) / (time.monotonic() - began), status()["memory_bytes"] >> 20
load.terminate()
at = lambda times, q: sorted(times)[min(len(times) - 1, int(len(times) * q))] * 1000
print(f"load {taken:.0f} events/s for {time.monotonic() - began:.0f} s, {n} probes, memory {memory} MiB")
print(f"{'':24}{'p50':>8}{'p90':>8}{'p99':>8}  ms")
for name, times in (("acknowledged", acks), ("alert visible", shown)):
    print(f"{name:24}" + "".join(f"{at(times, q):8.0f}" for q in (0.5, 0.9, 0.99)))
p99 = at(shown, 0.99) / 1000
print(f"goal event-to-alert-p99-seconds measured {p99:.3f} wanted 1.000 {'ok' if p99 < 1 and taken > 0.95 * rate else 'short'}")
