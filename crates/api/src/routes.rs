//! Which address is what.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, patch, post};

use crate::app::App;
use crate::problem::Problem;
use crate::{
    alerts, connectors, console, elastic, events, health, lake, manage, otlp, query, records,
    rules, saved, session, stream, timeline,
};

/// Bytes of a body that is not intake.
const MOST_JSON: usize = 1 << 20;

/// Everything that the server answers.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/services/collector/health", get(events::hec_health))
        .route("/services/collector", post(events::hec))
        .route("/services/collector/event", post(events::hec))
        .route("/services/collector/event/1.0", post(events::hec))
        .route("/v1/logs", post(otlp::logs))
        .merge(elastic::routes())
        .route("/api/v1/events", post(events::post))
        .route("/api/v1/query", post(query::post))
        .route("/api/v1/lake", get(lake::status))
        .route("/api/v1/lake/compact", post(lake::compact))
        .route("/api/v1/lake/vacuum", post(lake::vacuum))
        .route("/api/v1/lake/retain", post(lake::retain))
        .route("/api/v1/lake/erase", post(lake::erase))
        .route(
            "/api/v1/session",
            get(session::show).post(session::open).delete(session::end),
        )
        .route("/api/v1/timeline", get(timeline::get))
        .route("/api/v1/records/{id}", get(records::get))
        .route("/api/v1/saved", get(saved::list).post(saved::create))
        .route("/api/v1/saved/{id}", delete(saved::forget))
        .route("/assets/{*path}", get(console::asset))
        .route("/api/v1/alerts", get(alerts::list))
        .route("/api/v1/alerts/stream", get(stream::alerts))
        .route("/api/v1/alerts/bulk", post(alerts::bulk))
        .route("/api/v1/alerts/{id}", get(alerts::one))
        .route("/api/v1/alerts/{id}/edit", post(alerts::edit))
        .route("/api/v1/alerts/{id}/findings", get(alerts::findings))
        .route(
            "/api/v1/sources",
            get(manage::sources).post(manage::create_source),
        )
        .route(
            "/api/v1/sources/{id}",
            get(manage::source).patch(manage::change_source),
        )
        .route("/api/v1/sources/{id}/rotate", post(manage::rotate_source))
        .route("/api/v1/quarantine", get(manage::quarantine))
        .route("/api/v1/quarantine/delete", post(manage::delete_quarantine))
        .route(
            "/api/v1/webhooks",
            get(manage::webhooks).post(manage::create_webhook),
        )
        .route("/api/v1/webhooks/{id}", patch(manage::change_webhook))
        .route("/api/v1/webhooks/{id}", delete(manage::delete_webhook))
        .route("/api/v1/webhooks/{id}/test", post(manage::test_webhook))
        .route("/api/v1/webhooks/{id}/deliveries", get(manage::deliveries))
        .route(
            "/api/v1/deliveries/{id}/replay",
            post(manage::replay_delivery),
        )
        .route("/api/v1/mail", get(manage::recipients))
        .route("/api/v1/mail/{id}/test", post(manage::test_webhook))
        .route("/api/v1/mail/{id}/deliveries", get(manage::deliveries))
        .route("/api/v1/connectors", get(connectors::list))
        .route("/api/v1/connectors/{name}/replay", post(connectors::replay))
        .route("/api/v1/connectors/{name}/push", post(connectors::push))
        .route("/api/v1/calls", get(manage::calls))
        .route("/api/v1/rules", get(rules::list))
        .route("/api/v1/rules/test", post(rules::test))
        .route("/api/v1/status", get(health::status))
        .route("/api/v1/openapi.json", get(health::openapi))
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
