//! Telephony evidence comes in: each kind of event becomes marks on a call or states of an agent.

use std::sync::Arc;

use ringfence_event::{AgentState, Direction, Time, ext};

use crate::JoinConfig;
use crate::agent::{Doing, Seen as _, State};
use crate::call::{ConsentStep, RecordingStep, Step};
use crate::reading::Reading;
use crate::site::{Seat, Site};

/// A detail record may speak of a call that began this many times the longest call ago.
const LONGEST_CDR: i64 = 3;

/// One piece of evidence: what it says, who said it, and when it happened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence<'a> {
    pub(crate) r: Reading<'a>,
    pub(crate) source: usize,
    pub(crate) t: Time,
    pub(crate) now: Time,
    pub(crate) trusted: bool,
}

impl Site {
    /// Takes telephony evidence in; returns the call that it is about.
    pub(crate) fn apply(&mut self, e: &Evidence<'_>, config: &JoinConfig) -> Option<u64> {
        let call = match e.r.event.class_uid {
            ext::CALL if e.r.event.activity_id == 8 => self.detail_record(e, config),
            ext::CALL => self.call_event(e, config),
            ext::SIGNALLING => self.signalling(e, config),
            ext::AGENT => {
                self.agent_event(e, config);
                None
            }
            ext::RECORDING | ext::CONSENT => return self.attach(e, config),
            _ => return None,
        };
        if let Some(source) = self.sources.get_mut(e.source) {
            source.trusted = e.trusted;
            // Who says how far it has told of calls, tells of calls.
            source.live |= source.delivery > 0 && is_heartbeat(e);
            // A late source tells of a time in any order: what it told does not prove that it has
            // told all up to then. Its heartbeat, sent when it has, does.
            let complete = source.delivery == 0 || is_heartbeat(e);
            if complete && (source.live || source.cdr) {
                source.hear(e.t, e.now, config);
            }
        }
        call
    }

    fn call_event(&mut self, e: &Evidence<'_>, config: &JoinConfig) -> Option<u64> {
        let activity = e.r.event.activity_id;
        if !(1..=7).contains(&activity) {
            // A heartbeat, or something that we do not know.
            return self.calls.serial_of(e.r.call?);
        }
        self.mark_source(e.source, true);
        let own;
        let id = match (e.r.call, e.r.agent) {
            (Some(id), _) => id,
            // A source without call ids: each agent has one call at a time.
            (None, Some(agent)) => {
                own = format!("@{agent}");
                own.as_str()
            }
            (None, None) => return None,
        };
        let starts = matches!(activity, 1 | 2);
        let serial = self.open(id, e.t, starts, config);
        if let Some(sip) = e.r.text(&["sip", "call_id"])
            && let Some(merged) = self.calls.join(serial, sip)
        {
            self.unhook(merged, serial, config);
        }
        let agent: Option<Arc<str>> = e.r.agent.map(Into::into);
        let target: Option<Arc<str>> = e.r.text(&["transfer_to", "uid"]).map(Into::into);
        if let Some(call) = self.calls.get_mut(serial) {
            call.vouch(e.trusted);
            if activity != 5 {
                call.begun(e.t);
            }
            learn(call, e, e.t);
            match (activity, &agent) {
                (1, Some(a)) => call.mark(e.t, Step::Ring, a, e.trusted),
                (2, Some(a)) => call.mark(e.t, Step::Answer, a, e.trusted),
                (3, Some(a)) => call.mark(e.t, Step::Leave, a, e.trusted),
                // Whoever is held or identified with is on the call, even if we missed its start.
                (4 | 6, Some(a)) => call.mark(e.t, Step::Answer, a, e.trusted),
                (7, Some(a)) => call.mark(e.t, Step::Ring, a, e.trusted),
                (5, Some(a)) if talked(e) && call.legs(serial).is_empty() => {
                    call.mark(e.t, Step::Answer, a, e.trusted);
                }
                _ => {}
            }
            match activity {
                4 | 6 => call.held.add(e.t, activity == 4),
                5 => call.finish(e.t, e.trusted),
                _ => {}
            }
            if let (3, Some(b)) = (activity, &target) {
                call.mark(e.t, Step::Ring, b, e.trusted);
            }
        }
        self.settle_call(serial, [agent, target], e, config);
        if e.r.customer.is_some() {
            // Who was identified counts for look-ups just before, too.
            let on_it = self.calls.get(serial).map(|c| c.assigned.clone());
            for agent in on_it.unwrap_or_default() {
                self.review(&agent, e.t - config.settle_ms, config);
            }
        }
        Some(serial)
    }

