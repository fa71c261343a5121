//! Which address is what, and what it needs of whoever asks.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, patch, post, put};
use ringfence_policy::Action;

use crate::app::App;
use crate::gate::{Entry, Needs, Route, entry};
use crate::problem::Problem;
use crate::{
    alerts, authzen, bundle, certificates, connectors, console, elastic, emergencies, events,
    evidence, groups, health, lake, leftover, manage, me, my_evidence, otlp, people, policies,
    preview, query, recorded, records, requests, reviews, rules, saved, scim, services, session,
    sign_in, stream, timeline, understand, why,
};

/// Bytes of a body that is not intake.
const MOST_JSON: usize = 1 << 20;

/// All routes with what each needs; the order is that of a reader.
fn table() -> Vec<Entry> {
    use Needs::{Certificate, Known, Nothing, Person, Right, RightEverywhere, Source, VendorProof};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PATCH: Method = Method::PATCH;
    const PUT: Method = Method::PUT;
    const DELETE: Method = Method::DELETE;
    const DIRECTORY: Needs = RightEverywhere(Action::PERSON_PROVISION);
    let own = |method, path, needs, handler| entry(method, path, needs, handler);
    #[rustfmt::skip]
    let mut all = vec![
        own(GET, "/healthz", Nothing, get(health::healthz)),
        own(GET, "/readyz", Nothing, get(health::readyz)),
        own(GET, "/metrics", RightEverywhere(Action::STATUS_READ), get(health::metrics)),
        own(GET, "/assets/{*path}", Nothing, get(console::asset)),
        own(GET, "/api/v1/openapi.json", Nothing, get(health::openapi)),
        own(GET, "/api/v1/status", RightEverywhere(Action::STATUS_READ), get(health::status)),

        own(POST, "/api/v1/events", Source, post(events::post)),
        own(GET, "/services/collector/health", Nothing, get(events::hec_health)),
        own(POST, "/services/collector", Source, post(events::hec)),
        own(POST, "/services/collector/event", Source, post(events::hec)),
        own(POST, "/services/collector/event/1.0", Source, post(events::hec)),
        own(POST, "/v1/logs", Source, post(otlp::logs)),

        own(GET, "/api/v1/evidence", Right(Action::EVIDENCE_READ), get(evidence::list)).reads(),
        own(GET, "/api/v1/evidence/{index}", Right(Action::EVIDENCE_READ), get(evidence::show)).reads(),
        own(POST, "/api/v1/evidence/export", Right(Action::EVIDENCE_EXPORT), post(bundle::export)),
        own(GET, "/evidence/{*path}", Nothing, get(evidence::file)),

        own(GET, "/api/v1/session", Known, get(session::show)),
        own(DELETE, "/api/v1/session", Known, delete(session::end)),
        own(GET, "/signin", Nothing, get(sign_in::page)),
        own(POST, "/signin", Nothing, post(sign_in::password_form)),
        own(POST, "/signin/code", Nothing, post(sign_in::code)),
        own(POST, "/signin/passkey", Nothing, post(sign_in::passkey_form)),
        own(POST, "/signin/with/{provider}", Nothing, post(sign_in::depart)),
        own(GET, "/signin/from/{provider}", Nothing, get(sign_in::back)),
        own(GET, "/signin/step", Nothing, get(sign_in::second_page)),
        own(GET, "/signin/done", Nothing, get(sign_in::arrived)),
        own(POST, "/signin/logout-of/{provider}", VendorProof, post(sign_in::provider_signed_out)),
        own(GET, "/signin/style.css", Nothing, get(sign_in::style)),
        own(GET, "/signin/script.js", Nothing, get(sign_in::script)),
        own(GET, "/enrol", Nothing, get(sign_in::enrol_page)),
        own(POST, "/enrol", Nothing, post(sign_in::show_code)),
        own(POST, "/enrol/name", Nothing, post(sign_in::name_first)),
        own(POST, "/enrol/passkey", Nothing, post(sign_in::enrol_with_passkey)),
        own(POST, "/enrol/password", Nothing, post(sign_in::enrol_with_password)),

        own(GET, "/api/v1/me", Person, get(me::show)),
        own(PUT, "/api/v1/me/password", Person, put(me::set_password)),
        own(POST, "/api/v1/me/passkeys/begin", Person, post(me::begin_passkey)),
        own(POST, "/api/v1/me/passkeys", Person, post(me::add_passkey)),
        own(POST, "/api/v1/me/one-time-codes/begin", Person, post(me::begin_codes)),
        own(POST, "/api/v1/me/one-time-codes", Person, post(me::add_codes)),
        own(POST, "/api/v1/me/recovery-codes", Person, post(me::renew_codes)),
        own(DELETE, "/api/v1/me/factors/{id}", Person, delete(me::remove_factor)),
        own(POST, "/api/v1/me/links/begin", Person, post(sign_in::begin_link)),
        own(DELETE, "/api/v1/me/links/{id}", Person, delete(me::unlink)),
        own(DELETE, "/api/v1/me/sessions", Person, delete(me::end_sessions)),
        own(DELETE, "/api/v1/me/sessions/{id}", Person, delete(me::end_session)),
        own(GET, "/api/v1/me/records", Person, get(recorded::about_me)),
        own(GET, "/api/v1/me/evidence", Person, get(my_evidence::list)),
        own(GET, "/api/v1/me/evidence/{index}", Person, get(my_evidence::show)),
        own(DELETE, "/api/v1/me/resets/{id}", Person, delete(me::refuse_reset)),

        own(GET, "/api/v1/people", RightEverywhere(Action::PERSON_READ), get(people::list)),
        own(POST, "/api/v1/people", RightEverywhere(Action::PERSON_CHANGE), post(people::create)),
        own(GET, "/api/v1/people/{id}", RightEverywhere(Action::PERSON_READ), get(people::one)),
        own(PATCH, "/api/v1/people/{id}", RightEverywhere(Action::PERSON_CHANGE), patch(people::change)),
        own(POST, "/api/v1/people/{id}/invite", RightEverywhere(Action::PERSON_CHANGE), post(people::invite)),
        own(DELETE, "/api/v1/people/{id}/sessions", RightEverywhere(Action::PERSON_CHANGE), delete(people::end_sessions)),
        own(DELETE, "/api/v1/people/{id}/links/{link}", RightEverywhere(Action::PERSON_CHANGE), delete(people::unlink)),
        own(POST, "/api/v1/people/{id}/roles", RightEverywhere(Action::ROLE_ASSIGN), post(people::give_role)),
        own(DELETE, "/api/v1/people/{id}/roles/{role}", RightEverywhere(Action::ROLE_ASSIGN), delete(people::take_role)),
        own(POST, "/api/v1/people/{id}/resets", RightEverywhere(Action::PERSON_CHANGE), post(people::ask_reset)),
        own(GET, "/api/v1/resets", RightEverywhere(Action::PERSON_READ), get(people::resets)),
        own(POST, "/api/v1/resets/{id}/confirm", RightEverywhere(Action::PERSON_CHANGE), post(people::confirm_reset)),
        own(DELETE, "/api/v1/resets/{id}", RightEverywhere(Action::PERSON_CHANGE), delete(people::refuse_reset)),

        own(GET, "/api/v1/saved", Known, get(saved::list)),
        own(POST, "/api/v1/saved", Known, post(saved::create)),
        own(DELETE, "/api/v1/saved/{id}", Known, delete(saved::forget)),

        own(GET, "/api/v1/alerts", Right(Action::ALERT_READ), get(alerts::list)),
        own(GET, "/api/v1/alerts/stream", Right(Action::ALERT_READ), get(stream::alerts)),
        own(GET, "/api/v1/alerts/{id}", Right(Action::ALERT_READ), get(alerts::one)),
        own(GET, "/api/v1/alerts/{id}/findings", Right(Action::ALERT_READ), get(alerts::findings)),
        own(POST, "/api/v1/alerts/{id}/edit", Right(Action::ALERT_WORK), post(alerts::edit)),
        own(POST, "/api/v1/alerts/bulk", Right(Action::ALERT_WORK), post(alerts::bulk)),

        own(GET, "/api/v1/calls", Right(Action::CALL_READ), get(manage::calls)),
        own(GET, "/api/v1/timeline", Right(Action::CALL_READ), get(timeline::get)).reads(),
        own(GET, "/api/v1/records/{id}", Right(Action::CALL_READ), get(records::get)).reads(),
        own(POST, "/api/v1/query", Right(Action::EVENT_QUERY), post(query::post)).reads(),
        own(GET, "/api/v1/rules", Right(Action::RULE_READ), get(rules::list)),
        own(POST, "/api/v1/rules/test", Right(Action::RULE_TEST), post(rules::test)),

        own(GET, "/api/v1/sources", Right(Action::SOURCE_READ), get(manage::sources)),
        own(POST, "/api/v1/sources", Right(Action::SOURCE_CHANGE), post(manage::create_source)),
        own(GET, "/api/v1/sources/{id}", Right(Action::SOURCE_READ), get(manage::source)),
        own(PATCH, "/api/v1/sources/{id}", Right(Action::SOURCE_CHANGE), patch(manage::change_source)),
        own(POST, "/api/v1/sources/{id}/rotate", Right(Action::SOURCE_CHANGE), post(manage::rotate_source)),
        own(GET, "/api/v1/sources/{id}/certificates", Right(Action::SOURCE_READ), get(certificates::of_source)),
        own(POST, "/api/v1/sources/{id}/certificates", Right(Action::SOURCE_CHANGE), post(certificates::for_source)),
        own(DELETE, "/api/v1/sources/{id}/certificates/{fingerprint}", Right(Action::SOURCE_CHANGE), delete(certificates::revoke_of_source)),
        own(POST, "/api/v1/certificates/renew", Certificate, post(certificates::renew)),
        own(GET, "/api/v1/quarantine", Right(Action::QUARANTINE_READ), get(manage::quarantine)),
        own(POST, "/api/v1/quarantine/delete", Right(Action::QUARANTINE_DELETE), post(manage::delete_quarantine)),
        own(GET, "/api/v1/connectors", Right(Action::CONNECTOR_READ), get(connectors::list)),
        own(POST, "/api/v1/connectors/{name}/replay", RightEverywhere(Action::CONNECTOR_CHANGE), post(connectors::replay)),
        own(POST, "/api/v1/connectors/{name}/push", VendorProof, post(connectors::push)),

        own(GET, "/api/v1/lake", RightEverywhere(Action::LAKE_READ), get(lake::status)),
        own(POST, "/api/v1/lake/compact", RightEverywhere(Action::LAKE_MAINTAIN), post(lake::compact)),
        own(POST, "/api/v1/lake/vacuum", RightEverywhere(Action::LAKE_MAINTAIN), post(lake::vacuum)),
        own(POST, "/api/v1/lake/retain", RightEverywhere(Action::LAKE_MAINTAIN), post(lake::retain)),
        own(POST, "/api/v1/lake/erase", Right(Action::LAKE_ERASE), post(lake::erase)),

        own(GET, "/api/v1/webhooks", Right(Action::NOTIFICATION_READ), get(manage::webhooks)),
        own(POST, "/api/v1/webhooks", Right(Action::NOTIFICATION_CHANGE), post(manage::create_webhook)),
        own(PATCH, "/api/v1/webhooks/{id}", Right(Action::NOTIFICATION_CHANGE), patch(manage::change_webhook)),
        own(DELETE, "/api/v1/webhooks/{id}", Right(Action::NOTIFICATION_CHANGE), delete(manage::delete_webhook)),
        own(POST, "/api/v1/webhooks/{id}/test", Right(Action::NOTIFICATION_CHANGE), post(manage::test_webhook)),
        own(GET, "/api/v1/webhooks/{id}/deliveries", Right(Action::NOTIFICATION_READ), get(manage::deliveries)),
        own(POST, "/api/v1/deliveries/{id}/replay", Right(Action::NOTIFICATION_CHANGE), post(manage::replay_delivery)),
        own(GET, "/api/v1/mail", Right(Action::NOTIFICATION_READ), get(manage::recipients)),
        own(POST, "/api/v1/mail/{id}/test", Right(Action::NOTIFICATION_CHANGE), post(manage::test_webhook)),
        own(GET, "/api/v1/mail/{id}/deliveries", Right(Action::NOTIFICATION_READ), get(manage::deliveries)),

        own(GET, "/api/v1/services", RightEverywhere(Action::SERVICE_READ), get(services::list)),
        own(POST, "/api/v1/services", RightEverywhere(Action::SERVICE_CHANGE), post(services::create)),
        own(DELETE, "/api/v1/services/{id}", RightEverywhere(Action::SERVICE_CHANGE), delete(services::end)),
        own(PATCH, "/api/v1/services/{id}", RightEverywhere(Action::SERVICE_CHANGE), patch(services::change)),
        own(POST, "/api/v1/services/{id}/rotate", RightEverywhere(Action::SERVICE_CHANGE), post(services::rotate)),
        own(GET, "/api/v1/services/{id}/certificates", RightEverywhere(Action::SERVICE_READ), get(certificates::of_service)),
        own(POST, "/api/v1/services/{id}/certificates", RightEverywhere(Action::SERVICE_CHANGE), post(certificates::for_service)),
        own(DELETE, "/api/v1/services/{id}/certificates/{fingerprint}", RightEverywhere(Action::SERVICE_CHANGE), delete(certificates::revoke_of_service)),
        own(GET, "/api/v1/policies", Right(Action::POLICY_READ), get(policies::list)),
        own(POST, "/api/v1/policies/preview", RightEverywhere(Action::DECISION_READ), post(preview::preview)),
        own(GET, "/api/v1/access", Known, get(policies::mine)),
        own(GET, "/api/v1/access/of/{id}", RightEverywhere(Action::PERSON_READ), get(understand::of)).reads(),
        own(GET, "/api/v1/access/who", RightEverywhere(Action::PERSON_READ), get(understand::who)),
        own(GET, "/api/v1/access/unused", RightEverywhere(Action::PERSON_READ), get(understand::unused)),
        own(GET, "/api/v1/access/requests", Person, get(requests::list)),
        own(POST, "/api/v1/access/requests", Person, post(requests::ask)),
        own(DELETE, "/api/v1/access/requests/{id}", Person, delete(requests::withdraw)),
        own(POST, "/api/v1/access/requests/{id}/approve", Right(Action::ROLE_ASSIGN), post(requests::approve)),
        own(POST, "/api/v1/access/requests/{id}/refuse", Right(Action::ROLE_ASSIGN), post(requests::refuse)),
        own(POST, "/api/v1/me/emergencies", Person, post(emergencies::break_glass)),
        own(DELETE, "/api/v1/me/emergencies", Person, delete(emergencies::end)),
        own(GET, "/api/v1/emergencies", RightEverywhere(Action::PERSON_READ), get(emergencies::list)),
        own(POST, "/api/v1/emergencies/{id}/review", RightEverywhere(Action::REVIEW_SIGN), post(emergencies::review)),
        own(GET, "/api/v1/reviews", RightEverywhere(Action::PERSON_READ), get(reviews::list)),
        own(POST, "/api/v1/reviews", RightEverywhere(Action::REVIEW_SIGN), post(reviews::open)),
        own(GET, "/api/v1/reviews/{id}", RightEverywhere(Action::PERSON_READ), get(reviews::one)),
        own(POST, "/api/v1/reviews/{id}/decide", RightEverywhere(Action::REVIEW_SIGN), post(reviews::decide)),
        own(POST, "/api/v1/reviews/{id}/sign", RightEverywhere(Action::REVIEW_SIGN), post(reviews::sign)),

        own(GET, "/api/v1/access/why", RightEverywhere(Action::DECISION_READ), get(why::why)).reads(),
        own(GET, "/api/v1/groups", RightEverywhere(Action::PERSON_READ), get(groups::list)),
        own(POST, "/api/v1/groups/{id}/roles", RightEverywhere(Action::ROLE_ASSIGN), post(groups::give_role)),
        own(DELETE, "/api/v1/groups/{id}/roles/{role}", RightEverywhere(Action::ROLE_ASSIGN), delete(groups::take_role)),

        own(GET, "/scim/v2/ServiceProviderConfig", DIRECTORY, get(scim::config)),
        own(GET, "/scim/v2/ResourceTypes", DIRECTORY, get(scim::resource_types)),
        own(GET, "/scim/v2/ResourceTypes/{id}", DIRECTORY, get(scim::resource_type)),
        own(GET, "/scim/v2/Schemas", DIRECTORY, get(scim::schemas)),
        own(GET, "/scim/v2/Schemas/{id}", DIRECTORY, get(scim::schema)),
        own(GET, "/scim/v2/Users", DIRECTORY, get(scim::list_users)),
        own(POST, "/scim/v2/Users", DIRECTORY, post(scim::create_user)),
        own(POST, "/scim/v2/Users/.search", DIRECTORY, post(scim::search_users)).reads(),
        own(GET, "/scim/v2/Users/{id}", DIRECTORY, get(scim::user)),
        own(PUT, "/scim/v2/Users/{id}", DIRECTORY, put(scim::change_user)),
        own(PATCH, "/scim/v2/Users/{id}", DIRECTORY, patch(scim::patch_user)),
        own(DELETE, "/scim/v2/Users/{id}", DIRECTORY, delete(scim::remove_user)),
        own(GET, "/scim/v2/Groups", DIRECTORY, get(scim::list_groups)),
        own(POST, "/scim/v2/Groups", DIRECTORY, post(scim::create_group)),
        own(POST, "/scim/v2/Groups/.search", DIRECTORY, post(scim::search_groups)).reads(),
        own(GET, "/scim/v2/Groups/{id}", DIRECTORY, get(scim::group)),
        own(PUT, "/scim/v2/Groups/{id}", DIRECTORY, put(scim::change_group)),
        own(PATCH, "/scim/v2/Groups/{id}", DIRECTORY, patch(scim::patch_group)),
        own(DELETE, "/scim/v2/Groups/{id}", DIRECTORY, delete(scim::remove_group)),
        own(POST, "/scim/v2/.search", DIRECTORY, post(scim::search_all)).reads(),

        own(GET, "/.well-known/authzen-configuration", Nothing, get(authzen::configuration)),
        own(POST, "/access/v1/evaluation", Right(Action::DECISION_ASK), post(authzen::evaluation)),
        own(POST, "/access/v1/evaluations", Right(Action::DECISION_ASK), post(authzen::evaluations)),
        own(POST, "/access/v1/search/subject", Right(Action::DECISION_ASK), post(authzen::search_subject)),
        own(POST, "/access/v1/search/resource", Right(Action::DECISION_ASK), post(authzen::search_resource)),
        own(POST, "/access/v1/search/action", Right(Action::DECISION_ASK), post(authzen::search_action)),
    ];
    all.extend(elastic::entries());
    all
}

/// Every route and what it needs, for whoever checks them.
#[must_use]
pub fn routes() -> Vec<Route> {
    table().into_iter().map(|entry| entry.route).collect()
}

/// Everything that the server answers.
pub fn router(app: App) -> Router {
    let mut router = Router::new();
    for entry in table() {
        let (path, handler) = entry.gated(&app);
        router = router.route(path, handler);
    }
    router
        .fallback(console::fallback)
        .method_not_allowed_fallback(async |method: Method| {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "That method is not allowed here",
                format!("{method} is not among the methods of this address"),
            )
        })
        .layer(DefaultBodyLimit::max(MOST_JSON))
        .layer(middleware::from_fn(harden))
        .layer(middleware::from_fn(leftover::read_out))
        .with_state(app)
}

/// Headers that keep an answer from being read as something else, and out of caches.
async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    // The console's page says its own; everything else needs nothing.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}
