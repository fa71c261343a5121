//! FreeSWITCH event socket (`mod_event_socket`, inbound): log in, subscribe, take events.

use std::sync::Arc;

use ringfence_event::{Map, Secret};
use ringfence_normalise::{EslReader, Found, Legs};
use serde_json::{Value, json};

use super::{Fault, Pbx, Talk, Turn, text};

/// What is subscribed to. Tones (DTMF) are not: they carry what customers type.
const SUBSCRIBE: &str = "event json CHANNEL_CREATE CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_HOLD \
    CHANNEL_UNHOLD CHANNEL_HANGUP_COMPLETE RECORD_START RECORD_STOP HEARTBEAT SHUTDOWN CUSTOM \
    callcenter::info sofia::register sofia::unregister sofia::expire sofia::register_failure\n\n";
const TAKE_STOCK: &str = "api show channels as json\n\n";
const ASK: &str = "api hostname\n\n";
/// Beginnings of the names that are kept. The rest are variables and headers of any kind.
const KEPT: [&str; 27] = [
    "Answer-State",
    "Bridge-",
    "CC-",
    "Call-Direction",
    "Caller-",
    "Channel-Call-UUID",
    "Channel-HIT-Dialplan",
    "Channel-Name",
    "Channel-Presence-ID",
    "Channel-State",
    "Core-UUID",
    "Event-",
    "FreeSWITCH-Hostname",
    "Hangup-Cause",
    "Other-Leg-",
    "Record-",
    "Unique-ID",
    "contact",
    "from-",
    "network-",
    "profile-name",
    "realm",
    "registration-type",
    "status",
    "to-",
    "user-agent",
    "username",
];

/// One connection.
pub(super) struct Conversation {
    reader: EslReader,
    user: String,
    secret: Arc<Secret<String>>,
    legs: Legs,
    accepted: bool,
}

impl Conversation {
    pub(super) fn new(pbx: &Pbx) -> Self {
        Self {
            reader: EslReader::default(),
            user: pbx.user.clone(),
            secret: Arc::clone(&pbx.secret),
            legs: Legs::default(),
            accepted: false,
        }
    }

    fn reply(&mut self, reply: &str, turn: &mut Turn) -> Result<(), Fault> {
        if reply.starts_with("+OK accepted") {
            self.accepted = true;
            turn.accepted = true;
            turn.say = [SUBSCRIBE, TAKE_STOCK].concat();
        } else if !self.accepted {
            let reason = reply.trim_start_matches("-ERR").trim();
            return Err(Fault::Refused(reason.to_owned()));
        }
        Ok(())
    }

    /// The answer to a question: a list of channels, or just a sign of life.
    fn answer(&mut self, body: &[u8], turn: &mut Turn) {
        let Ok(Value::Object(list)) = serde_json::from_slice(body) else {
            turn.records.push(own("HEARTBEAT", None, &Map::new()));
            return;
        };
        let rows = list.get("rows").and_then(Value::as_array);
        for row in rows.into_iter().flatten().filter_map(Value::as_object) {
            // Names of a table's columns become those of an event.
            let names = [
                ("uuid", "Unique-ID"),
                ("call_uuid", "Channel-Call-UUID"),
                ("name", "Channel-Name"),
                ("direction", "Call-Direction"),
                ("callstate", "Channel-Call-State"),
                ("cid_num", "Caller-Caller-ID-Number"),
                ("dest", "Caller-Destination-Number"),
                ("presence_id", "Channel-Presence-ID"),
            ];
            let mut record = own("SHOW_CHANNEL", None, &Map::new());
            for (column, name) in names {
                record.extend(text(row, column).map(|t| (name.to_owned(), json!(t))));
            }
            // A channel that is its own call has no other id.
            if let (None, Some(leg)) = (text(row, "call_uuid"), text(row, "uuid")) {
                record.insert("Channel-Call-UUID".to_owned(), leg.into());
            }
            self.track(&record);
            turn.records.push(record);
        }
    }

    fn event(&mut self, body: &[u8], turn: &mut Turn) {
        let Ok(Value::Object(mut event)) = serde_json::from_slice(body) else {
            turn.too_long += 1;
            return;
        };
        event.retain(|name, _| KEPT.iter().any(|kept| name.starts_with(kept)));
        let mut ended = self.track(&event);
        if text(&event, "Event-Name") == Some("CHANNEL_HANGUP_COMPLETE")
            && let Some(leg) = text(&event, "Unique-ID")
            && let Some((call, left)) = self.legs.gone(leg)
        {
            event.insert("LegsLeft".to_owned(), left.to_string().into());
            ended = ended.or((left == 0).then_some(call));
        }
        let end = ended.map(|call| own("CALL_ENDED", Some(&call), &event));
        turn.records.push(event);
        turn.records.extend(end);
    }

    /// Answers the call that is over because its last channel joined another.
    fn track(&mut self, event: &Map) -> Option<String> {
        let name = text(event, "Event-Name")?;
        let is_channel = name.starts_with("CHANNEL_") || name == "RINGFENCE_SHOW_CHANNEL";
        let (leg, call) = (text(event, "Unique-ID")?, text(event, "Channel-Call-UUID")?);
        let is_over = name == "CHANNEL_HANGUP_COMPLETE";
        (is_channel && !is_over).then(|| self.legs.at(leg, call))?
    }
}

/// A record of ours about what was heard, under a name that FreeSWITCH does not use.
fn own(name: &str, call: Option<&str>, cause: &Map) -> Map {
    let mut record = Map::new();
    record.insert("Event-Name".to_owned(), format!("RINGFENCE_{name}").into());
    record.extend(call.map(|call| ("Channel-Call-UUID".to_owned(), json!(call))));
    let time = cause.get("Event-Date-Timestamp").cloned();
    record.extend(time.map(|time| ("Event-Date-Timestamp".to_owned(), time)));
    record
}

impl Talk for Conversation {
    fn hear(&mut self, bytes: &[u8], turn: &mut Turn) -> Result<(), Fault> {
        self.reader.push(bytes);
        loop {
            let frame = match self.reader.next_frame() {
                Ok(Some(Found::Message(frame))) => frame,
                Ok(Some(Found::TooLong)) => {
                    turn.too_long += 1;
                    continue;
                }
                Ok(None) => return Ok(()),
                Err(reason) => return Err(Fault::Broken(reason.to_owned())),
            };
            match frame.content_type.as_str() {
                "auth/request" => {
                    let secret = self.secret.expose();
                    turn.say = if self.user.is_empty() {
                        format!("auth {secret}\n\n")
                    } else {
                        format!("userauth {}:{secret}\n\n", self.user)
                    };
                }
                "command/reply" => self.reply(&frame.reply, turn)?,
                "api/response" => self.answer(&frame.body, turn),
                "text/event-json" => self.event(&frame.body, turn),
                "text/rude-rejection" => {
                    let reason = "its access list refuses this machine";
                    return Err(Fault::Refused(reason.to_owned()));
                }
                "text/disconnect-notice" => return Err(Fault::Ended),
                _ => {}
            }
        }
    }

    fn ask(&self) -> &'static str {
        ASK
    }
}