    fn detail_record(&mut self, e: &Evidence<'_>, config: &JoinConfig) -> Option<u64> {
        self.mark_source(e.source, false);
        let (start, answer, end) = times(e, config);
        let agent: Option<Arc<str>> = e.r.agent.map(Into::into);
        let own;
        let id = match (e.r.call, &agent) {
            (Some(id), _) => id,
            (None, Some(agent)) => {
                own = format!("@cdr:{agent}:{}", start.0);
                own.as_str()
            }
            (None, None) => return None,
        };
        let serial = self.open(id, start, true, config);
        let outbound = e.r.direction() == Some(Direction::Outbound);
        if let Some(call) = self.calls.get_mut(serial) {
            call.vouch(e.trusted);
            call.begun(start);
            learn(call, e, start);
            if let Some(a) = &agent {
                if outbound {
                    call.mark(start, Step::Ring, a, e.trusted);
                }
                if let Some(answer) = answer {
                    call.mark(answer, Step::Answer, a, e.trusted);
                }
            }
            call.finish(end, e.trusted);
        }
        let length = end.since(start).clamp(0, config.max_call_ms);
        self.longest_call = self.longest_call.max(length);
        // It speaks about all the time since the call began.
        let about = Evidence { t: start, ..*e };
        self.settle_call(serial, [agent.clone(), None], &about, config);
        if let Some(agent) = agent {
            // And, by what it does not say, about the time since the agent's call before.
            self.review(&agent, Time(i64::MIN), config);
        }
        Some(serial)
    }

    /// RFC 3261 §17 and §12, as far as an onlooker needs them: an `INVITE` makes a call, its 2xx
    /// answers it, `BYE` and `CANCEL` end it, a final error means that it never came about.
    fn signalling(&mut self, e: &Evidence<'_>, config: &JoinConfig) -> Option<u64> {
        let id = e.r.call?;
        let status = e.r.number(&["sip", "status_code"]);
        let method = match status {
            Some(_) => e.r.text(&["sip", "cseq_method"]),
            None => e.r.text(&["sip", "method"]),
        }?;
        let (from, to) = (
            e.r.text(&["sip", "from_user"]),
            e.r.text(&["sip", "to_user"]),
        );
        let dialling = self.seated(from);
        let dialled = self
            .seated(to)
            .or_else(|| self.seated(e.r.text(&["sip", "request_user"])));
        let serial = match (method, status) {
            ("INVITE", _) => self.open(id, e.t, status.is_none(), config),
            // Only a call that is known can end: a flood of BYEs makes nothing.
            ("BYE" | "CANCEL", None) => self.calls.serial_of(id)?,
            _ => return self.calls.serial_of(id),
        };
        let call = self.calls.get_mut(serial)?;
        call.vouch(e.trusted);
        call.saw_encryption(e.r.sip_encrypted());
        call.direction = call.direction.or(match (&dialling, &dialled) {
            (Some(_), Some(_)) => Some(Direction::Internal),
            (Some(_), None) => Some(Direction::Outbound),
            (None, Some(_)) => Some(Direction::Inbound),
            (None, None) => None,
        });
        if call.caller.is_none() {
            let outside = if dialling.is_some() { to } else { from };
            let read = || e.r.sip_number(outside);
            call.caller =
                e.r.caller
                    .map(Into::into)
                    .or_else(|| read().map(Into::into));
        }
        let mut mark = |agent: &Option<Arc<str>>, step| {
            if let Some(agent) = agent {
                call.mark(e.t, step, agent, e.trusted);
            }
        };
        match (method, status) {
            ("INVITE", None) => mark(&dialling, Step::Ring),
            ("INVITE", Some(180..=183)) => mark(&dialled, Step::Ring),
            ("INVITE", Some(200..=299)) => {
                mark(&dialling, Step::Answer);
                mark(&dialled, Step::Answer);
            }
            // Asked for credentials: the attempt is repeated with them.
            ("INVITE", Some(401 | 407)) => {}
            ("INVITE", Some(300..)) => call.fail(e.t),
            ("BYE" | "CANCEL", None) => call.finish(e.t, e.trusted),
            _ => {}
        }
        if dialling.is_some() || dialled.is_some() {
            // Only now is it known that this source sees our agents' calls.
            self.mark_source(e.source, true);
        }
        self.settle_call(serial, [dialling, dialled], e, config);
        Some(serial)
    }

