//! Pages of what `ringfence doctor` finds, and of starts that fail.

use super::{Code, page};

pub(super) static PAGES: &[Code] = &[
    page(
        "E-CONF-001",
        "The configuration has a mistake",
        "The file has an unknown key, a value of the wrong kind, or one out of its range. `serve` \
         does not start with it, so that nothing runs otherwise than it was meant.",
        "Correct the line that is named. docs/configuration.md lists every key with its default.",
    ),
    page(
        "E-EVIDENCE-001",
        "Records of the evidence log are missing",
        "The log has more entries than the state store has records. Somebody removed records, or an older \
         state store was put in the place of this one. Nothing is appended any more and nothing is changed \
         through the API, since nobody could prove it afterwards; events are taken as ever.",
        "`ringfence verify` names what is missing. Put the state store back from a backup of the same \
         moment as the folder `evidence`, or newer. If there is none, keep both as they are, since they prove \
         what was removed, and begin with a new data folder.",
    ),
    page(
        "E-EVIDENCE-002",
        "A record was erased before it was logged",
        "The record's text is gone, so that the log cannot commit to it. Only somebody with the database \
         can do that: Ringfence erases no record that is not in the log.",
        "Put the state store back from a backup.",
    ),
    page(
        "E-EVIDENCE-003",
        "The evidence log cannot be opened",
        "Its checkpoint or its tiles are not what its key signed, or a file is missing. Nothing is appended \
         to it and nothing is changed through the API; events are taken as ever.",
        "`ringfence verify` names what is wrong. Put the folder `evidence` back from a backup.",
    ),
    page(
        "E-HOOK-001",
        "Deliveries of a webhook were given up",
        "A receiver refused or did not answer for about 20 hours, or answered 410.",
        "GET /api/v1/webhooks/{id}/deliveries?state=dead says why. When the receiver works again, \
         POST /api/v1/deliveries/{id}/replay sends each once more.",
    ),
    page(
        "E-HOST-001",
        "The data folder is missing or belongs to another user",
        "The server has to own its folder: it makes, replaces and deletes files there.",
        "chown -R the folder to the user that runs the server; after a restore as root too.",
    ),
    page(
        "E-HOST-002",
        "Others can read the data folder",
        "It holds every event, the TLS key and the webhooks' secrets.",
        "chmod 0700 the folder.",
    ),
    page(
        "E-HOST-003",
        "There is little space left",
        "When the disk is full nothing is accepted any more; nothing acknowledged is lost.",
        "Make room, or move the folder to a larger disk with backup and restore. \
         docs/operations.md tells how much a day of events takes.",
    ),
    page(
        "E-HOST-004",
        "The data folder lies on a file system that keeps no promises",
        "What is acknowledged is synced to the disk first. Network and memory file systems lose \
         that, or do not lock.",
        "Put it on a local disk with ext4, xfs or the like.",
    ),
    page(
        "E-HOST-005",
        "The clock is not synchronised",
        "A look-up and the call that explains it come from different machines and are joined by \
         time. A clock that is off makes honest work look strange.",
        "Run systemd-timesyncd or chrony, here and on the sources.",
    ),
    page(
        "E-HOST-006",
        "Few file handles are allowed",
        "Each connection, segment and file takes one.",
        "Set LimitNOFILE=65536 in the unit (the package does), or raise ulimit -n.",
    ),
    page(
        "E-HOST-007",
        "The system gives UDP listeners smaller buffers than configured",
        "A burst that does not fit is dropped by the kernel before anyone sees it; it is counted in \
         kernel_dropped.",
        "Raise net.core.rmem_max with sysctl, or send over TCP.",
    ),
    page(
        "E-HOST-008",
        "An address cannot be listened on",
        "Another program has the port, the address is not this machine's, or the port is below 1024 \
         and the user may not have it.",
        "`ss -lntup` says who has it. The package's unit allows low ports.",
    ),
    page(
        "E-HOST-009",
        "There is no recent backup",
        "The last one is older than a week, or there is none.",
        "Run `ringfence backup --out FOLDER --keep 14` daily, and try a restore now and then: \
         docs/operations.md has a drill.",
    ),
    page(
        "E-PIPE-001",
        "A consumer lags behind",
        "It reads the event log more slowly than it grows. Nothing is lost; alerts come late.",
        "After a burst it catches up. If not: fewer rules, a faster disk, more cores.",
    ),
    page(
        "E-PIPE-002",
        "The server is not ready",
        "A part of it stopped, or the event log cannot be written.",
        "The server's log says which part and why; a restart goes on where it stopped.",
    ),
    page(
        "E-RULE-001",
        "Rules have mistakes",
        "A rule that cannot be read is not in force; the others are.",
        "`ringfence rules check FOLDER` names file, line and what to do.",
    ),
    page(
        "E-SIGN-001",
        "A provider of sign-in does not answer, or cannot be used",
        "Nobody signs in by it until it does; every other way in works as before. It publishes what it \
         is beneath its `issuer`, and has to call itself exactly that.",
        "Open ISSUER/.well-known/openid-configuration from this machine, and compare `issuer` letter \
         by letter. A private authority goes into `ca_file`. docs/sign-in.md has an example.",
    ),
    page(
        "E-SRC-001",
        "A source has fallen silent",
        "It sent regularly and does not any more. What it would show is not seen, and look-ups at \
         its site become `unknown`.",
        "Look at the sender, the network and its token. It is heard again by itself.",
    ),
    page(
        "E-SRC-002",
        "A source was never heard",
        "It was made more than an hour ago and nothing came.",
        "Check token, address, TLS and the allow list at both ends; disable it if it is not used.",
    ),
    page(
        "E-SRC-003",
        "Most of a source's events have no mapping",
        "They are kept as Base Events: searchable, but no rule knows agent, customer or address in \
         them.",
        "Write a mapping file (docs/intake.md) and look at it with `ringfence map test`.",
    ),
    page(
        "E-SRC-004",
        "A source of telephony has not the grant `call-state`",
        "It tells of calls and agents, and its word does not decide whether a look-up had a call.",
        "If the source proves who it is, grant it: grants = [\"call-state\"]. Plain UDP never does.",
    ),
    page(
        "E-SRC-005",
        "A site has look-ups and no telephony",
        "Without word of its calls every look-up there is `unknown`: nobody is accused, and nobody \
         is found.",
        "Connect the site's PBX: SIP by HEP, CDR files, or agent events (docs/intake.md).",
    ),
    page(
        "E-SRC-006",
        "Many records are refused",
        "They are kept for a while in quarantine with the reason for each.",
        "GET /api/v1/quarantine, then correct the sender or its grants.",
    ),
    page(
        "E-SRC-007",
        "Records were lost",
        "A sender that cannot wait (UDP) sent more than could be taken.",
        "Send over TCP or TLS; raise the receive buffer; give the data folder a faster disk.",
    ),
    page(
        "E-START-001",
        "The data folder was written by a later release",
        "The state store or the event log has a format that this release does not know. It is left \
         as it is.",
        "Run the later release again, or restore a backup that this release made.",
    ),
    page(
        "E-START-002",
        "An address cannot be listened on",
        "See E-HOST-008.",
        "`ss -lntup` says who has it; choose another with --listen.",
    ),
    page(
        "E-START-003",
        "This machine has no TLS roots",
        "Webhooks and mail over TLS cannot check whom they talk to, so they are off. Everything \
         else works; what is queued waits.",
        "Install the package ca-certificates, or name a ca_file in [webhooks] and [mail], and \
         restart.",
    ),
    page(
        "E-START-004",
        "The data folder cannot be prepared",
        "It cannot be made or written by the user that runs the server.",
        "Make it, for that user alone (0700), or name another with --data.",
    ),
    page(
        "E-START-005",
        "Policies cannot be used",
        "A policy of the folder in [access] cannot be read, does not fit the schema, or has no @id or \
         no @says. Policies are in force as a whole or not at all: one that is left out may have been \
         a prohibition.",
        "`ringfence policy check DIR` names each mistake with its file and line.",
    ),
    page(
        "E-START-006",
        "The start could not be recorded",
        "The server says in its event log that it starts before it does anything else, and could not: \
         the disk is full, or the log cannot be written.",
        "The message says why. Make room in the data folder, and start again.",
    ),
    page(
        "E-TLS-001",
        "A certificate has expired or soon will",
        "Clients refuse an expired certificate.",
        "Put the renewed files in their place: they are read within seconds. The self-signed one is made \
         anew at a start without both of its files.",
    ),
    page(
        "E-TOK-001",
        "A token is old",
        "Tokens wander into scripts, histories and backups of other machines.",
        "Make a new one, move its users over, and disable the old one.",
    ),
    page(
        "E-TOK-002",
        "A credential ends soon",
        "A client certificate, or the token of a service, ends within two weeks and was not renewed. From          then on its holder is refused.",
        "`ringfence certificate renew` where the certificate's key is; a new token on the page Access of          the console. See docs/certificates.md.",
    ),
];
