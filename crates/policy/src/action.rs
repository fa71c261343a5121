//! What can be asked for.

/// An action, by the name that the schema gives it.
///
/// The API names its actions by these constants, so that none is asked for that no policy can know;
/// a test holds the list against the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Action(&'static str, &'static str);

impl Action {
    /// As policies write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0
    }

    /// As a sentence says it, after "may not".
    #[must_use]
    pub fn words(self) -> &'static str {
        self.1
    }

    /// The action of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ACTIONS.iter().copied().find(|action| action.0 == name)
    }
}

macro_rules! actions {
    ($($constant:ident $name:literal $words:literal;)*) => {
        impl Action {
            $(#[doc = concat!("May they ", $words, "?")]
            pub const $constant: Self = Self($name, $words);)*
        }
        /// All actions.
        pub const ACTIONS: &[Action] = &[$(Action::$constant),*];
    };
}

impl Action {
    /// Whether it asks something and changes nothing, however long the question is: whoever does not wait
    /// for the answer needs none.
    #[must_use]
    pub fn only_asks(self) -> bool {
        let asks = [Self::DECISION_ASK, Self::EVENT_QUERY, Self::RULE_TEST];
        asks.contains(&self) || self.name().ends_with(":read")
    }
}

actions! {
    ALERT_READ "alert:read" "see alerts";
    ALERT_WORK "alert:work" "work with alerts";
    CALL_READ "call:read" "see calls";
    CONNECTOR_CHANGE "connector:change" "change connectors";
    CONNECTOR_READ "connector:read" "see connectors";
    DECISION_ASK "decision:ask" "ask for decisions about others";
    DECISION_READ "decision:read" "see what was decided about others";
    EVENT_QUERY "event:query" "search events";
    EVENT_SEND "event:send" "send events";
    EVIDENCE_EXPORT "evidence:export" "take records out of the evidence log";
    EVIDENCE_READ "evidence:read" "see the evidence log";
    LAKE_ERASE "lake:erase" "erase rows";
    LAKE_MAINTAIN "lake:maintain" "maintain the lake";
    LAKE_READ "lake:read" "see how the lake is";
    NOTIFICATION_CHANGE "notification:change" "change who is told of alerts";
    NOTIFICATION_READ "notification:read" "see who is told of alerts";
    PERSON_CHANGE "person:change" "change accounts";
    PERSON_PROVISION "person:provision" "make and switch off accounts of a directory";
    PERSON_READ "person:read" "see accounts";
    POLICY_READ "policy:read" "see policies";
    QUARANTINE_DELETE "quarantine:delete" "delete refused records";
    QUARANTINE_READ "quarantine:read" "see refused records";
    RECORD_OPEN "customer-record:open" "open a customer's record";
    RECORDING_LISTEN "recording:listen" "hear recordings";
    REVIEW_SIGN "review:sign" "sign access reviews";
    ROLE_ASSIGN "role:assign" "give and take roles";
    RULE_READ "rule:read" "see rules";
    RULE_TEST "rule:test" "try rules on events";
    SERVICE_CHANGE "service:change" "change service tokens";
    SERVICE_READ "service:read" "see service tokens";
    SOURCE_CHANGE "source:change" "change sources";
    SOURCE_READ "source:read" "see sources";
    STATUS_READ "status:read" "see how the server is";
}
