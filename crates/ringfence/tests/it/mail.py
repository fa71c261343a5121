"""A mail server for the tests: prints each mail as a JSON line, and refuses as it is told.

mail.py MODE CERT KEY   MODE is plain, starttls, tls or auth; the port is printed first
Addresses steer it: later@ is refused with 450 the first two times, never@ with 550.
"""

import asyncio
import collections
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self):
        self.seen = collections.Counter()

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.seen[address] += 1
        if address.startswith("never@"):
            say({"refused": address})
            return "550 5.1.1 no such user"
        if address.startswith("later@") and self.seen[address] <= 2:
            say({"deferred": address})
            return "450 4.2.1 mailbox busy"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say({
            "to": envelope.rcpt_tos,
            "from": envelope.mail_from,
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "user": str(getattr(session.auth_data, "login", b"").decode() if session.auth_data else ""),
            "headers": [[k, str(v)] for k, v in message.items()],
            "body": message.get_content(),
        })
        return "250 OK"


def say(line):
    print(json.dumps(line), flush=True)


def authenticate(server, session, envelope, mechanism, data):
    good = data.login == b"ringfence" and data.password == b"geheim 7"
    session.auth_data = data if good else None
    return AuthResult(success=good, auth_data=data)


async def main(mode, cert, key):
    context = None
    if mode != "plain":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
    handler = Handler()
    options = {"enable_SMTPUTF8": True}
    if mode in ("starttls", "auth"):
        options |= {"tls_context": context, "require_starttls": True}
    if mode == "auth":
        options |= {"authenticator": authenticate, "auth_required": True}

    def make():
        return SMTP(handler, **options)

    loop = asyncio.get_running_loop()
    implicit = context if mode == "tls" else None
    server = await loop.create_server(make, "127.0.0.1", 0, ssl=implicit)
    say({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:4]))
