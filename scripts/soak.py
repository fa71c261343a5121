#!/usr/bin/env python3
"""A long run at a steady rate through everything that goes wrong in a year.

    soak.py RINGFENCE MINUTES [RATE]      20,000 events a second where no rate is given

Needs root (a file system of its own, in a private mount namespace) and Debian's libfaketime. On the
way, each at its part of the run: a restart (1/9), a full disk for a minute (2/9), a clock an hour
ahead for a twelfth of the run (3/9), an hour behind (5/9), a burst of ten times the rate for 20 s
(7/9), a kill (8/9). Every body carries a marker of its own. At the end each acknowledged marker must be in the
lake once, memory must not have grown, and the consumers must have caught up after each event.
Exit code 1: one of these does not hold.
"""
import http.client, json, os, re, shutil, signal, subprocess, sys, tempfile, threading, time

if os.environ.get("SOAK_INSIDE") is None:
    os.environ["SOAK_INSIDE"] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])

ringfence, minutes = sys.argv[1], float(sys.argv[2])
rate = int(sys.argv[3]) if len(sys.argv) > 3 else 20_000
BODY, SENDERS, BURST_SECS, FULL_SECS = 500, 4, 20, 60
DISK_GIB = int(os.environ.get("SOAK_DISK_GIB", "24"))
whole = minutes * 60
folder = tempfile.mkdtemp(prefix="ringfence-soak.", dir=os.environ.get("TMPDIR", "/tmp"))
disk, clock = os.path.join(folder, "disk"), os.path.join(folder, "clock")
token = "soak-token-" + os.urandom(20).hex()


def disk_up():
    image = os.path.join(folder, "image")
    with open(image, "wb") as file:
        file.truncate(DISK_GIB << 30)
    os.mkdir(disk)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, disk], check=True)


def set_clock(secs):
    """The server's clock, so far from the true one."""
    with open(clock + ".new", "w") as file:
        file.write(f"{secs:+d}s")
    os.replace(clock + ".new", clock)


