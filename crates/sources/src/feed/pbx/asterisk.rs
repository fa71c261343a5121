//! Asterisk Manager Interface: log in, ask for what there is, take events.

use std::sync::Arc;

use ringfence_event::{Map, Secret};
use ringfence_normalise::{AmiReader, Found, Legs};
use serde_json::{Value, json};

use super::{Fault, Pbx, Talk, Turn, text};

/// Events that are taken. The others of the classes that we ask for say nothing about who is on
/// the telephone with whom. Tones and dial plan are not even asked for: they carry what customers
/// type.
const EVENTS: [&str; 50] = [
    "AgentCalled",
    "AgentComplete",
    "AgentConnect",
    "AgentDump",
    "AgentLogin",
    "AgentLogoff",
    "AgentRingNoAnswer",
    "AttendedTransfer",
    "BlindTransfer",
    "BridgeEnter",
    "BridgeLeave",
    "CEL",
    "Cdr",
    "ChallengeResponseFailed",
    "ChallengeSent",
    "ChanSpyStart",
    "ChanSpyStop",
    "CoreShowChannel",
    "DialBegin",
    "DialEnd",
    "FailedACL",
    "FullyBooted",
    "Hangup",
    "Hold",
    "InvalidAccountID",
    "InvalidPassword",
    "InvalidTransport",
    "MixMonitorMute",
    "MixMonitorStart",
    "MixMonitorStop",
    "MonitorStart",
    "MonitorStop",
    "Newchannel",
    "Newstate",
    "Pickup",
    "QueueCallerAbandon",
    "QueueCallerJoin",
    "QueueCallerLeave",
    "QueueMember",
    "QueueMemberAdded",
    "QueueMemberPause",
    "QueueMemberRemoved",
    "QueueMemberStatus",
    "Reload",
    "RequestNotAllowed",
    "SessionLimit",
    "Shutdown",
    "SuccessfulAuth",
    "UnexpectedAddress",
    "Unhold",
];
const ASK: &str = "Action: Ping\r\nActionID: ringfence-alive\r\n\r\n";
/// What there is at this moment: calls and members of queues.
const TAKE_STOCK: &str = "Action: CoreShowChannels\r\nActionID: ringfence-calls\r\n\r\n\
                          Action: QueueStatus\r\nActionID: ringfence-agents\r\n\r\n";

/// One connection.
pub(super) struct Conversation {
    reader: AmiReader,
    user: String,
    secret: Arc<Secret<String>>,
    legs: Legs,
    greeted: bool,
}

impl Conversation {
    pub(super) fn new(pbx: &Pbx) -> Self {
        Self {
            reader: AmiReader::default(),
            user: pbx.user.clone(),
            secret: Arc::clone(&pbx.secret),
            legs: Legs::default(),
            greeted: false,
        }
    }

    fn response(message: &Map, turn: &mut Turn) -> Result<(), Fault> {
        let is_ok = text(message, "Response") == Some("Success");
        match text(message, "ActionID") {
            Some("ringfence-login") if is_ok => {
                turn.accepted = true;
                turn.say.push_str(TAKE_STOCK);
            }
            Some("ringfence-login") => {
                let reason = text(message, "Message").unwrap_or("login refused");
                return Err(Fault::Refused(reason.to_owned()));
            }
            Some("ringfence-alive") if is_ok => {
                turn.records.push(own("Heartbeat", None, message));
            }
            // A queue module that is not loaded, say: then there are no queues.
            _ => {}
        }
        Ok(())
    }

    fn event(&mut self, name: String, mut message: Map, turn: &mut Turn) {
        if EVENTS.binary_search(&name.as_str()).is_err() {
            return;
        }
        // Variables of the dial plan hold anything, card numbers too.
        message.retain(|field, _| !field.ends_with("ChanVariable"));
        let mut ended = Vec::new();
        let id = |m: &Map, field| text(m, field).map(str::to_owned);
        for (leg, call) in [
            (id(&message, "Uniqueid"), id(&message, "Linkedid")),
            (id(&message, "DestUniqueid"), id(&message, "DestLinkedid")),
        ] {
            let (Some(leg), Some(call)) = (leg, call) else {
                continue;
            };
            if name != "Hangup" {
                ended.extend(self.legs.at(&leg, &call));
            } else if let Some((call, left)) = self.legs.gone(&leg) {
                message.insert("LegsLeft".to_owned(), left.to_string().into());
                ended.extend((left == 0).then_some(call));
            }
        }
        let ends: Vec<Map> = ended
            .iter()
            .map(|call| own("CallEnded", Some(call), &message))
            .collect();
        turn.records.push(message);
        turn.records.extend(ends);
    }
}

/// A record of ours about what was heard, under a name that Asterisk does not use.
fn own(name: &str, call: Option<&str>, cause: &Map) -> Map {
    let mut record = Map::new();
    record.insert("Event".to_owned(), format!("Ringfence{name}").into());
    record.extend(call.map(|call| ("Linkedid".to_owned(), json!(call))));
    let time = cause.get("Timestamp").cloned();
    record.extend(time.map(|time| ("Timestamp".to_owned(), time)));
    record
}

impl Talk for Conversation {
    fn hear(&mut self, bytes: &[u8], turn: &mut Turn) -> Result<(), Fault> {
        self.reader.push(bytes);
        if !self.greeted {
            let Some(greeting) = self.reader.greeting() else {
                return Ok(());
            };
            if !greeting.starts_with("Asterisk Call Manager") {
                let reason = "it does not greet as an Asterisk manager interface does";
                return Err(Fault::Broken(reason.to_owned()));
            }
            self.greeted = true;
            turn.say = format!(
                "Action: Login\r\nActionID: ringfence-login\r\nUsername: {}\r\nSecret: {}\r\n\
                 Events: system,call,agent,cdr,security\r\n\r\n",
                self.user,
                self.secret.expose()
            );
        }
        while let Some(found) = self.reader.next_message() {
            let message = match found {
                Found::Message(message) => message,
                Found::TooLong => {
                    turn.too_long += 1;
                    continue;
                }
            };
            let event = text(&message, "Event").map(str::to_owned);
            match event {
                Some(name) => self.event(name, message, turn),
                None if matches!(message.get("Response"), Some(Value::String(_))) => {
                    Self::response(&message, turn)?;
                }
                None => {}
            }
        }
        Ok(())
    }

    fn ask(&self) -> &'static str {
        ASK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_by_binary_search() {
        assert!(EVENTS.is_sorted());
    }
}
