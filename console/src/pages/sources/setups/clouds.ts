/** Platforms in the cloud that the server asks. The texts are those of docs/connectors.md. */
import { type Block, CONFIG, type Choice, type Setup, place, toml } from "./setup";

const head = ({ name, program, site }: Choice, more: string[]): string =>
  ["[[connector]]", `name = ${toml(name)}`, `program = ${toml(program)}`, `site = ${toml(site)}`, ...more].join("\n");

const CALLS = ['grants = ["call-state"]'];

/** The configuration, and how to try it before the server is restarted. */
const both = (c: Choice, text: string, note: string): Block[] => [
  { title: CONFIG, text, note },
  {
    title: "Try it: asks once, shows the first events, keeps nothing",
    text: `ringfence connectors test ${c.name} --config ${CONFIG}\n`,
  },
];

const genesys = (c: Choice): Block[] =>
  both(
    c,
    `${head(c, CALLS)}
[connector.genesys]
region = "mypurecloud.de"
client_id = "0a1b2c3d-0000-0000-0000-000000000000"
client_secret = { file = "/etc/ringfence/genesys.secret" }
`,
    "An OAuth client of type client credentials, with a role that has analytics:conversationDetail:view and analytics:userDetail:view in the divisions to watch.",
  );

const connect = (c: Choice): Block[] =>
  both(
    c,
    `${head(c, CALLS)}
[connector.connect]
firehose_key = { file = "/etc/ringfence/firehose.key" }
buffer_secs = 60
[connector.connect.bucket]
name = "acme-connect"
region = "eu-west-1"
prefix = "agent-events/"
layout = "hour"
credentials = { access_key_id = "AKIAIOSFODNN7EXAMPLE", secret_access_key = { env = "CONNECT_KEY" } }
[connector.connect.search]
instance_id = "12345678-1234-1234-1234-123456789012"
region = "eu-west-1"
credentials = { access_key_id = "AKIAIOSFODNN7EXAMPLE", secret_access_key = { env = "CONNECT_KEY" } }
`,
    `One or more of three ways; leave out what you do not use. Firehose sends to ${place(c.url).origin}/api/v1/connectors/${c.name}/push. Rights: s3:ListBucket and s3:GetObject for the bucket, connect:SearchContacts for asking.`,
  );

const twilio = (c: Choice): Block[] =>
  both(
    c,
    `${head(c, CALLS)}
[connector.twilio]
account_sid = "AC00000000000000000000000000000000"
key_sid = "SK00000000000000000000000000000000"
key_secret = { file = "/etc/ringfence/twilio.key" }
auth_token = { file = "/etc/ringfence/twilio.token" }
workspace_sid = "WS00000000000000000000000000000000"
push_url = ${toml(`${place(c.url).origin}/api/v1/connectors/${c.name}/push`)}
monitor = true
`,
    "An API key of type Standard, or the auth token. Set the workspace's event callback to push_url, to the letter: its signature covers the address.",
  );

const five9 = (c: Choice): Block[] =>
  both(
    c,
    `${head(c, CALLS)}
[connector.five9]
username = "ringfence@acme.example"
password = { file = "/etc/ringfence/five9.password" }
`,
    "A user that may use web services and run the report Call Log. These are detail records: a call is known when it is over, and look-ups meanwhile are unknown.",
  );

const okta = (c: Choice): Block[] =>
  both(
    c,
    `${head(c, ['start = "-7d"'])}
[connector.okta]
url = "https://acme.okta.com"
token = { file = "/etc/ringfence/okta.token" }
`,
    "An API token of a read-only administrator, or a service app with the scope okta.logs.read (client_id, client_secret).",
  );

const entra = (c: Choice): Block[] =>
  both(
    c,
    `${head(c, [])}
[connector.entra]
tenant = "acme.onmicrosoft.com"
client_id = "00000000-0000-0000-0000-000000000000"
client_secret = { env = "ENTRA_SECRET" }
`,
    "An app registration with the application permissions AuditLog.Read.All and Directory.Read.All, and Entra ID P1 or better.",
  );

const salesforce = (c: Choice): Block[] =>
  both(
    c,
    `${head(c, [])}
[connector.salesforce]
url = "https://acme.my.salesforce.com"
client_id = "3MVG9"
client_secret = { file = "/etc/ringfence/salesforce.secret" }
event_types = ["Login", "LoginAs", "Logout", "LightningPageView", "Report", "ReportExport"]
`,
    "An external client app with the client credentials flow and scope api. Its user needs API Enabled and View Event Log Files, the organisation Event Monitoring. Files appear an hour or more after what they tell.",
  );

const cloudtrail = (c: Choice): Block[] =>
  both(
    c,
    `${head(c, [])}
[connector.cloudtrail.bucket]
name = "acme-trail"
region = "eu-central-1"
prefix = "AWSLogs/123456789012/CloudTrail/eu-central-1/"
credentials = { access_key_id = "AKIAIOSFODNN7EXAMPLE", secret_access_key = { file = "/etc/ringfence/aws.key" } }
`,
    "s3:ListBucket, and s3:GetObject on the prefix. A folder of this machine works too: [connector.cloudtrail] with folder.",
  );

const cloud = (id: string, label: string, hint: string, blocks: Setup["blocks"], calls = false): Setup => ({
  id,
  label,
  hint,
  group: "Cloud platforms",
  token: false,
  name: id,
  calls,
  blocks,
  then: `Write your own ids, put the secrets where the text names them, try it, then restart Ringfence: systemctl restart ringfence.`,
});

export const CLOUDS: Setup[] = [
  cloud("genesys", "Genesys Cloud", "calls, agents, wrap-up", genesys, true),
  cloud("connect", "Amazon Connect", "calls and agents, by Firehose, bucket or asking", connect, true),
  cloud("twilio", "Twilio", "calls, TaskRouter, Monitor", twilio, true),
  cloud("five9", "Five9", "call detail records", five9, true),
  cloud("okta", "Okta", "sign-ins and account changes", okta),
  cloud("entra", "Microsoft Entra ID", "sign-ins to Microsoft 365", entra),
  cloud("salesforce", "Salesforce", "who opened which record, reports, exports", salesforce),
  cloud("cloudtrail", "AWS CloudTrail", "console sign-ins and API calls", cloudtrail),
];
