//! The gate before every route: what it needs is part of the table of routes, and a route without an
//! entry there does not exist.

use axum::extract::{Request, State as AxumState};
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::MethodRouter;
use ringfence_access::{Granted, Refused};
use ringfence_policy::{Action, Kind};
use ringfence_state::Scope;

use crate::app::App;
use crate::auth::{self, Person};
use crate::problem::Problem;
use crate::scim;
use crate::trail::{Leaves, Trail};

/// What a route needs of whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: what everybody may know.
    Nothing,
    /// The proof of a vendor's platform, which its connector checks.
    VendorProof,
    /// The credential of a source, which may send and nothing else.
    Source,
    /// The certificate of a source or service, for the one that follows it.
    Certificate,
    /// Somebody who is known, for what is their own.
    Known,
    /// Somebody who signed in, for their own account.
    Person,
    /// A right in at least one program; the answer is about the programs where they have it.
    Right(Action),
    /// A right in all programs, for what is not one program's.
    RightEverywhere(Action),
}

impl Needs {
    /// Whether it is for people and services, beyond what each may do with their own session.
    fn is_of_people(self) -> bool {
        matches!(
            self,
            Self::Person | Self::Right(_) | Self::RightEverywhere(_)
        )
    }
}

/// A route of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// HTTP method.
    pub method: Method,
    /// Path, with `{…}` for its variable parts.
    pub path: &'static str,
    /// What it needs.
    pub needs: Needs,
    /// What it leaves in the evidence log.
    pub leaves: Leaves,
}

/// A route and who answers it.
pub(crate) struct Entry {
    pub(crate) route: Route,
    pub(crate) handler: MethodRouter<App>,
}

pub(crate) fn entry(
    method: Method,
    path: &'static str,
    needs: Needs,
    handler: MethodRouter<App>,
) -> Entry {
    let changes = match needs {
        Needs::Known | Needs::Person => !method.is_safe(),
        Needs::Right(action) | Needs::RightEverywhere(action) => {
            !method.is_safe() && !action.only_asks()
        }
        _ => false,
    };
    let leaves = match changes {
        true => Leaves::Act,
        false => Leaves::Nothing,
    };
    let route = Route {
        method,
        path,
        needs,
        leaves,
    };
    Entry { route, handler }
}

impl Entry {
    /// It reads what is about others, and leaves that.
    pub(crate) fn reads(mut self) -> Self {
        self.route.leaves = Leaves::Read;
        self
    }

    /// The handler behind its gate.
    pub(crate) fn gated(self, app: &App) -> (&'static str, MethodRouter<App>) {
        let state = (app.clone(), self.route.clone());
        let gate = middleware::from_fn_with_state(state, pass);
        (self.route.path, self.handler.route_layer(gate))
    }
}

/// Lets a request pass, or says why not in the words of its protocol.
async fn pass(
    AxumState((app, route)): AxumState<(App, Route)>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let of_directory = scim::is_scim(request.uri().path());
    match checked(&app, &route, request, next).await {
        Err(problem) if of_directory => Ok(scim::failed(problem)),
        other => other,
    }
}

/// Lets a request pass with what its handler may know of whoever asks.
async fn checked(
    app: &App,
    route: &Route,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let needs = route.needs;
    let (mut parts, body) = request.into_parts();
    let mut trail = None;
    match needs {
        // The extractors of these handlers check the credential.
        Needs::Nothing | Needs::VendorProof | Needs::Source | Needs::Certificate => {}
        Needs::Known | Needs::Person | Needs::Right(_) | Needs::RightEverywhere(_) => {
            let known = auth::known(&parts, app).await?;
            let principal = known.principal;
            app.paces.account(principal.kind, &principal.id)?;
            if needs == Needs::Person && principal.kind != Kind::Person {
                let detail = "this is about somebody's own account: sign in at /signin";
                return Err(Problem::forbidden(detail));
            }
            let scope = match needs {
                Needs::Right(action) => {
                    let granted = granted(app, &principal, action);
                    if granted.is_nowhere() {
                        return Err(refused(app, &principal, action, granted));
                    }
                    scope_of(granted)
                }
                Needs::RightEverywhere(action) => {
                    let granted = granted(app, &principal, action);
                    if !granted.everywhere {
                        return Err(refused(app, &principal, action, granted));
                    }
                    Scope::All
                }
                _ => Scope::Programs(Default::default()),
            };
            if let Needs::Right(action) | Needs::RightEverywhere(action) = needs {
                let now = app.inside.now().0;
                app.state.note_right(&principal.id, action, now);
            }
            let person = Person {
                principal,
                scope,
                credential: known.credential,
                session: known.session,
            };
            if route.leaves != Leaves::Nothing {
                trail = Some(Trail::of(route.path, &mut parts, &person).await?);
            }
            parts.extensions.insert(person);
        }
    }
    let request = Request::from_parts(parts, body);
    match (trail, route.leaves) {
        (Some(trail), Leaves::Act) => {
            // What could not be proved afterwards is not done; but anybody may sign out.
            let must = needs.is_of_people();
            if must && let Some(why) = app.inside.evidence().trouble() {
                let detail = "nothing is changed while the evidence log cannot be written";
                return Err(Problem::unavailable(format!("{detail}: {why}")));
            }
            trail.act(app.clone(), must, next.run(request)).await
        }
        (Some(trail), _) => Ok(trail.read(app, next.run(request)).await),
        // What only asks ends when its asker has gone.
        (None, _) if request.method().is_safe() || needs.is_of_people() => {
            Ok(next.run(request).await)
        }
        (None, _) => {
            // What changes something goes on to its end when its asker does not wait for it.
            let answered = tokio::spawn(next.run(request));
            answered.await.map_err(|e| Problem::internal(&e))
        }
    }
}

pub(crate) fn granted(
    app: &App,
    principal: &ringfence_state::Principal,
    action: Action,
) -> Granted {
    let subject = principal.subject(app.inside.now().0);
    app.access.granted(&subject, action, principal.mfa)
}

/// Everything that somebody may do now.
pub(crate) fn rights(app: &App, principal: &ringfence_state::Principal) -> Vec<(Action, Granted)> {
    let subject = principal.subject(app.inside.now().0);
    app.access.rights(&subject, principal.mfa)
}

/// The programs in which somebody may do something now.
pub(crate) fn scope(app: &App, principal: &ringfence_state::Principal, action: Action) -> Scope {
    scope_of(granted(app, principal, action))
}

fn scope_of(granted: Granted) -> Scope {
    match granted.everywhere {
        true => Scope::All,
        false => Scope::Programs(granted.programs),
    }
}

/// Every denial is an event.
fn refused(
    app: &App,
    principal: &ringfence_state::Principal,
    action: Action,
    granted: Granted,
) -> Problem {
    let kind = match principal.kind {
        Kind::Person => "person",
        Kind::Service | Kind::Agent => "service",
    };
    // Whoever looks after a program sees what was refused to the services of it.
    let program = principal.roles.iter().find(|held| held.program != "*");
    app.access.refused(Refused {
        program: program.map_or("", |held| &held.program),
        asker: &principal.name,
        subject: (kind, &principal.id),
        action,
        reason: &granted.reason,
        fingerprint: &granted.fingerprint,
    });
    Problem::forbidden(granted.reason)
}
