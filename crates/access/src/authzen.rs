//! The words of the OpenID AuthZEN Authorization API 1.0, as they are on the wire.
//!
//! Attributes that we do not know are ignored, as the specification wants (section 5); what is
//! required and missing is a [`Fault`].

use ringfence_policy::Decision;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Longest id or name; longer ones are nobody's.
const MOST_CHARS: usize = 256;
/// Evaluations of one request.
const MOST_EVALUATIONS: usize = 1_000;

/// What is wrong with a request, for its sender (HTTP 400).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(pub String);

/// A subject or a resource (sections 5.1 and 5.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entity {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which one.
    pub id: String,
    /// What the asker says of it.
    #[serde(skip)]
    pub properties: Map<String, Value>,
}

/// An action (section 5.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionNamed {
    /// Its name.
    pub name: String,
}

/// A question (section 6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// Who.
    pub subject: Entity,
    /// What.
    pub action: String,
    /// On what.
    pub resource: Entity,
    /// In which circumstances.
    pub context: Map<String, Value>,
}

/// An answer (section 6.2).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// They may.
    pub decision: bool,
    /// Why, and by which policies.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Value>,
}

/// When several evaluations end (section 7.1.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Semantic {
    /// After the last.
    #[default]
    ExecuteAll,
    /// With the first denial.
    DenyOnFirstDeny,
    /// With the first permission.
    PermitOnFirstPermit,
}

/// Several questions (section 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Several {
    /// There is only the one at the top.
    One(Box<Evaluation>),
    /// These; one that lacks something is a fault of its own.
    Many(Vec<Result<Evaluation, Fault>>, Semantic),
}

/// The answers to several questions, in their order (section 7.2).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeveralAnswers {
    /// One each.
    pub evaluations: Vec<Answer>,
}

/// What a search looks for (section 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// Subjects of a type that may do something.
    Subject {
        /// Their type.
        kind: String,
        /// Do what.
        action: String,
        /// On what.
        resource: Entity,
        /// In which circumstances.
        context: Map<String, Value>,
    },
    /// Resources of a type.
    Resource {
        /// Who.
        subject: Entity,
        /// Do what.
        action: String,
        /// Their type.
        kind: String,
        /// What the asker says of all of them.
        properties: Map<String, Value>,
        /// In which circumstances.
        context: Map<String, Value>,
    },
    /// Actions.
    Action {
        /// Who.
        subject: Entity,
        /// On what.
        resource: Entity,
        /// In which circumstances.
        context: Map<String, Value>,
    },
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Found {
    /// A subject or resource.
    Entity(Entity),
    /// An action.
    Action(ActionNamed),
}

/// Whether there is more: never, all results come at once (section 8.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page {
    /// Empty on the last page.
    pub next_token: String,
}

/// What a search found (section 8.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Searched {
    /// The only page.
    pub page: Page,
    /// What was found.
    pub results: Vec<Found>,
}

impl Evaluation {
    /// Reads a request.
    ///
    /// # Errors
    /// What is missing or not what it should be.
    pub fn read(body: &[u8]) -> Result<Self, Fault> {
        Self::of(&object(body)?)
    }

    fn of(from: &Map<String, Value>) -> Result<Self, Fault> {
        Ok(Self {
            subject: Entity::of(from, "subject")?,
            action: action(from)?,
            resource: Entity::of(from, "resource")?,
            context: context(from)?,
        })
    }
}

impl Several {
    /// Reads a request. An item's own parts take the place of those at the top, whole.
    ///
    /// # Errors
    /// What is wrong with the request as a whole; what is wrong with an item is that item's.
    pub fn read(body: &[u8]) -> Result<Self, Fault> {
        let top = object(body)?;
        let items = match top.get("evaluations") {
            None => [].as_slice(),
            Some(Value::Array(items)) => items.as_slice(),
            Some(_) => return Err(fault("`evaluations` is a list")),
        };
        if items.is_empty() {
            return Evaluation::of(&top).map(|one| Self::One(Box::new(one)));
        }
        defaults(&top)?;
        if items.len() > MOST_EVALUATIONS {
            let detail = format!("at most {MOST_EVALUATIONS} evaluations come at once");
            return Err(Fault(detail));
        }
        let options = match top.get("options") {
            None => None,
            Some(Value::Object(options)) => options.get("evaluations_semantic"),
            Some(_) => return Err(fault("`options` is an object")),
        };
        let semantic = match options {
            None => Semantic::default(),
            Some(Value::String(name)) => match name.as_str() {
                "execute_all" => Semantic::ExecuteAll,
                "deny_on_first_deny" => Semantic::DenyOnFirstDeny,
                "permit_on_first_permit" => Semantic::PermitOnFirstPermit,
                _ => return Err(fault(SEMANTICS)),
            },
            Some(_) => return Err(fault(SEMANTICS)),
        };
        let read = |item: &Value| {
            let Value::Object(own) = item else {
                return Err(fault("an evaluation is an object"));
            };
            let mut whole = Map::new();
            for part in ["subject", "action", "resource", "context"] {
                if let Some(value) = own.get(part).or_else(|| top.get(part)) {
                    whole.insert(part.to_owned(), value.clone());
                }
            }
            Evaluation::of(&whole)
        };
        Ok(Self::Many(items.iter().map(read).collect(), semantic))
    }
}

