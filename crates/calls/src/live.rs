//! What the join shows of its state.

use std::collections::HashSet;
use std::sync::Arc;

use ringfence_event::{AgentState, Consent, Direction, Name, RecordingState, Time};
use serde::Serialize;

use crate::JoinConfig;
use crate::join::State;

/// A call that is going on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiveCall {
    /// Minted by Ringfence.
    pub uid: String,
    /// Program of the source that reported it.
    pub program: Name,
    /// Site of the source that reported it.
    pub site: Name,
    /// Ringing, talking or on hold.
    pub state: LiveState,
    /// The agents on it.
    pub agents: Vec<String>,
    /// The first agent's state.
    pub agent_state: AgentState,
    /// Who was identified last.
    pub customer: Option<String>,
    /// The outside number.
    pub caller: Option<String>,
    /// Which way it went.
    pub direction: Option<Direction>,
    /// Earliest evidence of it, by event time.
    pub since: Time,
    /// State of the recording.
    pub recording: RecordingState,
    /// Consent to the recording.
    pub consent: Consent,
    /// Encrypted as far as seen.
    pub encrypted: Option<bool>,
    /// A trusted source vouches for it.
    pub trusted: bool,
}

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveState {
    /// Nobody talks to an agent yet.
    Ringing,
    /// An agent is on it.
    Talking,
    /// On hold.
    Held,
}

/// Sizes and losses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Programs times sites.
    pub sites: usize,
    /// Agents known.
    pub agents: usize,
    /// Calls kept, ended ones included.
    pub calls: usize,
    /// Calls of nobody in particular that are kept.
    pub strangers: usize,
    /// Customers and numbers with recent contacts.
    pub contacts: usize,
    /// Look-ups that wait for their final answer.
    pub settling: usize,
    /// Answered look-ups that late evidence may change.
    pub judged: usize,
    /// Of these, answers that rest on a silence.
    pub blind: usize,
    /// Of these, answers that wait for detail records.
    pub cdr_pending: usize,
    /// Calls that had to go for newer ones.
    pub evicted_calls: u64,
    /// Strangers' calls that had to go for newer ones.
    pub evicted_strangers: u64,
    /// Agents that had to go for newer ones.
    pub evicted_agents: u64,
    /// Customers and numbers that had to go for newer ones.
    pub evicted_contacts: u64,
    /// Answered look-ups that were forgotten before their time.
    pub forgotten: u64,
    /// Look-ups answered early because too many waited.
    pub hurried: u64,
    /// Telephony events too old to use.
    pub too_old: u64,
    /// Telephony events from the future, taken as of their arrival.
    pub ahead: u64,
}

pub(crate) fn live_calls(state: &State, config: &JoinConfig) -> Vec<LiveCall> {
    let mut all = Vec::new();
    for site in &state.sites {
        for (serial, call) in site.calls.established() {
            if call.ended().is_some() || state.now.since(call.first) > config.max_call_ms {
                continue;
            }
            let mut legs = call.legs(serial);
            legs.retain(|(agent, leg)| {
                let agent = site.agents.get(agent);
                leg.to.is_none() && agent.is_none_or(|a| state.now < a.end_of(leg, config))
            });
            let talking = legs.iter().any(|(_, l)| l.answered.is_some());
            let held = call.held.last().is_some_and(|(_, held)| held);
            let first = legs.first().and_then(|(a, _)| site.agents.get(a));
            let agent_state = first.and_then(|a| a.states.last());
            let mut seen: HashSet<Arc<str>> = HashSet::new();
            legs.retain(|(a, _)| seen.insert(a.clone()));
            all.push(LiveCall {
                uid: call.uid.clone(),
                program: site.program.clone(),
                site: site.name.clone(),
                state: match (held, talking) {
                    (true, _) => LiveState::Held,
                    (false, true) => LiveState::Talking,
                    (false, false) => LiveState::Ringing,
                },
                agents: legs.iter().map(|(a, _)| a.to_string()).collect(),
                agent_state: agent_state.map(|(_, s)| s.into()).unwrap_or_default(),
                customer: call.customers().next_back().map(|c| c.to_string()),
                caller: call.caller.as_deref().map(str::to_owned),
                direction: call.direction,
                since: call.first,
                recording: call
                    .recording
                    .last()
                    .map(|(_, s)| s.into())
                    .unwrap_or_default(),
                consent: call
                    .consent
                    .last()
                    .map(|(_, s)| s.into())
                    .unwrap_or_default(),
                encrypted: call.encrypted,
                trusted: call.is_trusted(),
            });
        }
    }
    all.sort_by(|a, b| (a.since, &a.uid).cmp(&(b.since, &b.uid)));
    all
}

pub(crate) fn stats(state: &State) -> Stats {
    let mut s = Stats {
        sites: state.sites.len(),
        settling: state.queues.settling.len() + state.queues.patient.len(),
        hurried: state.hurried,
        ..Stats::default()
    };
    for site in &state.sites {
        let (calls, strangers) = site.calls.len();
        let (gone, strangers_gone) = site.calls.evicted();
        s.agents += site.agents.len();
        s.calls += calls;
        s.strangers += strangers;
        s.contacts += site.customers.len() + site.numbers.len();
        s.judged += site.judged.len();
        s.blind += site.unsure.len();
        s.cdr_pending += site.cdr_wait.len();
        s.evicted_calls += gone;
        s.evicted_strangers += strangers_gone;
        s.evicted_agents += site.agents.evicted;
        s.evicted_contacts += site.customers.evicted + site.numbers.evicted;
        s.forgotten += site.forgotten;
        s.too_old += site.too_old;
        s.ahead += site.ahead;
    }
    s
}
