#!/usr/bin/env python3
"""The same syslog stream to Ringfence and to rsyslog, which writes it to a file and syncs it.

    load_syslog.py RINGFENCE LINES      both on this machine, one after the other, over TCP

Ringfence reads, normalises, logs durably, joins, detects and stores each line in the lake; rsyslog
parses each line and writes it, with a sync after each batch. For both: lines a second until all
are where they belong, and processor time a line.
"""
import json, os, re, socket, subprocess, sys, tempfile, time, urllib.request

ringfence, lines = sys.argv[1], int(sys.argv[2])
TICKS = os.sysconf("SC_CLK_TCK")
HOSTS, PROGRAMS = 40, ("sshd[812]", "cron[237]", "asterisk[1450]", "kernel", "nginx[77]")
TEXTS = (
    "Accepted publickey for deploy from 10.1.2.{0} port 5{0:03} ssh2",
    "(root) CMD (run-parts /etc/cron.hourly) #{0}",
    "NOTICE: chan_pjsip.c: Registered endpoint 2{0:03} from 10.20.0.{0}:5060",
    "device eth0 entered promiscuous mode {0}",
    "10.3.0.{0} - - \"GET /customers/{0} HTTP/1.1\" 200 1834",
)


def cpu(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def stream():
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    out = []
    for n in range(lines):
        k = n % len(PROGRAMS)
        program, _, number = PROGRAMS[k].partition("[")
        out.append(f"<{38 + k}>1 {now}.{n % 1000:03}Z host-{n % HOSTS:02} {program} {number.rstrip(']') or '-'} - - "
                   f"{TEXTS[k].format(n % 250)} seq={n}\n")
    return "".join(out).encode()


def port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def send(to, data):
    for _ in range(100):
        try:
            connection = socket.create_connection(("127.0.0.1", to))
        except OSError:
            time.sleep(0.1)
            continue
        with connection:
            return connection.sendall(data)
    sys.exit(f"load_syslog: nothing listens on port {to}")


def measure(name, pid, to, data, done):
    before, began = cpu(pid), time.monotonic()
    send(to, data)
    while not done():
        time.sleep(0.05)
    lasted, spent = time.monotonic() - began, cpu(pid) - before
    print(f"{name:10} {lines / lasted:9.0f} lines/s  {spent / lines * 1e6:6.1f} µs of processor a line  ({lines} lines, {lasted:.1f} s)")
    return spent / lines


def rsyslog(folder, data):
    to = port()
    config = os.path.join(folder, "rsyslog.conf")
    out = os.path.join(folder, "out.log")
    open(config, "w").write(f'''
global(workDirectory="{folder}" maxMessageSize="64k")
module(load="imtcp" MaxSessions="10")
input(type="imtcp" port="{to}" address="127.0.0.1")
action(type="omfile" file="{out}" sync="on" asyncWriting="off" queue.type="LinkedList" queue.size="200000" queue.dequeueBatchSize="1000")
''')
    process = subprocess.Popen(["rsyslogd", "-n", "-f", config, "-i", os.path.join(folder, "pid")], stderr=subprocess.DEVNULL)
    try:
        def done():
            try:
                return open(out, "rb").read().count(b"\n") >= lines if os.path.getsize(out) > lines * 40 else False
            except OSError:
                return False
        return measure("rsyslog", process.pid, to, data, done)
    finally:
        process.terminate()
        process.wait()


def ours(folder, data):
    to, at = port(), port()
    config = os.path.join(folder, "ringfence.toml")
    open(config, "w").write(f'''
[[source]]
name = "load"
program = "default"
site = "main"

[[listeners.syslog_tcp]]
name = "load"
listen = "127.0.0.1:{to}"
source = "load"
allow = ["127.0.0.1/32"]
''')
    token = "load-" + os.urandom(16).hex()
    environment = dict(os.environ, RINGFENCE_ADMIN_TOKEN=token)
    process = subprocess.Popen([ringfence, "serve", "--config", config, "--data", os.path.join(folder, "data"), "--listen", f"127.0.0.1:{at}"],
                               env=environment, stderr=open(os.path.join(folder, "log"), "w"))

    def call(path):
        request = urllib.request.Request(f"http://127.0.0.1:{at}{path}", headers={"authorization": "Bearer " + token})
        return json.loads(urllib.request.urlopen(request, timeout=60).read())

    try:
        for _ in range(100):
            try:
                call("/readyz")
                break
            except OSError:
                time.sleep(0.1)

        def done():
            status = call("/api/v1/status")
            taken = sum(s["count"]["accepted"] for s in status["sources"])
            return taken >= lines and max(status["spine"]["lag"].values()) < 50
        spent = measure("ringfence", process.pid, to, data, done)
        memory = int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{process.pid}/status").read())[1]) >> 10
        print(f"ringfence  {memory} MiB at most")
        return spent
    finally:
        process.terminate()
        process.wait()


data = stream()
print(f"{lines} lines of {len(data) / lines:.0f} bytes")
with tempfile.TemporaryDirectory() as folder:
    theirs = rsyslog(folder, data)
with tempfile.TemporaryDirectory() as folder:
    mine = ours(folder, data)
print(f"ringfence takes {mine / theirs:.1f} times rsyslog's processor time a line, for parsing, join, detection and a queryable lake")