const SEMANTICS: &str = "`options.evaluations_semantic` is `execute_all`, `deny_on_first_deny` or \
                         `permit_on_first_permit`";

impl Search {
    /// Reads `POST …/search/subject`.
    ///
    /// # Errors
    /// What is missing or not what it should be.
    pub fn subject(body: &[u8]) -> Result<Self, Fault> {
        let from = object(body)?;
        Ok(Self::Subject {
            kind: Entity::kind(&from, "subject")?,
            action: action(&from)?,
            resource: Entity::of(&from, "resource")?,
            context: context(&from)?,
        })
    }

    /// Reads `POST …/search/resource`.
    ///
    /// # Errors
    /// What is missing or not what it should be.
    pub fn resource(body: &[u8]) -> Result<Self, Fault> {
        let from = object(body)?;
        Ok(Self::Resource {
            subject: Entity::of(&from, "subject")?,
            action: action(&from)?,
            kind: Entity::kind(&from, "resource")?,
            properties: properties(from.get("resource"), "resource")?,
            context: context(&from)?,
        })
    }

    /// Reads `POST …/search/action`.
    ///
    /// # Errors
    /// What is missing or not what it should be.
    pub fn action(body: &[u8]) -> Result<Self, Fault> {
        let from = object(body)?;
        Ok(Self::Action {
            subject: Entity::of(&from, "subject")?,
            resource: Entity::of(&from, "resource")?,
            context: context(&from)?,
        })
    }
}

impl Entity {
    fn of(from: &Map<String, Value>, part: &str) -> Result<Self, Fault> {
        Ok(Self {
            kind: Self::kind(from, part)?,
            id: text(from.get(part), part, "id")?,
            properties: properties(from.get(part), part)?,
        })
    }

    fn kind(from: &Map<String, Value>, part: &str) -> Result<String, Fault> {
        text(from.get(part), part, "type")
    }

    /// What the asker says of it, if it is text.
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.as_str()
    }
}

impl Answer {
    /// A decision in the specification's words.
    pub(crate) fn of(decision: &Decision, more: Map<String, Value>) -> Self {
        let mut context = Map::new();
        context.insert("reason_user".to_owned(), json!({ "en": decision.reason }));
        context.insert("policies".to_owned(), json!(decision.policies));
        context.extend(more);
        Self {
            decision: decision.allowed,
            context,
        }
    }

    /// The answer to a question that could not be read (section 7.2.1).
    #[must_use]
    pub fn fault(fault: &Fault) -> Self {
        let error = json!({ "status": 400, "message": fault.0 });
        Self {
            decision: false,
            context: Map::from_iter([("error".to_owned(), error)]),
        }
    }
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Fault> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(fault("the body is one JSON object")),
        Err(error) => Err(Fault(format!("the body is no JSON: {error}"))),
    }
}

/// What stands at the top for all evaluations is what it should be, as far as it is there.
fn defaults(top: &Map<String, Value>) -> Result<(), Fault> {
    for part in ["subject", "resource"] {
        if top.contains_key(part) {
            Entity::of(top, part)?;
        }
    }
    if top.contains_key("action") {
        action(top)?;
    }
    context(top).map(|_| ())
}

fn action(from: &Map<String, Value>) -> Result<String, Fault> {
    text(from.get("action"), "action", "name")
}

fn context(from: &Map<String, Value>) -> Result<Map<String, Value>, Fault> {
    match from.get("context") {
        None => Ok(Map::new()),
        Some(Value::Object(context)) => Ok(context.clone()),
        Some(_) => Err(fault("`context` is an object")),
    }
}

fn properties(of: Option<&Value>, part: &str) -> Result<Map<String, Value>, Fault> {
    match of.and_then(|of| of.get("properties")) {
        None => Ok(Map::new()),
        Some(Value::Object(properties)) => Ok(properties.clone()),
        Some(_) => Err(Fault(format!("`{part}.properties` is an object"))),
    }
}

fn text(of: Option<&Value>, part: &str, field: &str) -> Result<String, Fault> {
    let missing = || Fault(format!("`{part}.{field}` is missing: it is a text"));
    match of.ok_or_else(missing)? {
        Value::Object(object) => match object.get(field).ok_or_else(missing)? {
            Value::String(text) if text.is_empty() || text.chars().count() > MOST_CHARS => {
                let detail = format!("`{part}.{field}` has 1 to {MOST_CHARS} characters");
                Err(Fault(detail))
            }
            Value::String(text) => Ok(text.clone()),
            _ => Err(Fault(format!("`{part}.{field}` is a text"))),
        },
        _ => Err(Fault(format!("`{part}` is an object"))),
    }
}

fn fault(detail: &str) -> Fault {
    Fault(detail.to_owned())
}

/// For fuzzing: reading never panics, and whatever reads as one question reads as several alike.
#[doc(hidden)]
pub fn fuzz_authzen(body: &[u8]) {
    let one = Evaluation::read(body);
    if let (Ok(one), Ok(Several::One(same))) = (&one, Several::read(body)) {
        assert_eq!(*one, *same);
    }
    let _ = (
        Search::subject(body),
        Search::resource(body),
        Search::action(body),
    );
}
