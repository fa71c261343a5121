#!/usr/bin/env python3
"""Somebody signs in while others guess wrong passwords, thousands a second from many addresses.

    flood.py PROGRAM [GUESSES_A_SECOND] [SECONDS]

Starts PROGRAM in a folder of its own on loopback, enrols the first administrator, and then guesses from as
many addresses of 127.0.0.0/8 as it has connections. Meanwhile the administrator signs in from a browser that
was here before, again and again. Exits with 1 when a sign-in took a second or longer, was refused, or the
guesses did not go out as fast as asked for. Whoever is turned away waits a second for the answer, so fewer
are answered than sent: the rest waits in the attacker's connections and costs the server nothing.
"""

import base64
import hashlib
import hmac
import http.client
import json
import multiprocessing
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

PASSWORD = "correct-horse-battery-7"
SENDERS = 2
CONNECTIONS = 2_000
LIMIT = 1.0


def one_time_code(secret, later=0):
    """RFC 6238."""
    step = int(time.time()) // 30 + later
    tag = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = tag[19] & 15
    return f"{(int.from_bytes(tag[at:at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


class Browser:
    """Keeps cookies and posts forms."""

    def __init__(self, port):
        self.port, self.cookies = port, {}

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("set-cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        connection.close()
        return answer.status, text

    def post(self, path, **form):
        return self.ask("POST", path, urllib.parse.urlencode(form), **{
            "Origin": f"http://127.0.0.1:{self.port}", "Content-Type": "application/x-www-form-urlencoded"})

    def api(self, method, path):
        status, text = self.ask(method, path, **{"X-Ringfence-Console": "1"})
        return status, json.loads(text)


def flow(page):
    return re.search(r'name="flow" value="([^"]*)"', page)[1]


def enrol(browser, code):
    _, page = browser.post("/enrol", code=code)
    _, page = browser.post("/enrol/name", flow=flow(page), login="ada", name="Ada")
    text = re.search(r"<figcaption><code>([^<]*)", page)[1].replace(" ", "")
    secret = base64.b32decode(text + "=" * (-len(text) % 8))
    # On a page with two forms both carry the same flow.
    status, page = browser.post("/enrol/password", flow=flow(page), password=PASSWORD, again=PASSWORD,
                                code=one_time_code(secret, -1))
    if status != 200:
        sys.exit(f"enrolment was answered {status}")
    _, made = browser.api("POST", "/api/v1/me/recovery-codes")
    return made["codes"]


def guess(port, number, a_second, seconds, sent):
    """Guesses from addresses of its own, in bundles of a quarter of a second, and takes no answer for granted."""
    connections = []
    body = urllib.parse.urlencode({"login": f"user{number}", "password": "wrong-password-1"})
    request = (f"POST /signin HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
               "Content-Type: application/x-www-form-urlencoded\r\n"
               f"Content-Length: {len(body)}\r\n\r\n{body}").encode()

    def connect(n):
        one = socket.socket()
        one.bind((f"127.{10 + number}.{n // 250}.{1 + n % 250}", 0))
        one.connect(("127.0.0.1", port))
        one.setblocking(False)
        return one

    for n in range(CONNECTIONS):
        connections.append(connect(n))
    # So many of the connections each quarter of a second, in turn.
    bundle = round(a_second / 4)
    answers = went = turn = 0
    end = time.monotonic() + seconds
    due = time.monotonic()
    while time.monotonic() < end:
        for _ in range(bundle):
            turn = (turn + 1) % CONNECTIONS
            try:
                went += connections[turn].send(request) == len(request)
            except OSError:
                pass
        due += 0.25
        time.sleep(max(0, due - time.monotonic()))
    # What was answered is read at the end: an attacker does not wait for it either.
    for one in connections:
        try:
            while some := one.recv(1 << 20):
                answers += some.count(b"HTTP/1.1 ")
        except OSError:
            pass
    sent.put((went, answers))


def main():
    program = os.path.abspath(sys.argv[1])
    a_second = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    with tempfile.TemporaryDirectory(prefix="ringfence-flood.") as folder:
        log = open(f"{folder}/log", "w")
        with open(f"{folder}/ringfence.toml", "w") as config:
            config.write("version = 1\n[server]\nmax_connections = 5000\n[log]\nformat = \"json\"\n")
        server = subprocess.Popen([program, "serve", "--config", f"{folder}/ringfence.toml", "--data",
                                   f"{folder}/data", "--listen", "127.0.0.1:0"], stderr=log)
        try:
            measure(server, folder, a_second, seconds)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)


def measure(server, folder, a_second, seconds):
    port = None
    for _ in range(300):
        found = re.search(r'"serving".*"address":"127.0.0.1:(\d+)"', open(f"{folder}/log").read())
        if found:
            port = int(found[1])
            break
        if server.poll() is not None:
            sys.exit(open(f"{folder}/log").read())
        time.sleep(0.1)
    ada = Browser(port)
    codes = enrol(ada, open(f"{folder}/data/first-administrator.txt").read().strip())
    sent = multiprocessing.Queue()
    senders = [multiprocessing.Process(target=guess, args=(port, n, a_second / SENDERS, seconds, sent))
               for n in range(SENDERS)]
    begun = time.monotonic()
    for sender in senders:
        sender.start()
    time.sleep(2)
    took = []
    while codes and time.monotonic() < begun + seconds - 2:
        start = time.monotonic()
        status, page = ada.post("/signin", login="ada", password=PASSWORD)
        if status != 200:
            sys.exit(f"the password was answered {status}")
        status, _ = ada.post("/signin/code", flow=flow(page), code=codes.pop())
        if status != 303:
            sys.exit(f"the code was answered {status}")
        took.append(time.monotonic() - start)
        time.sleep(1)
    went, answered = (sum(n) / seconds for n in zip(*(sent.get() for _ in senders)))
    for sender in senders:
        sender.join()
    print(f"{went:,.0f} wrong guesses a second from {SENDERS * CONNECTIONS:,} addresses, {answered:,.0f} answered; "
          f"{len(took)} sign-ins took {statistics.median(took):.3f} s in the middle, {max(took):.3f} s at most")
    if max(took) >= LIMIT or went < 0.9 * a_second:
        sys.exit(1)


if __name__ == "__main__":
    main()
