//! Questions about this moment, beside the log.
//!
//! The answer is that of [`crate::judge`], without time to wait for more. Nothing is changed by
//! asking. Whoever decides while the join works asks [`crate::Board`], which says the same.

use std::sync::Arc;

use ringfence_event::{CallFacts, Time};

use crate::agent::{Agent, Doing, Seen as _};
use crate::board::rank;
use crate::join::Join;
use crate::judge::Question;
use crate::site::Site;

impl Join {
    /// Receive time of the log, as far as the join has read it.
    #[must_use]
    pub fn now(&self) -> Time {
        self.state.now
    }

    /// What is known of an agent of a program at `now`, seen from a customer's record. Of several
    /// sites that know an agent of this name the one where something goes on answers, and one that
    /// is blind before one that sees nothing: unknown is not none.
    ///
    /// `None` when no trusted telephony of the program has ever spoken of such an agent.
    #[must_use]
    pub fn ask(
        &self,
        program: &str,
        agent: &str,
        customer: Option<&str>,
        now: Time,
    ) -> Option<CallFacts> {
        let question = Question {
            agent: Some(agent.into()),
            customer: customer.map(Into::into),
            number: None,
            call: None,
            t: now,
            arrived: now,
            skewed: false,
        };
        let answers = self.sites_of(program, agent).map(|(site, _)| {
            let facts = site.judge(&question, now, true, &self.config).facts;
            (rank(facts.state, facts.trusted), facts)
        });
        let best = answers.max_by_key(|(rank, _)| *rank);
        best.map(|(_, facts)| facts)
    }

    /// The agents of a program whom trusted telephony has spoken of.
    pub fn agents_of<'a>(&'a self, program: &'a str) -> impl Iterator<Item = &'a str> {
        let sites = self
            .state
            .sites
            .iter()
            .filter(move |s| s.program.as_str() == program);
        sites.flat_map(|site| {
            let known = site
                .agents
                .iter()
                .filter(|(_, agent)| site.telephony().vouches_for(agent.sources));
            known.map(|(id, _)| &**id)
        })
    }

    /// The customers on the calls that an agent has, or is wrapping up, at `now`.
    #[must_use]
    pub fn customers_of(&self, program: &str, agent: &str, now: Time) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for (site, agent) in self.sites_of(program, agent) {
            let legs = match agent.doing(now, &self.config) {
                Doing::Live(legs) => legs,
                Doing::WrapUp(leg) => leg.into_iter().collect(),
                Doing::Idle => continue,
            };
            for call in legs.iter().filter_map(|leg| site.calls.get(leg.call)) {
                found.extend(call.customers().map(|customer| customer.to_string()));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    fn sites_of<'a>(
        &'a self,
        program: &'a str,
        agent: &'a str,
    ) -> impl Iterator<Item = (&'a Site, &'a Agent)> {
        let id: Arc<str> = agent.into();
        let sites = self
            .state
            .sites
            .iter()
            .filter(move |s| s.program.as_str() == program);
        sites.filter_map(move |site| {
            let agent = site.agents.get(&id)?;
            site.telephony()
                .vouches_for(agent.sources)
                .then_some((site, agent))
        })
    }
}
