/**
 * Telephone systems, syslog devices and folders: declared in the server's configuration, without a
 * token. The texts are those of docs/intake.md and docs/examples.
 */
import { type Block, CONFIG, type Choice, RESTART, type Setup, place, sourceToml, toml } from "./setup";

const here = (text: string, note?: string): Block => ({ title: CONFIG, text, ...(note ? { note } : {}) });

const networks = "Write your own networks into allow: only these may send.";

const kamailio = (c: Choice): Block[] => {
  const { host } = place(c.url);
  return [
    here(
      `${sourceToml(c)}
[[listeners.hep_udp]]
name = ${toml(`${c.name}-hep`)}
listen = "0.0.0.0:9060"
source = ${toml(c.name)}
plain_udp = true
allow = ["10.1.0.0/24"]
`,
      `${networks} Plain UDP can be forged: what it brings informs and never decides about access.`,
    ),
    {
      title: "kamailio.cfg",
      text: `loadmodule "siptrace.so"
modparam("siptrace", "trace_on", 1)
modparam("siptrace", "trace_mode", 1)
modparam("siptrace", "trace_to_database", 0)
modparam("siptrace", "hep_mode_on", 1)
modparam("siptrace", "hep_version", 3)
modparam("siptrace", "hep_capture_id", 101)
modparam("siptrace", "duplicate_uri", "sip:${host}:9060")
modparam("siptrace", "send_sock_addr", "sip:127.0.0.1:5060")
`,
      note: "Trace mode 1 takes every message, in and out, without a call in the routes. send_sock_addr is an address that Kamailio listens on.",
    },
  ];
};

const asterisk = (c: Choice): Block[] => [
  here(`${sourceToml(c, true)}
[[feeds.asterisk]]
name = "asterisk"
connect = "127.0.0.1:5038"
user = "ringfence"
secret_file = "/etc/ringfence/ami.secret"
source = ${toml(c.name)}
`),
  {
    title: "manager.conf of Asterisk",
    text: `[general]
enabled = yes
bindaddr = 127.0.0.1
timestampevents = yes

[ringfence]
secret = a-long-random-secret
read = system,call,agent,cdr,security,reporting
write = reporting
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
`,
    note: "The same secret is the first line of /etc/ringfence/ami.secret. To another machine it travels readable unless you use tls.",
  },
];

const freeswitch = (c: Choice): Block[] => [
  here(`${sourceToml(c, true)}
[[feeds.freeswitch]]
name = "freeswitch"
connect = "127.0.0.1:8021"
secret_file = "/etc/ringfence/esl.secret"
source = ${toml(c.name)}
`),
  {
    title: "autoload_configs/event_socket.conf.xml of FreeSWITCH",
    text: `<configuration name="event_socket.conf" description="Socket Client">
  <settings>
    <param name="listen-ip" value="127.0.0.1"/>
    <param name="listen-port" value="8021"/>
    <param name="password" value="a-long-random-secret"/>
  </settings>
</configuration>
`,
    note: "The same secret is the first line of /etc/ringfence/esl.secret.",
  },
];

const syslog = (c: Choice): Block[] => {
  const { host } = place(c.url);
  return [
    here(
      `${sourceToml(c)}
[[listeners.syslog_tls]]
name = ${toml(`${c.name}-syslog`)}
listen = "0.0.0.0:6514"
source = ${toml(c.name)}
allow = ["10.1.0.0/16"]
`,
      `${networks} Without a certificate of yours (tls = { cert_file = …, key_file = … }) it uses /var/lib/ringfence/tls/self-signed.crt.`,
    ),
    {
      title: "/etc/rsyslog.d/ringfence.conf (package rsyslog-openssl)",
      text: `action(
  type="omfwd" target="${host}" port="6514" protocol="tcp"
  TCP_Framing="octet-counted" Template="RSYSLOG_SyslogProtocol23Format"
  StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid"
  StreamDriver.CAFile="/etc/rsyslog.d/ringfence-ca.crt"
  queue.type="LinkedList" queue.filename="ringfence" queue.maxDiskSpace="1g"
  queue.saveOnShutdown="on" action.resumeRetryCount="-1"
)
`,
      note: "The queue on disk holds what comes while Ringfence is not there. Devices with a menu want host, port 6514, TCP with TLS, and RFC 5424. JSON, CEF, LEEF and key=value inside syslog are read.",
    },
  ];
};

const folder = (c: Choice): Block[] => [
  here(
    `${sourceToml(c)}
[[feeds.folder]]
name = "cdr"
path = "/var/log/asterisk/cdr-csv"
glob = "*.csv"
source = ${toml(c.name)}
`,
    "Lines of JSON, syslog or text, CSV, Asterisk CDR and CEL, Windows event logs (.evtx); gzip and zstd around text. Each line once, through restarts and rotation. The user ringfence must be able to read the folder.",
  ),
];

export const SYSTEMS: Setup[] = [
  {
    id: "kamailio",
    label: "Kamailio (HEP)",
    hint: "SIP signalling by siptrace; any sender of HEP3",
    group: "Telephony",
    token: false,
    name: "sip",
    blocks: kamailio,
    then: RESTART,
  },
  {
    id: "asterisk",
    label: "Asterisk (AMI)",
    hint: "who is on a call, queues, agents",
    group: "Telephony",
    token: false,
    name: "pbx",
    calls: true,
    blocks: asterisk,
    then: RESTART,
  },
  {
    id: "freeswitch",
    label: "FreeSWITCH (ESL)",
    hint: "who is on a call, by its event socket",
    group: "Telephony",
    token: false,
    name: "pbx",
    calls: true,
    blocks: freeswitch,
    then: RESTART,
  },
  {
    id: "syslog",
    label: "syslog over TLS",
    hint: "rsyslog, firewalls, PBX: RFC 5424 and RFC 3164",
    group: "Files and syslog",
    token: false,
    name: "pbx-log",
    blocks: syslog,
    then: RESTART,
  },
  {
    id: "folder",
    label: "Files in a folder",
    hint: "files that appear and grow: CDRs, logs, .evtx",
    group: "Files and syslog",
    token: false,
    name: "pbx-cdr",
    blocks: folder,
    then: RESTART,
  },
];