class Server:
    port, process = None, None

    def start(self):
        faketime = subprocess.run(["sh", "-c", "ls /usr/lib/*/faketime/libfaketimeMT.so.1"], capture_output=True, text=True, check=True)
        env = dict(os.environ, RINGFENCE_ADMIN_TOKEN=token, LD_PRELOAD=faketime.stdout.strip(), FAKETIME_TIMESTAMP_FILE=clock,
                   FAKETIME_DONT_FAKE_MONOTONIC="1", FAKETIME_CACHE_DURATION="1")
        self.log = os.path.join(folder, f"log-{time.time():.0f}")
        listen = f"127.0.0.1:{self.port or 0}"
        self.process = subprocess.Popen([ringfence, "serve", "--data", os.path.join(disk, "data"), "--listen", listen],
                                        env=env, stderr=open(self.log, "w"), stdout=subprocess.DEVNULL)
        began = time.monotonic()
        while time.monotonic() - began < 120:
            found = re.search(r'"message":"serving".*?"address":"127.0.0.1:(\d+)"', open(self.log).read())
            if found:
                self.port = int(found[1])
                return time.monotonic() - began
            assert self.process.poll() is None, open(self.log).read()[-2000:]
            time.sleep(0.1)
        raise SystemExit("the server does not start: " + open(self.log).read()[-2000:])

    def end(self, how):
        began = time.monotonic()
        self.process.send_signal(how)
        code = self.process.wait(60)
        assert how == signal.SIGKILL or code == 0, f"it ended with {code}: " + open(self.log).read()[-2000:]
        return time.monotonic() - began

    def call(self, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            headers = {"authorization": "Bearer " + token, "content-type": "application/json"}
            connection.request("POST" if body is not None else "GET", path, body and json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 300:
                raise OSError(f"{answer.status}: {text[:300]}")
            return text if path == "/metrics" else json.loads(text)
        finally:
            connection.close()

    def memory(self):
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{self.process.pid}/status").read())[1]) >> 10

    def lag(self):
        return max(self.call("/api/v1/status")["spine"]["lag"].values())

    def sql(self, sql):
        return self.call("/api/v1/query", {"sql": sql})["rows"][0]


server = Server()
UID = re.compile(rb'("metadata":\{[^}]*?"uid":")')


def templates():
    """A shift cut into bodies of one source each: [source, first time, pieces, stamps]. A new round
    puts new times and names into the same texts."""
    with tempfile.NamedTemporaryFile(suffix=".ndjson") as file:
        subprocess.run([ringfence, "simulate", "--seed", "5", "--agents", "2000", "--hours", "2", "--out", file.name],
                       check=True, stderr=subprocess.DEVNULL)
        shift = open(file.name, "rb").read().splitlines()
    out, waiting = [], {}
    for line in shift:
        name = line[(at := line.index(b'"log_name":"') + 12):line.index(b'"', at)].decode()
        lines = waiting.setdefault(name, [])
        lines.append(UID.sub(rb"\1@@", line))
        if len(lines) == BODY:
            text = b"\n".join(lines)
            pieces = re.split(rb"\b1[78]\d{11}\b|@@", text)
            marks = [m[0] for m in re.finditer(rb"\b1[78]\d{11}\b|@@", text)]
            out.append((name, pieces, [None if m == b"@@" else int(m) for m in marks]))
            lines.clear()
    return out


def fill(template, round_, ahead):
    name, pieces, marks = template
    out = [pieces[0]]
    for piece, mark in zip(pieces[1:], marks):
        out.append(round_ if mark is None else b"%d" % (mark + ahead))
        out.append(piece)
    return b"".join(out)


class Load:
    """Sends at the rate, again and again until it is acknowledged."""

    def __init__(self, server, bodies, tokens):
        self.server, self.bodies, self.tokens = server, bodies, tokens
        self.lock, self.n, self.credit, self.at = threading.Lock(), 0, 0.0, time.monotonic()
        self.rate, self.stop = rate, False
        self.marked, self.sent, self.retries, self.failed = [], 0, 0, None
        self.threads = [threading.Thread(target=self.run, args=(s,)) for s in range(SENDERS)]

    def take(self):
        with self.lock:
            now = time.monotonic()
            self.credit = min(self.credit + (now - self.at) * self.rate, 2.0 * max(self.rate, BODY))
            self.at = now
            if self.credit < BODY:
                return None
            self.credit -= BODY
            self.n += 1
            return self.n

    def run(self, sender):
        try:
            connection = None
            while not self.stop:
                n = self.take()
                if n is None:
                    time.sleep(0.01)
                    continue
                round_, place = divmod(n, len(self.bodies))
                template = self.bodies[place]
                first = next(m for m in template[2] if m is not None)
                body = fill(template, b"%d-" % round_, int(time.time() * 1000) - first)
                marker = json.dumps({"class_uid": 6003, "activity_id": 2, "severity_id": 1, "time": int(time.time() * 1000),
                                     "metadata": {"uid": f"soak-{n}", "version": "1.8.0", "product": {"name": "soak"}},
                                     "message": "soak marker"}).encode()
                body += b"\n" + marker
                while True:
                    try:
                        connection = connection or http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=120)
                        headers = {"authorization": "Bearer " + self.tokens[template[0]], "content-type": "application/x-ndjson"}
                        connection.request("POST", "/api/v1/events", body, headers)
                        answer = connection.getresponse()
                        text = answer.read()
                        if answer.status == 200:
                            break
                        if answer.status not in (429, 503):
                            raise RuntimeError(f"{answer.status}: {text[:300]}")
                    except (OSError, http.client.HTTPException):
                        connection = None
                    self.retries += 1
                    time.sleep(0.3)
                told = json.loads(text)
                if told["rejected"]:
                    raise RuntimeError(f"rejected: {text[:500]}")
                with self.lock:
                    self.marked.append(n)
                    self.sent += told["accepted"]
        except Exception as error:
            self.failed = error


def main():
    set_clock(0)
    disk_up()
    server.start()
    bodies = templates()
    tokens = {}
    for name in {b[0] for b in bodies}:
        grants = ["call-state"] if name in ("dialer", "agents", "sip", "cdr") else []
        new = {"name": f"soak-{name}", "kind": "http", "program": "default", "site": "main", "classes": "*", "grants": grants,
               "allowed_peers": [], "expect_every_secs": None}
        tokens[name] = server.call("/api/v1/sources", new)["token"]
    load = Load(server, bodies, tokens)
    began = time.monotonic()
    samples, notes, recovered = [], [], []
    ballast = os.path.join(disk, "ballast")

    def say(text):
        notes.append(text)
        print(f"{time.monotonic() - began:7.0f} s  {text}", flush=True)

    def fill_disk():
        free = shutil.disk_usage(disk).free
        with open(ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(free - (1 << 20), 1))
        say(f"disk full ({free >> 20} MiB taken)")

    def empty_disk():
        os.remove(ballast)
        say("disk free again")

    def restart(how):
        def work():
            took = server.end(how)
            up = server.start()
            say(f"{how.name}: ended after {took:.1f} s, serves again after {up:.1f} s")
        return work

    def burst(to):
        def work():
            load.rate = to
            say(f"rate {to}/s")
        return work

    def step(secs):
        def work():
            set_clock(secs)
            say(f"clock {secs:+d} s")
        return work

    plan = [
        (whole / 9, restart(signal.SIGTERM), True),
        (whole * 2 / 9, fill_disk, False), (whole * 2 / 9 + FULL_SECS, empty_disk, True),
        (whole * 3 / 9, step(3600), False), (whole * 5 / 12, step(0), True),
        (whole * 5 / 9, step(-3600), False), (whole * 23 / 36, step(0), True),
        (whole * 7 / 9, burst(10 * rate), False), (whole * 7 / 9 + BURST_SECS, burst(rate), True),
        (whole * 8 / 9, restart(signal.SIGKILL), True),
    ]
    for thread in load.threads:
        thread.start()
    waiting, last, sent = None, time.monotonic(), 0
    while (now := time.monotonic() - began) < whole and load.failed is None:
        if plan and now >= plan[0][0]:
            _, work, disturbs = plan.pop(0)
            work()
            if disturbs:
                waiting = time.monotonic()
        try:
            lag, memory = server.lag(), server.memory()
        except OSError:
            lag, memory = None, None
        if waiting and lag is not None and lag < 2 * rate:
            recovered.append(time.monotonic() - waiting)
            say(f"caught up after {recovered[-1]:.1f} s")
            waiting = None
        if memory is not None and time.monotonic() - last >= 5:
            speed = (load.sent - sent) / (time.monotonic() - last)
            last, sent = time.monotonic(), load.sent
            samples.append((now, memory, lag, speed))
            if len(samples) % 24 == 0:
                print(f"{now:7.0f} s  {speed:6.0f} events/s, {lag} behind, {memory} MiB", flush=True)
        time.sleep(0.2)
    load.stop = True
    for thread in load.threads:
        thread.join()
    if load.failed:
        raise SystemExit(f"the load broke off: {load.failed!r}")
    while server.lag() > 200:
        time.sleep(0.2)
    time.sleep(5)
    acknowledged = len(load.marked)
    sql = "SELECT count(*) AS n, count(DISTINCT ocsf_get(ocsf, 'metadata.uid')) AS d FROM events WHERE class_uid = 6003 AND message = 'soak marker'"
    row = server.sql(sql)
    total = server.sql("SELECT count(*) AS n FROM events WHERE class_uid NOT IN (2004, 99904010) "
                       "AND NOT (class_uid = 0 AND message = 'call facts revised')")
    third = lambda part: sorted(m for t, m, *_ in samples if part * whole / 3 <= t < (part + 1) * whole / 3)
    first, final = third(0), third(2)
    middle = lambda values: values[len(values) // 2] if values else 0
    print(f"{load.sent} events acknowledged ({load.sent / whole:.0f}/s), {load.retries} requests repeated")
    print(f"markers: {acknowledged} acknowledged, {row['n']} rows, {row['d']} different; rows in all {total['n']}")
    print(f"memory MiB: median {middle(first)} in the first third, {middle(final)} in the last, {max(m for _, m, *_ in samples)} at most")
    goals = [
        ("soak-events-lost", max(load.sent - total["n"], 0), 0, total["n"] >= load.sent),
        ("soak-markers-lost", acknowledged - row["d"], 0, row["d"] >= acknowledged),
        ("soak-markers-doubled", row["n"] - row["d"], 0, row["n"] == row["d"]),
        ("soak-memory-growth-percent", round(100 * middle(final) / max(1, middle(first)) - 100), 15, middle(final) <= 1.15 * middle(first)),
        ("soak-disturbances-caught-up", len(recovered), 6, len(recovered) == 6),
    ]
    for name, measured, wanted, ok in goals:
        print(f"goal {name} measured {measured} wanted {wanted} {'ok' if ok else 'short'}")
    server.end(signal.SIGTERM)
    raise SystemExit(0 if all(ok for *_, ok in goals) else 1)


try:
    main()
finally:
    if server.process:
        server.process.kill()
    subprocess.run(["umount", "-l", disk], stderr=subprocess.DEVNULL)
    shutil.rmtree(folder, ignore_errors=True)
