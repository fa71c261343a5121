/** Programs that send by themselves, with a token. The texts are those of docs/shippers.md and docs/intake.md. */
import { type Block, type Choice, type Setup, place } from "./setup";

const trust = "The program must trust the certificate of this server.";

const curl = (c: Choice): Block[] => {
  const { origin } = place(c.url);
  return [
    {
      title: "In a shell",
      text: `TOKEN='${c.token}'
curl -H "Authorization: Bearer $TOKEN" -H 'Idempotency-Key: audit-2026-11-22-0930' \\
  --data-binary @audit.ndjson ${origin}/api/v1/events
`,
      note: "One JSON object a line, or an array. Another key for each file, and the same key when a file is sent again: then it counts once. The answer names line and reason of what was refused.",
    },
    {
      title: "Before that: what becomes of one line",
      text: "ringfence map test line.json\n",
      note: "If it fits no mapping, rules still find its fields by their own names. A mapping file of yours gives them their meaning.",
    },
  ];
};

const hec = (c: Choice): Block[] => {
  const { origin } = place(c.url);
  return [
    {
      title: "What the sender asks for",
      text: `URL    ${origin}/services/collector/event
Token  ${c.token}
`,
    },
    {
      title: "One event by hand",
      text: `TOKEN='${c.token}'
curl -H "Authorization: Splunk $TOKEN" ${origin}/services/collector/event \\
  -d '{"time": 1795339800, "event": {"user": "4711", "action": "view", "customer_id": "C-1001"}}'
`,
      note: "It answers as Splunk does.",
    },
  ];
};

const vector = (c: Choice): Block[] => [
  {
    title: "vector.toml",
    text: `[sinks.ringfence]
type = "elasticsearch"
inputs = ["logs"]
endpoints = ["${place(c.url).origin}"]
api_version = "v8"
auth.strategy = "basic"
auth.user = "vector"
auth.password = "${c.token}"
bulk.action = "create"
bulk.index = "logs"
compression = "gzip"
`,
    note: "Write your own inputs. Add id_key if events have an identity of their own.",
  },
];

const fluentBit = (c: Choice): Block[] => {
  const { host, port, tls } = place(c.url);
  return [
    {
      title: "fluent-bit.conf",
      text: `[OUTPUT]
    Name               es
    Match              *
    Host               ${host}
    Port               ${port}
    tls                ${tls ? "On" : "Off"}
    HTTP_User          fluent-bit
    HTTP_Passwd        ${c.token}
    Index              logs
    Suppress_Type_Name On
    Generate_ID        On
    Compress           gzip
    Retry_Limit        no_limits
`,
      note: "Generate_ID makes the id from the content: two lines that are really equal, in the same instant, become one. Leave it out where that matters more than repetition.",
    },
  ];
};

const beats = (c: Choice): Block[] => [
  {
    title: "filebeat.yml, winlogbeat.yml, auditbeat.yml or packetbeat.yml",
    text: `output.elasticsearch:
  hosts: ["${place(c.url).origin}"]
  api_key: "winlogbeat:${c.token}"
setup.template.enabled: false
setup.ilm.enabled: false
`,
    note: "What stands before the colon does not matter. A Beat of version 9 wants allow_older_versions: true as well. Beats repeat a batch after a lost answer: Filebeat's processor add_id makes it count once.",
  },
];

const logstash = (c: Choice): Block[] => [
  {
    title: "The output of the pipeline",
    text: `output {
  elasticsearch {
    hosts => ["${place(c.url).origin}"]
    api_key => "logstash:${c.token}"
    index => "logs"
    manage_template => false
    ilm_enabled => false
  }
}
`,
  },
];

