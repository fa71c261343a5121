/** What somebody sends who hopes that whoever shows it takes it for more than text. */
import { createSocket } from "node:dgram";
import type { APIRequestContext } from "@playwright/test";

/** Markup, an order that turns the line around, and no place to break it. */
export const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>\u202e${"x".repeat(110)}`;
/** Where the log-ins and the call came from. */
export const ATTACKER = "203.0.113.99";
export const CALLER = "203.0.113.98";
export const CALL_ID = `<img-src=x-onerror=alert(1)>@${CALLER}`;

const quoted = JSON.stringify;

/** A rule whose every text is an attack, and which fires on the failed log-ins below. */
export const RULE = `title: ${quoted(HOSTILE)}
id: 5a1f9d0e-6f0c-4f7e-9a53-0c2b6a3d7e11
status: stable
description: ${quoted(HOSTILE)}
author: ${quoted(HOSTILE)}
references: ["javascript:document.title='owned'", ${quoted(HOSTILE)}]
falsepositives: [${quoted(HOSTILE)}]
level: high
logsource: { category: authentication }
detection:
  failed: { activity_name: Logon, status_id: 2, rf.src_ip: "${ATTACKER}" }
  condition: failed
ringfence:
  message: ${quoted(`${HOSTILE.replaceAll(/[{}]/g, "")} {rf.user}`)}
  story: src_ip
  first_steps: [${quoted(HOSTILE)}]
`;

/** A rule that cannot be read, so that the page says what is wrong with it, in the words of its author. */
export const BROKEN = `title: ${quoted(HOSTILE)}
id: 5a1f9d0e-6f0c-4f7e-9a53-0c2b6a3d7e12
logsource: { category: authentication }
detection:
  one: { activity_name: Logon }
  condition: one and <img/src=x/onerror=document.title='owned'>
`;

/** Failed log-ins by somebody with such a name, at such a machine, by such a product. */
export async function logOns(api: APIRequestContext): Promise<void> {
  const now = Date.now();
  const records = Array.from({ length: 12 }, (_, n) => ({
    class_uid: 3002,
    activity_id: 1,
    severity_id: 1,
    time: now - 1_000 * n,
    status_id: 2,
    status: "Failure",
    message: HOSTILE,
    metadata: { version: "1.8.0", uid: `hostile-${n}`, product: { name: HOSTILE } },
    user: { name: HOSTILE },
    src_endpoint: { ip: ATTACKER, hostname: HOSTILE },
  }));
  // Formulas and records that cannot be read are attacks on spreadsheets and on the list of refusals.
  const lines = [...records.map((r) => JSON.stringify(r)), `{"message": ${quoted(HOSTILE)}, broken`];
  const sent = await api.post("/api/v1/events", { data: lines.join("\n") });
  if (!sent.ok()) throw new Error(await sent.text());
}

const SIP = (line: string, more: string[]): string =>
  [
    line,
    `Via: SIP/2.0/UDP ${CALLER}:5060;branch=z9hG4bK-hostile`,
    `From: "${HOSTILE.replaceAll('"', "'").replaceAll("\u202e", "")}" <sip:+4930123@${CALLER}>;tag=1`,
    `To: "</title><svg/onload=document.title='owned'>" <sip:900@example.org>`,
    `Call-ID: ${CALL_ID}`,
    "CSeq: 1 INVITE",
    `Contact: <sip:x@${CALLER};x="<script>document.title='owned'</script>">`,
    `User-Agent: ${HOSTILE}`,
    `Subject: ${HOSTILE}`,
    ...more,
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");

/** One captured SIP message as HEP3 (github.com/sipcapture/HEP, chunks of the generic vendor). */
function hep(text: string, from: string, to: string): Buffer {
  const address = (ip: string) => Buffer.from(ip.split(".").map(Number));
  const number = (value: number, bytes: 1 | 2 | 4) => {
    const out = Buffer.alloc(bytes);
    out.writeUIntBE(value, 0, bytes);
    return out;
  };
  const chunk = (type: number, body: Buffer) =>
    Buffer.concat([number(0, 2), number(type, 2), number(body.length + 6, 2), body]);
  const now = Date.now();
  const body = Buffer.concat([
    chunk(1, number(2, 1)),
    chunk(2, number(17, 1)),
    chunk(3, address(from)),
    chunk(4, address(to)),
    chunk(7, number(5060, 2)),
    chunk(8, number(5060, 2)),
    chunk(9, number(Math.floor(now / 1000), 4)),
    chunk(10, number((now % 1000) * 1000, 4)),
    chunk(11, number(1, 1)),
    chunk(12, number(1, 4)),
    chunk(15, Buffer.from(text)),
  ]);
  return Buffer.concat([Buffer.from("HEP3"), number(body.length + 6, 2), body]);
}

/** A call whose SIP headers are attacks, sent as a probe at the telephone system would. */
export async function call(listener: string): Promise<void> {
  const [host = "", port = ""] = listener.split(":");
  const socket = createSocket("udp4");
  const send = (packet: Buffer) =>
    new Promise<void>((done, fail) =>
      socket.send(packet, Number(port), host, (error) => (error ? fail(error) : done())),
    );
  await send(hep(SIP(`INVITE sip:<script>@example.org SIP/2.0`, []), CALLER, "192.0.2.1"));
  await send(hep(SIP(`SIP/2.0 486 <img src=x onerror=document.title='owned'>`, []), "192.0.2.1", CALLER));
  socket.close();
}
