#!/usr/bin/env python3
"""A steady or a full load of mixed events on a running server, and what it costs there.

    load.py URL PID RATE SECONDS      token in RINGFENCE_ADMIN_TOKEN, program in RINGFENCE

RATE 0 sends as fast as the server takes it. The load is a simulated shift of 2,000 agents (calls,
look-ups, recordings, log-ins, SIP) and one record of a Windows host for every three events of it,
all dated so that the shift ends now; it is made before the clock starts. Without a RATE it is enough
for 60,000 a second, or LOAD_EVENTS of the shift. Every 150 ms a probe is
posted: a call to a premium prefix from an address that was never seen, which a rule turns into an
alert of its own. It is timed from just before its request until the API shows the alert.
"""
import gzip, http.client, json, multiprocessing, os, re, subprocess, sys, tempfile, threading, time, urllib.parse, urllib.request

url, pid, rate, seconds = sys.argv[1].rstrip("/"), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
token = os.environ["RINGFENCE_ADMIN_TOKEN"]
ringfence = os.environ.get("RINGFENCE", "ringfence")
BODY = 500
SENDERS = 4
TICKS = os.sysconf("SC_CLK_TCK")


def call(path, body=None, method=None):
    headers = {"authorization": "Bearer " + token, "content-type": "application/json"}
    request = urllib.request.Request(url + path, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def source(name, site):
    grants = ["call-state"] if name in ("dialer", "agents", "sip", "cdr") else []
    new = {"name": f"load-{site}-{name}", "kind": "http", "program": "default", "site": site, "classes": "*",
           "grants": grants, "allowed_peers": [], "expect_every_secs": None}
    return call("/api/v1/sources", json.dumps(new).encode())["token"]


def windows():
    """Real records of Windows hosts where the test data is at hand, else one of our own."""
    path = os.path.join(os.environ.get("RINGFENCE_TESTDATA", "../shared/data"), "windows/attack.jsonl.gz")
    if os.path.exists(path):
        with gzip.open(path) as lines:
            return lines.read().splitlines()
    return [json.dumps({
        "EventID": 4624, "Channel": "Security", "Computer": "desk-0001", "Provider_Name": "Microsoft-Windows-Security-Auditing",
        "SystemTime": "2026-01-01T00:00:00Z", "TargetUserName": "agent", "LogonType": "2", "IpAddress": "10.0.0.1",
        "product": "windows", "service": "security"}).encode()]


def bodies(events):
    """Bodies of one source each, in the order of the shift, as (token, bytes, events)."""
    agents = 2000
    with tempfile.NamedTemporaryFile(suffix=".ndjson") as file:
        hours = max(1, min(8, -(-events // (agents * 28))))
        subprocess.run([ringfence, "simulate", "--seed", str(int(time.time()) % 10_000), "--agents", str(agents), "--hours",
                        str(hours), "--out", file.name], check=True, stderr=subprocess.DEVNULL)
        shift = open(file.name, "rb").read().splitlines()[:events]
    last = json.loads(shift[-1])["time"]
    ahead = int(time.time() * 1000) + 1000 - last
    tokens, out, waiting = {}, [], {}
    stamp = re.compile(rb"\b1[78]\d{11}\b")
    records, dated = windows(), re.compile(rb'("SystemTime": ?")[^"]*')

    def give(name, line):
        if name not in tokens:
            tokens[name] = source(name, "main")
        lines = waiting.setdefault(name, [])
        lines.append(line)
        if len(lines) == BODY:
            out.append((tokens[name], b"\n".join(lines), len(lines)))
            lines.clear()

    for n, line in enumerate(shift):
        line = stamp.sub(lambda m: str(int(m[0]) + ahead).encode(), line)
        at = line.index(b'"log_name":"') + 12
        give(line[at:line.index(b'"', at)].decode(), line)
        if n % 3 == 0:
            when = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(int(re.search(rb'"time":(\d+)', line)[1]) / 1000)).encode()
            give("windows", dated.sub(rb"\g<1>" + when, records[n // 3 % len(records)]))
    out += [(tokens[name], b"\n".join(lines), len(lines)) for name, lines in waiting.items() if lines]
    return out


def cpu(of):
    fields = open(f"/proc/{of}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory():
    text = open(f"/proc/{pid}/status").read()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) >> 10


def send(load, ready, go, results):
    """One process: its threads take bodies in turn, each over a connection of its own."""
    host = urllib.parse.urlsplit(url).netloc
    lock, place = threading.Lock(), [0]
    sent = [0]
    ready.set()
    go.wait()
    began = time.monotonic()

    def run():
        connection = http.client.HTTPConnection(host, timeout=120)
        while time.monotonic() - began < seconds:
            with lock:
                if place[0] >= len(load):
                    return
                to, body, count = load[place[0]]
                place[0] += 1
                due = began + sent[0] / rate if rate else 0
                sent[0] += count
            if due > time.monotonic():
                time.sleep(due - time.monotonic())
            while True:
                connection.request("POST", "/api/v1/events", body, {"authorization": "Bearer " + to, "content-type": "application/x-ndjson"})
                answer = connection.getresponse()
                text = answer.read()
                if answer.status == 200:
                    break
                time.sleep(0.2)
            told = json.loads(text)
            results.put((time.monotonic(), told["accepted"], told["rejected"]))

    threads = [threading.Thread(target=run) for _ in range(SENDERS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    results.put(None)


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


def stages():
    """Processor seconds of each stage of an event's way."""
    request = urllib.request.Request(url + "/metrics", headers={"authorization": "Bearer " + token})
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read().decode()
    return {stage: float(used) for stage, used in re.findall(r'stage_cpu_seconds_total{stage="(\w+)"} (\S+)', text)}


def lag():
    return call("/api/v1/status")["spine"]["lag"]


context = multiprocessing.get_context("fork")
load = bodies(int(os.environ.get("LOAD_EVENTS", (rate or 60_000) * seconds)))
size = sum(len(b) for _, b, _ in load) / sum(n for *_, n in load)
ready, go, results = context.Event(), context.Event(), context.Queue()
generator = context.Process(target=send, args=(load, ready, go, results), daemon=True)
generator.start()
del load
ready.wait()
stages_before, before, began = stages(), cpu(pid), time.monotonic()
go.set()
told, acks, shown, peak, n = [], [], [], 0, 0
drained = False
while not drained:
    if rate:
        a, s = probe(n)
        acks.append(a), shown.append(s)
        n += 1
    time.sleep(0.15)
    peak = max(peak, memory())
    while not results.empty():
        item = results.get()
        drained |= item is None
        if item:
            told.append(item)
taken, refused = sum(a for _, a, _ in told), sum(r for *_, r in told)
lasted = told[-1][0] - began
generated = cpu(generator.pid)
behind = lag()
while max(lag().values()) > 200:
    time.sleep(0.1)
caught_up = time.monotonic() - began
spent = cpu(pid) - before
print(f"{taken} events of {size:.0f} bytes acknowledged in {lasted:.1f} s: {taken / lasted:.0f}/s; {refused} refused; all worked off after {caught_up:.1f} s")
print(f"lag at the last answer: {behind}")
print(f"server {spent:.1f} CPU-s: {spent / taken * 1e6:.1f} µs an event, {2 * taken / spent:.0f} events/s on two cores; generator {generated:.1f} CPU-s; memory at most {peak} MiB")
parts = {stage: used - stages_before[stage] for stage, used in stages().items()}
parts["other"] = spent - sum(parts.values())
print("µs an event: " + ", ".join(f"{stage} {used / taken * 1e6:.1f}" for stage, used in parts.items()))
if rate:
    at = lambda times, q: sorted(times)[min(len(times) - 1, int(len(times) * q))] * 1000
    print(f"{'':24}{'p50':>8}{'p90':>8}{'p99':>8}  ms, {n} probes")
    for name, times in (("acknowledged", acks), ("alert visible", shown)):
        print(f"{name:24}" + "".join(f"{at(times, q):8.0f}" for q in (0.5, 0.9, 0.99)))
    p99 = at(shown, 0.99) / 1000
    held = taken / lasted > 0.95 * rate
    print(f"goal event-to-alert-p99-seconds measured {p99:.3f} wanted 1.000 {'ok' if p99 < 1 and held else 'short'}")
else:
    wanted = 20_000 if os.environ.get("LOAD_RULES") else 50_000
    for name, speed in (("", taken / caught_up), ("-generator-excluded", 2 * taken / spent)):
        print(f"goal events-per-second{name} measured {speed:.0f} wanted {wanted} {'ok' if speed >= wanted else 'short'}")
print(f"goal memory-mib measured {peak} wanted 500 {'ok' if peak < 500 else 'short'}")