    fn agent_event(&mut self, e: &Evidence<'_>, config: &JoinConfig) {
        let Some(id) = e.r.agent else { return };
        let id: Arc<str> = id.into();
        let stated = e.r.agent_state();
        let state = match e.r.event.activity_id {
            2 => Some(AgentState::Offline),
            _ => stated,
        };
        let tells = [
            AgentState::Available,
            AgentState::OnCall,
            AgentState::WrapUp,
        ];
        if e.r.event.activity_id == 3 && stated.is_some_and(|s| tells.contains(&s)) {
            // A source of sign-ins alone (rosters, log-ins) says nothing about calls.
            self.mark_source(e.source, true);
        }
        self.concern(&id, e.source, e.t, config);
        let role = e.r.text(&["agent", "role"]);
        let extension = e.r.text(&["agent", "extension"]).map(Arc::<str>::from);
        self.change_agent(&id, config, |a| {
            if let Some(role) = role {
                a.set_role(role, e.t, e.trusted);
            }
            if let Some(state) = state.and_then(State::of) {
                a.states.add(e.t, state);
            }
            if extension.is_some() {
                a.extension.clone_from(&extension);
            }
        });
        if let Some(extension) = extension {
            self.seat(extension, id, e, config);
        }
    }

    /// Desks are shared: who signed in last sits there, but a forged sign-in moves nobody.
    fn seat(&mut self, ext: Arc<str>, agent: Arc<str>, e: &Evidence<'_>, config: &JoinConfig) {
        let taken = self.extensions.get(&ext).is_some_and(|seat| {
            (seat.trusted && !e.trusted) || (seat.since > e.t && seat.trusted == e.trusted)
        });
        if taken {
            return;
        }
        if e.r.event.activity_id == 2 {
            self.extensions.remove(&ext);
            return;
        }
        let seat = Seat {
            agent,
            since: e.t,
            trusted: e.trusted,
        };
        self.extensions.insert(config.limits.agents, ext, seat);
    }

    /// Recording and consent belong to a call.
    fn attach(&mut self, e: &Evidence<'_>, config: &JoinConfig) -> Option<u64> {
        let serial = match e.r.call {
            Some(id) => self.open(id, e.t, false, config),
            None => match self.agents.get(e.r.agent?)?.doing(e.t, config) {
                Doing::Live(legs) => legs.first()?.call,
                _ => return None,
            },
        };
        let call = self.calls.get_mut(serial)?;
        match (e.r.event.class_uid, e.r.event.activity_id) {
            (ext::RECORDING, 1 | 3) => call.recording.add(e.t, RecordingStep::On),
            (ext::RECORDING, 2) => call.recording.add(e.t, RecordingStep::Paused),
            (ext::RECORDING, 4) => call.recording.add(e.t, RecordingStep::Off),
            (ext::CONSENT, 1) => call.consent.add(e.t, ConsentStep::Announced),
            (ext::CONSENT, 2) => call.consent.add(e.t, ConsentStep::Given),
            (ext::CONSENT, 3) => call.consent.add(e.t, ConsentStep::Refused),
            (ext::CONSENT, 4) => call.consent.add(e.t, ConsentStep::Withdrawn),
            _ => {}
        }
        Some(serial)
    }

