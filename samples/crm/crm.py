#!/usr/bin/env python3
"""A customer-relations application that asks Ringfence before it shows a record.

    samples/crm/crm.py serve [PORT]                 a page with three fields
    samples/crm/crm.py open AGENT CUSTOMER [REASON] the same from the shell: exit code 0 shown, 1 denied

Everything that an application has to do is in `may_open` (one question) and `report` (one event).
Nothing is needed but Python's standard library and

    RINGFENCE_SERVER   such as http://127.0.0.1:8443
    CRM_TOKEN          of a service with the role `integration`: it asks for decisions
    CRM_SOURCE_TOKEN   of a source: it reports the records that were shown; left out, nothing is reported
"""
import html
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SERVER = os.environ.get("RINGFENCE_SERVER", "http://127.0.0.1:8443").rstrip("/")

CUSTOMERS = {
    "C-1001": ("Ada Example", "Winter Street 1", "paid"),
    "C-1002": ("Ben Sample", "Harbour Lane 7", "one bill is open"),
}


def post(path, token, body):
    request = urllib.request.Request(
        SERVER + path,
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=2) as answer:
        return json.load(answer)


def may_open(agent, customer, reason):
    """Whether the agent may open the record now, and why (not). No answer is a no."""
    question = {
        "subject": {"type": "agent", "id": agent},
        "action": {"name": "customer-record:open"},
        "resource": {"type": "customer-record", "id": customer},
        "context": {"reason": reason} if reason else {},
    }
    try:
        answer = post("/access/v1/evaluation", os.environ["CRM_TOKEN"], question)
    except (urllib.error.URLError, OSError, ValueError) as error:
        return False, f"nobody could be asked: {error}"
    said = answer.get("context", {})
    reason = said.get("reason_user", {}).get("en", "")
    return answer.get("decision") is True, reason


def report(agent, customer):
    """Tells that a record was shown (OCSF Web Resources Activity, Read)."""
    token = os.environ.get("CRM_SOURCE_TOKEN")
    if not token:
        return
    now = int(time.time() * 1000)
    post("/api/v1/events", token, {
        "class_uid": 6001, "category_uid": 6, "activity_id": 2, "type_uid": 600102,
        "severity_id": 1, "time": now,
        "metadata": {"version": "1.8.0", "uid": str(uuid.uuid4()), "product": {"name": "Sample CRM"}},
        "actor": {"user": {"uid": agent}},
        "web_resources": [{"type": "customer_record", "uid": customer}],
    })


def attempt(agent, customer, reason):
    allowed, why = may_open(agent, customer, reason)
    if allowed:
        report(agent, customer)
    return allowed, why


PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sample CRM</title>
<meta name="viewport" content="width=device-width">
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ max-width: 34rem; margin: 3rem auto; padding: 0 1rem }}
label {{ display: block; margin: .75rem 0 }}
input {{ display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .4rem }}
button {{ font: inherit; padding: .5rem 1.25rem }}
section {{ border-inline-start: .3rem solid; padding: .25rem 1rem; margin-top: 2rem }}
.shown {{ border-color: #2f9e44 }} .denied {{ border-color: #e03131 }}
</style>
<h1>Sample CRM</h1>
<form method="post">
<label>Agent <input name="agent" value="{agent}" required autofocus></label>
<label>Customer <input name="customer" value="{customer}" required></label>
<label>Reason, without a call <input name="reason" value="{reason}"></label>
<button>Open the record</button>
</form>{result}</html>"""


def page(agent="4711", customer="C-1001", reason="", asked=False):
    result = ""
    if asked:
        allowed, why = attempt(agent, customer, reason)
        why = html.escape(why)
        if allowed:
            name, street, state = CUSTOMERS.get(customer, ("Somebody", "somewhere", "nothing is known"))
            result = (f'<section class="shown" role="status"><h2>{html.escape(name)}</h2>'
                      f"<p>{html.escape(street)}<br>{html.escape(state)}</p><p>Shown: {why}.</p></section>")
        else:
            result = (f'<section class="denied" role="alert"><h2>The record stays shut</h2>'
                      f"<p>{why}.</p></section>")
    fields = {name: html.escape(value) for name, value in
              (("agent", agent), ("customer", customer), ("reason", reason))}
    return PAGE.format(result=result, **fields)


class Crm(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(page())

    def do_POST(self):
        length = min(int(self.headers.get("Content-Length") or 0), 10_000)
        form = urllib.parse.parse_qs(self.rfile.read(length).decode("utf-8", "replace"))
        field = lambda name: form.get(name, [""])[0].strip()
        self.answer(page(field("agent"), field("customer"), field("reason"), asked=True))

    def answer(self, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    match sys.argv[1:]:
        case ["serve", *port]:
            server = ThreadingHTTPServer(("127.0.0.1", int(port[0]) if port else 8600), Crm)
            print(f"Sample CRM at http://127.0.0.1:{server.server_port}", flush=True)
            server.serve_forever()
        case ["open", agent, customer, *reason]:
            allowed, why = attempt(agent, customer, " ".join(reason))
            print(f"{'shown' if allowed else 'denied'}: {why}")
            sys.exit(0 if allowed else 1)
        case _:
            print(__doc__, file=sys.stderr)
            sys.exit(2)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
    except KeyError as missing:
        print(f"the environment has no {missing.args[0]}: see --help", file=sys.stderr)
        sys.exit(2)