const rsyslog = (c: Choice): Block[] => {
  const { host, port, tls } = place(c.url);
  return [
    {
      title: "/etc/rsyslog.d/ringfence.conf (package rsyslog-elasticsearch)",
      text: `module(load="omelasticsearch")
template(name="document" type="list" option.jsonf="on") {
  property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="hostname" name="hostname" format="jsonf")
  property(outname="appname" name="programname" format="jsonf")
  property(outname="procid" name="procid" format="jsonf")
  property(outname="facility" name="syslogfacility-text" format="jsonf")
  property(outname="severity" name="syslogseverity-text" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
}
template(name="id" type="string" string="%uuid%")
action(type="omelasticsearch" name="ringfence"
       server="${host}" serverport="${port}" usehttps="${tls ? "on" : "off"}"
       uid="rsyslog" pwd="${c.token}"
       searchIndex="syslog" searchType="" template="document"
       bulkmode="on" maxbytes="4m" dynbulkid="on" bulkid="id"
       action.resumeRetryCount="-1" action.resumeInterval="1"
       queue.type="LinkedList" queue.size="20000" queue.dequeueBatchSize="500"
       queue.filename="ringfence" queue.maxDiskSpace="1g" queue.saveOnShutdown="on")
`,
      note: "Each message has an identity that a repetition keeps: a line that rsyslog sends again after a lost answer is there once.",
    },
  ];
};

const syslogNg = (c: Choice): Block[] => [
  {
    title: "syslog-ng.conf (packages syslog-ng-mod-http, syslog-ng-scl)",
    text: `destination d_ringfence {
  elasticsearch-http(
    url("${place(c.url).origin}/_bulk")
    index("syslog") type("") custom_id("\${UNIQID}")
    user("syslog-ng") password("${c.token}")
    template("$(format-json --scope none @timestamp=\${ISODATE} hostname=\${HOST} appname=\${PROGRAM} procid=\${PID} facility=\${FACILITY} severity=\${LEVEL} message=\${MESSAGE})\\n")
    batch-lines(500) batch-timeout(1000)
  );
};
`,
    note: "It needs options { use-uniqid(yes); }; and flags(flow-control) in the log statement: without that, syslog-ng drops messages when its queue is full.",
  },
];

const otlp = (c: Choice): Block[] => [
  {
    title: "The Collector's configuration",
    text: `exporters:
  otlphttp/ringfence:
    logs_endpoint: ${place(c.url).origin}/v1/logs
    headers:
      Authorization: "Bearer ${c.token}"
service:
  pipelines:
    logs:
      receivers: [filelog, windowseventlog]
      exporters: [otlphttp/ringfence]
`,
    note: "OTLP over HTTP, protobuf or JSON; gRPC (port 4317) is not spoken. Write your own receivers.",
  },
];

const group = "Programs and shippers";
const then = `${trust} It begins to send by itself.`;

export const PROGRAMS: Setup[] = [
  {
    id: "curl",
    label: "JSON lines over HTTP",
    hint: "a CRM's audit log, a script, anything that can post",
    group,
    token: true,
    name: "crm",
    classes: [6001],
    blocks: curl,
    then: "What is accepted is on disk when the answer comes.",
  },
  {
    id: "hec",
    label: "Splunk HEC",
    hint: "whatever sends to a Splunk HTTP Event Collector",
    group,
    token: true,
    name: "hec",
    blocks: hec,
    then,
  },
  {
    id: "vector",
    label: "Vector",
    hint: "through its elasticsearch sink",
    group,
    token: true,
    name: "vector",
    blocks: vector,
    then,
  },
  {
    id: "fluent-bit",
    label: "Fluent Bit",
    hint: "through its es output",
    group,
    token: true,
    name: "fluent-bit",
    blocks: fluentBit,
    then,
  },
  {
    id: "beats",
    label: "Filebeat, Winlogbeat",
    hint: "also Auditbeat and Packetbeat",
    group,
    token: true,
    name: "beats",
    blocks: beats,
    then,
  },
  {
    id: "logstash",
    label: "Logstash",
    hint: "through its elasticsearch output",
    group,
    token: true,
    name: "logstash",
    blocks: logstash,
    then,
  },
  {
    id: "otlp",
    label: "OpenTelemetry",
    hint: "logs of a Collector or an exporter, OTLP over HTTP",
    group,
    token: true,
    name: "otel",
    blocks: otlp,
    then,
  },
  {
    id: "rsyslog",
    label: "rsyslog over HTTP",
    hint: "acknowledged, each line once",
    group: "Files and syslog",
    token: true,
    name: "rsyslog",
    blocks: rsyslog,
    then: `${trust} Then: systemctl restart rsyslog.`,
  },
  {
    id: "syslog-ng",
    label: "syslog-ng over HTTP",
    hint: "acknowledged, each line once",
    group: "Files and syslog",
    token: true,
    name: "syslog-ng",
    blocks: syslogNg,
    then: `${trust} Then: systemctl restart syslog-ng.`,
  },
];