    fn open(&mut self, id: &str, t: Time, starts: bool, config: &JoinConfig) -> u64 {
        // The wall is text only because a uid is made of it; most ids are known.
        let wall = match self.calls.serial_of(id) {
            Some(serial) if !starts => return serial,
            _ => self.wall(),
        };
        self.calls.open(&wall, id, t, starts, &config.limits)
    }

    fn settle_call(
        &mut self,
        serial: u64,
        agents: [Option<Arc<str>>; 2],
        e: &Evidence<'_>,
        config: &JoinConfig,
    ) {
        for agent in agents.iter().flatten() {
            self.concern(agent, e.source, e.t, config);
        }
        if e.now.since(e.t) > config.settle_ms {
            // Late word of a call changes answers about all who were on it. The source need not
            // know them: a trunk tells of calls and of no agent, and its silence proves nothing.
            let others = self.calls.get(serial).map(|c| c.assigned.clone());
            for agent in others.unwrap_or_default() {
                self.review_answered(&agent, e.t, config);
            }
        }
        self.refresh(serial, config);
    }

    fn mark_source(&mut self, index: usize, live: bool) {
        if let Some(source) = self.sources.get_mut(index) {
            source.live |= live;
            source.cdr |= !live;
        }
    }
}

/// A sign of life that says nothing about a call: Call Activity 99 without one.
fn is_heartbeat(e: &Evidence<'_>) -> bool {
    let event = e.r.event;
    event.class_uid == ext::CALL && !(1..=8).contains(&event.activity_id) && e.r.call.is_none()
}

fn talked(e: &Evidence<'_>) -> bool {
    let disposition = e.r.text(&["disposition"]);
    disposition.is_none_or(|d| d == "answered")
}

/// Facts that any event about a call may carry.
fn learn(call: &mut crate::call::Call, e: &Evidence<'_>, at: Time) {
    if let Some(customer) = e.r.customer {
        call.identify(at, customer);
    }
    if call.caller.is_none() {
        call.caller = e.r.caller.map(Into::into);
    }
    call.direction = call.direction.or_else(|| e.r.direction());
    if call.attestation.is_none() {
        call.attestation = e.r.text(&["attestation"]).map(str::to_owned);
    }
    call.saw_encryption(e.r.flag("is_encrypted"));
}

/// Start, answer and end of a detail record; what it leaves out or contradicts is derived.
fn times(e: &Evidence<'_>, config: &JoinConfig) -> (Time, Option<Time>, Time) {
    let r = &e.r;
    let usable = |t: &Time| *t <= e.now + config.max_ahead_ms;
    let end = r.time("end_time").filter(usable).unwrap_or(e.t);
    let earliest = end - LONGEST_CDR * config.max_call_ms;
    let length = |name| r.number(&[name]).map(|ms: i64| end - ms.max(0));
    let start = r.time("start_time").or_else(|| length("duration"));
    let start = start.unwrap_or(end).clamp(earliest, end);
    let answered = match r.text(&["disposition"]) {
        Some(disposition) => disposition == "answered",
        None => true,
    };
    let answer = r.time("answer_time").or_else(|| length("talk_time"));
    let answer = answered.then(|| answer.unwrap_or(start).clamp(start, end));
    (start, answer, end)
}
